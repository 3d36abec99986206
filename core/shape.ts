// Arithmetic on shapes and strides.

import { formatShape } from "./errors";

export type Shape = readonly number[];

/** Number of elements; 1 for the empty shape of a scalar. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const extent of shape) size *= extent;
  return size;
}

/** Strides in elements of a row-major layout. */
export function contiguousStrides(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    strides[d] = stride;
    stride *= shape[d];
  }
  return strides;
}

export function isContiguous(shape: Shape, strides: readonly number[]): boolean {
  let expected = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    if (shape[d] === 1) continue;
    if (strides[d] !== expected) return false;
    expected *= shape[d];
  }
  return true;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((extent, d) => extent === b[d]);
}

/** Throws unless every extent is a non-negative integer. */
export function checkShape(operation: string, shape: Shape): void {
  for (const extent of shape) {
    if (!Number.isInteger(extent) || extent < 0) {
      throw new RangeError(`${operation}: a shape holds non-negative integers, got ${formatShape(shape)}`);
    }
  }
}

/** The axis as 0..ndim-1; negative axes count from the end. */
export function normalizeAxis(operation: string, axis: number, shape: Shape): number {
  const ndim = shape.length;
  if (!Number.isInteger(axis) || axis < -ndim || axis >= ndim) {
    const range = ndim === 0 ? "a scalar has no axes" : `expected ${-ndim}..${ndim - 1}`;
    throw new RangeError(
      `${operation}: axis ${axis} is out of range for shape ${formatShape(shape)}: ${range}`,
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
  const list = (typeof axes === "number" ? [axes] : axes).map((axis) =>
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

/** Strides that read a tensor as if it had the larger shape `target`: 0 along the axes it is repeated on. */
export function broadcastStrides(shape: Shape, strides: readonly number[], target: Shape): number[] {
  const lead = target.length - shape.length;
  return target.map((_, d) => (d < lead || shape[d - lead] === 1 ? 0 : strides[d - lead]));
}

/**
 * Merges neighbouring dimensions that all operands step through evenly and drops those of size 1, so that kernels see
 * as few dimensions as possible. Always returns at least one dimension.
 */
export function collapse(
  shape: Shape,
  operands: readonly (readonly number[])[],
): { shape: number[]; strides: number[][] } {
  const outShape: number[] = [];
  const strides: number[][] = operands.map(() => []);
  for (let d = 0; d < shape.length; d++) {
    if (shape[d] === 1) continue;
    const top = outShape.length - 1;
    const merges = top >= 0 && operands.every((s, k) => strides[k][top] === s[d] * shape[d]);
    if (merges) {
      outShape[top] *= shape[d];
      for (let k = 0; k < operands.length; k++) strides[k][top] = operands[k][d];
    } else {
      outShape.push(shape[d]);
      for (let k = 0; k < operands.length; k++) strides[k].push(operands[k][d]);
    }
  }
  if (outShape.length === 0) {
    outShape.push(1);
    for (const s of strides) s.push(0);
  }
  return { shape: outShape, strides };
}
