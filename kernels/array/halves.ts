// Four float32 as two times two float64, and a series that logarithm and arc tangent share.

@inline
export function low(x: v128): v128 {
  return f64x2.promote_low_f32x4(x);
}

@inline
export function high(x: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<i64>(x, x, 1, 0));
}

@inline
export function joined(low: v128, high: v128): v128 {
  return v128.shuffle<i64>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 2);
}

/** 1 + z / 3 + z^2 / 5 + ... + z^5 / 11 + z^6 p: atanh(s) / s with z = s^2, atan(t) / t with z = -t^2. */
@inline
export function odd_series(z: v128, p: v128): v128 {
  p = f64x2.add(f64x2.mul(p, z), f64x2.splat(1.0 / 11));
  p = f64x2.add(f64x2.mul(p, z), f64x2.splat(1.0 / 9));
  p = f64x2.add(f64x2.mul(p, z), f64x2.splat(1.0 / 7));
  p = f64x2.add(f64x2.mul(p, z), f64x2.splat(1.0 / 5));
  p = f64x2.add(f64x2.mul(p, z), f64x2.splat(1.0 / 3));
  return f64x2.add(f64x2.mul(p, z), f64x2.splat(1));
}
