// Every kernel family; the exports of this file are the exports of the compiled module.
export * from "./assignment";
export * from "./binary";
export * from "./bottleneck";
export * from "./copy";
export * from "./correlation";
export { diagram_invalid_bar_f32 } from "./diagram";
export * from "./diagram-kernels";
export * from "./gemm";
export * from "./images";
export * from "./indexing";
export * from "./optimizer";
export * from "./power";
export * from "./random";
export * from "./reduce";
export * from "./softmax";
export * from "./sort";
export * from "./spanning-tree";
export * from "./unary";
