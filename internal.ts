// What the test suites and benchmarks of this project may reach besides the public face. Not exported by the package.

export { readDistanceFile } from "./cli/distance-file";
export { writeReport } from "./cli/report";
export { Allocator } from "./core/allocator";
export * as math from "./core/math";
export { withScratch } from "./core/memory";
export { kernels, memoryViews } from "./core/wasm";
export { persistenceSvg } from "./report/diagram-svg";
