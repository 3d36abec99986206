// Powers with a common exponent, by way of float64: what exp(p log(x)) loses there is less than float32
// shows.
import { high, joined, low, odd_series } from "./halves";
import { copysign } from "./math";
import { map, map_gradient } from "./map";
import { reciprocal_f32, sqrt_f32, square_f32, square_grad_f32 } from "./unary";

const ROUND: f64 = 6755399441055744; // 1.5 * 2^52: adding it rounds to an integer in the low bits

const TWO_52: f64 = 4503599627370496;
const LN2: f64 = 0.6931471805599453;
const SQRT_HALF_BITS: i64 = 0x3fe6a09e667f3bcd;
const ONE_BITS: i64 = 0x3ff0000000000000;

/** Natural logarithm of two float64 that came from float32 >= 0; relative error below 1e-11. */
@inline
function log_f64(x: v128): v128 {
  const one = f64x2.splat(1);
  // The biased exponent of x / sqrt(1/2); OR-ed into 2^52 it becomes a float64.
  const e = i64x2.shr_u(i64x2.add(x, i64x2.splat(ONE_BITS - SQRT_HALF_BITS)), 52);
  const exponent = f64x2.sub(v128.or(e, f64x2.splat(TWO_52)), f64x2.splat(TWO_52 + 1023));
  const mantissa = i64x2.add(i64x2.sub(x, i64x2.shl(e, 52)), i64x2.splat(ONE_BITS));
  // log(m) = 2 atanh(s)
  const s = f64x2.div(f64x2.sub(mantissa, one), f64x2.add(mantissa, one));
  const z = f64x2.mul(s, s);
  const p = odd_series(z, f64x2.splat(1.0 / 13));
  const y = f64x2.add(f64x2.mul(f64x2.add(s, s), p), f64x2.mul(exponent, f64x2.splat(LN2)));
  // Zero, infinity and NaN.
  const finite = v128.bitselect(y, x, f64x2.lt(x, f64x2.splat(Infinity)));
  return v128.bitselect(f64x2.splat(-Infinity), finite, f64x2.eq(x, f64x2.splat(0)));
}

/** e^x of two float64 for results in the range of float32; relative error below 1e-10. */
@inline
function exp_f64(x: v128): v128 {
  const bounded = f64x2.pmax(f64x2.pmin(x, f64x2.splat(89)), f64x2.splat(-105));
  const rounded = f64x2.add(f64x2.mul(bounded, f64x2.splat(1 / LN2)), f64x2.splat(ROUND));
  const r = f64x2.sub(bounded, f64x2.mul(f64x2.sub(rounded, f64x2.splat(ROUND)), f64x2.splat(LN2)));
  let p = f64x2.splat(1.0 / 362880);
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(1.0 / 40320));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(1.0 / 5040));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(1.0 / 720));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(1.0 / 120));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(1.0 / 24));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(1.0 / 6));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(0.5));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(1));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(1));
  // Shifted by 52 only the integer of the rounded sum is left: it is added to the exponent.
  return i64x2.add(p, i64x2.shl(rounded, 52));
}

// To this power every float32 but 1 and -1 is already 0 or infinite; an infinite one times log(1) would be
// NaN.
const LARGEST_EXPONENT: f32 = 1e30;

/** |x|^p */
function pow_abs(x: v128, p: v128): v128 {
  const a = f32x4.abs(x);
  return joined(exp_f64(f64x2.mul(low(p), log_f64(low(a)))), exp_f64(f64x2.mul(high(p), log_f64(high(a)))));
}

/** x^p for p that is no integer: NaN for finite x < 0. */
function pow_real(x: v128, p: v128): v128 {
  const zero = f32x4.splat(0);
  const invalid = v128.and(f32x4.lt(x, zero), f32x4.gt(x, f32x4.splat(-Infinity)));
  return v128.or(pow_abs(x, p), invalid);
}

@inline
function is_integer(p: f32): bool {
  return p == floor(p);
}

@unmanaged class Copy { @inline v(x: v128, p: v128, b: v128): v128 { return x; } }
@unmanaged class Cube {
  @inline v(x: v128, p: v128, b: v128): v128 { return f32x4.mul(f32x4.mul(x, x), x); }
}
@unmanaged class Even { @inline v(x: v128, p: v128, b: v128): v128 { return pow_abs(x, p); } }
@unmanaged class Odd { @inline v(x: v128, p: v128, b: v128): v128 { return copysign(pow_abs(x, p), x); } }
@unmanaged class Real {
  @inline v(x: v128, p: v128, b: v128): v128 {
    const one = f32x4.splat(1);
    return v128.bitselect(one, pow_real(x, p), f32x4.eq(x, one));
  }
}

function fill(out: usize, n: i32, value: f32): void {
  const end = out + (<usize>n << 2);
  const v = f32x4.splat(value);
  for (const last = end - (<usize>(n & 3) << 2); out != last; out += 16) v128.store(out, v);
  for (; out != end; out += 4) store<f32>(out, value);
}

/** x^p as C99 defines it. Exponents 0, 1, 2, 3, -1 take products or a division, 0.5 the
 *  square root (of -Infinity too: NaN); all others are within 0.51 ulp. */
export function pow_scalar_f32(out: usize, x: usize, n: i32, p: f32): void {
  if (p == 0) return fill(out, n, 1);
  if (p == 1) return map<Copy>(4, out, x, n);
  if (p == 2) return square_f32(out, x, n);
  if (p == 3) return map<Cube>(4, out, x, n);
  if (p == -1) return reciprocal_f32(out, x, n);
  if (p == 0.5) return sqrt_f32(out, x, n);
  const bounded = min(max(p, -LARGEST_EXPONENT), LARGEST_EXPONENT);
  if (!is_integer(bounded)) map<Real>(1, out, x, n, bounded);
  else if (is_integer(bounded * 0.5)) map<Even>(1, out, x, n, bounded);
  else map<Odd>(1, out, x, n, bounded);
}

@inline
function scaled(g: v128, p: v128, power: v128): v128 {
  return f32x4.mul(g, f32x4.mul(p, power));
}

@unmanaged class CubeGrad {
  @inline v(g: v128, x: v128, p: v128, q: v128): v128 { return scaled(g, p, f32x4.mul(x, x)); }
}
@unmanaged class EvenGrad {
  @inline v(g: v128, x: v128, p: v128, q: v128): v128 { return scaled(g, p, pow_abs(x, q)); }
}
@unmanaged class OddGrad {
  @inline v(g: v128, x: v128, p: v128, q: v128): v128 { return scaled(g, p, copysign(pow_abs(x, q), x)); }
}
@unmanaged class RealGrad {
  @inline v(g: v128, x: v128, p: v128, q: v128): v128 { return scaled(g, p, pow_real(x, q)); }
}

/** g * p x^(p-1) with the saved x; 0 for p = 0. */
export function pow_scalar_grad_f32(out: usize, g: usize, x: usize, n: i32, p: f32): void {
  if (p == 0) return fill(out, n, 0);
  if (p == 1) return map<Copy>(4, out, g, n);
  if (p == 2) return square_grad_f32(out, g, x, n);
  if (p == 3) return map_gradient<CubeGrad>(out, g, x, n, p);
  const q = min(max(p - 1, -LARGEST_EXPONENT), LARGEST_EXPONENT);
  if (!is_integer(q)) map_gradient<RealGrad>(out, g, x, n, p, q);
  else if (is_integer(q * 0.5)) map_gradient<EvenGrad>(out, g, x, n, p, q);
  else map_gradient<OddGrad>(out, g, x, n, p, q);
}

function pow_each(x: v128, p: v128): v128 {
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  const largest = f32x4.splat(LARGEST_EXPONENT);
  const bounded = f32x4.pmax(f32x4.pmin(p, largest), f32x4.neg(largest));
  const magnitude = pow_abs(x, bounded);
  const integer = f32x4.eq(bounded, f32x4.floor(bounded));
  const half = f32x4.mul(bounded, f32x4.splat(0.5));
  const odd = v128.andnot(integer, f32x4.eq(half, f32x4.floor(half)));
  const signed = v128.bitselect(copysign(magnitude, x), magnitude, odd);
  const negative = v128.and(f32x4.lt(x, zero), f32x4.gt(x, f32x4.splat(-Infinity)));
  const nan = v128.or(v128.or(f32x4.ne(x, x), f32x4.ne(p, p)), v128.andnot(negative, integer));
  const certain = v128.or(f32x4.eq(p, zero), f32x4.eq(x, one));
  return v128.bitselect(one, v128.or(signed, nan), certain);
}

/** x^p as C99 defines it, each x with its own p. A call, since its body would stand in every loop of its kernel. */
@inline
export function pow(x: v128, p: v128): v128 {
  return pow_each(x, p);
}

/** log(x) * factor by way of float64, exact where the result is a short number; NaN of what is below 0. */
@inline
function log_scaled(x: v128, factor: f64): v128 {
  const f = f64x2.splat(factor);
  const y = joined(f64x2.mul(log_f64(low(x)), f), f64x2.mul(log_f64(high(x)), f));
  return v128.or(y, v128.or(f32x4.lt(x, f32x4.splat(0)), f32x4.ne(x, x)));
}

@inline
function exp2(x: v128): v128 {
  const ln2 = f64x2.splat(LN2);
  const y = joined(exp_f64(f64x2.mul(low(x), ln2)), exp_f64(f64x2.mul(high(x), ln2)));
  return v128.bitselect(x, y, f32x4.ne(x, x));
}

const LN10: f64 = 2.302585092994046;

@unmanaged class Log2 { @inline v(x: v128, a: v128, b: v128): v128 { return log_scaled(x, 1 / LN2); } }
export function log2_f32(out: usize, x: usize, n: i32): void { map<Log2>(1, out, x, n); }
@unmanaged class Log10 { @inline v(x: v128, a: v128, b: v128): v128 { return log_scaled(x, 1 / LN10); } }
export function log10_f32(out: usize, x: usize, n: i32): void { map<Log10>(1, out, x, n); }
@unmanaged class LogGrad {
  @inline v(g: v128, x: v128, a: v128, b: v128): v128 { return f32x4.div(g, f32x4.mul(x, a)); }
}
export function log2_grad_f32(out: usize, g: usize, x: usize, n: i32): void {
  map_gradient<LogGrad>(out, g, x, n, <f32>LN2);
}
export function log10_grad_f32(out: usize, g: usize, x: usize, n: i32): void {
  map_gradient<LogGrad>(out, g, x, n, <f32>LN10);
}
@unmanaged class Exp2 { @inline v(x: v128, a: v128, b: v128): v128 { return exp2(x); } }
export function exp2_f32(out: usize, x: usize, n: i32): void { map<Exp2>(1, out, x, n); }
@unmanaged class Exp2Grad {
  @inline v(g: v128, y: v128, a: v128, b: v128): v128 { return f32x4.mul(g, f32x4.mul(y, a)); }
}
export function exp2_grad_f32(out: usize, g: usize, y: usize, n: i32): void {
  map_gradient<Exp2Grad>(out, g, y, n, <f32>LN2);
}
