// Elements in order along an axis. The order is stable, and NaN is the largest, as in PyTorch. Indices are found on the host;
// the values are gathered by them, and their gradient goes the same way.

import { readElements } from "../../backend/view";
import { checkBoolean, checkInteger, checkNumber, checkOptions, checkTensor, normalizeAxis } from "../check";
import { tensor } from "../creation";
import { formatShape } from "../errors";
import { defineMethods, type Tensor } from "../tensor";
import { operand } from "./arithmetic";
import { where } from "./indexing";
import { permute } from "./layout";
import type { ReduceOptions } from "./reduce";

/** Elements and where they stood. */
export interface Ordered {
  values: Tensor;
  /** int32 positions along the axis. */
  indices: Tensor;
}

export interface SortOptions {
  /** Largest first. Default false. */
  descending?: boolean;
}

/** -1, 0 or 1; NaN comes after all others. */
export function compare(a: number, b: number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
}

/** int32 positions of the first `count` elements in order along the axis, which the result keeps in its place. */
function positions(x: Tensor, axis: number, count: number, descending: boolean): Tensor {
  const order = [...x.extents.keys()].filter((d) => d !== axis).concat(axis);
  const values = readElements(permute(x, order));
  const n = x.extents[axis];
  const rows = n === 0 ? 0 : values.length / n;
  const out = new Int32Array(rows * count);
  const sign = descending ? -1 : 1;
  for (let r = 0; r < rows; r++) {
    const at = r * n;
    const ranks = Int32Array.from({ length: n }, (_, i) => i);
    ranks.sort((i, j) => sign * compare(values[at + i], values[at + j]) || i - j);
    out.set(ranks.subarray(0, count), r * count);
  }
  const shape = order.map((d) => (d === axis ? count : x.extents[d]));
  const back = [...x.extents.keys()].map((d) => order.indexOf(d));
  return permute(tensor(out, { shape }), back).clone();
}

function sort(x: Tensor, axis = -1, options: SortOptions = {}): Ordered {
  checkTensor("sort", x);
  const along = normalizeAxis("sort", axis, x.extents);
  checkOptions("sort", options, ["descending"]);
  const { descending = false } = options;
  checkBoolean("sort", "descending", descending);
  const indices = positions(x, along, x.extents[along], descending);
  return { values: x.gather(along, indices), indices };
}

function argsort(input: Tensor, axis = -1, options: SortOptions = {}): Tensor {
  return sort(input, axis, options).indices;
}

function topk(x: Tensor, k: number, axis = -1, options: { largest?: boolean } = {}): Ordered {
  checkTensor("topk", x);
  const along = normalizeAxis("topk", axis, x.extents);
  checkOptions("topk", options, ["largest"]);
  const { largest = true } = options;
  checkBoolean("topk", "largest", largest);
  checkInteger("topk", "k", k, { atLeast: 0 });
  if (k > x.extents[along]) {
    throw new RangeError(`topk: k is ${k}, but axis ${along} of ${formatShape(x.extents)} holds fewer`);
  }
  const indices = positions(x, along, k, largest);
  return { values: x.gather(along, indices), indices };
}

function quantile(input: Tensor, q: number, axis?: number, options: ReduceOptions = {}): Tensor {
  const whole = operand("quantile", input);
  checkNumber("quantile", "q", q, { atLeast: 0, atMost: 1 });
  checkOptions("quantile", options, ["keepDims"]);
  const x = axis === undefined ? whole.flatten() : whole;
  const along = normalizeAxis("quantile", axis ?? 0, x.extents);
  const n = x.extents[along];
  if (n === 0) throw new RangeError(`quantile: nothing along axis ${along} of ${formatShape(x.extents)}`);
  const { values } = sort(x, along);
  const at = q * (n - 1);
  const below = Math.floor(at);
  const [low, high] = [below, Math.min(below + 1, n - 1)].map((i) => values.slice(along, i, i + 1));
  // NaN is the largest: where there is one, no quantile is known.
  const largest = values.slice(along, n - 1);
  const between = at === below ? low : low.add(high.sub(low).mul(at - below));
  const out = between.mul(where(largest.isNaN(), Number.NaN, 1));
  if (!options.keepDims) return out.squeeze(along);
  return axis === undefined ? out.reshape(whole.extents.map(() => 1)) : out;
}

function median(input: Tensor, axis?: number, options: ReduceOptions = {}): Tensor {
  return quantile(input, 0.5, axis, options);
}

export interface OrderMethods {
  /** The q-quantile along an axis, or of all elements, linear between neighbours; NaN where there is a NaN. */
  quantile(q: number, axis?: number, options?: ReduceOptions): Tensor;
  /** quantile(0.5): the mean of the two middle elements where their number is even, as in NumPy. */
  median(axis?: number, options?: ReduceOptions): Tensor;
  /** Values in ascending order along an axis (the last by default), and where they stood. Stable; NaN comes last. */
  sort(axis?: number, options?: SortOptions): Ordered;
  /** int32 positions that sort an axis (the last by default). Stable; NaN comes last. */
  argsort(axis?: number, options?: SortOptions): Tensor;
  /** The k largest (or smallest) values along an axis (the last by default), in order, and where they stood. */
  topk(k: number, axis?: number, options?: { largest?: boolean }): Ordered;
}

declare module "../tensor" {
  interface Tensor extends OrderMethods {}
}

defineMethods<OrderMethods>({ sort, argsort, topk, quantile, median });
