// Optimizers that find their step from distances and gradients: sums over a whole tensor in float64, in a fixed order,
// then one pass that moves the parameter.
import { fetch, put, splat, sum_pair_f64 } from "../array/lanes";
import { madd } from "../array/simd";

@inline
function low(x: v128): v128 {
  return f64x2.promote_low_f32x4(x);
}

@inline
function high(x: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<i64>(x, x, 1, 1));
}

@inline
function add_product(sum: v128, a: v128, b: v128): v128 {
  return f64x2.add(sum, f64x2.mul(a, b));
}

@inline
function total(a: v128, b: v128): f64 {
  const sum = f64x2.add(a, b);
  return sum_pair_f64(sum);
}

@inline
function add_to(p: usize, x: f64): void {
  store<f64>(p, load<f64>(p) + x);
}

@inline
function squared_distance(whole: bool, i: usize, end: usize, x: usize, y: usize): f64 {
  let a = f64x2.splat(0);
  let b = a;
  for (; i < end; i += whole ? 16 : 4) {
    let d = fetch(x + i, whole);
    if (y != 0) d = f32x4.sub(d, fetch(y + i, whole));
    a = add_product(a, low(d), low(d));
    b = add_product(b, high(d), high(d));
  }
  return total(a, b);
}

/** ||x - y||^2, or ||x||^2 where y is 0. */
export function squared_distance_f32(x: usize, y: usize, n: i32): f64 {
  const end = <usize>n << 2;
  const tail = end & ~15;
  return squared_distance(true, 0, tail, x, y) + squared_distance(false, tail, end, x, y);
}

@inline
function dog(
  whole: bool, i: usize, end: usize, x: usize, g: usize, average: usize, rate: f64, weight: f64,
): void {
  const r = splat(rate);
  const w = splat(weight);
  for (; i < end; i += whole ? 16 : 4) {
    const next = f32x4.sub(fetch(x + i, whole), f32x4.mul(r, fetch(g + i, whole)));
    put(x + i, next, whole);
    const mean = fetch(average + i, whole);
    put(average + i, madd(w, f32x4.sub(next, mean), mean), whole);
  }
}

/** x -= rate g; average += weight (x - average). */
export function dog_f32(x: usize, g: usize, average: usize, n: i32, rate: f64, weight: f64): void {
  const end = <usize>n << 2;
  const tail = end & ~15;
  dog(true, 0, tail, x, g, average, rate, weight);
  dog(false, tail, end, x, g, average, rate, weight);
}

@inline
function dadapt_sums(whole: bool, i: usize, end: usize, sums: usize, s: usize, g: usize, rate: f64): void {
  const r = splat(rate);
  let dot_a = f64x2.splat(0);
  let dot_b = dot_a;
  let norm_a = dot_a;
  let norm_b = dot_a;
  for (; i < end; i += whole ? 16 : 4) {
    const d = fetch(g + i, whole);
    const old = fetch(s + i, whole);
    const next = madd(r, d, old);
    put(s + i, next, whole);
    dot_a = add_product(dot_a, low(d), low(old));
    dot_b = add_product(dot_b, high(d), high(old));
    norm_a = add_product(norm_a, low(next), low(next));
    norm_b = add_product(norm_b, high(next), high(next));
  }
  add_to(sums, total(dot_a, dot_b));
  add_to(sums + 8, total(norm_a, norm_b));
}

/** sums[0] += <g, s>; s += rate g; sums[1] += ||s||^2. */
export function dadapt_sums_f32(sums: usize, s: usize, g: usize, n: i32, rate: f64): void {
  const end = <usize>n << 2;
  const tail = end & ~15;
  dadapt_sums(true, 0, tail, sums, s, g, rate);
  dadapt_sums(false, tail, end, sums, s, g, rate);
}

@inline
function dadapt_sgd(
  whole: bool, i: usize, end: usize, x: usize, start: usize, s: usize, momentum: f64,
): void {
  const mu = splat(momentum);
  const gain = splat(1 - momentum);
  for (; i < end; i += whole ? 16 : 4) {
    const z = f32x4.sub(fetch(start + i, whole), fetch(s + i, whole));
    put(x + i, madd(mu, fetch(x + i, whole), f32x4.mul(gain, z)), whole);
  }
}

/** x = momentum x + (1 - momentum) (start - s). */
export function dadapt_sgd_f32(x: usize, start: usize, s: usize, n: i32, momentum: f64): void {
  const end = <usize>n << 2;
  const tail = end & ~15;
  dadapt_sgd(true, 0, tail, x, start, s, momentum);
  dadapt_sgd(false, tail, end, x, start, s, momentum);
}

@inline
function prodigy_sums(
  whole: bool, i: usize, end: usize, sums: usize, x: usize, g: usize, start: usize, s: usize, m: usize,
  v: usize, beta1: f64, gain1: f64, beta2: f64, gain2: f64, beta3: f64, gain3: f64,
): void {
  const b1 = splat(beta1);
  const g1 = splat(gain1);
  const b2 = splat(beta2);
  const g2 = splat(gain2);
  const b3 = splat(beta3);
  const g3 = splat(gain3);
  let dot_a = f64x2.splat(0);
  let dot_b = dot_a;
  let norm_a = dot_a;
  let norm_b = dot_a;
  for (; i < end; i += whole ? 16 : 4) {
    const d = fetch(g + i, whole);
    const way = f32x4.sub(fetch(start + i, whole), fetch(x + i, whole));
    dot_a = add_product(dot_a, low(d), low(way));
    dot_b = add_product(dot_b, high(d), high(way));
    const next = madd(b3, fetch(s + i, whole), f32x4.mul(g3, d));
    put(s + i, next, whole);
    norm_a = f64x2.add(norm_a, low(f32x4.abs(next)));
    norm_b = f64x2.add(norm_b, high(f32x4.abs(next)));
    put(m + i, madd(b1, fetch(m + i, whole), f32x4.mul(g1, d)), whole);
    put(v + i, madd(b2, fetch(v + i, whole), f32x4.mul(g2, f32x4.mul(d, d))), whole);
  }
  add_to(sums, total(dot_a, dot_b));
  add_to(sums + 8, total(norm_a, norm_b));
}

/**
 * sums[0] += <g, start - x>; s = beta3 s + gain3 g; sums[1] += ||s||_1; m = beta1 m + gain1 g;
 * v = beta2 v + gain2 g^2.
 */
export function prodigy_sums_f32(
  sums: usize, x: usize, g: usize, start: usize, s: usize, m: usize, v: usize, n: i32, beta1: f64,
  gain1: f64, beta2: f64, gain2: f64, beta3: f64, gain3: f64,
): void {
  const end = <usize>n << 2;
  const tail = end & ~15;
  prodigy_sums(true, 0, tail, sums, x, g, start, s, m, v, beta1, gain1, beta2, gain2, beta3, gain3);
  prodigy_sums(false, tail, end, sums, x, g, start, s, m, v, beta1, gain1, beta2, gain2, beta3, gain3);
}

@inline
function prodigy(
  whole: bool, i: usize, end: usize, x: usize, m: usize, v: usize, rate: f64, eps: f64, decay: f64,
): void {
  const r = splat(rate);
  const e = splat(eps);
  const k = splat(decay);
  for (; i < end; i += whole ? 16 : 4) {
    const w = fetch(x + i, whole);
    const step = f32x4.div(f32x4.mul(r, fetch(m + i, whole)), f32x4.add(f32x4.sqrt(fetch(v + i, whole)), e));
    put(x + i, f32x4.sub(w, madd(k, w, step)), whole);
  }
}

/** x -= decay x + rate m / (sqrt(v) + eps). */
export function prodigy_f32(x: usize, m: usize, v: usize, n: i32, rate: f64, eps: f64, decay: f64): void {
  const end = <usize>n << 2;
  const tail = end & ~15;
  prodigy(true, 0, tail, x, m, v, rate, eps, decay);
  prodigy(false, tail, end, x, m, v, rate, eps, decay);
}
