// Softmax and what is computed with it, over the rows of a contiguous [rows, n]. What a row is compared with is its largest
// element: x - largest is exact enough where x - log(sum) would lose all digits of large x. The rest of the sum beside
// the largest element's 1 is kept apart, so that it is not lost in the 1 however small.

import { sum_lanes_f64 } from "./lanes";
import { exp, expm1Negative, log1p } from "./math";
import { max_f32, row_sum } from "./reduce";

/** Vectors that are summed in float32 before they go to float64. */
const BLOCK: i32 = 64;

@inline
function row_max(x: usize, n: i32, scratch: usize): f32 {
  max_f32(scratch, x, 1, n, 1);
  return load<f32>(scratch);
}

/** Position of the first element that equals `value`; n if there is none. */
function position(x: usize, n: i32, value: f32): i32 {
  const v = f32x4.splat(value);
  let i = 0;
  while (i + 4 <= n && !v128.any_true(f32x4.eq(v128.load(x + (<usize>i << 2)), v))) i += 4;
  while (i < n && load<f32>(x + (<usize>i << 2)) != value) i++;
  return i;
}

/** The sum of exp(x - shift) but for the element `skip`; all of these go to `out` when it is not 0. */
@inline
function exp_sum(out: usize, x: usize, n: i32, shift: f32, skip: i32): f64 {
  const s = f32x4.splat(shift);
  const skipped = i32x4.splat(skip);
  let lanes = i32x4(0, 1, 2, 3);
  let total: f64 = 0;
  let i = 0;
  while (i + 4 <= n) {
    let sum = f32x4.splat(0);
    for (const end = min(i + (BLOCK << 2), n & ~3); i < end; i += 4) {
      const e = exp(f32x4.sub(v128.load(x + (<usize>i << 2)), s));
      if (out != 0) v128.store(out + (<usize>i << 2), e);
      sum = f32x4.add(sum, v128.andnot(e, i32x4.eq(lanes, skipped)));
      lanes = i32x4.add(lanes, i32x4.splat(4));
    }
    total += sum_lanes_f64(sum);
  }
  for (; i < n; i++) {
    const e = exp(f32x4.sub(v128.load32_zero(x + (<usize>i << 2)), s));
    if (out != 0) v128.store32_lane(out + (<usize>i << 2), e, 0);
    if (i != skip) total += <f64>f32x4.extract_lane(e, 0);
  }
  return total;
}

/** log(sum(exp(x - largest))) of a row; NaN where the largest element is infinite or NaN. */
@inline
function log_rest(x: usize, n: i32, largest: f32): f32 {
  if (!(abs(largest) < f32.POSITIVE_INFINITY)) return NaN;
  const rest = exp_sum(0, x, n, largest, position(x, n, largest));
  return f32x4.extract_lane(log1p(f32x4.splat(<f32>rest)), 0);
}

export function softmax_f32(out: usize, x: usize, rows: i32, n: i32): void {
  const bytes = <usize>n << 2;
  for (let r = 0; r < rows; r++) {
    const factor = f32x4.splat(<f32>(1 / exp_sum(out, x, n, row_max(x, n, out), -1)));
    let i = 0;
    for (; i + 4 <= n; i += 4) {
      const o = out + (<usize>i << 2);
      v128.store(o, f32x4.mul(v128.load(o), factor));
    }
    for (; i < n; i++) {
      const o = out + (<usize>i << 2);
      v128.store32_lane(o, f32x4.mul(v128.load32_zero(o), factor), 0);
    }
    out += bytes;
    x += bytes;
  }
}

/** gx = y * (g - sum(g * y)) a row. */
export function softmax_grad_f32(gx: usize, g: usize, y: usize, rows: i32, n: i32): void {
  const bytes = <usize>n << 2;
  for (let r = 0; r < rows; r++) {
    let dot: f64 = 0;
    for (let i = <usize>0; i < bytes; i += 4) dot += <f64>load<f32>(g + i) * <f64>load<f32>(y + i);
    const d = <f32>dot;
    for (let i = <usize>0; i < bytes; i += 4) store<f32>(gx + i, load<f32>(y + i) * (load<f32>(g + i) - d));
    gx += bytes;
    g += bytes;
    y += bytes;
  }
}

export function log_softmax_f32(out: usize, x: usize, rows: i32, n: i32): void {
  const bytes = <usize>n << 2;
  for (let r = 0; r < rows; r++) {
    const largest = row_max(x, n, out);
    const rest = log_rest(x, n, largest);
    for (let i = <usize>0; i < bytes; i += 4) store<f32>(out + i, load<f32>(x + i) - largest - rest);
    out += bytes;
    x += bytes;
  }
}

/** g - p * sum(g) with p = exp(y), as g * (1 - p) - p * (the rest of the sum): p near 1 leaves the digits of 1 - p. */
@inline
function log_softmax_slope(g: v128, y: v128, sum: v128): v128 {
  const others = f32x4.mul(exp(y), f32x4.sub(sum, g));
  return f32x4.neg(f32x4.add(f32x4.mul(g, expm1Negative(y)), others));
}

/** gx = g - exp(y) * sum(g) a row. */
export function log_softmax_grad_f32(gx: usize, g: usize, y: usize, rows: i32, n: i32): void {
  const bytes = <usize>n << 2;
  for (let r = 0; r < rows; r++) {
    const sum = f32x4.splat(<f32>row_sum(g, n));
    let i = <usize>0;
    for (; i + 16 <= bytes; i += 16) v128.store(gx + i, log_softmax_slope(v128.load(g + i), v128.load(y + i), sum));
    for (; i < bytes; i += 4) {
      v128.store32_lane(gx + i, log_softmax_slope(v128.load32_zero(g + i), v128.load32_zero(y + i), sum), 0);
    }
    gx += bytes;
    g += bytes;
    y += bytes;
  }
}

/** log(sum(exp(x))) of each row; -Infinity of nothing. */
export function log_sum_exp_f32(out: usize, x: usize, rows: i32, n: i32): void {
  for (let r = 0; r < rows; r++, out += 4, x += <usize>n << 2) {
    const largest: f32 = n == 0 ? -Infinity : row_max(x, n, out);
    store<f32>(out, abs(largest) == f32.POSITIVE_INFINITY ? largest : largest + log_rest(x, n, largest));
  }
}

@inline
function weight_at(weights: usize, i: i32): f64 {
  return weights ? <f64>load<f32>(weights + (<usize>i << 2)) : 1;
}

function sum_of_weights(weights: usize, n: i32): f64 {
  return weights ? row_sum(weights, n) : <f64>n;
}

/** The sum of the weighted distances of a row below its largest element. */
function weighted_gap(x: usize, n: i32, largest: f32, weights: usize): f64 {
  if (!weights) return <f64>n * <f64>largest - row_sum(x, n);
  let total: f64 = 0;
  for (let i = 0; i < n; i++) {
    const w = weight_at(weights, i);
    if (w != 0) total += w * (<f64>largest - <f64>load<f32>(x + (<usize>i << 2)));
  }
  return total;
}

/**
 * Cross-entropy of logits [rows, n] with int32 labels [rows], label smoothing e and class weights w [n], which are 1 where
 * the pointer is 0: loss = (1 - e) w[label] (lse - x[label]) + e / n sum(w (lse - x)), lse being the log of the
 * sum of exponentials, which goes to `sums` [rows, 2] as largest element and rest. What has weight 0, and rows
 * labelled `ignore`, count as 0 whatever they hold. Returns the first row whose label is outside [0, n), or -1.
 */
export function cross_entropy_f32(
  loss: usize, sums: usize, x: usize, labels: usize, weights: usize, rows: i32, n: i32, smoothing: f64, ignore: i32,
): i32 {
  const total = sum_of_weights(weights, n);
  for (let r = 0; r < rows; r++, loss += 4, sums += 8, labels += 4, x += <usize>n << 2) {
    const label = load<i32>(labels);
    if (label == ignore) {
      store<f32>(loss, 0);
      store<i64>(sums, 0);
      continue;
    }
    if (<u32>label >= <u32>n) return r;
    const largest = row_max(x, n, sums);
    const rest = log_rest(x, n, largest);
    store<f32>(sums, largest);
    store<f32>(sums, rest, 4);
    const w = weight_at(weights, label);
    let value: f64 = 0;
    if (w != 0) value = (1 - smoothing) * w * (<f64>rest + (<f64>largest - <f64>load<f32>(x + (<usize>label << 2))));
    if (smoothing != 0) value += (smoothing / <f64>n) * (total * <f64>rest + weighted_gap(x, n, largest, weights));
    store<f32>(loss, <f32>value);
  }
  return -1;
}

/** What follows softmax in the gradient of cross_entropy_f32: factor * (both * p - even * w). */
@inline
function cross_entropy_slope(p: v128, factor: v128, both: v128, even: v128, w: v128): v128 {
  return f32x4.mul(factor, f32x4.sub(f32x4.mul(both, p), f32x4.mul(even, w)));
}

/** gx = g[r] * (((1 - e) w[label] + e / n sum(w)) p - (1 - e) w[label] onehot - e / n w) a row, p being the softmax and
 *  `sums` as cross_entropy_f32 left them. */
export function cross_entropy_grad_f32(
  gx: usize, g: usize, sums: usize, x: usize, labels: usize, weights: usize, rows: i32, n: i32, smoothing: f64,
  ignore: i32,
): void {
  const bytes = <usize>n << 2;
  const share = (smoothing / <f64>n) * sum_of_weights(weights, n);
  const even = f32x4.splat(<f32>(smoothing / <f64>n));
  const one = f32x4.splat(1);
  for (let r = 0; r < rows; r++, g += 4, sums += 8, labels += 4, gx += bytes, x += bytes) {
    const label = load<i32>(labels);
    if (label == ignore) {
      memory.fill(gx, 0, bytes);
      continue;
    }
    const own = weight_at(weights, label);
    const factor = f32x4.splat(load<f32>(g));
    const both = f32x4.splat(<f32>((1 - smoothing) * own + share));
    const largest = f32x4.splat(load<f32>(sums));
    const rest = f32x4.splat(load<f32>(sums, 4));
    let i = <usize>0;
    for (; i + 16 <= bytes; i += 16) {
      const p = exp(f32x4.sub(f32x4.sub(v128.load(x + i), largest), rest));
      const w = weights ? v128.load(weights + i) : one;
      v128.store(gx + i, cross_entropy_slope(p, factor, both, even, w));
    }
    for (; i < bytes; i += 4) {
      const p = exp(f32x4.sub(f32x4.sub(v128.load32_zero(x + i), largest), rest));
      const w = weights ? v128.load32_zero(weights + i) : one;
      v128.store32_lane(gx + i, cross_entropy_slope(p, factor, both, even, w), 0);
    }
    // At the label p - 1 stands for p, and p near 1 must leave the digits of p - 1.
    const at = <usize>label << 2;
    const missing = expm1Negative(f32x4.sub(f32x4.sub(v128.load32_zero(x + at), largest), rest));
    const left = f32x4.splat(<f32>(share - (smoothing / <f64>n) * own));
    v128.store32_lane(gx + at, f32x4.mul(factor, f32x4.add(f32x4.mul(both, missing), left)), 0);
  }
}
