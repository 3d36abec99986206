// Every kernel family; the exports of this file are the exports of the compiled module.
export * from "./binary";
export * from "./assignment";
export { diagram_invalid_bar_f32 } from "./diagram";
export * from "./bottleneck";
export * from "./diagram-kernels";
