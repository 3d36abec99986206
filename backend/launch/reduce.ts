// Reductions along axes, and operations on rows. Sums run in a fixed order (kernels/array/reduce.ts).

import { contiguousStrides, type Shape, sizeOf } from "../shape";
import { share } from "../share";
import { type DType, targetOf, type View } from "../view";
import { type KernelTaking, kernels } from "../wasm";
import { launch } from "./frame";

/** A view, seen as [outer, n, inner] with n reduced. */
interface Layout {
  view: View;
  outer: number;
  n: number;
  inner: number;
}

/** The axes that stay, then those that are reduced. */
function reducedLast(x: View, axes: readonly number[]): number[] {
  return [...x.extents.keys()].filter((d) => !axes.includes(d)).concat(axes);
}

const extentOf = (shape: Shape, axes: readonly number[]) => axes.reduce((n, d) => n * shape[d], 1);

/**
 * Lays x out for a reduction over ascending `axes`. Neighbouring axes are reduced where they are; others, and all axes
 * when `innermost` is asked for, are first moved to the end.
 */
function layoutOf(x: View, axes: readonly number[], innermost: boolean): Layout {
  const { extents: shape } = x;
  const n = extentOf(shape, axes);
  const first = axes[0] ?? 0;
  const last = axes[axes.length - 1] ?? -1;
  const neighbours = last - first + 1 === axes.length;
  const inner = sizeOf(shape.slice(last + 1));
  if (axes.length > 0 && neighbours && (!innermost || inner === 1)) {
    return { view: x, outer: sizeOf(shape.slice(0, first)), n, inner };
  }
  const order = reducedLast(x, axes);
  const view = {
    storage: x.storage,
    dtype: x.dtype,
    offset: x.offset,
    size: x.size,
    extents: order.map((d) => shape[d]),
    strides: order.map((d) => x.strides[d]),
  };
  return {
    view,
    outer: sizeOf(order.slice(0, order.length - axes.length).map((d) => shape[d])),
    n,
    inner: 1,
  };
}

/** Elements that are reduced to one. */
export function reducedCount(x: View, axes: readonly number[]): number {
  return extentOf(x.extents, axes);
}

/** Strides that read rows [rest..., axes...] in the order of x: how the result of mapRows() lies in memory. */
export function rowStrides(x: View, axes: readonly number[]): number[] {
  const order = reducedLast(x, axes);
  const strides = contiguousStrides(order.map((d) => x.extents[d]));
  return x.extents.map((_, d) => strides[order.indexOf(d)]);
}

/** The dtype a kernel reads. */
const dtypeOf = (kernel: string): DType => (kernel.endsWith("_i32") ? "int32" : "float32");

/** Scratch of sum_f32. */
const COLUMN_SUMS_BYTES = 4096;

/** out = the sum over the axes, divided by `divisor`. */
export function sum(out: View, x: View, axes: readonly number[], divisor: number): void {
  launch((frame) => {
    const { view, outer, n, inner } = layoutOf(x, axes, false);
    const [to, from] = [targetOf(out, "float32"), frame.dense(view)];
    const sums = inner === 1 ? 0 : frame.scratch(COLUMN_SUMS_BYTES);
    share(outer, n * inner, (start, count) =>
      kernels().sum_f32(to + start * inner * 4, from + start * n * inner * 4, count, n, inner, divisor, sums),
    );
  });
}

/** Reductions of one element at a time, exact in any order: out, x, outer, n, inner. */
export type FoldKernel = "max_f32" | "min_f32" | "max_i32" | "min_i32" | "sum_i32" | "prod_i32";

/** out = the elements along the axes, of which there is at least one, folded; both have the dtype of the kernel. */
export function fold(kernel: FoldKernel, out: View, x: View, axes: readonly number[]): void {
  launch((frame) => {
    const dtype = dtypeOf(kernel);
    const { view, outer, n, inner } = layoutOf(x, axes, false);
    const [to, from] = [targetOf(out, dtype), frame.dense(view, dtype)];
    share(outer, n * inner, (start, count) =>
      kernels()[kernel](to + start * inner * 4, from + start * n * inner * 4, count, n, inner),
    );
  });
}

/** Kernels from rows to one element or to rows: out, x, rows, n, and up to two parameters. */
export type RowKernel =
  | KernelTaking<[number, number, number, number]>
  | KernelTaking<[number, number, number, number, number]>
  | KernelTaking<[number, number, number, number, number, number]>;
/** Kernels from the rows of two operands to rows: out, a, b, rows, n. */
export type RowPairKernel = KernelTaking<[number, number, number, number, number]>;

type Run = (...values: number[]) => void;

/** out = an element, float32 or int32, for each row of x along the axes. */
export function reduceRows(
  kernel: RowKernel,
  out: View,
  x: View,
  axes: readonly number[],
  parameters: readonly number[] = [],
): void {
  launch((frame) => {
    const { view, outer, n } = layoutOf(x, axes, true);
    const [to, from] = [targetOf(out, out.dtype), frame.dense(view, dtypeOf(kernel))];
    share(outer, n, (start, count) =>
      (kernels()[kernel] as Run)(to + start * 4, from + start * n * 4, count, n, ...parameters),
    );
  });
}

/** rows = kernel(x), float32 or int32, the rows of x along the axes one after the other: read them with rowStrides(). */
export function mapRows(
  kernel: RowKernel,
  rows: View,
  x: View,
  axes: readonly number[],
  parameters: readonly number[] = [],
): void {
  if (x.size === 0) return;
  launch((frame) => {
    const { view, outer, n } = layoutOf(x, axes, true);
    const [to, from] = [targetOf(rows, rows.dtype), frame.dense(view, dtypeOf(kernel))];
    share(outer, n, (start, count) =>
      (kernels()[kernel] as Run)(to + start * n * 4, from + start * n * 4, count, n, ...parameters),
    );
  });
}

/** rows = kernel(a, b), as mapRows(); both have one shape. */
export function mapRowPairs(
  kernel: RowPairKernel,
  rows: View,
  a: View,
  b: View,
  axes: readonly number[],
): void {
  launch((frame) => {
    const left = layoutOf(a, axes, true);
    const right = layoutOf(b, axes, true);
    const to = targetOf(rows, "float32");
    const [x, y] = [frame.dense(left.view), frame.dense(right.view)];
    const { outer, n } = left;
    share(outer, n, (start, count) => {
      const at = start * n * 4;
      (kernels()[kernel] as Run)(to + at, x + at, y + at, count, n);
    });
  });
}

/** rows = the gradient of a product, where g has an element for each row of x, or of running products, where it has x's shape. */
export function productGradient(
  kernel: "prod_grad_f32" | "cumprod_grad_f32",
  rows: View,
  g: View,
  x: View,
  axes: readonly number[],
): void {
  launch((frame) => {
    const { view, outer, n } = layoutOf(x, axes, true);
    const to = targetOf(rows, "float32");
    const gradient = frame.dense(kernel === "prod_grad_f32" ? g : layoutOf(g, axes, true).view);
    kernels()[kernel](to, gradient, frame.dense(view), outer, n, frame.scratch(n * 8));
  });
}

/** True when no element is NaN or infinite. */
export function allFinite(x: View): boolean {
  return launch((frame) => kernels().all_finite_f32(frame.dense(x), x.size) === 1);
}
