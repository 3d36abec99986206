// Optimizer updates, each one pass over a parameter tensor.

/**
 * SGD as PyTorch defines it. d = g + weightDecay p; v = momentum v + (1 - dampening) d (v = d on the first step);
 * d = nesterov ? d + momentum v : v; p -= lr d. Without momentum v is not touched and may be 0.
 */
export function sgd_f32(
  p: usize, g: usize, v: usize, n: i32,
  lr: f32, momentum: f32, dampening: f32, weightDecay: f32, nesterov: i32, first: i32,
): void {
  const rate = f32x4.splat(lr);
  const decay = f32x4.splat(weightDecay);
  const mu = f32x4.splat(momentum);
  const keep = f32x4.splat(first ? 0 : momentum);
  const gain = f32x4.splat(first ? 1 : 1 - dampening);
  const end = p + (<usize>n << 2);
  const vectorEnd = p + (<usize>(n & ~3) << 2);
  while (p < end) {
    const whole = p < vectorEnd;
    let w = whole ? v128.load(p) : v128.load32_zero(p);
    let d = f32x4.add(whole ? v128.load(g) : v128.load32_zero(g), f32x4.mul(decay, w));
    if (momentum != 0) {
      // The first step does not read v, which may be uninitialised.
      const old = first ? f32x4.splat(0) : whole ? v128.load(v) : v128.load32_zero(v);
      const u = f32x4.add(f32x4.mul(keep, old), f32x4.mul(gain, d));
      if (whole) v128.store(v, u);
      else v128.store32_lane(v, u, 0);
      d = nesterov ? f32x4.add(d, f32x4.mul(mu, u)) : u;
    }
    w = f32x4.sub(w, f32x4.mul(rate, d));
    if (whole) v128.store(p, w);
    else v128.store32_lane(p, w, 0);
    const step: usize = whole ? 16 : 4;
    p += step;
    g += step;
    v += step;
  }
}
