// Shapes and layouts. Views share the data: reshape (of contiguous tensors), flatten, squeeze, unsqueeze, transpose,
// permute, T, expand, slice, split, detach. Copies: reshape of strided tensors, pad, flip, repeat, concat, stack.

import { record } from "../autograd";
import { contiguous, copyInto, full, sumTo, toFloat32 } from "../compute";
import { inferShape } from "../creation";
import { formatShape } from "../errors";
import { broadcastStrides, contiguousStrides, normalizeAxis, type Shape, sameShape } from "../shape";
import { allocate, requireTensor, type Tensor, viewOf } from "../tensor";

export function reshape(x: Tensor, shape: Shape): Tensor {
  requireTensor("reshape", x);
  const target = inferShape("reshape", shape, x.size);
  const source = contiguous(x);
  const out = viewOf(source, target, contiguousStrides(target), source.offset);
  return record("reshape", out, [x], [], (g) => {
    const gradient = contiguous(g);
    return [viewOf(gradient, x.shape, contiguousStrides(x.shape), gradient.offset)];
  });
}

export function flatten(x: Tensor): Tensor {
  return reshape(x, [-1]);
}

export function squeeze(x: Tensor, axis?: number): Tensor {
  requireTensor("squeeze", x);
  const only = axis === undefined ? null : normalizeAxis("squeeze", axis, x.shape);
  const stays = (extent: number, d: number) => extent !== 1 || (only !== null && d !== only);
  const shape = x.shape.filter(stays);
  const strides = x.strides.filter((_, d) => stays(x.shape[d], d));
  return record("squeeze", viewOf(x, shape, strides, x.offset), [x], [], (g) => [reshape(g, x.shape)]);
}

export function unsqueeze(x: Tensor, axis: number): Tensor {
  requireTensor("unsqueeze", x);
  const at = normalizeAxis("unsqueeze", axis, [...x.shape, 1]);
  const shape = [...x.shape.slice(0, at), 1, ...x.shape.slice(at)];
  const strides = [...x.strides.slice(0, at), 1, ...x.strides.slice(at)];
  return record("unsqueeze", viewOf(x, shape, strides, x.offset), [x], [], (g) => [reshape(g, x.shape)]);
}

export function permute(x: Tensor, axes: readonly number[]): Tensor {
  requireTensor("permute", x);
  const order = axes.map((axis) => normalizeAxis("permute", axis, x.shape));
  if (order.length !== x.ndim || new Set(order).size !== order.length) {
    throw new RangeError(
      `permute: [${axes.join(",")}] is no order of the ${x.ndim} axes of ${formatShape(x.shape)}`,
    );
  }
  const rearrange = (t: Tensor, by: readonly number[]) =>
    viewOf(
      t,
      by.map((d) => t.shape[d]),
      by.map((d) => t.strides[d]),
      t.offset,
    );
  const inverse = order.map((_, d) => order.indexOf(d));
  return record("permute", rearrange(x, order), [x], [], (g) => [rearrange(g, inverse)]);
}

export function transpose(x: Tensor, a: number, b: number): Tensor {
  requireTensor("transpose", x);
  const order = x.shape.map((_, d) => d);
  const p = normalizeAxis("transpose", a, x.shape);
  const q = normalizeAxis("transpose", b, x.shape);
  [order[p], order[q]] = [order[q], order[p]];
  return permute(x, order);
}

export function expand(x: Tensor, shape: Shape): Tensor {
  requireTensor("expand", x);
  const lead = shape.length - x.ndim;
  const target = shape.map((extent, d) => (extent === -1 && d >= lead ? x.shape[d - lead] : extent));
  const fits = lead >= 0 && x.shape.every((extent, d) => extent === 1 || extent === target[d + lead]);
  if (!fits)
    throw new RangeError(`expand: shape ${formatShape(x.shape)} does not expand to ${formatShape(shape)}`);
  const out = viewOf(x, target, broadcastStrides(x.shape, x.strides, target), x.offset);
  return record("expand", out, [x], [], (g) => [sumTo(g, x.shape)]);
}

/** A window [start, end) with a step on one axis, without recording. Bounds are already within the shape. */
function windowOf(x: Tensor, axis: number, start: number, length: number, step: number): Tensor {
  const shape = x.shape.map((extent, d) => (d === axis ? length : extent));
  const strides = x.strides.map((stride, d) => (d === axis ? stride * step : stride));
  return viewOf(x, shape, strides, x.offset + (length > 0 ? start * x.strides[axis] : 0));
}

/** Elements start, start + step, ... below `end`; negative bounds count from the end and are clipped to the axis. */
export function slice(x: Tensor, axis: number, start: number, end?: number, step = 1): Tensor {
  requireTensor("slice", x);
  const along = normalizeAxis("slice", axis, x.shape);
  if (!Number.isInteger(step) || step < 1)
    throw new RangeError(`slice: step must be a positive integer, got ${step}`);
  const extent = x.shape[along];
  const clip = (bound: number) => Math.min(Math.max(bound < 0 ? bound + extent : bound, 0), extent);
  const from = clip(start);
  const length = Math.max(0, Math.ceil((clip(end ?? extent) - from) / step));
  return record("slice", windowOf(x, along, from, length, step), [x], [], (g) => {
    const gradient = full(x.shape, 0);
    copyInto(windowOf(gradient, along, from, length, step), g);
    return [gradient];
  });
}

/** Pieces of at most `size` elements along an axis, as views. */
export function split(x: Tensor, size: number, axis = 0): Tensor[] {
  requireTensor("split", x);
  const along = normalizeAxis("split", axis, x.shape);
  if (!Number.isInteger(size) || size < 1)
    throw new RangeError(`split: size must be a positive integer, got ${size}`);
  const count = Math.max(1, Math.ceil(x.shape[along] / size));
  return Array.from({ length: count }, (_, i) => slice(x, along, i * size, (i + 1) * size));
}

/** Zeros (or `value`) around the data: [before, after] for each axis from the first. */
export function pad(x: Tensor, widths: readonly (readonly [number, number])[], value = 0): Tensor {
  requireTensor("pad", x);
  const valid = widths.length <= x.ndim && widths.flat().every((w) => Number.isInteger(w) && w >= 0);
  if (!valid) {
    throw new RangeError(
      `pad: needs [before, after] counts of 0 or more for at most ${x.ndim} axes of ${formatShape(x.shape)}, ` +
        `got ${JSON.stringify(widths)}`,
    );
  }
  const before = (d: number) => widths[d]?.[0] ?? 0;
  const after = (d: number) => widths[d]?.[1] ?? 0;
  const inner = (t: Tensor) =>
    viewOf(
      t,
      x.shape,
      t.strides,
      t.strides.reduce((at, stride, d) => at + stride * before(d), t.offset),
    );
  const shape = x.shape.map((extent, d) => before(d) + extent + after(d));
  const out = full(shape, value, x.dtype);
  copyInto(inner(out), x);
  return record("pad", out, [x], [], (g) => [inner(g)]);
}

/** The elements of one axis in reverse, as a copy. */
export function flip(x: Tensor, axis: number): Tensor {
  requireTensor("flip", x);
  const along = normalizeAxis("flip", axis, x.shape);
  const reversed = (t: Tensor) => {
    const strides = t.strides.map((stride, d) => (d === along ? -stride : stride));
    const last = Math.max(0, t.shape[along] - 1);
    const out = allocate(t.shape, t.dtype);
    copyInto(out, viewOf(t, t.shape, strides, t.offset + last * t.strides[along]));
    return out;
  };
  return record("flip", reversed(x), [x], [], (g) => [reversed(g)]);
}

/** Tiles the tensor counts[d] times along each axis; missing leading axes are added, as in PyTorch's repeat. */
export function repeat(x: Tensor, counts: readonly number[]): Tensor {
  requireTensor("repeat", x);
  if (counts.length < x.ndim || !counts.every((c) => Number.isInteger(c) && c >= 0)) {
    throw new RangeError(
      `repeat: needs a count of 0 or more for each of at least ${x.ndim} axes, got [${counts.join(",")}]`,
    );
  }
  const lead = counts.length - x.ndim;
  const shape = [...new Array<number>(lead).fill(1), ...x.shape];
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

/** Joins tensors along an existing axis. */
export function concat(tensors: readonly Tensor[], axis = 0): Tensor {
  if (tensors.length === 0) throw new TypeError("concat: needs at least one tensor");
  for (const t of tensors) requireTensor("concat", t);
  const mixed = tensors.some((t) => t.dtype !== tensors[0].dtype);
  const parts = mixed ? tensors.map(toFloat32) : tensors;
  const along = normalizeAxis("concat", axis, parts[0].shape);
  const others = (shape: Shape) => shape.filter((_, d) => d !== along);
  for (const t of parts) {
    if (t.ndim !== parts[0].ndim || !sameShape(others(t.shape), others(parts[0].shape))) {
      throw new RangeError(
        `concat: shapes must agree but for axis ${along}: ${parts.map((p) => formatShape(p.shape)).join(" ")}`,
      );
    }
  }
  const starts: number[] = [];
  let total = 0;
  for (const t of parts) {
    starts.push(total);
    total += t.shape[along];
  }
  const out = allocate(
    parts[0].shape.map((extent, d) => (d === along ? total : extent)),
    parts[0].dtype,
  );
  for (const [i, t] of parts.entries()) copyInto(windowOf(out, along, starts[i], t.shape[along], 1), t);
  return record("concat", out, parts, [], (g, _, needs) =>
    parts.map((t, i) => (needs[i] ? windowOf(g, along, starts[i], t.shape[along], 1) : null)),
  );
}

/** Joins tensors of one shape along a new axis. */
export function stack(tensors: readonly Tensor[], axis = 0): Tensor {
  if (tensors.length === 0) throw new TypeError("stack: needs at least one tensor");
  for (const t of tensors) {
    requireTensor("stack", t);
    if (!sameShape(t.shape, tensors[0].shape)) {
      throw new RangeError(`stack: shapes differ: ${tensors.map((p) => formatShape(p.shape)).join(" ")}`);
    }
  }
  const at = normalizeAxis("stack", axis, [...tensors[0].shape, 1]);
  return concat(
    tensors.map((t) => unsqueeze(t, at)),
    at,
  );
}

/** The same data outside the graph, as a view. */
export function detach(x: Tensor): Tensor {
  requireTensor("detach", x);
  return viewOf(x, x.shape, x.strides, x.offset);
}

/** Overwrites x in place with values of the same shape (or a number), outside the graph. Returns x. */
export function assign(x: Tensor, values: Tensor | number): Tensor {
  requireTensor("assign", x);
  const source = typeof values === "number" ? full(x.shape, values, x.dtype) : values;
  requireTensor("assign", source);
  if (!sameShape(source.shape, x.shape) || source.dtype !== x.dtype) {
    throw new RangeError(
      `assign: expected ${x.dtype} ${formatShape(x.shape)}, got ${source.dtype} ${formatShape(source.shape)}`,
    );
  }
  copyInto(x, source);
  x.handle.storage.version++;
  return x;
}
