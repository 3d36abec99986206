// Reading and writing tensors and states.

export { decodeCheckpoint, encodeCheckpoint, loadCheckpoint, saveCheckpoint } from "./checkpoint";
export { saveNpy, saveNpz } from "./npy";
export { exportOnnx } from "./onnx/export";
export { importOnnx, type OnnxModule } from "./onnx/import";
export {
  loadSafetensors,
  readSafetensors,
  type SafetensorsFile,
  type SafetensorsOptions,
  saveSafetensors,
} from "./safetensors";
