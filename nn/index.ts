// Modules, layers, losses, initialisers, metrics and reference models.

export * from "./activation";
export * from "./attention";
export { LAYERS, MODELS, type ModelName, type ModelSetup } from "./catalogue";
export * from "./clip";
export { Conv1d, Conv2d, ConvTranspose2d } from "./convolution";
export * from "./cross-entropy";
export * from "./dropout";
export * from "./embedding";
export * as init from "./init";
export * from "./linear";
export * from "./loss";
export * from "./metrics";
export * from "./models";
export { type AnyModule, Module, parameter, type Signals, type StateDict } from "./module";
export * from "./normalization";
export * from "./pooling";
export * from "./recurrent";
export type { LossOptions } from "./reduction";
export * from "./residual";
export * from "./sequential";
export * from "./similarity";
export { type CallVisitor, Holder, type TapVisitor, tapCalls, tapOutputs, tensorsIn } from "./tap";
