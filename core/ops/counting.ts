// How often values occur. Counted on the host.

import { readElements } from "../../backend/view";
import {
  checkInteger,
  checkLabels,
  checkNumber,
  checkOptions,
  checkTensor,
  describe,
  MAX_INTEGER,
} from "../check";
import { tensor, zeros } from "../creation";
import { defineMethods, type Tensor } from "../tensor";
import { compare } from "./order";

/** What unique() finds. */
export interface Unique {
  values: Tensor;
  /** int32, of the shape of the input: values[inverse] is the input. */
  inverse: Tensor;
  /** int32. */
  counts: Tensor;
}

/** What histogram() finds. */
export interface Histogram {
  /** int32 [bins]. */
  counts: Tensor;
  /** float32 [bins + 1], ascending. */
  edges: Tensor;
}

export interface HistogramOptions {
  /** Lower and upper end. Default: the smallest and the largest finite element. */
  range?: readonly [number, number];
}

function unique(x: Tensor): Unique {
  checkTensor("unique", x);
  const flat = readElements(x);
  const values = [...new Set(flat)].sort(compare);
  const places = new Map(values.map((value, i) => [value, i]));
  const inverse = Int32Array.from(flat, (value) => places.get(value) as number);
  const counts = new Int32Array(values.length);
  for (const i of inverse) counts[i]++;
  return {
    values: tensor(values, { dtype: x.dtype }),
    inverse: tensor(inverse, { shape: x.extents }),
    counts: tensor(counts),
  };
}

function bincount(x: Tensor, classes?: number): Tensor {
  checkTensor("bincount", x);
  const labels = x.toInt32Array();
  const count = classes ?? labels.reduce((a, b) => Math.max(a, b), -1) + 1;
  checkInteger("bincount", "classes", count, { atLeast: 0 });
  checkLabels("bincount", x, count);
  const out = zeros([count], { dtype: "int32" });
  const counts = out.toInt32Array();
  for (const label of labels) counts[label]++;
  return out.assign(tensor(counts));
}

/** The ends of a histogram of these values. */
function rangeOf(values: Iterable<number>, range: readonly [number, number] | undefined): [number, number] {
  if (range !== undefined) {
    if (!Array.isArray(range) || range.length !== 2) {
      throw new TypeError(`histogram: range must be [lower, upper], got ${describe(range)}`);
    }
    checkNumber("histogram", "the lower end", range[0]);
    checkNumber("histogram", "the upper end", range[1], { atLeast: range[0] });
  }
  let [low, high] = range ?? [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  if (range === undefined) {
    for (const value of values) {
      if (!Number.isFinite(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    if (low > high) return [0, 1];
  }
  return low === high ? [low - 0.5, high + 0.5] : [low, high];
}

function histogram(x: Tensor, bins = 10, options: HistogramOptions = {}): Histogram {
  checkTensor("histogram", x);
  checkInteger("histogram", "bins", bins, { atLeast: 1, atMost: MAX_INTEGER - 1 });
  checkOptions("histogram", options, ["range"]);
  const values = readElements(x);
  const [low, high] = rangeOf(values, options.range);
  // Asked for before anything is counted: so many bins may not fit.
  const [found, ends] = [zeros([bins], { dtype: "int32" }), zeros([bins + 1])];
  const edges = Float64Array.from({ length: bins + 1 }, (_, i) => low + (high - low) * (i / bins));
  edges[bins] = high;
  const counts = new Int32Array(bins);
  for (const value of values) {
    if (!(value >= low && value <= high)) continue;
    let bin = Math.min(Math.floor(((value - low) / (high - low)) * bins), bins - 1);
    // Rounding may miss by one: the edges decide.
    if (value < edges[bin]) bin--;
    else if (bin < bins - 1 && value >= edges[bin + 1]) bin++;
    counts[bin]++;
  }
  return { counts: found.assign(tensor(counts)), edges: ends.assign(tensor(Float32Array.from(edges))) };
}

export interface CountingMethods {
  /** The different values in ascending order (NaN, once, last), where each element's value stands, and how often it occurs. */
  unique(): Unique;
  /** int32 [classes]: how often each label occurs. Default: as many classes as the largest label says. */
  bincount(classes?: number): Tensor;
  /**
   * How many elements lie in each of `bins` (default 10) intervals of one width; the last one has both ends. NaN and what is
   * beyond the range are left out.
   */
  histogram(bins?: number, options?: HistogramOptions): Histogram;
}

declare module "../tensor" {
  interface Tensor extends CountingMethods {}
}

defineMethods<CountingMethods>({ unique, bincount, histogram });
