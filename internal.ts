// What the test suites and benchmarks of this project may reach besides the public face. Not exported by the package.

export * as math from "./core/math";
export { Allocator } from "./core/allocator";
export { kernels, memoryViews } from "./core/wasm";
export { withScratch } from "./core/memory";
