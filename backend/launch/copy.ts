// Copies, conversions and fills.

import { writePlan } from "../plan";
import { collapse, contiguousStrides, isContiguous, type Shape, sizeOf } from "../shape";
import { addressOf, targetOf, type View } from "../view";
import { kernels } from "../wasm";
import { launch } from "./frame";

/** Copies 32-bit elements between two layouts of one shape. */
function copyStrided(out: number, outStrides: Shape, x: number, xStrides: Shape, whole: Shape): void {
  if (sizeOf(whole) === 0) return;
  const { shape, strides } = collapse(whole, [outStrides, xStrides]);
  const [to, from] = strides;
  // A transposed matrix, the most common strided layout, has a kernel of its own.
  if (shape.length === 2 && isContiguous(shape, to) && from[0] === 1 && from[1] === shape[0]) {
    kernels().transpose_32(out, x, shape[1], shape[0]);
    return;
  }
  kernels().copy_strided_32(out, x, shape.length, writePlan(shape, to, from));
}

/** Copies x to contiguous elements at an address. */
export function copyElements(out: number, x: View): void {
  copyStrided(out, contiguousStrides(x.extents), addressOf(x, x.dtype), x.strides, x.extents);
}

/** Copies x into `out`, of the same shape and dtype; either may be strided, but they must not overlap. */
export function copy(out: View, x: View): void {
  copyStrided(addressOf(out, x.dtype), out.strides, addressOf(x, x.dtype), x.strides, out.extents);
}

/** Copies x into `out` of the other dtype; to int32, numbers are truncated. */
export function convert(out: View, x: View): void {
  const kernel = out.dtype === "float32" ? kernels().convert_i32_f32 : kernels().convert_f32_i32;
  launch((frame) => kernel(targetOf(out, out.dtype), frame.dense(x, x.dtype), x.size));
}
