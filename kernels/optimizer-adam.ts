// Updates of Adam and RMSprop, each one pass over a parameter tensor. Coefficients come as float64, so that 1 - beta is
// rounded to float32 once.
import { fetch, put, splat } from "./lanes";
import { madd } from "./simd";

// @ts-ignore: decorator
@inline
function adam(
  whole: bool, amsgrad: bool, p: usize, g: usize, m: usize, v: usize, vMax: usize,
  beta1: v128, gain1: v128, beta2: v128, gain2: v128,
  l2: v128, rate: v128, scale: v128, eps: v128, decay: v128,
): void {
  const w = fetch(p, whole);
  const d = madd(l2, w, fetch(g, whole));
  const first = madd(beta1, fetch(m, whole), f32x4.mul(gain1, d));
  put(m, first, whole);
  let second = madd(beta2, fetch(v, whole), f32x4.mul(f32x4.mul(gain2, d), d));
  put(v, second, whole);
  if (amsgrad) {
    second = f32x4.max(fetch(vMax, whole), second);
    put(vMax, second, whole);
  }
  const denominator = madd(f32x4.sqrt(second), scale, eps);
  const step = madd(decay, w, f32x4.div(f32x4.mul(rate, first), denominator));
  put(p, f32x4.sub(w, step), whole);
}

/**
 * Adam (Kingma and Ba 2015) and AdamW (Loshchilov and Hutter 2019) in PyTorch's form. d = g + l2 p;
 * m = beta1 m + (1 - beta1) d; v = beta2 v + (1 - beta2) d^2; p -= decay p + rate m / (scale sqrt(v) + eps).
 * The caller puts the bias corrections into rate = lr / (1 - beta1^t) and scale = 1 / sqrt(1 - beta2^t). vMax is 0, or
 * AMSGrad's running maximum of v, which then takes v's place in the last formula.
 */
export function adam_f32(
  p: usize, g: usize, m: usize, v: usize, vMax: usize, n: i32,
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
  const end = <usize>n << 2;
  const whole = end & ~15;
  let i: usize = 0;
  if (vMax != 0) {
    for (; i < whole; i += 16) {
      adam(true, true, p + i, g + i, m + i, v + i, vMax + i, b1, g1, b2, g2, l, r, s, e, k);
    }
    for (; i < end; i += 4) {
      adam(false, true, p + i, g + i, m + i, v + i, vMax + i, b1, g1, b2, g2, l, r, s, e, k);
    }
  } else {
    for (; i < whole; i += 16) {
      adam(true, false, p + i, g + i, m + i, v + i, 0, b1, g1, b2, g2, l, r, s, e, k);
    }
    for (; i < end; i += 4) {
      adam(false, false, p + i, g + i, m + i, v + i, 0, b1, g1, b2, g2, l, r, s, e, k);
    }
  }
}

// @ts-ignore: decorator
@inline
function rmsprop(
  whole: bool, p: usize, g: usize, square: usize, mean: usize, velocity: usize, centered: bool, momentum: bool,
  alpha: v128, gain: v128, l2: v128, rate: v128, eps: v128, mu: v128,
): void {
  const w = fetch(p, whole);
  let d = madd(l2, w, fetch(g, whole));
  let spread = madd(alpha, fetch(square, whole), f32x4.mul(f32x4.mul(gain, d), d));
  put(square, spread, whole);
  if (centered) {
    const average = madd(alpha, fetch(mean, whole), f32x4.mul(gain, d));
    put(mean, average, whole);
    // Rounding can take the difference below zero when the gradients are nearly constant.
    spread = f32x4.max(f32x4.sub(spread, f32x4.mul(average, average)), f32x4.splat(0));
  }
  d = f32x4.div(d, f32x4.add(f32x4.sqrt(spread), eps));
  if (momentum) {
    d = madd(mu, fetch(velocity, whole), d);
    put(velocity, d, whole);
  }
  put(p, f32x4.sub(w, f32x4.mul(rate, d)), whole);
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
  const a = splat(alpha);
  const b = splat(1 - alpha);
  const l = splat(l2);
  const r = splat(rate);
  const e = splat(eps);
  const mu = splat(momentum);
  const centered = mean != 0;
  const moving = velocity != 0;
  const end = <usize>n << 2;
  const whole = end & ~15;
  let i: usize = 0;
  for (; i < whole; i += 16) {
    rmsprop(true, p + i, g + i, square + i, mean + i, velocity + i, centered, moving, a, b, l, r, e, mu);
  }
  for (; i < end; i += 4) {
    rmsprop(false, p + i, g + i, square + i, mean + i, velocity + i, centered, moving, a, b, l, r, e, mu);
  }
}
