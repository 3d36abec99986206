// Axes and shapes as callers give them.

import type { Shape } from "../backend/shape";
import { formatShape } from "./errors";

export {
  broadcastStrides,
  contiguousStrides,
  isContiguous,
  type Shape,
  sameShape,
  sizeOf,
} from "../backend/shape";

/** Extents reach the kernels as signed 32-bit integers. */
const MAX_EXTENT = 2 ** 31 - 1;

/** A copy of a shape as a caller gave it: an array of integers of 0 or more. */
export function checkShape(operation: string, shape: unknown): number[] {
  if (!Array.isArray(shape)) {
    const hint = typeof shape === "number" ? `; do you mean [${shape}]?` : "";
    throw new TypeError(
      `${operation}: a shape is an array of integers, got ${shape === undefined ? "nothing" : typeof shape}${hint}`,
    );
  }
  if (!shape.every((extent) => Number.isInteger(extent) && extent >= 0)) {
    throw new RangeError(`${operation}: a shape holds non-negative integers, got ${formatShape(shape)}`);
  }
  if (!shape.every((extent) => extent <= MAX_EXTENT)) {
    throw new RangeError(`${operation}: an extent is at most ${MAX_EXTENT}, got ${formatShape(shape)}`);
  }
  return [...shape];
}

/** The axis as 0..ndim-1; negative axes count from the end. */
export function normalizeAxis(operation: string, axis: number, shape: Shape): number {
  const ndim = shape.length;
  if (!Number.isInteger(axis) || axis < -ndim || axis >= ndim) {
    const range = ndim === 0 ? "a scalar has no axes" : `expected ${-ndim}..${ndim - 1}`;
    throw new RangeError(
      `${operation}: axis ${String(axis)} is out of range for shape ${formatShape(shape)}: ${range}`,
    );
  }
  return axis < 0 ? axis + ndim : axis;
}

/** Several axes, ascending; all of them when none is given. */
export function normalizeAxes(
  operation: string,
  axes: number | readonly number[] | undefined,
  shape: Shape,
): number[] {
  if (axes === undefined) return shape.map((_, d) => d);
  if (typeof axes !== "number" && !Array.isArray(axes)) {
    throw new TypeError(`${operation}: axes are a number or an array of numbers, got ${typeof axes}`);
  }
  const list = (typeof axes === "number" ? [axes] : axes).map((axis: number) =>
    normalizeAxis(operation, axis, shape),
  );
  if (new Set(list).size !== list.length) {
    throw new RangeError(
      `${operation}: an axis appears twice in [${String(axes)}] for shape ${formatShape(shape)}`,
    );
  }
  return list.sort((a, b) => a - b);
}

/** The shape two operands broadcast to, aligned at the last axis. */
export function broadcastShapes(operation: string, a: Shape, b: Shape): number[] {
  const ndim = Math.max(a.length, b.length);
  const out = new Array<number>(ndim);
  for (let d = 0; d < ndim; d++) {
    const x = a[d - ndim + a.length] ?? 1;
    const y = b[d - ndim + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1) {
      throw new RangeError(
        `${operation}: shapes do not broadcast: ${formatShape(a)} and ${formatShape(b)} (sizes ${x} and ${y})`,
      );
    }
    out[d] = x === 1 ? y : x;
  }
  return out;
}
