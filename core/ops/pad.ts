// Elements around a tensor.

import { copy } from "../../backend/launch/copy";
import { type Backward, record } from "../autograd";
import { checkChoice, checkShape, checkTensor, describe, isCount, MAX_INTEGER } from "../check";
import { full } from "../compute";
import { tensor } from "../creation";
import { formatShape } from "../errors";
import { type Shape, sizeOf } from "../shape";
import { defineMethods, type Tensor, viewOf } from "../tensor";
import { indexSelect } from "./indexing";

/** The part of a padded tensor that holds what was padded. */
function inner(x: Tensor, shape: Shape, before: readonly number[]): Tensor {
  const offset = x.strides.reduce((at, stride, d) => at + stride * before[d], x.offset);
  return viewOf(x, shape, x.strides, sizeOf(shape) > 0 ? offset : x.offset);
}

function padRule(before: readonly number[]): Backward {
  return (g, _, { shapes: [shape] }) => [inner(g, shape, before)];
}

/** How pad() continues a tensor beyond its ends: mirrored about the last element, repeating it, or from the other end. */
export type PadMode = "reflect" | "replicate" | "circular";

/** Which element stands at position i of an axis that goes on beyond its ends. */
function continued(mode: PadMode, i: number, extent: number): number {
  if (mode === "replicate") return Math.min(Math.max(i, 0), extent - 1);
  if (mode === "circular") return ((i % extent) + extent) % extent;
  const period = 2 * (extent - 1);
  const at = period === 0 ? 0 : ((i % period) + period) % period;
  return at < extent ? at : period - at;
}

function padByMode(x: Tensor, widths: readonly (readonly [number, number])[], mode: PadMode): Tensor {
  checkChoice("pad", "the mode", mode, ["reflect", "replicate", "circular"]);
  let out = x;
  for (const [axis, [before, after]] of widths.entries()) {
    if (before + after === 0) continue;
    const extent = x.extents[axis];
    const most =
      mode === "reflect" ? extent - 1 : mode === "circular" ? extent : extent > 0 ? MAX_INTEGER : 0;
    if (Math.max(before, after) > most) {
      throw new RangeError(
        `pad: ${mode} can add at most ${most} elements at an end of axis ${axis} of ${formatShape(x.extents)}, ` +
          `got [${before},${after}]`,
      );
    }
    const [length] = checkShape("pad", [before + extent + after]);
    const places = Int32Array.from({ length }, (_, i) => continued(mode, i - before, extent));
    out = indexSelect(out, axis, tensor(places));
  }
  return out;
}

function pad(x: Tensor, widths: readonly (readonly [number, number])[], value: number | PadMode = 0): Tensor {
  checkTensor("pad", x);
  const valid =
    Array.isArray(widths) &&
    widths.length <= x.ndim &&
    widths.every((pair) => Array.isArray(pair) && pair.length === 2 && pair.every(isCount));
  if (!valid) {
    throw new RangeError(
      `pad: needs [before, after] counts of 0 or more for at most ${x.ndim} axes of ${formatShape(x.extents)}, ` +
        `got ${describe(widths)}`,
    );
  }
  if (typeof value === "string") return padByMode(x, widths, value);
  if (typeof value !== "number") {
    throw new TypeError(`pad: expected a number or a mode to pad with, got ${describe(value)}`);
  }
  const before = x.extents.map((_, d) => widths[d]?.[0] ?? 0);
  const shape = x.extents.map((extent, d) => before[d] + extent + (widths[d]?.[1] ?? 0));
  const out = full(checkShape("pad", shape), value, x.dtype);
  copy(inner(out, x.extents, before), x);
  return record("pad", out, [x], [], padRule(before));
}

export interface PadMethods {
  /**
   * A copy with [before, after] elements more for each axis from the first: zeros, another number, or what `value` names:
   * "reflect", "replicate" or "circular".
   */
  pad(widths: readonly (readonly [number, number])[], value?: number | PadMode): Tensor;
}

declare module "../tensor" {
  interface Tensor extends PadMethods {}
}

defineMethods<PadMethods>({ pad });
