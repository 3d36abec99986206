// Reductions along the middle axis of a contiguous [outer, n, inner]. The order of every sum is fixed: float32 within
// blocks of BLOCK elements, the blocks in float64, so that the error does not grow with n.

import { sum_lanes_f64 } from "./lanes";

const BLOCK: i32 = 64;

/** The sum of n contiguous elements, four vectors abreast. */
function row_sum(x: usize, n: i32): f64 {
  let total: f64 = 0;
  let left = n;
  while (left >= 16) {
    let a = f32x4.splat(0);
    let b = a;
    let c = a;
    let d = a;
    let steps = min(left >> 4, BLOCK);
    left -= steps << 4;
    while (steps-- > 0) {
      a = f32x4.add(a, v128.load(x));
      b = f32x4.add(b, v128.load(x, 16));
      c = f32x4.add(c, v128.load(x, 32));
      d = f32x4.add(d, v128.load(x, 48));
      x += 64;
    }
    total += sum_lanes_f64(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)));
  }
  while (left-- > 0) {
    total += <f64>f32x4.extract_lane(v128.load32_zero(x), 0);
    x += 4;
  }
  return total;
}

/** Four neighbouring columns summed down n rows that lie `step` bytes apart. */
@inline
function column_sums(out: usize, x: usize, n: i32, step: usize, divisor: f64): void {
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  while (n > 0) {
    let sum = f32x4.splat(0);
    let steps = min(n, BLOCK);
    n -= steps;
    while (steps-- > 0) {
      sum = f32x4.add(sum, v128.load(x));
      x += step;
    }
    low = f64x2.add(low, f64x2.promote_low_f32x4(sum));
    high = f64x2.add(high, f64x2.promote_low_f32x4(v128.shuffle<i64>(sum, sum, 1, 1)));
  }
  const d = f64x2.splat(divisor);
  const a = f32x4.demote_f64x2_zero(f64x2.div(low, d));
  const b = f32x4.demote_f64x2_zero(f64x2.div(high, d));
  v128.store(out, v128.shuffle<i64>(a, b, 0, 2));
}

@inline
function column_sum(out: usize, x: usize, n: i32, step: usize, divisor: f64): void {
  let total: f64 = 0;
  while (n > 0) {
    let sum: f32 = 0;
    let steps = min(n, BLOCK);
    n -= steps;
    while (steps-- > 0) {
      sum += load<f32>(x);
      x += step;
    }
    total += <f64>sum;
  }
  store<f32>(out, <f32>(total / divisor));
}

/** out[o, i] = (sum over n of x[o, :, i]) / divisor. */
export function sum_f32(out: usize, x: usize, outer: i32, n: i32, inner: i32, divisor: f64): void {
  const step = <usize>inner << 2;
  for (let o = 0; o < outer; o++) {
    if (inner == 1) {
      store<f32>(out, <f32>(row_sum(x, n) / divisor));
      out += 4;
    } else {
      let i = 0;
      for (; i + 4 <= inner; i += 4) {
        column_sums(out, x + (<usize>i << 2), n, step, divisor);
        out += 16;
      }
      for (; i < inner; i++) {
        column_sum(out, x + (<usize>i << 2), n, step, divisor);
        out += 4;
      }
    }
    x += <usize>n * step;
  }
}

/** out[r] = Euclidean norm of row r of [rows, n]. */
export function norm_f32(out: usize, x: usize, rows: i32, n: i32): void {
  for (let r = 0; r < rows; r++) {
    let total: f64 = 0;
    for (let i = 0; i < n; i++) {
      const v = <f64>load<f32>(x);
      total += v * v;
      x += 4;
    }
    store<f32>(out, <f32>sqrt(total));
    out += 4;
  }
}

/** out[r] = sum of squared deviations of row r from its mean, divided by n - correction. Two passes in float64. */
export function variance_f32(out: usize, x: usize, rows: i32, n: i32, correction: f64): void {
  const bytes = <usize>n << 2;
  for (let r = 0; r < rows; r++) {
    const mean = row_sum(x, n) / <f64>n;
    let total: f64 = 0;
    for (let i = <usize>0; i < bytes; i += 4) {
      const d = <f64>load<f32>(x + i) - mean;
      total += d * d;
    }
    store<f32>(out, <f32>(total / (<f64>n - correction)));
    out += 4;
    x += bytes;
  }
}

@unmanaged class Max { @inline v(a: v128, b: v128): v128 { return f32x4.max(a, b); } }
@unmanaged class Min { @inline v(a: v128, b: v128): v128 { return f32x4.min(a, b); } }

/** Folds n >= 1 elements at distance `step`, one column a lane; exact in any order, NaN wins. */
@inline
function fold_columns<T>(x: usize, n: i32, step: usize): v128 {
  const op = changetype<T>(0);
  let v = v128.load(x);
  while (--n > 0) {
    x += step;
    v = op.v(v, v128.load(x));
  }
  return v;
}

function fold<T>(out: usize, x: usize, outer: i32, n: i32, inner: i32): void {
  const op = changetype<T>(0);
  const step = <usize>inner << 2;
  for (let o = 0; o < outer; o++) {
    let i = 0;
    if (inner == 1 && n >= 4) {
      const lanes = n >> 2;
      let v = fold_columns<T>(x, lanes, 16);
      v = op.v(v, v128.shuffle<i64>(v, v, 1, 0));
      v = op.v(v, v128.shuffle<i32>(v, v, 1, 0, 3, 2));
      for (let j = lanes << 2; j < n; j++) v = op.v(v, v128.load32_splat(x + (<usize>j << 2)));
      v128.store32_lane(out, v, 0);
      out += 4;
      i = 1;
    }
    for (; i + 4 <= inner; i += 4) {
      v128.store(out, fold_columns<T>(x + (<usize>i << 2), n, step));
      out += 16;
    }
    for (; i < inner; i++) {
      let v = v128.load32_zero(x + (<usize>i << 2));
      for (let j = 1; j < n; j++) v = op.v(v, v128.load32_zero(x + (<usize>i << 2) + <usize>j * step));
      v128.store32_lane(out, v, 0);
      out += 4;
    }
    x += <usize>n * step;
  }
}

export function max_f32(out: usize, x: usize, outer: i32, n: i32, inner: i32): void {
  fold<Max>(out, x, outer, n, inner);
}
export function min_f32(out: usize, x: usize, outer: i32, n: i32, inner: i32): void {
  fold<Min>(out, x, outer, n, inner);
}

/** out[r] = product of row r, multiplied in float64. */
export function prod_f32(out: usize, x: usize, rows: i32, n: i32): void {
  for (let r = 0; r < rows; r++) {
    let product: f64 = 1;
    for (let i = 0; i < n; i++) {
      product *= <f64>load<f32>(x);
      x += 4;
    }
    store<f32>(out, <f32>product);
    out += 4;
  }
}

/** gx[r, i] = g[r] times the product of row r without element i: exact where elements are zero. */
export function prod_grad_f32(gx: usize, g: usize, x: usize, rows: i32, n: i32): void {
  for (let r = 0; r < rows; r++) {
    let product = <f64>load<f32>(g);
    for (let i = <usize>0; i < <usize>n << 2; i += 4) {
      store<f32>(gx + i, <f32>product);
      product *= <f64>load<f32>(x + i);
    }
    product = 1;
    for (let i = <usize>n << 2; i > 0; ) {
      i -= 4;
      store<f32>(gx + i, <f32>(<f64>load<f32>(gx + i) * product));
      product *= <f64>load<f32>(x + i);
    }
    g += 4;
    gx += <usize>n << 2;
    x += <usize>n << 2;
  }
}

/** out (int32)[r] = position of the first largest element of row r; NaN counts as largest. */
export function argmax_f32(out: usize, x: usize, rows: i32, n: i32): void {
  for (let r = 0; r < rows; r++) {
    let best = load<f32>(x);
    let at = 0;
    for (let i = 1; i < n && best == best; i++) {
      const v = load<f32>(x + (<usize>i << 2));
      if (!(v <= best)) {
        best = v;
        at = i;
      }
    }
    store<i32>(out, at);
    out += 4;
    x += <usize>n << 2;
  }
}

/** out (int32)[r] = position of the first smallest element of row r; NaN counts as smallest. */
export function argmin_f32(out: usize, x: usize, rows: i32, n: i32): void {
  for (let r = 0; r < rows; r++) {
    let best = load<f32>(x);
    let at = 0;
    for (let i = 1; i < n && best == best; i++) {
      const v = load<f32>(x + (<usize>i << 2));
      if (!(v >= best)) {
        best = v;
        at = i;
      }
    }
    store<i32>(out, at);
    out += 4;
    x += <usize>n << 2;
  }
}

/** Running sums of each row, accumulated in float64; from the end to the start when `reverse`. */
export function cumsum_f32(out: usize, x: usize, rows: i32, n: i32, reverse: i32): void {
  for (let r = 0; r < rows; r++) {
    let total: f64 = 0;
    for (let i = 0; i < n; i++) {
      const o = <usize>(reverse ? n - 1 - i : i) << 2;
      total += <f64>load<f32>(x + o);
      store<f32>(out + o, <f32>total);
    }
    out += <usize>n << 2;
    x += <usize>n << 2;
  }
}

/** 1 if all n elements are finite, else 0. */
export function all_finite_f32(x: usize, n: i32): i32 {
  // x - x is 0 for a finite x and NaN otherwise, and NaN survives the sum.
  let sum = f32x4.splat(0);
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    const v = v128.load(x + (<usize>i << 2));
    sum = f32x4.add(sum, f32x4.sub(v, v));
  }
  for (; i < n; i++) {
    const v = v128.load32_zero(x + (<usize>i << 2));
    sum = f32x4.add(sum, f32x4.sub(v, v));
  }
  return i32(sum_lanes_f64(sum) == 0);
}
