// Copies between layouts, by address.

import { writePlan } from "./plan";
import { collapse, isContiguous, type Shape, sizeOf } from "./shape";
import { kernels } from "./wasm";

/** Copies 32-bit elements between two layouts of one shape. */
export function copyStrided(out: number, outStrides: Shape, x: number, xStrides: Shape, whole: Shape): void {
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
