// Reductions. `axis` is one axis, several, or none for all; negative axes count from the end; `keepDims` keeps the
// reduced axes with extent 1. Sums run in float32 within blocks and float64 across them (kernels/reduce.ts).

import { type Kernels, kernels } from "../../backend/wasm";
import { record } from "../autograd";
import { binary, contiguous, reducedShape, reductionLayout, scalar, sumOver } from "../compute";
import { formatShape } from "../errors";
import { contiguousStrides, normalizeAxes, normalizeAxis, sizeOf } from "../shape";
import { allocate, type Tensor, viewOf } from "../tensor";
import { operand } from "./arithmetic";
import { sqrt } from "./elementwise";

/** One axis, several axes, or undefined for all. */
export type Axes = number | readonly number[];

export interface ReduceOptions {
  /** Keep the reduced axes with extent 1. Default false. */
  keepDims?: boolean;
}

const times = (a: Tensor, b: Tensor) => binary("mul", "mul_f32", a, b);
const minus = (a: Tensor, b: Tensor) => binary("sub", "sub_f32", a, b);
const over = (a: Tensor, b: Tensor) => binary("div", "div_f32", a, b);

/** A reduced tensor seen with its axes at extent 1, so that it broadcasts against the input. */
function withKeptAxes(x: Tensor, inputShape: readonly number[], axes: readonly number[]): Tensor {
  const shape = reducedShape(inputShape, axes, true);
  return viewOf(x, shape, contiguousStrides(shape), x.offset);
}

/** The gradient of a reduction, repeated over the reduced axes without copying. */
function spread(g: Tensor, inputShape: readonly number[], axes: readonly number[]): Tensor {
  const kept = withKeptAxes(contiguous(g), inputShape, axes);
  const strides = kept.strides.map((stride, d) => (axes.includes(d) ? 0 : stride));
  return viewOf(kept, inputShape, strides, kept.offset);
}

export function sum(input: Tensor, axis?: Axes, options: ReduceOptions = {}): Tensor {
  const x = operand("sum", input);
  const axes = normalizeAxes("sum", axis, x.shape);
  const out = sumOver(x, axes, 1, options.keepDims);
  return record("sum", out, [x], [], (g) => [spread(g, x.shape, axes)]);
}

export function mean(input: Tensor, axis?: Axes, options: ReduceOptions = {}): Tensor {
  const x = operand("mean", input);
  const axes = normalizeAxes("mean", axis, x.shape);
  const n = sizeOf(axes.map((d) => x.shape[d]));
  const out = sumOver(x, axes, n, options.keepDims);
  return record("mean", out, [x], [], (g) => [spread(over(g, scalar(n)), x.shape, axes)]);
}

/** Unbiased (divides by n - 1) unless `correction` says otherwise; two passes in float64. */
export function variance(
  input: Tensor,
  axis?: Axes,
  options: ReduceOptions & { correction?: number } = {},
): Tensor {
  const x = operand("var", input);
  const axes = normalizeAxes("var", axis, x.shape);
  const correction = options.correction ?? 1;
  const layout = reductionLayout(x, axes, true);
  const out = allocate(reducedShape(x.shape, axes, options.keepDims ?? false));
  kernels().variance_f32(out.ptr, layout.x.ptr, layout.outer, layout.n, correction);
  return record("var", out, [x], [x], (g, [sx]) => {
    const centred = minus(sx, sumOver(sx, axes, layout.n, true));
    return [times(centred, times(spread(g, sx.shape, axes), scalar(2 / (layout.n - correction))))];
  });
}

export function std(
  input: Tensor,
  axis?: Axes,
  options: ReduceOptions & { correction?: number } = {},
): Tensor {
  return sqrt(variance(input, axis, options));
}

/** Largest or smallest values; equal ones share the gradient. */
function extremum(name: "max" | "min", kernel: "max_f32" | "min_f32") {
  return (input: Tensor, axis?: Axes, options: ReduceOptions = {}): Tensor => {
    const x = operand(name, input);
    const axes = normalizeAxes(name, axis, x.shape);
    const layout = reductionLayout(x, axes, false);
    requireElements(name, layout.n, x);
    const out = allocate(reducedShape(x.shape, axes, options.keepDims ?? false));
    kernels()[kernel](out.ptr, layout.x.ptr, layout.outer, layout.n, layout.inner);
    return record(name, out, [x], [x, out], (g, [sx, best]) => {
      const chosen = binary(name, "eq_f32", sx, spread(best, sx.shape, axes));
      const share = over(withKeptAxes(contiguous(g), sx.shape, axes), sumOver(chosen, axes, 1, true));
      return [times(chosen, share)];
    });
  };
}

export const max = extremum("max", "max_f32");
export const min = extremum("min", "min_f32");

function requireElements(name: string, n: number, x: Tensor): void {
  if (n === 0) throw new RangeError(`${name}: nothing to reduce in shape ${formatShape(x.shape)}`);
}

/** int32 positions of the first extreme element, along one axis or in the flattened tensor. */
function position(name: string, kernel: "argmax_f32" | "argmin_f32") {
  return (input: Tensor, axis?: number, options: ReduceOptions = {}): Tensor => {
    const x = operand(name, input);
    const axes = normalizeAxes(name, axis, x.shape);
    const layout = reductionLayout(x, axes, true);
    requireElements(name, layout.n, x);
    const out = allocate(reducedShape(x.shape, axes, options.keepDims ?? false), "int32");
    kernels()[kernel](out.ptr, layout.x.ptr, layout.outer, layout.n);
    return out;
  };
}

export const argmax = position("argmax", "argmax_f32");
export const argmin = position("argmin", "argmin_f32");

/** Product, multiplied in float64. The gradient is exact at zeros too: products before times products after. */
export function prod(input: Tensor, axis?: Axes, options: ReduceOptions = {}): Tensor {
  const x = operand("prod", input);
  const axes = normalizeAxes("prod", axis, x.shape);
  const layout = reductionLayout(x, axes, true);
  const out = allocate(reducedShape(x.shape, axes, options.keepDims ?? false));
  kernels().prod_f32(out.ptr, layout.x.ptr, layout.outer, layout.n);
  return record("prod", out, [x], [x], (g, [sx]) => {
    const { x: rows, outer, n } = reductionLayout(sx, axes, true);
    const others = allocate([outer, n]);
    kernels().prod_grad_f32(others.ptr, contiguous(g).ptr, rows.ptr, outer, n);
    return [backToInput(others, sx, axes)];
  });
}

/** Euclidean norm. The gradient at 0 is 0. */
export function norm(input: Tensor, axis?: Axes, options: ReduceOptions = {}): Tensor {
  const x = operand("norm", input);
  const axes = normalizeAxes("norm", axis, x.shape);
  const layout = reductionLayout(x, axes, true);
  const out = allocate(reducedShape(x.shape, axes, options.keepDims ?? false));
  kernels().norm_f32(out.ptr, layout.x.ptr, layout.outer, layout.n);
  return record("norm", out, [x], [x, out], (g, [sx, y]) => {
    const safe = binary("norm", "add_f32", y, binary("norm", "eq_f32", y, scalar(0)));
    return [times(sx, spread(over(contiguousLike(g, y), safe), sx.shape, axes))];
  });
}

function contiguousLike(g: Tensor, y: Tensor): Tensor {
  const source = contiguous(g);
  return viewOf(source, y.shape, contiguousStrides(y.shape), source.offset);
}

/** Puts [outer, n] rows, laid out as reductionLayout(x, axes, true) does, back into the order of x. */
function backToInput(rows: Tensor, x: Tensor, axes: readonly number[]): Tensor {
  const rest = x.shape.map((_, d) => d).filter((d) => !axes.includes(d));
  const order = [...rest, ...axes];
  const movedStrides = contiguousStrides(order.map((d) => x.shape[d]));
  const strides = x.shape.map((_, d) => movedStrides[order.indexOf(d)]);
  return viewOf(rows, x.shape, strides, rows.offset);
}

/** Kernels over the rows of a contiguous [rows, n]. */
type RowKernel = {
  [K in keyof Kernels]: Kernels[K] extends (out: number, x: number, rows: number, n: number) => void
    ? K
    : never;
}[keyof Kernels];

/** Runs a kernel that maps rows to rows along `axis`, wherever that axis lies. */
export function alongAxis(
  x: Tensor,
  axis: number,
  run: (out: number, x: number, rows: number, n: number) => void,
): Tensor {
  const layout = reductionLayout(x, [axis], true);
  const rows = allocate([layout.outer, layout.n]);
  run(rows.ptr, layout.x.ptr, layout.outer, layout.n);
  return backToInput(rows, x, [axis]);
}

/** Running sums along one axis, accumulated in float64. */
export function cumsum(input: Tensor, axis: number): Tensor {
  const x = operand("cumsum", input);
  const along = normalizeAxis("cumsum", axis, x.shape);
  const scan = (t: Tensor, reverse: number) =>
    alongAxis(t, along, (out, source, rows, n) => kernels().cumsum_f32(out, source, rows, n, reverse));
  return record("cumsum", scan(x, 0), [x], [], (g) => [scan(g, 1)]);
}

/** log(sum(exp(x))), safe for large elements. */
export function logSumExp(input: Tensor, axis?: Axes, options: ReduceOptions = {}): Tensor {
  const x = operand("logSumExp", input);
  const axes = normalizeAxes("logSumExp", axis, x.shape);
  const layout = reductionLayout(x, axes, true);
  requireElements("logSumExp", layout.n, x);
  const out = allocate(reducedShape(x.shape, axes, options.keepDims ?? false));
  kernels().log_sum_exp_f32(out.ptr, layout.x.ptr, layout.outer, layout.n);
  return record("logSumExp", out, [x], [x], (g, [sx]) => {
    const { x: rows, outer, n } = reductionLayout(sx, axes, true);
    const p = allocate([outer, n]);
    kernels().softmax_f32(p.ptr, rows.ptr, outer, n);
    return [times(backToInput(p, sx, axes), spread(g, sx.shape, axes))];
  });
}

function softmaxLike(
  name: string,
  forward: RowKernel,
  gradient: "softmax_grad_f32" | "log_softmax_grad_f32",
) {
  return (input: Tensor, axis: number): Tensor => {
    const x = operand(name, input);
    const along = normalizeAxis(name, axis, x.shape);
    const y = alongAxis(x, along, kernels()[forward] as Kernels["softmax_f32"]);
    return record(name, y, [x], [y], (g, [sy]) => {
      const right = reductionLayout(sy, [along], true);
      return [
        alongAxis(g, along, (out, left, rows, n) => kernels()[gradient](out, left, right.x.ptr, rows, n)),
      ];
    });
  };
}

export const softmax = softmaxLike("softmax", "softmax_f32", "softmax_grad_f32");
export const logSoftmax = softmaxLike("logSoftmax", "log_softmax_f32", "log_softmax_grad_f32");
