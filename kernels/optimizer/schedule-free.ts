// Schedule-free updates, one pass each: y is where gradients are taken, z where plain steps lead, and the average x of
// the z is kept implicitly.
import { fetch, put, splat } from "../array/lanes";
import { madd } from "../array/simd";

@inline
function schedule_free_sgd(
  whole: bool, i: usize, end: usize, y: usize, g: usize, z: usize, rate: f64, c: f64, pull: f64,
  decay: f64,
): void {
  const r = splat(rate);
  const mix = splat(c);
  const p = splat(pull);
  const k = splat(decay);
  for (; i < end; i += whole ? 16 : 4) {
    const at = fetch(y + i, whole);
    const base = fetch(z + i, whole);
    const d = madd(k, at, fetch(g + i, whole));
    put(y + i, madd(p, d, madd(mix, f32x4.sub(base, at), at)), whole);
    put(z + i, f32x4.sub(base, f32x4.mul(r, d)), whole);
  }
}

/** d = g + decay y; y += c (z - y) + pull d; z -= rate d. */
export function schedule_free_sgd_f32(
  y: usize, g: usize, z: usize, n: i32, rate: f64, c: f64, pull: f64, decay: f64,
): void {
  const end = <usize>n << 2;
  const tail = end & ~15;
  schedule_free_sgd(true, 0, tail, y, g, z, rate, c, pull, decay);
  schedule_free_sgd(false, tail, end, y, g, z, rate, c, pull, decay);
}

@inline
function schedule_free_adamw(
  whole: bool, i: usize, end: usize, y: usize, g: usize, z: usize, v: usize, rate: f64, c: f64,
  pull: f64, decay: f64, beta2: f64, scale: f64, eps: f64,
): void {
  const r = splat(rate);
  const mix = splat(c);
  const p = splat(pull);
  const k = splat(decay);
  const b2 = splat(beta2);
  const g2 = splat(1 - beta2);
  const s = splat(scale);
  const e = splat(eps);
  for (; i < end; i += whole ? 16 : 4) {
    const at = fetch(y + i, whole);
    const base = fetch(z + i, whole);
    const gradient = fetch(g + i, whole);
    const square = madd(b2, fetch(v + i, whole), f32x4.mul(f32x4.mul(g2, gradient), gradient));
    put(v + i, square, whole);
    const d = madd(k, at, f32x4.div(gradient, madd(f32x4.sqrt(square), s, e)));
    put(y + i, madd(p, d, madd(mix, f32x4.sub(base, at), at)), whole);
    put(z + i, f32x4.sub(base, f32x4.mul(r, d)), whole);
  }
}

/** v = beta2 v + (1 - beta2) g^2; d = g / (scale sqrt(v) + eps) + decay y; y and z as above. */
export function schedule_free_adamw_f32(
  y: usize, g: usize, z: usize, v: usize, n: i32, rate: f64, c: f64, pull: f64, decay: f64, beta2: f64,
  scale: f64, eps: f64,
): void {
  const end = <usize>n << 2;
  const tail = end & ~15;
  schedule_free_adamw(true, 0, tail, y, g, z, v, rate, c, pull, decay, beta2, scale, eps);
  schedule_free_adamw(false, tail, end, y, g, z, v, rate, c, pull, decay, beta2, scale, eps);
}

@inline
function lerp(whole: bool, i: usize, end: usize, y: usize, z: usize, weight: f64): void {
  const w = splat(weight);
  for (; i < end; i += whole ? 16 : 4) {
    const at = fetch(y + i, whole);
    put(y + i, madd(w, f32x4.sub(fetch(z + i, whole), at), at), whole);
  }
}

/** y += weight (z - y). */
export function lerp_f32(y: usize, z: usize, n: i32, weight: f64): void {
  const end = <usize>n << 2;
  const tail = end & ~15;
  lerp(true, 0, tail, y, z, weight);
  lerp(false, tail, end, y, z, weight);
}
