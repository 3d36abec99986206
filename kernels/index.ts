// Every kernel family; the exports of this file are the exports of the compiled module.
export * from "./binary";
export * from "./conv";
export * from "./gemm";
export * from "./pool";
export * from "./winograd";
