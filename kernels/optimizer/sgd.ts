// Stochastic gradient descent, one pass over a parameter tensor.
import { fetch, put } from "../array/lanes";
import { madd } from "../array/simd";

@inline
function sgd(
  whole: bool, i: usize, end: usize, p: usize, g: usize, v: usize,
  lr: f32, momentum: f32, dampening: f32, weight_decay: f32, nesterov: i32, first: i32,
): void {
  const rate = f32x4.splat(lr);
  const decay = f32x4.splat(weight_decay);
  const mu = f32x4.splat(momentum);
  const keep = f32x4.splat(first ? 0 : momentum);
  const gain = f32x4.splat(first ? 1 : 1 - dampening);
  for (; i < end; i += whole ? 16 : 4) {
    const w = fetch(p + i, whole);
    let d = madd(decay, w, fetch(g + i, whole));
    if (momentum != 0) {
      // The first step does not read v, which may be uninitialised.
      const old = first ? f32x4.splat(0) : fetch(v + i, whole);
      const u = madd(keep, old, f32x4.mul(gain, d));
      put(v + i, u, whole);
      d = nesterov ? madd(mu, u, d) : u;
    }
    put(p + i, f32x4.sub(w, f32x4.mul(rate, d)), whole);
  }
}

/**
 * SGD as PyTorch defines it. d = g + weight_decay p; v = momentum v + (1 - dampening) d (v = d on the first step);
 * d = nesterov ? d + momentum v : v; p -= lr d. Without momentum v is not touched and may be 0.
 */
export function sgd_f32(
  p: usize, g: usize, v: usize, n: i32,
  lr: f32, momentum: f32, dampening: f32, weight_decay: f32, nesterov: i32, first: i32,
): void {
  const end = <usize>n << 2;
  const tail = end & ~15;
  sgd(true, 0, tail, p, g, v, lr, momentum, dampening, weight_decay, nesterov, first);
  sgd(false, tail, end, p, g, v, lr, momentum, dampening, weight_decay, nesterov, first);
}
