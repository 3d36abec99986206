// Shapes and layouts. Views share the data: reshape (of contiguous tensors), flatten, squeeze, unsqueeze, transpose,
// permute, T, expand, slice, split, detach. Copies: reshape of strided tensors, pad, flip, repeat, concat, stack.

import { copy } from "../../backend/launch/copy";
import { type Backward, record } from "../autograd";
import { checkInteger, checkShape, checkTensor, describe, isCount, normalizeAxis } from "../check";
import { broadcastTo, contiguous, contiguousCopy, full, reshaped, toFloat32 } from "../compute";
import { inferShape } from "../creation";
import { formatShape } from "../errors";
import { type Shape, sameShape, sizeOf } from "../shape";
import { allocate, defineMethods, Tensor, viewOf } from "../tensor";

const reshapeRule: Backward = (g, _, { shapes: [shape] }) => [reshaped(contiguous(g), shape)];

export function reshape(x: Tensor, shape: Shape): Tensor {
  checkTensor("reshape", x);
  const target = inferShape("reshape", shape, x.size);
  return record("reshape", reshaped(contiguous(x), target), [x], [], reshapeRule);
}

function flatten(x: Tensor): Tensor {
  return reshape(x, [-1]);
}

export function squeeze(x: Tensor, axis?: number): Tensor {
  checkTensor("squeeze", x);
  const only = axis === undefined ? null : normalizeAxis("squeeze", axis, x.extents);
  const stays = (extent: number, d: number) => extent !== 1 || (only !== null && d !== only);
  const shape = x.extents.filter(stays);
  const strides = x.strides.filter((_, d) => stays(x.extents[d], d));
  return record("squeeze", viewOf(x, shape, strides, x.offset), [x], [], reshapeRule);
}

export function unsqueeze(x: Tensor, axis: number): Tensor {
  checkTensor("unsqueeze", x);
  const at = normalizeAxis("unsqueeze", axis, [...x.extents, 1]);
  const shape = [...x.extents.slice(0, at), 1, ...x.extents.slice(at)];
  const strides = [...x.strides.slice(0, at), 1, ...x.strides.slice(at)];
  return record("unsqueeze", viewOf(x, shape, strides, x.offset), [x], [], reshapeRule);
}

/** The axes in this order, as a view. */
function rearranged(x: Tensor, order: readonly number[]): Tensor {
  return viewOf(
    x,
    order.map((d) => x.extents[d]),
    order.map((d) => x.strides[d]),
    x.offset,
  );
}

function permuteRule(inverse: readonly number[]): Backward {
  return (g) => [rearranged(g, inverse)];
}

export function permute(x: Tensor, axes: readonly number[]): Tensor {
  checkTensor("permute", x);
  if (!Array.isArray(axes)) throw new TypeError(`permute: axes are an array, got ${describe(axes)}`);
  const order = axes.map((axis) => normalizeAxis("permute", axis, x.extents));
  if (order.length !== x.ndim || new Set(order).size !== order.length) {
    throw new RangeError(
      `permute: [${axes.join(",")}] is no order of the ${x.ndim} axes of ${formatShape(x.extents)}`,
    );
  }
  const inverse = order.map((_, d) => order.indexOf(d));
  return record("permute", rearranged(x, order), [x], [], permuteRule(inverse), order);
}

export function transpose(x: Tensor, a: number, b: number): Tensor {
  checkTensor("transpose", x);
  const order = x.extents.map((_, d) => d);
  const p = normalizeAxis("transpose", a, x.extents);
  const q = normalizeAxis("transpose", b, x.extents);
  [order[p], order[q]] = [order[q], order[p]];
  return permute(x, order);
}

// The engine sums the gradient of what was broadcast.
const passRule: Backward = (g) => [g];

export function expand(x: Tensor, shape: Shape): Tensor {
  checkTensor("expand", x);
  const lead = Array.isArray(shape) ? shape.length - x.ndim : 0;
  const target = checkShape(
    "expand",
    Array.isArray(shape)
      ? shape.map((extent, d) => (extent === -1 && d >= lead ? x.extents[d - lead] : extent))
      : shape,
  );
  const fits = lead >= 0 && x.extents.every((extent, d) => extent === 1 || extent === target[d + lead]);
  if (!fits)
    throw new RangeError(`expand: shape ${formatShape(x.extents)} does not expand to ${formatShape(shape)}`);
  checkInteger("expand", "the number of elements", sizeOf(target));
  return record("expand", broadcastTo(x, target), [x], [], passRule);
}

/** A window [start, end) with a step on one axis, without recording. Bounds are already within the shape. */
function windowOf(x: Tensor, axis: number, start: number, length: number, step: number): Tensor {
  const shape = x.extents.map((extent, d) => (d === axis ? length : extent));
  const strides = x.strides.map((stride, d) => (d === axis ? stride * step : stride));
  return viewOf(x, shape, strides, x.offset + (length > 0 ? start * x.strides[axis] : 0));
}

function sliceRule(axis: number, start: number, length: number, step: number): Backward {
  return (g, _, { shapes: [shape] }) => {
    const gradient = full(shape, 0);
    copy(windowOf(gradient, axis, start, length, step), g);
    return [gradient];
  };
}

/** A bound of a slice as a position 0..extent; negative ones count from the end, those beyond are clipped. */
function clipBound(name: string, bound: number, extent: number): number {
  const bounded = Number.isInteger(bound) || bound === Number.POSITIVE_INFINITY;
  if (!bounded && bound !== Number.NEGATIVE_INFINITY) {
    throw new RangeError(`slice: ${name} must be an integer, got ${describe(bound)}`);
  }
  return Math.min(Math.max(bound < 0 ? bound + extent : bound, 0), extent);
}

export function slice(x: Tensor, axis: number, start: number, end?: number, step = 1): Tensor {
  checkTensor("slice", x);
  const along = normalizeAxis("slice", axis, x.extents);
  checkInteger("slice", "step", step, { atLeast: 1 });
  const extent = x.extents[along];
  const from = clipBound("start", start, extent);
  const length = Math.max(0, Math.ceil((clipBound("end", end ?? extent, extent) - from) / step));
  const out = windowOf(x, along, from, length, step);
  return record("slice", out, [x], [], sliceRule(along, from, length, step), [along, from, length, step]);
}

function split(x: Tensor, size: number, axis = 0): Tensor[] {
  checkTensor("split", x);
  const along = normalizeAxis("split", axis, x.extents);
  checkInteger("split", "size", size, { atLeast: 1 });
  const count = Math.max(1, Math.ceil(x.extents[along] / size));
  return Array.from({ length: count }, (_, i) => slice(x, along, i * size, (i + 1) * size));
}

function reversed(x: Tensor, axis: number): Tensor {
  const strides = x.strides.map((stride, d) => (d === axis ? -stride : stride));
  const last = Math.max(0, x.extents[axis] - 1);
  return contiguousCopy(viewOf(x, x.extents, strides, x.offset + last * x.strides[axis]));
}

function flipRule(axis: number): Backward {
  return (g) => [reversed(g, axis)];
}

function flip(x: Tensor, axis: number): Tensor {
  checkTensor("flip", x);
  const along = normalizeAxis("flip", axis, x.extents);
  return record("flip", reversed(x, along), [x], [], flipRule(along));
}

function repeat(x: Tensor, counts: readonly number[]): Tensor {
  checkTensor("repeat", x);
  if (!Array.isArray(counts) || counts.length < x.ndim || !counts.every(isCount)) {
    throw new RangeError(
      `repeat: needs a count of 0 or more for each of at least ${x.ndim} axes, got ${describe(counts)}`,
    );
  }
  const lead = counts.length - x.ndim;
  const shape = [...new Array<number>(lead).fill(1), ...x.extents];
  // [a, b] repeated [p, q] times is [a, b] -> [1, a, 1, b] -> [p, a, q, b] -> [p a, q b].
  const tiled = expand(
    reshape(
      x,
      shape.flatMap((extent) => [1, extent]),
    ),
    shape.flatMap((extent, d) => [counts[d], extent]),
  );
  return reshape(
    tiled,
    shape.map((extent, d) => extent * counts[d]),
  );
}

function checkTensors(operation: string, tensors: readonly Tensor[]): void {
  if (!Array.isArray(tensors) || tensors.length === 0) {
    throw new TypeError(`${operation}: needs at least one tensor in an array, got ${describe(tensors)}`);
  }
  for (const tensor of tensors) checkTensor(operation, tensor);
}

function concatRule(axis: number, starts: readonly number[]): Backward {
  return (g, _, { shapes, needs }) =>
    shapes.map((shape, i) => (needs[i] ? windowOf(g, axis, starts[i], shape[axis], 1) : null));
}

/** Joins tensors along an existing axis. */
export function concat(tensors: readonly Tensor[], axis = 0): Tensor {
  checkTensors("concat", tensors);
  const mixed = tensors.some((t) => t.dtype !== tensors[0].dtype);
  const parts = mixed ? tensors.map(toFloat32) : tensors;
  const along = normalizeAxis("concat", axis, parts[0].extents);
  const others = (shape: Shape) => shape.filter((_, d) => d !== along);
  for (const t of parts) {
    if (t.ndim !== parts[0].ndim || !sameShape(others(t.extents), others(parts[0].extents))) {
      throw new RangeError(
        `concat: shapes must agree but for axis ${along}: ${parts.map((p) => formatShape(p.extents)).join(" ")}`,
      );
    }
  }
  const starts: number[] = [];
  let total = 0;
  for (const t of parts) {
    starts.push(total);
    total += t.extents[along];
  }
  const out = allocate(
    parts[0].extents.map((extent, d) => (d === along ? total : extent)),
    parts[0].dtype,
  );
  for (const [i, t] of parts.entries()) copy(windowOf(out, along, starts[i], t.extents[along], 1), t);
  return record("concat", out, parts, [], concatRule(along, starts), along);
}

/** Joins tensors of one shape along a new axis. */
export function stack(tensors: readonly Tensor[], axis = 0): Tensor {
  checkTensors("stack", tensors);
  for (const t of tensors) {
    if (!sameShape(t.extents, tensors[0].extents)) {
      throw new RangeError(`stack: shapes differ: ${tensors.map((p) => formatShape(p.extents)).join(" ")}`);
    }
  }
  const at = normalizeAxis("stack", axis, [...tensors[0].extents, 1]);
  return concat(
    tensors.map((t) => unsqueeze(t, at)),
    at,
  );
}

/** Coordinates of a grid from vectors [n0], [n1], ...: for each one a view [n0,n1,...] that varies along its axis ("ij"). */
export function meshgrid(vectors: readonly Tensor[]): Tensor[] {
  checkTensors("meshgrid", vectors);
  for (const v of vectors) {
    if (v.ndim !== 1) throw new RangeError(`meshgrid: expected vectors, got ${formatShape(v.extents)}`);
  }
  const shape = vectors.map(({ size }) => size);
  return vectors.map((v, axis) =>
    expand(
      reshape(
        v,
        shape.map((extent, d) => (d === axis ? extent : 1)),
      ),
      shape,
    ),
  );
}

function roll(x: Tensor, shift: number, axis: number): Tensor {
  checkTensor("roll", x);
  checkInteger("roll", "shift", shift);
  const along = normalizeAxis("roll", axis, x.extents);
  const extent = x.extents[along];
  const at = extent === 0 ? 0 : ((-shift % extent) + extent) % extent;
  return concat([slice(x, along, at), slice(x, along, 0, at)], along);
}

function detach(x: Tensor): Tensor {
  checkTensor("detach", x);
  return viewOf(x, x.extents, x.strides, x.offset);
}

function assign<T extends Tensor>(x: T, values: Tensor | number): T {
  checkTensor("assign", x);
  if (x.extents.some((extent, d) => extent > 1 && x.strides[d] === 0)) {
    throw new RangeError(
      `assign: the elements of an expanded view ${formatShape(x.extents)} share memory; assign to its clone()`,
    );
  }
  let source = values;
  if (typeof source === "number") source = full(x.extents, source, x.dtype);
  checkTensor("assign", source);
  if (!sameShape(source.extents, x.extents) || source.dtype !== x.dtype) {
    throw new RangeError(
      `assign: expected ${x.dtype} ${formatShape(x.extents)}, got ${source.dtype} ${formatShape(source.extents)}`,
    );
  }
  // Views that overlap are read before they are written.
  copy(x, source.storage === x.storage ? contiguousCopy(source) : source);
  x.storage.version++;
  return x;
}

export interface LayoutMethods {
  /** The same elements in another shape; one extent may be -1. A view of contiguous tensors, else a copy. */
  reshape(shape: Shape): Tensor;
  /** Moves the elements along an axis by `shift` places; those that leave at one end come back at the other. */
  roll(shift: number, axis: number): Tensor;
  /** reshape([-1]). */
  flatten(): Tensor;
  /** Drops the axis if its extent is 1, or all such axes. A view. */
  squeeze(axis?: number): Tensor;
  /** A new axis of extent 1. A view. */
  unsqueeze(axis: number): Tensor;
  /** Swaps two axes. A view. */
  transpose(a: number, b: number): Tensor;
  /** Axes in another order. A view. */
  permute(axes: readonly number[]): Tensor;
  /** Repeats axes of extent 1 without copying; -1 leaves an extent. A view. */
  expand(shape: Shape): Tensor;
  /**
   * Elements start, start + step, ... before `end` (default: to the end) along an axis; negative bounds count from the end,
   * bounds beyond it are clipped. A view.
   */
  slice(axis: number, start: number, end?: number, step?: number): Tensor;
  /** Pieces of at most `size` elements along an axis (default 0). Views. */
  split(size: number, axis?: number): Tensor[];
  /** Reverses an axis. A copy. */
  flip(axis: number): Tensor;
  /** Tiles counts[d] times along each axis; missing leading axes are added, as in PyTorch's repeat. A copy. */
  repeat(counts: readonly number[]): Tensor;
  /** The same data outside the graph. A view. */
  detach(): Tensor;
}

declare module "../tensor" {
  interface Tensor extends LayoutMethods {
    /** The transpose of a matrix, as a view; all axes reversed for more. */
    readonly T: Tensor;
    /**
     * Overwrites the elements in place, outside the graph, with a tensor of the same shape and dtype (also one that
     * overlaps) or a number. Returns this.
     */
    assign(values: Tensor | number): this;
  }
}

defineMethods<LayoutMethods & { assign(values: Tensor | number): Tensor }>({
  ...{ reshape, flatten, squeeze, unsqueeze, transpose, permute, expand, slice, split, flip, repeat },
  ...{ detach, assign, roll },
});

Object.defineProperty(Tensor.prototype, "T", {
  get(this: Tensor) {
    return permute(
      this,
      this.extents.map((_, d) => this.ndim - 1 - d),
    );
  },
});
