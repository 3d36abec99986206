// Modules, layers, losses, initialisers, metrics and reference models.

export * from "./activation";
export * from "./dropout";
export * as init from "./init";
export * from "./linear";
export * from "./loss";
export * from "./metrics";
export * from "./models";
export { Module, parameter, Sequential, type StateDict } from "./module";
export { type TapVisitor, tapOutputs } from "./tap";
