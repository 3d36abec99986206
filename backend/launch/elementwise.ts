// Operations on each element.

import { writePlan } from "../plan";
import { broadcastStrides, collapse, isContiguous, sameShape } from "../shape";
import { addressOf, type DType, targetOf, type View } from "../view";
import { type KernelTaking, kernels } from "../wasm";
import { launch } from "./frame";

/** Kernels over two broadcast operands: out, a, b, rank, plan; or 0 and the number of elements where none is strided. */
export type BinaryKernel = KernelTaking<[number, number, number, number, number]>;
/** Kernels over each element: out, x, n, and up to two parameters. */
export type UnaryKernel =
  | KernelTaking<[number, number, number]>
  | KernelTaking<[number, number, number, number]>
  | KernelTaking<[number, number, number, number, number]>;
/** Kernels over each pair of elements: out, a, b, n, and up to two parameters. */
export type PairKernel =
  | KernelTaking<[number, number, number, number]>
  | KernelTaking<[number, number, number, number, number]>
  | KernelTaking<[number, number, number, number, number, number]>;

type Run = (...values: number[]) => void;

/** out = kernel(a, b), both of one dtype, that of the kernel, and broadcast to the shape of `out`. */
export function binary(kernel: BinaryKernel, out: View, a: View, b: View, dtype: DType = "float32"): void {
  const { size, extents } = out;
  if (size === 0) return;
  const run = kernels()[kernel] as Run;
  const to = targetOf(out, out.dtype);
  const left = addressOf(a, dtype);
  const right = addressOf(b, dtype);
  const plain =
    sameShape(a.extents, b.extents) &&
    isContiguous(a.extents, a.strides) &&
    isContiguous(b.extents, b.strides);
  if (plain) {
    run(to, left, right, 0, size);
    return;
  }
  const { shape: dims, strides } = collapse(extents, [
    broadcastStrides(a.extents, a.strides, extents),
    broadcastStrides(b.extents, b.strides, extents),
  ]);
  run(to, left, right, dims.length, writePlan(dims, strides[0], strides[1]));
}

/** out = kernel(x). */
export function unary(kernel: UnaryKernel, out: View, x: View, parameters: readonly number[] = []): void {
  launch((frame) =>
    (kernels()[kernel] as Run)(targetOf(out, "float32"), frame.dense(x), x.size, ...parameters),
  );
}

/** out = kernel(a, b) of one shape. */
export function pairwise(
  kernel: PairKernel,
  out: View,
  a: View,
  b: View,
  parameters: readonly number[] = [],
): void {
  launch((frame) =>
    (kernels()[kernel] as Run)(
      targetOf(out, "float32"),
      frame.dense(a),
      frame.dense(b),
      a.size,
      ...parameters,
    ),
  );
}

/** out = condition != 0 ? a : b, all of one shape; those two and `out` have one dtype. */
export function select(out: View, condition: View, a: View, b: View): void {
  const { dtype } = out;
  launch((frame) =>
    kernels().where_32(
      targetOf(out, dtype),
      frame.dense(condition),
      frame.dense(a, dtype),
      frame.dense(b, dtype),
      out.size,
    ),
  );
}

/** y += scale * x; y is contiguous, x has the same shape. */
export function addScaled(y: View, x: View, scale: number): void {
  launch((frame) => kernels().axpy_f32(targetOf(y, "float32"), frame.dense(x), y.size, scale));
}
