// Reductions along the middle axis of a contiguous [outer, n, inner]. Sums run in float64, so that they neither overflow
// nor lose a small spread around a large mean; their order is fixed.

import { sum_lanes_f64, sum_pair_f64 } from "./lanes";

/** Two neighbouring elements in float64. */
@inline
export function pair_f64(x: usize): v128 {
  return f64x2.promote_low_f32x4(v128.load64_zero(x));
}

/** The sum of n contiguous elements. */
export function row_sum(x: usize, n: i32): f64 {
  let a = f64x2.splat(0);
  let b = a;
  let c = a;
  let d = a;
  for (; n >= 8; n -= 8, x += 32) {
    a = f64x2.add(a, pair_f64(x));
    b = f64x2.add(b, pair_f64(x + 8));
    c = f64x2.add(c, pair_f64(x + 16));
    d = f64x2.add(d, pair_f64(x + 24));
  }
  let total = sum_pair_f64(f64x2.add(f64x2.add(a, b), f64x2.add(c, d)));
  for (; n > 0; n--, x += 4) total += <f64>load<f32>(x);
  return total;
}

/** The sum of the squared deviations of n contiguous elements from their mean. */
export function squared_deviations(x: usize, n: i32, mean: f64): f64 {
  const m = f64x2.splat(mean);
  let a = f64x2.splat(0);
  let b = a;
  for (; n >= 4; n -= 4, x += 16) {
    const p = f64x2.sub(pair_f64(x), m);
    const q = f64x2.sub(pair_f64(x + 8), m);
    a = f64x2.add(a, f64x2.mul(p, p));
    b = f64x2.add(b, f64x2.mul(q, q));
  }
  let total = sum_pair_f64(f64x2.add(a, b));
  for (; n > 0; n--, x += 4) {
    const d = <f64>load<f32>(x) - mean;
    total += d * d;
  }
  return total;
}

/** Columns that are summed side by side: their float64 sums stay in the nearest cache. */
const COLUMNS: i32 = 512;

/** Adds `rows` rows, 1 or 4, that lie `step` bytes apart to the sums of a pair of columns, one after the other. */
@inline
function add_rows(sum: v128, x: usize, rows: i32, step: usize): v128 {
  sum = f64x2.add(sum, pair_f64(x));
  if (rows == 4) {
    sum = f64x2.add(sum, pair_f64(x + step));
    sum = f64x2.add(sum, pair_f64(x + step * 2));
    sum = f64x2.add(sum, pair_f64(x + step * 3));
  }
  return sum;
}

/** add_rows() for `width` columns; the last of an odd number is read alone. */
@inline
function add_to_sums(sums: usize, x: usize, rows: i32, width: i32, step: usize): void {
  const end = sums + (<usize>width << 3);
  for (; sums + 32 <= end; sums += 32, x += 16) {
    v128.store(sums, add_rows(v128.load(sums), x, rows, step));
    v128.store(sums, add_rows(v128.load(sums, 16), x + 8, rows, step), 16);
  }
  for (; sums < end; sums += 8, x += 4) {
    let sum = load<f64>(sums) + <f64>load<f32>(x);
    if (rows == 4) {
      sum += <f64>load<f32>(x + step);
      sum += <f64>load<f32>(x + step * 2);
      sum += <f64>load<f32>(x + step * 3);
    }
    store<f64>(sums, sum);
  }
}

/** Sums of `width` <= COLUMNS columns down n rows that lie `step` bytes apart, row by row. */
function column_sums(out: usize, x: usize, n: i32, width: i32, step: usize, divisor: f64, sums: usize): void {
  memory.fill(sums, 0, <usize>width << 3);
  for (; n >= 4; n -= 4, x += step * 4) add_to_sums(sums, x, 4, width, step);
  for (; n > 0; n--, x += step) add_to_sums(sums, x, 1, width, step);
  for (const end = out + (<usize>width << 2); out < end; out += 4, sums += 8) {
    store<f32>(out, <f32>(load<f64>(sums) / divisor));
  }
}

/** out[o, i] = (sum over n of x[o, :, i]) / divisor. `sums` is scratch of 4096 bytes. */
export function sum_f32(
  out: usize, x: usize, outer: i32, n: i32, inner: i32, divisor: f64, sums: usize,
): void {
  const step = <usize>inner << 2;
  for (let o = 0; o < outer; o++, out += step, x += <usize>n * step) {
    if (inner == 1) {
      store<f32>(out, <f32>(row_sum(x, n) / divisor));
    } else {
      for (let i = 0; i < inner; i += COLUMNS) {
        const at = <usize>i << 2;
        column_sums(out + at, x + at, n, min(COLUMNS, inner - i), step, divisor, sums);
      }
    }
  }
}

/** out[r] = Euclidean norm of row r of [rows, n]. */
export function norm_f32(out: usize, x: usize, rows: i32, n: i32): void {
  for (let r = 0; r < rows; r++, out += 4, x += <usize>n << 2) {
    store<f32>(out, <f32>sqrt(squared_deviations(x, n, 0)));
  }
}

/** out[r] = sum of squared deviations of row r from its mean, divided by n - correction, which counts as 0 where it is below;
 *  its square root when `root`. NaN of nothing. */
export function variance_f32(out: usize, x: usize, rows: i32, n: i32, correction: f64, root: i32): void {
  const bytes = <usize>n << 2;
  const divisor = max<f64>(<f64>n - correction, 0);
  for (let r = 0; r < rows; r++, out += 4, x += bytes) {
    const variance = squared_deviations(x, n, row_sum(x, n) / <f64>n) / divisor;
    store<f32>(out, <f32>(root ? sqrt(variance) : variance));
  }
}

/** out = x - mean of each row. */
export function centre_rows_f32(out: usize, x: usize, rows: i32, n: i32): void {
  const bytes = <usize>n << 2;
  for (let r = 0; r < rows; r++, out += bytes, x += bytes) {
    const mean = row_sum(x, n) / <f64>n;
    for (let i: usize = 0; i < bytes; i += 4) store<f32>(out + i, <f32>(<f64>load<f32>(x + i) - mean));
  }
}

@unmanaged class Max { @inline v(a: v128, b: v128): v128 { return f32x4.max(a, b); } }
@unmanaged class Min { @inline v(a: v128, b: v128): v128 { return f32x4.min(a, b); } }
@unmanaged class MaxInt { @inline v(a: v128, b: v128): v128 { return i32x4.max_s(a, b); } }
@unmanaged class MinInt { @inline v(a: v128, b: v128): v128 { return i32x4.min_s(a, b); } }
@unmanaged class AddInt { @inline v(a: v128, b: v128): v128 { return i32x4.add(a, b); } }
@unmanaged class MulInt { @inline v(a: v128, b: v128): v128 { return i32x4.mul(a, b); } }

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

/** Folds n >= 1 vectors that lie side by side, in four chains. */
@inline
function fold_row<T>(x: usize, n: i32): v128 {
  const op = changetype<T>(0);
  if (n < 8) return fold_columns<T>(x, n, 16);
  const chain = n >> 2;
  const step = <usize>64;
  let a = v128.load(x);
  let b = v128.load(x, 16);
  let c = v128.load(x, 32);
  let d = v128.load(x, 48);
  for (let i = 1; i < chain; i++) {
    x += step;
    a = op.v(a, v128.load(x));
    b = op.v(b, v128.load(x, 16));
    c = op.v(c, v128.load(x, 32));
    d = op.v(d, v128.load(x, 48));
  }
  a = op.v(op.v(a, b), op.v(c, d));
  for (let i = chain << 2; i < n; i++) {
    a = op.v(a, v128.load(x + step));
    x += 16;
  }
  return a;
}

function fold<T>(out: usize, x: usize, outer: i32, n: i32, inner: i32): void {
  const op = changetype<T>(0);
  const step = <usize>inner << 2;
  for (let o = 0; o < outer; o++) {
    let i = 0;
    if (inner == 1 && n >= 4) {
      const lanes = n >> 2;
      let v = fold_row<T>(x, lanes);
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

export function max_i32(out: usize, x: usize, outer: i32, n: i32, inner: i32): void {
  fold<MaxInt>(out, x, outer, n, inner);
}
export function min_i32(out: usize, x: usize, outer: i32, n: i32, inner: i32): void {
  fold<MinInt>(out, x, outer, n, inner);
}
/** Sums and products of int32 wrap around, and are the same in any order. */
export function sum_i32(out: usize, x: usize, outer: i32, n: i32, inner: i32): void {
  fold<AddInt>(out, x, outer, n, inner);
}
export function prod_i32(out: usize, x: usize, outer: i32, n: i32, inner: i32): void {
  fold<MulInt>(out, x, outer, n, inner);
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

/** gx[r, i] = g[r] times the product of row r without element i: exact where elements are zero. `products` is scratch of n
 *  float64, since those on the way may leave the range of float32. */
export function prod_grad_f32(gx: usize, g: usize, x: usize, rows: i32, n: i32, products: usize): void {
  const bytes = <usize>n << 2;
  for (let r = 0; r < rows; r++, g += 4, gx += bytes, x += bytes) {
    let product = <f64>load<f32>(g);
    for (let i = <usize>0; i < bytes; i += 4) {
      store<f64>(products + (i << 1), product);
      product *= <f64>load<f32>(x + i);
    }
    product = 1;
    for (let i = bytes; i > 0; ) {
      i -= 4;
      store<f32>(gx + i, <f32>(load<f64>(products + (i << 1)) * product));
      product *= <f64>load<f32>(x + i);
    }
  }
}

/** out (int32)[r] = position of the first largest, or smallest, element of row r; NaN counts as that. */
@inline
function arg_best<T>(out: usize, x: usize, rows: i32, n: i32, smallest: bool): void {
  for (let r = 0; r < rows; r++, out += 4, x += <usize>n << 2) {
    let best = load<T>(x);
    let at = 0;
    for (let i = 1; i < n && best == best; i++) {
      const v = load<T>(x + (<usize>i << 2));
      if (!(smallest ? v >= best : v <= best)) {
        best = v;
        at = i;
      }
    }
    store<i32>(out, at);
  }
}

export function argmax_f32(out: usize, x: usize, rows: i32, n: i32): void {
  arg_best<f32>(out, x, rows, n, false);
}
export function argmin_f32(out: usize, x: usize, rows: i32, n: i32): void {
  arg_best<f32>(out, x, rows, n, true);
}
export function argmax_i32(out: usize, x: usize, rows: i32, n: i32): void {
  arg_best<i32>(out, x, rows, n, false);
}
export function argmin_i32(out: usize, x: usize, rows: i32, n: i32): void {
  arg_best<i32>(out, x, rows, n, true);
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
