// Reading and writing tensors.

export {
  loadSafetensors,
  type SafetensorsFile,
  type SafetensorsOptions,
  saveSafetensors,
} from "./safetensors";
