// Batch normalisation (Ioffe & Szegedy 2015) and normalisation of rows, which layer and group normalisation are made
// of. Means and variances take two passes in float64. A mean is kept as two float32, since one would lose what is small
// beside it: the deviation of x is (x - mean) - rest. Sums of gradients run in float32 over blocks of a plane, in float64
// across blocks and planes.
import { sum_pair_f64 } from "./lanes";
import { row_sum, squared_deviations } from "./reduce";
import { madd } from "./simd";

/** Vectors that are summed in float32. */
const BLOCK: i32 = 64;

/** What a gradient g and the input's deviation d from the shift are summed as. */
@unmanaged class Gradient { @inline v(g: v128, d: v128): v128 { return g; } }
@unmanaged class Product { @inline v(g: v128, d: v128): v128 { return f32x4.mul(g, d); } }

/** The sum over n elements of what T makes of g and d = x - shift. */
function sum_of<T>(g: usize, x: usize, n: i32, shift: f32): f64 {
  const op = changetype<T>(0);
  const s = f32x4.splat(shift);
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  while (n >= 8) {
    let a = f32x4.splat(0);
    let b = a;
    let steps = min(n >> 3, BLOCK);
    n -= steps << 3;
    for (; steps > 0; steps--, g += 32, x += 32) {
      a = f32x4.add(a, op.v(v128.load(g), f32x4.sub(v128.load(x), s)));
      b = f32x4.add(b, op.v(v128.load(g, 16), f32x4.sub(v128.load(x, 16), s)));
    }
    a = f32x4.add(a, b);
    low = f64x2.add(low, f64x2.promote_low_f32x4(a));
    high = f64x2.add(high, f64x2.promote_low_f32x4(v128.shuffle<i64>(a, a, 1, 1)));
  }
  low = f64x2.add(low, high);
  let total = sum_pair_f64(low);
  for (; n > 0; n--, g += 4, x += 4) {
    const v = op.v(v128.load32_zero(g), f32x4.sub(v128.load32_zero(x), s));
    total += <f64>f32x4.extract_lane(v, 0);
  }
  return total;
}

/** out = (x - mean) * scale + shift over n elements. */
function affine(out: usize, x: usize, n: i32, mean: f32, scale: f32, shift: f32): void {
  const m = f32x4.splat(mean);
  const a = f32x4.splat(scale);
  const b = f32x4.splat(shift);
  for (; n >= 4; n -= 4, x += 16, out += 16) v128.store(out, madd(f32x4.sub(v128.load(x), m), a, b));
  for (; n > 0; n--, x += 4, out += 4) {
    v128.store32_lane(out, madd(f32x4.sub(v128.load32_zero(x), m), a, b), 0);
  }
}

/** gx = scale * (g - (x - mean) * slope - shift) over n elements. */
function affine_grad(
  gx: usize, g: usize, x: usize, n: i32, mean: f32, scale: f32, slope: f32, shift: f32,
): void {
  const m = f32x4.splat(mean);
  const a = f32x4.splat(scale);
  const b = f32x4.splat(-slope);
  const c = f32x4.splat(shift);
  for (; n >= 4; n -= 4, g += 16, x += 16, gx += 16) {
    const d = f32x4.sub(v128.load(x), m);
    v128.store(gx, f32x4.mul(a, madd(d, b, f32x4.sub(v128.load(g), c))));
  }
  for (; n > 0; n--, g += 4, x += 4, gx += 4) {
    const d = f32x4.sub(v128.load32_zero(x), m);
    v128.store32_lane(gx, f32x4.mul(a, madd(d, b, f32x4.sub(v128.load32_zero(g), c))), 0);
  }
}

@inline
function inverse_deviation(variance: f64, eps: f64): f64 {
  return 1 / sqrt(variance + eps);
}

/** mean[c], what of it float32 loses as rest[c], and variance[c] (divided by the count) of each channel of x[n, c, l]. */
export function channel_moments_f32(
  mean: usize, rest: usize, variance: usize, x: usize, n: i32, c: i32, l: i32,
): void {
  const plane = <usize>l << 2;
  const count = <f64>n * <f64>l;
  for (let at: usize = 0; at < <usize>c << 2; at += 4, x += plane) {
    let total: f64 = 0;
    for (let i = 0; i < n; i++) total += row_sum(x + plane * <usize>(i * c), l);
    const m = total / count;
    total = 0;
    for (let i = 0; i < n; i++) total += squared_deviations(x + plane * <usize>(i * c), l, m);
    store<f32>(mean + at, <f32>m);
    store<f32>(rest + at, <f32>(m - <f64><f32>m));
    store<f32>(variance + at, <f32>(total / count));
  }
}

/** out[n, c, l] = (x - mean[c] - rest[c]) / sqrt(variance[c] + eps) * weight[c] + bias[c]; a pointer of 0 leaves out its
 *  term. */
export function batch_norm_f32(
  out: usize, x: usize, mean: usize, rest: usize, variance: usize, weight: usize, bias: usize, n: i32, c: i32, l: i32,
  eps: f64,
): void {
  const plane = <usize>l << 2;
  for (let i = 0; i < n; i++) {
    for (let at: usize = 0; at < <usize>c << 2; at += 4, x += plane, out += plane) {
      const r = <f32>inverse_deviation(<f64>load<f32>(variance + at), eps);
      const scale = weight ? load<f32>(weight + at) * r : r;
      let shift: f32 = bias ? load<f32>(bias + at) : 0;
      if (rest) shift -= load<f32>(rest + at) * scale;
      affine(out, x, l, load<f32>(mean + at), scale, shift);
    }
  }
}

/** Gradients of batch_norm_f32 for g[n, c, l]: gx, gw[c], gb[c]. With `batch` mean and variance are those of x itself and
 *  depend on it, else they are constants. */
export function batch_norm_grad_f32(
  gx: usize, gw: usize, gb: usize, g: usize, x: usize, mean: usize, rest: usize, variance: usize, weight: usize,
  n: i32, c: i32, l: i32, eps: f64, batch: i32,
): void {
  const plane = <usize>l << 2;
  const count = <f64>n * <f64>l;
  for (let at: usize = 0; at < <usize>c << 2; at += 4, gx += plane, g += plane, x += plane) {
    const m = load<f32>(mean + at);
    const r = inverse_deviation(<f64>load<f32>(variance + at), eps);
    let sum: f64 = 0;
    let product: f64 = 0;
    for (let i = 0; i < n; i++) {
      const from = plane * <usize>(i * c);
      sum += sum_of<Gradient>(g + from, x + from, l, m);
      product += sum_of<Product>(g + from, x + from, l, m);
    }
    const d = rest ? <f64>load<f32>(rest + at) : 0;
    product -= d * sum;
    store<f32>(gw + at, <f32>(product * r));
    store<f32>(gb + at, <f32>sum);
    const scale = <f32>(weight ? <f64>load<f32>(weight + at) * r : r);
    const slope = batch ? product * r * r / count : 0;
    const shift = batch ? sum / count - d * slope : 0;
    for (let i = 0; i < n; i++) {
      const from = plane * <usize>(i * c);
      affine_grad(gx + from, g + from, x + from, l, m, scale, <f32>slope, <f32>shift);
    }
  }
}

/** out[rows, n] = (x - mean) * inverse of each row; inverse[rows] = 1 / sqrt(variance + eps). */
export function normalize_rows_f32(out: usize, inverse: usize, x: usize, rows: i32, n: i32, eps: f64): void {
  const bytes = <usize>n << 2;
  for (let row = 0; row < rows; row++, inverse += 4, x += bytes, out += bytes) {
    const mean = row_sum(x, n) / <f64>n;
    const m = <f32>mean;
    const r = inverse_deviation(squared_deviations(x, n, mean) / <f64>n, eps);
    store<f32>(inverse, <f32>r);
    affine(out, x, n, m, <f32>r, <f32>((<f64>m - mean) * r));
  }
}

/** The gradient of normalize_rows_f32 from its output y: gx = inverse * (g - mean(g) - y mean(g y)) of each row. */
export function normalize_rows_grad_f32(gx: usize, g: usize, y: usize, inverse: usize, rows: i32, n: i32): void {
  const bytes = <usize>n << 2;
  for (let row = 0; row < rows; row++, inverse += 4, g += bytes, y += bytes, gx += bytes) {
    const shift = <f32>(sum_of<Gradient>(g, y, n, 0) / <f64>n);
    const slope = <f32>(sum_of<Product>(g, y, n, 0) / <f64>n);
    affine_grad(gx, g, y, n, 0, load<f32>(inverse), slope, shift);
  }
}
