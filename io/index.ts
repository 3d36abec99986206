// Reading and writing tensors and states.

export { decodeCheckpoint, encodeCheckpoint, loadCheckpoint, saveCheckpoint } from "./checkpoint";
export {
  loadSafetensors,
  readSafetensors,
  type SafetensorsFile,
  type SafetensorsOptions,
  saveSafetensors,
} from "./safetensors";
