// Inverse trigonometric functions, by way of float64: two halvings of the angle bring it where a short series is exact to
// 1e-13, so that float32 results are within 0.51 ulp.
import { high, joined, low, odd_series } from "./halves";
import { map, map_gradient } from "./map";

const PI: f64 = 3.141592653589793;
const SIGN: i64 = 0x8000000000000000;

@inline
function with_sign_of(magnitude: v128, x: v128): v128 {
  return v128.bitselect(x, magnitude, i64x2.splat(SIGN));
}

/** t -> tan(atan(t) / 2) */
@inline
function halve(t: v128): v128 {
  const one = f64x2.splat(1);
  return f64x2.div(t, f64x2.add(one, f64x2.sqrt(f64x2.add(one, f64x2.mul(t, t)))));
}

/** atan of two float64. */
function atan_f64(x: v128): v128 {
  const one = f64x2.splat(1);
  const a = f64x2.abs(x);
  const large = f64x2.gt(a, one);
  const t = halve(halve(v128.bitselect(f64x2.div(one, a), a, large)));
  // t - t^3 / 3 + t^5 / 5 - ... for t <= tan(pi / 16)
  const z = f64x2.neg(f64x2.mul(t, t));
  let p = f64x2.splat(1.0 / 17);
  p = f64x2.add(f64x2.mul(p, z), f64x2.splat(1.0 / 15));
  p = f64x2.add(f64x2.mul(p, z), f64x2.splat(1.0 / 13));
  const angle = f64x2.mul(f64x2.mul(t, f64x2.splat(4)), odd_series(z, p));
  return with_sign_of(v128.bitselect(f64x2.sub(f64x2.splat(PI / 2), angle), angle, large), x);
}

/** asin(x) = atan(x / sqrt(1 - x^2)); NaN outside [-1, 1]. */
@inline
function asin_f64(x: v128): v128 {
  const one = f64x2.splat(1);
  return atan_f64(f64x2.div(x, f64x2.sqrt(f64x2.mul(f64x2.sub(one, x), f64x2.add(one, x)))));
}

@unmanaged class Atan {
  @inline v(x: v128, a: v128, b: v128): v128 { return joined(atan_f64(low(x)), atan_f64(high(x))); }
}
export function atan_f32(out: usize, x: usize, n: i32): void { map<Atan>(1, out, x, n); }
@unmanaged class AtanGrad {
  @inline v(g: v128, x: v128, a: v128, b: v128): v128 {
    return f32x4.div(g, f32x4.add(f32x4.splat(1), f32x4.mul(x, x)));
  }
}
export function atan_grad_f32(out: usize, g: usize, x: usize, n: i32): void {
  map_gradient<AtanGrad>(out, g, x, n);
}

@unmanaged class Asin {
  @inline v(x: v128, a: v128, b: v128): v128 { return joined(asin_f64(low(x)), asin_f64(high(x))); }
}
export function asin_f32(out: usize, x: usize, n: i32): void { map<Asin>(1, out, x, n); }

/** sqrt(1 - x^2) */
@inline
function cosine_of_asin(x: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.sqrt(f32x4.mul(f32x4.sub(one, x), f32x4.add(one, x)));
}

@unmanaged class AsinGrad {
  @inline v(g: v128, x: v128, a: v128, b: v128): v128 { return f32x4.div(g, cosine_of_asin(x)); }
}
export function asin_grad_f32(out: usize, g: usize, x: usize, n: i32): void {
  map_gradient<AsinGrad>(out, g, x, n);
}

@unmanaged class Acos {
  @inline v(x: v128, a: v128, b: v128): v128 {
    const right = f64x2.splat(PI / 2);
    return joined(f64x2.sub(right, asin_f64(low(x))), f64x2.sub(right, asin_f64(high(x))));
  }
}
export function acos_f32(out: usize, x: usize, n: i32): void { map<Acos>(1, out, x, n); }
@unmanaged class AcosGrad {
  @inline v(g: v128, x: v128, a: v128, b: v128): v128 { return f32x4.neg(f32x4.div(g, cosine_of_asin(x))); }
}
export function acos_grad_f32(out: usize, g: usize, x: usize, n: i32): void {
  map_gradient<AcosGrad>(out, g, x, n);
}

/** The angle of the point (x, y), of two float64, as C99 defines it at zeros and infinities. */
function atan2_f64(y: v128, x: v128): v128 {
  const zero = f64x2.splat(0);
  const a = f64x2.abs(y);
  const b = f64x2.abs(x);
  // Of two zeros the angle is 0, of two infinities that of (1, 1).
  const ratio = v128.bitselect(zero, f64x2.div(a, b), f64x2.eq(a, zero));
  const even = v128.and(f64x2.eq(a, b), f64x2.eq(a, f64x2.splat(Infinity)));
  const angle = atan_f64(v128.bitselect(f64x2.splat(1), ratio, even));
  const left = i64x2.shr_s(x, 63);
  const turned = v128.bitselect(f64x2.sub(f64x2.splat(PI), angle), angle, left);
  const nan = v128.or(f64x2.ne(x, x), f64x2.ne(y, y));
  return v128.or(with_sign_of(turned, y), nan);
}

/** The angle of the point (x, y) in [-pi, pi], four at a time. */
@inline
export function atan2(y: v128, x: v128): v128 {
  return joined(atan2_f64(low(y), low(x)), atan2_f64(high(y), high(x)));
}
