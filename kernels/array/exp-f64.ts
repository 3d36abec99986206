// exp and expm1 of two float64, to a few units in the last place: both are made of 2^k and expm1(r), where
// x = k log 2 + r and |r| <= log(2) / 2.

const LOG2_E: f64 = 1.4426950408889634;
/** log(2) in two parts: the first has few enough bits for an exact product with a small integer. */
const LOG_2_HIGH: f64 = 6.93147180369123816490e-1;
const LOG_2_LOW: f64 = 1.90821492927058770002e-10;
/** Beyond it exp leaves the normal float64 numbers. */
const EXPONENT_LIMIT: f64 = 708;

@inline function clamp_exponent(x: v128): v128 {
  return f64x2.pmax(f64x2.pmin(x, f64x2.splat(EXPONENT_LIMIT)), f64x2.splat(-EXPONENT_LIMIT));
}

@inline function whole_exponent(x: v128): v128 {
  return f64x2.nearest(f64x2.mul(x, f64x2.splat(LOG2_E)));
}

@inline function power_of2(k: v128): v128 {
  // Adding 1.5 * 2^52 leaves the integer in the low bits of the mantissa.
  const bits = f64x2.add(k, f64x2.splat(6755399441055744 + 1023));
  return i64x2.shl(bits, 52);
}

@inline function horner(sum: v128, r: v128, coefficient: f64): v128 {
  return f64x2.add(f64x2.mul(sum, r), f64x2.splat(coefficient));
}

/** expm1(x - k log 2) by its Taylor series, the error below 1e-17. */
@inline function expm1OfRest(x: v128, k: v128): v128 {
  const high = f64x2.sub(x, f64x2.mul(k, f64x2.splat(LOG_2_HIGH)));
  const r = f64x2.sub(high, f64x2.mul(k, f64x2.splat(LOG_2_LOW)));
  let sum = f64x2.splat(1.0 / 6227020800);
  sum = horner(sum, r, 1.0 / 479001600);
  sum = horner(sum, r, 1.0 / 39916800);
  sum = horner(sum, r, 1.0 / 3628800);
  sum = horner(sum, r, 1.0 / 362880);
  sum = horner(sum, r, 1.0 / 40320);
  sum = horner(sum, r, 1.0 / 5040);
  sum = horner(sum, r, 1.0 / 720);
  sum = horner(sum, r, 1.0 / 120);
  sum = horner(sum, r, 1.0 / 24);
  sum = horner(sum, r, 1.0 / 6);
  sum = horner(sum, r, 0.5);
  return f64x2.add(r, f64x2.mul(f64x2.mul(r, r), sum));
}

@inline export function exp(x: v128): v128 {
  const y = clamp_exponent(x);
  const k = whole_exponent(y);
  const scale = power_of2(k);
  return f64x2.add(scale, f64x2.mul(scale, expm1OfRest(y, k)));
}

@inline export function expm1(x: v128): v128 {
  const y = clamp_exponent(x);
  const k = whole_exponent(y);
  const scale = power_of2(k);
  return f64x2.add(f64x2.sub(scale, f64x2.splat(1)), f64x2.mul(scale, expm1OfRest(y, k)));
}
