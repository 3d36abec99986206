// Sizes that a kernel reads from a struct in memory instead of taking them one by one.

import { memoryViews } from "../wasm";
import type { Frame } from "./frame";

/** Writes int32 fields into scratch memory of at least `bytes` and returns its address. */
export function writeFields(frame: Frame, fields: readonly number[], bytes = fields.length * 4): number {
  const address = frame.scratch(bytes);
  memoryViews().i32.set(fields, address >>> 2);
  return address;
}
