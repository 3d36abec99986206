// Plans tell a kernel how to walk strided operands (kernels/array/odometer.ts): for each dimension its size and two
// strides, then a counter.

import { formatShape } from "./errors";
import type { Shape } from "./shape";
import { memoryViews, PLAN_BYTES, PLANS } from "./wasm";

/** Dimensions a plan has room for, of four 32-bit numbers each; collapsing leaves fewer. */
const MAX_DIMENSIONS = PLAN_BYTES / 16;

/** Writes the plan of a thread (0 is the caller's; the counters are the walker's own) and returns its address. */
export function writePlan(shape: Shape, first: Shape, second: Shape, thread = 0): number {
  if (shape.length > MAX_DIMENSIONS) {
    throw new RangeError(`at most ${MAX_DIMENSIONS} axes can be strided, got ${formatShape(shape)}`);
  }
  const plan = PLANS + thread * PLAN_BYTES;
  const { i32 } = memoryViews();
  let at = plan >>> 2;
  for (let d = 0; d < shape.length; d++) {
    i32[at++] = shape[d];
    i32[at++] = first[d];
    i32[at++] = second[d];
  }
  return plan;
}
