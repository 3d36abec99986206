// Reading and writing tensors.

export { loadSafetensors, type SafetensorsFile, saveSafetensors } from "./safetensors";
