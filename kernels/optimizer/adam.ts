// Updates of Adam and RMSprop, each one pass over a parameter tensor. Coefficients come as float64, so that 1 - beta is
// rounded to float32 once.
import { fetch, put, splat } from "../array/lanes";
import { madd } from "../array/simd";

@inline
function adam(
  whole: bool, i: usize, end: usize, p: usize, g: usize, m: usize, v: usize, v_max: usize,
  beta1: f64, beta2: f64, l2: f64, rate: f64, scale: f64, eps: f64, decay: f64,
): void {
  const b1 = splat(beta1);
  const g1 = splat(1 - beta1);
  const b2 = splat(beta2);
  const g2 = splat(1 - beta2);
  const l = splat(l2);
  const r = splat(rate);
  const s = splat(scale);
  const e = splat(eps);
  const k = splat(decay);
  for (; i < end; i += whole ? 16 : 4) {
    const w = fetch(p + i, whole);
    const d = madd(l, w, fetch(g + i, whole));
    const first = madd(b1, fetch(m + i, whole), f32x4.mul(g1, d));
    put(m + i, first, whole);
    let second = madd(b2, fetch(v + i, whole), f32x4.mul(f32x4.mul(g2, d), d));
    put(v + i, second, whole);
    if (v_max != 0) {
      second = f32x4.max(fetch(v_max + i, whole), second);
      put(v_max + i, second, whole);
    }
    const step = f32x4.div(f32x4.mul(r, first), madd(f32x4.sqrt(second), s, e));
    put(p + i, f32x4.sub(w, madd(k, w, step)), whole);
  }
}

/**
 * Adam (Kingma and Ba 2015) and AdamW (Loshchilov and Hutter 2019) in PyTorch's form. d = g + l2 p;
 * m = beta1 m + (1 - beta1) d; v = beta2 v + (1 - beta2) d^2; p -= decay p + rate m / (scale sqrt(v) + eps).
 * The caller puts the bias corrections into rate = lr / (1 - beta1^t) and scale = 1 / sqrt(1 - beta2^t). v_max is 0, or
 * AMSGrad's running maximum of v, which then takes v's place in the last formula.
 */
export function adam_f32(
  p: usize, g: usize, m: usize, v: usize, v_max: usize, n: i32,
  beta1: f64, beta2: f64, l2: f64, rate: f64, scale: f64, eps: f64, decay: f64,
): void {
  const end = <usize>n << 2;
  const tail = end & ~15;
  adam(true, 0, tail, p, g, m, v, v_max, beta1, beta2, l2, rate, scale, eps, decay);
  adam(false, tail, end, p, g, m, v, v_max, beta1, beta2, l2, rate, scale, eps, decay);
}

@inline
function rmsprop(
  whole: bool, i: usize, end: usize, p: usize, g: usize, square: usize, mean: usize, velocity: usize,
  alpha: f64, l2: f64, rate: f64, eps: f64, momentum: f64,
): void {
  const a = splat(alpha);
  const b = splat(1 - alpha);
  const l = splat(l2);
  const r = splat(rate);
  const e = splat(eps);
  const mu = splat(momentum);
  for (; i < end; i += whole ? 16 : 4) {
    const w = fetch(p + i, whole);
    let d = madd(l, w, fetch(g + i, whole));
    let spread = madd(a, fetch(square + i, whole), f32x4.mul(f32x4.mul(b, d), d));
    put(square + i, spread, whole);
    if (mean != 0) {
      const average = madd(a, fetch(mean + i, whole), f32x4.mul(b, d));
      put(mean + i, average, whole);
      // Rounding can take the difference below zero when the gradients are nearly constant.
      spread = f32x4.max(f32x4.sub(spread, f32x4.mul(average, average)), splat(0));
    }
    d = f32x4.div(d, f32x4.add(f32x4.sqrt(spread), e));
    if (velocity != 0) {
      d = madd(mu, fetch(velocity + i, whole), d);
      put(velocity + i, d, whole);
    }
    put(p + i, f32x4.sub(w, f32x4.mul(r, d)), whole);
  }
}

/**
 * RMSprop (Hinton 2012) in PyTorch's form. d = g + l2 p; square = alpha square + (1 - alpha) d^2;
 * d /= sqrt(square) + eps; p -= rate d. mean is 0, or the running mean of the gradient, whose square is then taken off;
 * velocity is 0, or the buffer of momentum, velocity = momentum velocity + d, which then takes d's place.
 */
export function rmsprop_f32(
  p: usize, g: usize, square: usize, mean: usize, velocity: usize, n: i32,
  alpha: f64, l2: f64, rate: f64, eps: f64, momentum: f64,
): void {
  const end = <usize>n << 2;
  const tail = end & ~15;
  rmsprop(true, 0, tail, p, g, square, mean, velocity, alpha, l2, rate, eps, momentum);
  rmsprop(false, tail, end, p, g, square, mean, velocity, alpha, l2, rate, eps, momentum);
}
