// Kernels launched on tensors, without recording: what operations and the autograd engine itself are built from.

import { writePlan } from "../backend/plan";
import { type Kernels, kernels, memoryViews } from "../backend/wasm";
import {
  broadcastShapes,
  broadcastStrides,
  collapse,
  contiguousStrides,
  isContiguous,
  type Shape,
  sameShape,
} from "./shape";
import { allocate, type DType, type Tensor, viewOf } from "./tensor";

/** Kernels of kernels/binary.ts that take a plan. */
export type BinaryKernel = {
  [K in keyof Kernels]: Kernels[K] extends (
    out: number,
    a: number,
    b: number,
    rank: number,
    plan: number,
  ) => void
    ? K
    : never;
}[keyof Kernels];

/** Runs a broadcasting kernel. Both operands are float32. */
export function binary(operation: string, kernel: BinaryKernel, a: Tensor, b: Tensor): Tensor {
  const plain = sameShape(a.shape, b.shape);
  const shape = plain ? a.shape : broadcastShapes(operation, a.shape, b.shape);
  const out = allocate(shape);
  if (out.size === 0) return out;
  const k = kernels()[kernel] as Kernels["add_f32"];
  if (plain && a.isContiguous && b.isContiguous) {
    k(out.ptr, a.ptr, b.ptr, 1, writePlan([out.size], [1], [1]));
    return out;
  }
  const { shape: dims, strides } = collapse(shape, [
    broadcastStrides(a.shape, a.strides, shape),
    broadcastStrides(b.shape, b.strides, shape),
  ]);
  k(out.ptr, a.ptr, b.ptr, dims.length, writePlan(dims, strides[0], strides[1]));
  return out;
}

/** a + b, broadcasting, unrecorded. */
export function add(a: Tensor, b: Tensor): Tensor {
  return binary("add", "add_f32", a, b);
}

/** y += scale * x for a contiguous y; x has the same shape. */
export function addInPlace(y: Tensor, x: Tensor, scale = 1): void {
  kernels().axpy_f32(y.ptr, contiguous(x).ptr, y.size, scale);
}

/** Copies x into `out` of the same shape; either may be strided. */
export function copyInto(out: Tensor, x: Tensor): void {
  if (out.size === 0) return;
  const { shape, strides } = collapse(out.shape, [out.strides, x.strides]);
  const k = kernels();
  const [outStrides, xStrides] = strides;
  // A transposed matrix, the most common strided layout, has a kernel of its own.
  if (
    shape.length === 2 &&
    isContiguous(shape, outStrides) &&
    xStrides[0] === 1 &&
    xStrides[1] === shape[0]
  ) {
    k.transpose_32(out.ptr, x.ptr, shape[1], shape[0]);
    return;
  }
  k.copy_strided_32(out.ptr, x.ptr, shape.length, writePlan(shape, outStrides, xStrides));
}

/** A new contiguous tensor with the same elements. */
export function contiguousCopy(x: Tensor): Tensor {
  const out = allocate(x.shape, x.dtype);
  copyInto(out, x);
  return out;
}

/** The tensor itself when it is contiguous, else a copy that is. */
export function contiguous(x: Tensor): Tensor {
  return x.isContiguous ? x : contiguousCopy(x);
}

/** A new tensor of one value. */
export function full(shape: Shape, value: number, dtype: DType = "float32"): Tensor {
  const out = allocate(shape, dtype);
  const { f32, i32 } = memoryViews();
  const start = out.ptr >>> 2;
  (dtype === "int32" ? i32 : f32).fill(value, start, start + out.size);
  return out;
}

/** A scalar without axes. */
export function scalar(value: number): Tensor {
  return full([], value);
}

/** The tensor as float32: itself, or a converted copy of int32. */
export function toFloat32(x: Tensor): Tensor {
  if (x.dtype === "float32") return x;
  const out = allocate(x.shape);
  kernels().convert_i32_f32(out.ptr, contiguous(x).ptr, x.size);
  return out;
}

/** Sums a gradient over the axes along which `shape` was broadcast to the gradient's shape. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const lead = x.ndim - shape.length;
  const axes: number[] = [];
  for (let d = 0; d < x.ndim; d++) {
    if (d < lead || (shape[d - lead] === 1 && x.shape[d] !== 1)) axes.push(d);
  }
  const sum = sumOver(x, axes, 1);
  return viewOf(sum, shape, contiguousStrides(shape), sum.offset);
}

/** A contiguous tensor seen as [outer, n, inner], n along the axes to be reduced. */
export interface ReductionLayout {
  x: Tensor;
  outer: number;
  n: number;
  inner: number;
}

/**
 * Lays x out for a reduction over ascending `axes`. Neighbouring axes are reduced where they are; others, and all
 * axes when `innermost` is asked for, are first moved to the end.
 */
export function reductionLayout(x: Tensor, axes: readonly number[], innermost: boolean): ReductionLayout {
  const reduced = axes.map((d) => x.shape[d]).reduce((a, b) => a * b, 1);
  const first = axes[0] ?? 0;
  const last = axes[axes.length - 1] ?? -1;
  const neighbours = last - first + 1 === axes.length;
  const inner = x.shape.slice(last + 1).reduce((a, b) => a * b, 1);
  if (axes.length > 0 && neighbours && (!innermost || inner === 1)) {
    const outer = x.shape.slice(0, first).reduce((a, b) => a * b, 1);
    return { x: contiguous(x), outer, n: reduced, inner };
  }
  const rest = x.shape.map((_, d) => d).filter((d) => !axes.includes(d));
  const order = [...rest, ...axes];
  const moved = viewOf(
    x,
    order.map((d) => x.shape[d]),
    order.map((d) => x.strides[d]),
    x.offset,
  );
  const outer = rest.map((d) => x.shape[d]).reduce((a, b) => a * b, 1);
  return { x: contiguous(moved), outer, n: reduced, inner: 1 };
}

/** The shape after a reduction: the axes are dropped, or kept with extent 1. */
export function reducedShape(shape: Shape, axes: readonly number[], keepDims: boolean): number[] {
  if (keepDims) return shape.map((extent, d) => (axes.includes(d) ? 1 : extent));
  return shape.filter((_, d) => !axes.includes(d));
}

/** Sum over axes divided by `divisor`, the axes dropped. */
export function sumOver(x: Tensor, axes: readonly number[], divisor: number, keepDims = false): Tensor {
  const layout = reductionLayout(x, axes, false);
  const out = allocate(reducedShape(x.shape, axes, keepDims));
  kernels().sum_f32(out.ptr, layout.x.ptr, layout.outer, layout.n, layout.inner, divisor);
  return out;
}
