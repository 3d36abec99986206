// What the test suites and benchmarks of this project may reach besides the public face. Not exported by the package.

export { Allocator } from "./backend/allocator";
export { checkGuards, guardMemory } from "./backend/guard";
export { kernels, memoryViews } from "./backend/wasm";
export { readDistanceFile } from "./cli/distance-file";
export { writeReport } from "./cli/report";
// As the types of this file know it; the built declarations hide its inner members.
export { tensor } from "./core/index";
export * as math from "./core/math";
export { parseIdx } from "./data/idx";
export { decodePng, pngRows } from "./data/png-batch";
export { FolderLock, writeWhole } from "./io/files";
export { persistenceSvg } from "./report/diagram-svg";
export { ConnectomeRecorder, decodeConnectomes } from "./runs/connectomes";
export { decodeEvent, observationEvent } from "./runs/events";
export { RunFolder } from "./runs/folder";
export { idOf } from "./study/experiment";
export { decodeResult, encodeResult } from "./study/folder";
