// Launches whose results are new tensors, without recording: what operations and the autograd engine are built from.

import { convert, copy } from "../backend/launch/copy";
import * as elementwise from "../backend/launch/elementwise";
import { squaredDistance } from "../backend/launch/optimizer";
import * as reduce from "../backend/launch/reduce";
import { fill } from "../backend/view";
import {
  broadcastShapes,
  broadcastStrides,
  contiguousStrides,
  isContiguous,
  type Shape,
  sameShape,
} from "./shape";
import { allocate, allocateLike, type DType, type Tensor, viewOf } from "./tensor";

/** kernel(a, b), broadcasting. Both operands are float32. */
export function binary(operation: string, kernel: elementwise.BinaryKernel, a: Tensor, b: Tensor): Tensor {
  const out = sameShape(a.extents, b.extents)
    ? allocateLike(a)
    : allocate(broadcastShapes(operation, a.extents, b.extents));
  elementwise.binary(kernel, out, a, b);
  return out;
}

/** kernel(a, b) of int32 operands, broadcasting; the result is int32, or float32 where a comparison asks for it. */
export function integers(
  operation: string,
  kernel: elementwise.BinaryKernel,
  a: Tensor,
  b: Tensor,
  dtype: DType = "int32",
): Tensor {
  const out = allocate(broadcastShapes(operation, a.extents, b.extents), dtype);
  elementwise.binary(kernel, out, a, b, "int32");
  return out;
}

export const plus = (a: Tensor, b: Tensor) => binary("add", "add_f32", a, b);
export const minus = (a: Tensor, b: Tensor) => binary("sub", "sub_f32", a, b);
export const times = (a: Tensor, b: Tensor) => binary("mul", "mul_f32", a, b);
export const over = (a: Tensor, b: Tensor) => binary("div", "div_f32", a, b);

/** y += x for a contiguous y; x has the same shape. */
export function addInPlace(y: Tensor, x: Tensor): void {
  elementwise.addScaled(y, x, 1);
}

/** A new contiguous tensor with the same elements. */
export function contiguousCopy(x: Tensor): Tensor {
  const out = allocateLike(x, x.dtype);
  copy(out, x);
  return out;
}

/** The tensor itself when it is contiguous, else a copy that is. */
export function contiguous(x: Tensor): Tensor {
  return isContiguous(x.extents, x.strides) ? x : contiguousCopy(x);
}

/** A new tensor of one value. */
export function full(shape: Shape, value: number, dtype: DType = "float32"): Tensor {
  const out = allocate(shape, dtype);
  fill(out, value);
  return out;
}

const SCALAR: Shape = [];

/** A scalar without axes. */
export function scalar(value: number): Tensor {
  return full(SCALAR, value);
}

/** The tensor as float32: itself, or a converted copy of int32. */
export function toFloat32(x: Tensor): Tensor {
  if (x.dtype === "float32") return x;
  const out = allocateLike(x);
  convert(out, x);
  return out;
}

/** The same elements, which are contiguous, in another shape. */
export function reshaped(x: Tensor, shape: Shape): Tensor {
  return viewOf(x, shape, contiguousStrides(shape), x.offset);
}

/** The elements as if of the larger shape, repeated without copying. */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  return viewOf(x, shape, broadcastStrides(x.extents, x.strides, shape), x.offset);
}

/** The shape after a reduction: the axes are dropped, or kept with extent 1. */
export function reducedShape(shape: Shape, axes: readonly number[], keepDims: boolean): Shape {
  if (keepDims) return shape.map((extent, d) => (axes.includes(d) ? 1 : extent));
  return shape.filter((_, d) => !axes.includes(d));
}

/** Sum over axes divided by `divisor`, the axes dropped. */
export function sumOver(x: Tensor, axes: readonly number[], divisor: number, keepDims = false): Tensor {
  const out = allocate(reducedShape(x.extents, axes, keepDims));
  reduce.sum(out, x, axes, divisor);
  return out;
}

/** A new tensor of the rows of x along the axes, made by `run`, seen in the order of x. */
export function throughRows(
  x: Tensor,
  axes: readonly number[],
  run: (rows: Tensor) => void,
  dtype: DType = "float32",
): Tensor {
  const rows = allocate([x.size], dtype);
  run(rows);
  return viewOf(rows, x.extents, reduce.rowStrides(x, axes), rows.offset);
}

/** Sums a gradient over the axes along which `shape` was broadcast to the gradient's shape. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.extents, shape)) return x;
  const lead = x.ndim - shape.length;
  const axes: number[] = [];
  for (let d = 0; d < x.ndim; d++) {
    if (d < lead || (shape[d - lead] === 1 && x.extents[d] !== 1)) axes.push(d);
  }
  return reshaped(sumOver(x, axes, 1), shape);
}

/** The sum of the squares of the elements, in float64. */
export function sumOfSquares(x: Tensor): number {
  return squaredDistance(x);
}

/** True when no element of a float32 tensor is NaN or infinite. */
export function allFinite(x: Tensor): boolean {
  return reduce.allFinite(x);
}
