// Elementary functions of four float32 at a time. The polynomials were fitted by scripts/fit-minimax.mjs;
// the argument reductions are the classical ones (Cody and Waite, "Software Manual for the Elementary
// Functions", 1980; Payne and Hanek, 1983). NaN gives NaN; infinite, zero and denormal arguments and results
// are right. The largest errors in ulp, of every 97th float32 against float64: exp 1.01, log 0.80, log1p
// 1.53, sin 2.01, cos 1.99, tanh 2.49, sigmoid 2.28, erf 1.23.
import { madd } from "./simd";

// Constants are loaded from memory: V8 assembles a v128 constant from immediates at every use, which makes
// exp take 1.6 times as long. Polynomials stand with their highest coefficient first.
@inline
function at(constant: usize): v128 {
  return v128.load32_splat(constant);
}

const ONE = memory.data<f32>([1]);
const TWO = memory.data<f32>([2]);
const MINUS_HALF = memory.data<f32>([-0.5]);
const INFINITY = memory.data<f32>([Infinity]);
const MAGNITUDE = memory.data<i32>([0x7fffffff]);

/** The magnitude of one argument with the sign of the other. */
@inline
export function copysign(magnitude: v128, sign: v128): v128 {
  return v128.bitselect(magnitude, sign, at(MAGNITUDE));
}

// Adding 1.5 * 2^23 rounds to an integer, which then stands in the low bits of the float.
const ROUND = memory.data<f32>([12582912]);
const LOG2_E = memory.data<f32>([1.44269502]);
// ln 2 in two parts; products of the first with exponents are exact.
const LN2_HIGH = memory.data<f32>([0.693145752]);
const LN2_LOW = memory.data<f32>([1.42860677e-6]);
const MINUS_LN2_HIGH = memory.data<f32>([-0.693145752]);
const MINUS_LN2_LOW = memory.data<f32>([-1.42860677e-6]);
const EXP_LARGEST = memory.data<f32>([89]); // e^89 is infinite,
const EXP_SMALLEST = memory.data<f32>([-104]); // e^-104 zero,
const EXPM1_SMALLEST = memory.data<f32>([-18]); // e^-18 - 1 = -1 in float32
const EXPM1 = memory.data<f32>([0.00138825213, 0.00836652238, 0.0416672006, 0.166665435, 0.49999997]);

/** expm1(r) for |r| <= ln(2) / 2. */
@inline
function expm1Reduced(r: v128): v128 {
  let p = at(EXPM1);
  p = madd(p, r, at(EXPM1 + 4));
  p = madd(p, r, at(EXPM1 + 8));
  p = madd(p, r, at(EXPM1 + 12));
  p = madd(p, r, at(EXPM1 + 16));
  return madd(f32x4.mul(r, r), p, r);
}

/** x - n ln 2 */
@inline
function subtract_ln2(x: v128, n: v128): v128 {
  return madd(n, at(MINUS_LN2_LOW), madd(n, at(MINUS_LN2_HIGH), x));
}

/** e^x */
@inline
export function exp(x: v128): v128 {
  const bounded = f32x4.pmax(f32x4.pmin(x, at(EXP_LARGEST)), at(EXP_SMALLEST));
  const rounded = madd(bounded, at(LOG2_E), at(ROUND));
  const n = i32x4.sub(rounded, at(ROUND));
  const r = subtract_ln2(bounded, f32x4.sub(rounded, at(ROUND)));
  const one = at(ONE);
  const y = f32x4.add(expm1Reduced(r), one);
  // 2^n in two factors: n goes beyond the exponents of normal numbers on both sides.
  const half = i32x4.shr_s(n, 1);
  const low = i32x4.add(i32x4.shl(half, 23), one);
  const high = i32x4.add(i32x4.shl(i32x4.sub(n, half), 23), one);
  return f32x4.mul(f32x4.mul(y, low), high);
}

/** e^x - 1 for x <= 0. */
@inline
export function expm1Negative(x: v128): v128 {
  const bounded = f32x4.pmax(x, at(EXPM1_SMALLEST));
  const rounded = madd(bounded, at(LOG2_E), at(ROUND));
  const n = i32x4.sub(rounded, at(ROUND));
  const r = subtract_ln2(bounded, f32x4.sub(rounded, at(ROUND)));
  const one = at(ONE);
  const scale = i32x4.add(i32x4.shl(n, 23), one);
  return madd(expm1Reduced(r), scale, f32x4.sub(scale, one));
}

/** 1 / (1 + e^-x) */
@inline
export function sigmoid(x: v128): v128 {
  const one = at(ONE);
  const e = exp(f32x4.neg(f32x4.abs(x)));
  return f32x4.div(v128.bitselect(one, e, f32x4.ge(x, f32x4.splat(0))), f32x4.add(one, e));
}

/** Hyperbolic tangent: -e / (2 + e) with e = expm1(-2 |x|), which cancels nowhere. */
@inline
export function tanh(x: v128): v128 {
  const a = f32x4.abs(x);
  const e = expm1Negative(f32x4.neg(f32x4.add(a, a)));
  return copysign(f32x4.div(e, f32x4.add(e, at(TWO))), x);
}

const TWO_THIRDS = memory.data<f32>([0.6666667]);
const SMALLEST_NORMAL = memory.data<f32>([1.17549435e-38]);
const DENORMAL_EXPONENT = memory.data<f32>([23]);
const DENORMAL_SCALE = memory.data<f32>([8388608]); // 2^23
const LOG = memory.data<f32>([
  -0.12891686, 0.139844373, -0.121842608, 0.140058696, -0.16680488, 0.200104058, -0.249997973, 0.333332151,
]);

/** The exponent e for which x = 2^e m with m from [2/3, 4/3). */
@inline
function log_exponent(x: v128): v128 {
  return i32x4.shr_s(i32x4.sub(x, at(TWO_THIRDS)), 23);
}

/** log(1 + f) + e ln 2 for -1/3 <= f <= 1/3. */
@inline
function log_reduced(f: v128, e: v128): v128 {
  let p = at(LOG);
  p = madd(p, f, at(LOG + 4));
  p = madd(p, f, at(LOG + 8));
  p = madd(p, f, at(LOG + 12));
  p = madd(p, f, at(LOG + 16));
  p = madd(p, f, at(LOG + 20));
  p = madd(p, f, at(LOG + 24));
  p = madd(p, f, at(LOG + 28));
  const square = f32x4.mul(f, f);
  let y = madd(e, at(LN2_LOW), f32x4.mul(f32x4.mul(square, f), p));
  y = madd(square, at(MINUS_HALF), y);
  return madd(e, at(LN2_HIGH), f32x4.add(f, y));
}

/** The result y of a logarithm whose argument reaches its pole where u = 0. */
@inline
function log_special(y: v128, u: v128): v128 {
  const zero = f32x4.splat(0);
  const infinity = at(INFINITY);
  y = v128.bitselect(y, u, f32x4.lt(u, infinity));
  y = v128.bitselect(f32x4.neg(infinity), y, f32x4.eq(u, zero));
  return v128.or(y, f32x4.lt(u, zero));
}

/** Natural logarithm. */
@inline
export function log(x: v128): v128 {
  const denormal = f32x4.lt(x, at(SMALLEST_NORMAL));
  const normal = v128.bitselect(f32x4.mul(x, at(DENORMAL_SCALE)), x, denormal);
  const e = log_exponent(normal);
  const f = f32x4.sub(i32x4.sub(normal, i32x4.shl(e, 23)), at(ONE));
  const exponent = f32x4.sub(f32x4.convert_i32x4_s(e), v128.and(denormal, at(DENORMAL_EXPONENT)));
  return log_special(log_reduced(f, exponent), x);
}

/** log(1 + x) */
@inline
export function log1p(x: v128): v128 {
  const one = at(ONE);
  // 1 + x = u + c exactly (Knuth's two-sum).
  const u = f32x4.add(one, x);
  const part = f32x4.sub(u, one);
  const c = f32x4.add(f32x4.sub(one, f32x4.sub(u, part)), f32x4.sub(x, part));
  const e = log_exponent(u);
  const scaled = i32x4.shl(e, 23);
  const inverse = i32x4.max_s(i32x4.sub(one, scaled), i32x4.splat(0));
  const f = f32x4.add(f32x4.sub(i32x4.sub(u, scaled), one), f32x4.mul(c, inverse));
  const y = log_special(log_reduced(f, f32x4.convert_i32x4_s(e)), u);
  return v128.bitselect(x, y, f32x4.eq(x, f32x4.splat(0)));
}

const SIN = memory.data<f32>([-0.000195152825, 0.0083321603, -0.166666552]);
const COS = memory.data<f32>([0.0000244331568, -0.00138873165, 0.0416666456]);

/** sin(r + n pi/2) for |r| <= pi/4 and integers n. */
@inline
export function sin_quadrant(r: v128, n: v128): v128 {
  const z = f32x4.mul(r, r);
  const one = at(ONE);
  let s = at(SIN);
  s = madd(s, z, at(SIN + 4));
  s = madd(s, z, at(SIN + 8));
  s = f32x4.mul(r, madd(s, z, one));
  let c = at(COS);
  c = madd(c, z, at(COS + 4));
  c = madd(c, z, at(COS + 8));
  c = madd(f32x4.mul(z, z), c, madd(z, at(MINUS_HALF), one));
  const odd = i32x4.shr_s(i32x4.shl(n, 31), 31);
  const negative = i32x4.shl(i32x4.shr_u(n, 1), 31);
  return v128.xor(v128.bitselect(c, s, odd), negative);
}

const TWO_OVER_PI: f64 = 0.6366197723675814;
const ROUND_F64: f64 = 6755399441055744.0; // 1.5 * 2^52
// pi/2 in two parts; products of the first, of 25 bits, with the integers that occur are exact.
const HALF_PI_HIGH: f64 = 1.5707963109016418;
const HALF_PI_LOW: f64 = 1.5893254773528196e-8;

/** Two angles in quarter turns, rounded: plus 1.5 * 2^52, so that the integers stand in the low bits. */
@inline
function rounded_quarters(x: v128): v128 {
  return f64x2.add(f64x2.mul(x, f64x2.splat(TWO_OVER_PI)), f64x2.splat(ROUND_F64));
}

/** What is left of two angles, as float32. */
@inline
function subtract_quarters(x: v128, rounded: v128): v128 {
  const n = f64x2.sub(rounded, f64x2.splat(ROUND_F64));
  const high = f64x2.sub(x, f64x2.mul(n, f64x2.splat(HALF_PI_HIGH)));
  return f32x4.demote_f64x2_zero(f64x2.sub(high, f64x2.mul(n, f64x2.splat(HALF_PI_LOW))));
}

/** From here on sine and cosine reduce their argument by integer arithmetic, one at a time. */
const LARGE_ANGLE: f32 = 33554432; // 2^25

/** 2 / pi as a binary fraction of 256 bits. */
const TWO_OVER_PI_BITS = memory.data<u64>([
  0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041, 0xfe5163abdebbc561,
]);

/** 64 bits of 2/pi from a place within its word on. */
@inline
function fraction_bits(word: i32, shift: i32): u64 {
  const at = TWO_OVER_PI_BITS + (<usize>word << 3);
  return (load<u64>(at) << shift) | ((load<u64>(at, 8) >> 1) >> (63 - shift));
}

/** sin(x + n pi/2) for finite |x| >= 2^25. With x = m 2^e only the bits of 2/pi from weight 2^(1-e) down
 *  matter (those above give whole turns), and 96 of them decide every float32. */
function sin_large(x: f32, n: i32): f32 {
  const bits = reinterpret<i32>(x);
  const mantissa = <u64>((bits & 0x7fffff) | 0x800000);
  const skip = ((bits >>> 23) & 0xff) - 152;
  const high = fraction_bits(skip >> 6, skip & 63);
  const low = fraction_bits((skip >> 6) + 1, skip & 63) >> 32;
  // The angle in units of 2^-64 turns.
  let turn = <i64>(mantissa * high + ((mantissa * low) >> 32));
  if (bits < 0) turn = -turn;
  const quadrant = <i32>((turn + (<i64>1 << 61)) >> 62);
  const r = <f64>(turn - (<i64>quadrant << 62)) * 3.4061215800865545e-19; // 2 pi / 2^64
  return f32x4.extract_lane(sin_quadrant(f32x4.splat(<f32>r), i32x4.splat(quadrant + n)), 0);
}

@inline
function is_large(x: f32): bool {
  return abs(x) >= LARGE_ANGLE && abs(x) < Infinity;
}

function replace_large(y: v128, x: v128, n: i32): v128 {
  const x0 = f32x4.extract_lane(x, 0);
  const x1 = f32x4.extract_lane(x, 1);
  const x2 = f32x4.extract_lane(x, 2);
  const x3 = f32x4.extract_lane(x, 3);
  if (is_large(x0)) y = f32x4.replace_lane(y, 0, sin_large(x0, n));
  if (is_large(x1)) y = f32x4.replace_lane(y, 1, sin_large(x1, n));
  if (is_large(x2)) y = f32x4.replace_lane(y, 2, sin_large(x2, n));
  if (is_large(x3)) y = f32x4.replace_lane(y, 3, sin_large(x3, n));
  return y;
}

/** sin(x + n pi/2): reduced in float64 for |x| < 2^25, exactly beyond. */
@inline
function sin_shifted(x: v128, n: i32): v128 {
  const low = f64x2.promote_low_f32x4(x);
  const high = f64x2.promote_low_f32x4(v128.shuffle<i64>(x, x, 1, 0));
  const low_rounded = rounded_quarters(low);
  const high_rounded = rounded_quarters(high);
  const r = v128.shuffle<i64>(subtract_quarters(low, low_rounded), subtract_quarters(high, high_rounded), 0, 2);
  const quadrant = v128.shuffle<i32>(low_rounded, high_rounded, 0, 2, 4, 6);
  const y = sin_quadrant(r, i32x4.add(quadrant, i32x4.splat(n)));
  return v128.any_true(f32x4.ge(f32x4.abs(x), f32x4.splat(LARGE_ANGLE))) ? replace_large(y, x, n) : y;
}

/** Sine of x in radians, however large. */
@inline
export function sin(x: v128): v128 {
  return sin_shifted(x, 0);
}

/** Cosine of x in radians, however large. */
@inline
export function cos(x: v128): v128 {
  return sin_shifted(x, 1);
}

const ERF_LARGEST = memory.data<f32>([4]); // erf(4) = 1 in float32
const ERF = memory.data<f32>([
  0.0000785386146, -0.000801019371, 0.00518832775, -0.0268538129, 0.112835854, -0.37612626, 0.128379166,
]);
const LOG_ERFC = memory.data<f32>([
  -0.0000209920454, 0.000432798144, -0.00416066218, 0.025085818, -0.108218446, -0.633411705, -1.12947857,
  0.000166217476,
]);

/** The error function: odd polynomial for |x| < 1, 1 - exp(polynomial) beyond. */
@inline
export function erf(x: v128): v128 {
  const a = f32x4.pmin(f32x4.abs(x), at(ERF_LARGEST));
  const z = f32x4.mul(x, x);
  let small = at(ERF);
  small = madd(small, z, at(ERF + 4));
  small = madd(small, z, at(ERF + 8));
  small = madd(small, z, at(ERF + 12));
  small = madd(small, z, at(ERF + 16));
  small = madd(small, z, at(ERF + 20));
  small = madd(small, z, at(ERF + 24));
  small = madd(small, x, x);
  let log_erfc = at(LOG_ERFC);
  log_erfc = madd(log_erfc, a, at(LOG_ERFC + 4));
  log_erfc = madd(log_erfc, a, at(LOG_ERFC + 8));
  log_erfc = madd(log_erfc, a, at(LOG_ERFC + 12));
  log_erfc = madd(log_erfc, a, at(LOG_ERFC + 16));
  log_erfc = madd(log_erfc, a, at(LOG_ERFC + 20));
  log_erfc = madd(log_erfc, a, at(LOG_ERFC + 24));
  log_erfc = madd(log_erfc, a, at(LOG_ERFC + 28));
  const large = copysign(f32x4.sub(at(ONE), exp(log_erfc)), x);
  return v128.bitselect(small, large, f32x4.lt(a, at(ONE)));
}
