// Reductions. `axis` is one axis, several, or none for all; negative axes count from the end; `keepDims` keeps the
// reduced axes with extent 1. Sums run in float64 (kernels/array/reduce.ts).

import * as launch from "../../backend/launch/reduce";
import { type Backward, record } from "../autograd";
import { checkNumber, checkOptions, checkTensor, normalizeAxes, normalizeAxis } from "../check";
import {
  binary,
  contiguous,
  full,
  over,
  plus,
  reducedShape,
  reshaped,
  scalar,
  sumOver,
  throughRows,
  times,
} from "../compute";
import { formatShape } from "../errors";
import type { Shape } from "../shape";
import { allocate, type DType, defineMethods, type Tensor, viewOf } from "../tensor";
import { operand } from "./arithmetic";
import { gather } from "./indexing";
import { squeeze } from "./layout";
import type { Ordered } from "./order";

/** One axis, several axes, or undefined for all. */
export type Axes = number | readonly number[];

export interface ReduceOptions {
  /** Keep the reduced axes with extent 1. Default false. */
  keepDims?: boolean;
}

/** Options of {@link Tensor.var} and {@link Tensor.std}. */
export interface VarianceOptions extends ReduceOptions {
  /** The sum of squares is divided by n - correction. Default 1: unbiased. */
  correction?: number;
}

/** What a reduction is called with, checked. */
interface Reduction {
  x: Tensor;
  axes: number[];
  /** Elements that become one. */
  n: number;
  shape: Shape;
}

function reductionOf(
  name: string,
  input: Tensor,
  axis: Axes | undefined,
  options: ReduceOptions,
  known: readonly string[] = ["keepDims"],
): Reduction {
  return layOut(name, operand(name, input), axis, options, known);
}

/** What a reduction that keeps int32 is called with, checked. */
function keepingReductionOf(
  name: string,
  x: Tensor,
  axis: Axes | undefined,
  options: ReduceOptions,
): Reduction {
  checkTensor(name, x);
  return layOut(name, x, axis, options, ["keepDims"]);
}

function layOut(
  name: string,
  x: Tensor,
  axis: Axes | undefined,
  options: ReduceOptions,
  known: readonly string[],
): Reduction {
  checkOptions(name, options, known);
  const axes = normalizeAxes(name, axis, x.extents);
  const shape = reducedShape(x.extents, axes, options.keepDims ?? false);
  return { x, axes, n: launch.reducedCount(x, axes), shape };
}

/** A reduction of rows with one kernel. */
function reduceRows(
  kernel: launch.RowKernel,
  { x, axes, shape }: Reduction,
  { dtype = "float32", parameters = [] }: { dtype?: DType; parameters?: readonly number[] } = {},
): Tensor {
  const out = allocate(shape, dtype);
  launch.reduceRows(kernel, out, x, axes, parameters);
  return out;
}

/** A reduced tensor seen with its axes at extent 1, so that it broadcasts against the input. */
function withKeptAxes(x: Tensor, inputShape: Shape, axes: readonly number[]): Tensor {
  return reshaped(x, reducedShape(inputShape, axes, true));
}

/** The gradient of a reduction, repeated over the reduced axes without copying. */
function spread(g: Tensor, inputShape: Shape, axes: readonly number[]): Tensor {
  const kept = withKeptAxes(contiguous(g), inputShape, axes);
  const strides = kept.strides.map((stride, d) => (axes.includes(d) ? 0 : stride));
  return viewOf(kept, inputShape, strides, kept.offset);
}

function sumRule(axes: readonly number[]): Backward {
  return (g, _, { shapes: [shape] }) => [spread(g, shape, axes)];
}

/** A sum or product of int32, `neutral` of nothing. */
function foldIntegers(kernel: launch.FoldKernel, { x, axes, n, shape }: Reduction, neutral: number): Tensor {
  if (n === 0) return full(shape, neutral, "int32");
  const out = allocate(shape, "int32");
  launch.fold(kernel, out, x, axes);
  return out;
}

function sum(input: Tensor, axis?: Axes, options: ReduceOptions = {}): Tensor {
  const reduction = keepingReductionOf("sum", input, axis, options);
  const { x, axes } = reduction;
  if (x.dtype === "int32") return foldIntegers("sum_i32", reduction, 0);
  return record("sum", sumOver(x, axes, 1, options.keepDims), [x], [], sumRule(axes), axes);
}

function meanRule(axes: readonly number[], n: number): Backward {
  return (g, _, { shapes: [shape] }) => [spread(over(g, scalar(n)), shape, axes)];
}

function mean(input: Tensor, axis?: Axes, options: ReduceOptions = {}): Tensor {
  const { x, axes, n } = reductionOf("mean", input, axis, options);
  return record("mean", sumOver(x, axes, n, options.keepDims), [x], [], meanRule(axes, n), axes);
}

/** x - mean. */
function centred(x: Tensor, axes: readonly number[]): Tensor {
  return throughRows(x, axes, (rows) => launch.mapRows("centre_rows_f32", rows, x, axes));
}

/** What the sum of squared deviations is divided by: never below 0, as in PyTorch. */
const degreesOfFreedom = (n: number, correction: number) => Math.max(n - correction, 0);

function varianceRule(axes: readonly number[], degrees: number): Backward {
  return (g, [x]) => [times(centred(x, axes), times(spread(g, x.extents, axes), scalar(2 / degrees)))];
}

/** The deviations over the result, which is 0 only where they are: the gradient there is 0. */
function deviationRule(axes: readonly number[], degrees: number): Backward {
  return (g, [x, y]) => {
    const safe = spread(plus(y, binary("std", "eq_f32", y, scalar(0))), x.extents, axes);
    return [times(over(centred(x, axes), safe), times(spread(g, x.extents, axes), scalar(1 / degrees)))];
  };
}

/** Two passes in float64. */
function moment(name: "var" | "std", root: 0 | 1) {
  return (input: Tensor, axis?: Axes, options: VarianceOptions = {}): Tensor => {
    const reduction = reductionOf(name, input, axis, options, ["keepDims", "correction"]);
    const { x, axes, n } = reduction;
    const { correction = 1 } = options;
    checkNumber(name, "correction", correction);
    const y = reduceRows("variance_f32", reduction, { parameters: [correction, root] });
    const rule = root === 0 ? varianceRule : deviationRule;
    return record(name, y, [x], root === 0 ? [x] : [x, y], rule(axes, degreesOfFreedom(n, correction)));
  };
}

const variance = moment("var", 0);
const std = moment("std", 1);

/** Whether some, or all, elements differ from 0; NaN does. No gradient. */
function quantifier(name: "any" | "all") {
  return (input: Tensor, axis?: Axes, options: ReduceOptions = {}): Tensor => {
    const { x, axes } = reductionOf(name, input, axis, options);
    const counted = binary(name, name === "any" ? "ne_f32" : "eq_f32", x, scalar(0));
    const count = sumOver(counted, axes, 1, options.keepDims);
    return binary(name, name === "any" ? "gt_f32" : "eq_f32", count, scalar(0));
  };
}

const any = quantifier("any");
const all = quantifier("all");

function requireElements(name: string, { n, x }: Reduction): void {
  if (n === 0) throw new RangeError(`${name}: nothing to reduce in shape ${formatShape(x.extents)}`);
}

function extremumRule(name: string, axes: readonly number[]): Backward {
  return (g, [x, best]) => {
    // NaN is chosen before all others, and equals nothing.
    const isBest = binary(name, "eq_f32", x, spread(best, x.extents, axes));
    const chosen = plus(isBest, binary(name, "ne_f32", x, x));
    const share = over(withKeptAxes(contiguous(g), x.extents, axes), sumOver(chosen, axes, 1, true));
    return [times(chosen, share)];
  };
}

/** Largest or smallest values; equal ones share the gradient. */
function extremum(name: "max" | "min") {
  return (input: Tensor, axis?: Axes, options: ReduceOptions = {}): Tensor => {
    const reduction = keepingReductionOf(name, input, axis, options);
    requireElements(name, reduction);
    const { x, axes, shape } = reduction;
    const out = allocate(shape, x.dtype);
    launch.fold(x.dtype === "int32" ? `${name}_i32` : `${name}_f32`, out, x, axes);
    return record(name, out, [x], [x, out], extremumRule(name, axes), axes);
  };
}

const max = extremum("max");
const min = extremum("min");

/** int32 positions of the first extreme element, along one axis or in the flattened tensor. */
function position(name: "argmax" | "argmin") {
  return (input: Tensor, axis?: number, options: ReduceOptions = {}): Tensor => {
    const reduction = keepingReductionOf(name, input, axis, options);
    requireElements(name, reduction);
    const kernel = reduction.x.dtype === "int32" ? (`${name}_i32` as const) : (`${name}_f32` as const);
    return reduceRows(kernel, reduction, { dtype: "int32" });
  };
}

const argmax = position("argmax");
const argmin = position("argmin");

/** The extreme elements along one axis and where they stand; the first of equal ones has the gradient. */
function extremumWithIndices(name: "maxWithIndices" | "minWithIndices", positions: typeof argmax) {
  return (x: Tensor, axis: number, options: ReduceOptions = {}): Ordered => {
    checkTensor(name, x);
    const along = normalizeAxis(name, axis, x.extents);
    checkOptions(name, options, ["keepDims"]);
    const indices = positions(x, along, { keepDims: true });
    const values = gather(x, along, indices);
    return options.keepDims
      ? { values, indices }
      : { values: squeeze(values, along), indices: squeeze(indices, along) };
  };
}

const maxWithIndices = extremumWithIndices("maxWithIndices", argmax);
const minWithIndices = extremumWithIndices("minWithIndices", argmin);

function prodRule(axes: readonly number[]): Backward {
  return (g, [x]) => [
    throughRows(x, axes, (rows) => launch.productGradient("prod_grad_f32", rows, g, x, axes)),
  ];
}

/** Multiplied in float64. The gradient is exact at zeros too: products before times products after. */
function prod(input: Tensor, axis?: Axes, options: ReduceOptions = {}): Tensor {
  const reduction = keepingReductionOf("prod", input, axis, options);
  const { x, axes } = reduction;
  if (x.dtype === "int32") return foldIntegers("prod_i32", reduction, 1);
  return record("prod", reduceRows("prod_f32", reduction), [x], [x], prodRule(axes));
}

function normRule(axes: readonly number[]): Backward {
  return (g, [x, y]) => {
    const safe = binary("norm", "add_f32", y, binary("norm", "eq_f32", y, scalar(0)));
    return [times(over(x, spread(safe, x.extents, axes)), spread(g, x.extents, axes))];
  };
}

function norm(input: Tensor, axis?: Axes, options: ReduceOptions = {}): Tensor {
  const reduction = reductionOf("norm", input, axis, options);
  const { x, axes } = reduction;
  const out = reduceRows("norm_f32", reduction);
  return record("norm", out, [x], [x, out], normRule(axes));
}

function logSumExpRule(axes: readonly number[]): Backward {
  return (g, [x]) => {
    const shares = throughRows(x, axes, (rows) => launch.mapRows("softmax_f32", rows, x, axes));
    return [times(shares, spread(g, x.extents, axes))];
  };
}

function logSumExp(input: Tensor, axis?: Axes, options: ReduceOptions = {}): Tensor {
  const reduction = reductionOf("logSumExp", input, axis, options);
  const { x, axes } = reduction;
  return record("logSumExp", reduceRows("log_sum_exp_f32", reduction), [x], [x], logSumExpRule(axes));
}

function softmaxRule(gradient: launch.RowPairKernel, axis: number): Backward {
  return (g, [y]) => [throughRows(g, [axis], (rows) => launch.mapRowPairs(gradient, rows, g, y, [axis]))];
}

function softmaxLike(name: string, forward: launch.RowKernel, gradient: launch.RowPairKernel) {
  return (input: Tensor, axis: number): Tensor => {
    const x = operand(name, input);
    const along = normalizeAxis(name, axis, x.extents);
    const y = throughRows(x, [along], (rows) => launch.mapRows(forward, rows, x, [along]));
    return record(name, y, [x], [y], softmaxRule(gradient, along), along);
  };
}

const softmax = softmaxLike("softmax", "softmax_f32", "softmax_grad_f32");
const logSoftmax = softmaxLike("logSoftmax", "log_softmax_f32", "log_softmax_grad_f32");

export interface ReduceMethods {
  /** Sum over the axes (all by default). That of int32 stays int32 and wraps around beyond it. */
  sum(axis?: Axes, options?: ReduceOptions): Tensor;
  /** Mean over the axes (all by default). */
  mean(axis?: Axes, options?: ReduceOptions): Tensor;
  /** Variance, divided by n - correction. Default correction 1 (unbiased). NaN of nothing. */
  var(axis?: Axes, options?: VarianceOptions): Tensor;
  /** Square root of the variance; the gradient is 0 where all elements are equal. */
  std(axis?: Axes, options?: VarianceOptions): Tensor;
  /** Largest values; equal ones share the gradient; NaN wins. */
  max(axis?: Axes, options?: ReduceOptions): Tensor;
  /** Smallest values; equal ones share the gradient; NaN wins. */
  min(axis?: Axes, options?: ReduceOptions): Tensor;
  /** Largest values along an axis and where they stand (int32): the first of equal ones, which has the gradient. */
  maxWithIndices(axis: number, options?: ReduceOptions): Ordered;
  /** Smallest values along an axis and where they stand (int32): the first of equal ones, which has the gradient. */
  minWithIndices(axis: number, options?: ReduceOptions): Ordered;
  /** int32 position of the first largest element along an axis, or in the flattened tensor. */
  argmax(axis?: number, options?: ReduceOptions): Tensor;
  /** int32 position of the first smallest element along an axis, or in the flattened tensor. */
  argmin(axis?: number, options?: ReduceOptions): Tensor;
  /** 1 where any element along the axes differs from 0, else 0; 0 of nothing, and no gradient. */
  any(axis?: Axes, options?: ReduceOptions): Tensor;
  /** 1 where all elements along the axes differ from 0, else 0; 1 of nothing, and no gradient. */
  all(axis?: Axes, options?: ReduceOptions): Tensor;
  /** Product over the axes (all by default). That of int32 stays int32 and wraps around beyond it. */
  prod(axis?: Axes, options?: ReduceOptions): Tensor;
  /** Euclidean norm over the axes (all by default); the gradient at 0 is 0. */
  norm(axis?: Axes, options?: ReduceOptions): Tensor;
  /** e^a / sum(e^a) along an axis, safe for large elements. */
  softmax(axis: number): Tensor;
  /** log(softmax), without its loss of accuracy. */
  logSoftmax(axis: number): Tensor;
  /** log(sum(e^a)) over the axes (all by default), safe for large elements; -Infinity of nothing. */
  logSumExp(axis?: Axes, options?: ReduceOptions): Tensor;
}

declare module "../tensor" {
  interface Tensor extends ReduceMethods {}
}

defineMethods<ReduceMethods>({
  ...{ any, all, sum, mean, var: variance, std, max, min, argmax, argmin, prod, norm },
  ...{ maxWithIndices, minWithIndices, softmax, logSoftmax, logSumExp },
});
