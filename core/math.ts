// Elementary functions of one float64, for schedules, bias corrections, data generators and the like. Engines round
// Math.exp and its kin differently; these are sums, products and quotients only, which IEEE 754 rounds the same
// everywhere. Relative errors are below 1e-15 unless stated. Reductions and log(1 + f) = f - s (f - R), s = f / (2 + f)
// as in fdlibm (Sun Microsystems, 1993); the series are Taylor's.

// ln 2 and pi / 2 in parts; products of all but the last with the integers that occur are exact.
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
const TWO_OVER_PI = 0.6366197723675814;
const HALF_PI = [1.5707963267341256, 6.077100506303966e-11, 2.0222662487959506e-21];
/** Largest argument of sine and cosine: 2^20 quarter turns. */
const LARGEST_ANGLE = 1647099;

const bits = new BigUint64Array(1);
const float = new Float64Array(bits.buffer);

function powerOfTwo(n: number): number {
  bits[0] = BigInt(n + 1023) << 52n;
  return float[0];
}

/** c[0] + c[1] t + c[2] t^2 + ... */
function polynomial(c: readonly number[], t: number): number {
  let sum = 0;
  for (let k = c.length - 1; k >= 0; k--) sum = sum * t + c[k];
  return sum;
}
function factorial(n: number): number {
  return n < 2 ? 1 : n * factorial(n - 1);
}
const series = (terms: number, coefficient: (k: number) => number) =>
  Array.from({ length: terms }, (_, k) => coefficient(k));
const alternating = (k: number) => (k % 2 === 0 ? 1 : -1);
/** (e^r - 1 - r) / r^2 */
const EXPM1 = series(13, (k) => 1 / factorial(k + 2));
/** (2 atanh(s) / s - 2) / s^2 as a function of s^2 */
const ATANH = series(11, (k) => 2 / (2 * k + 3));
/** (sin(r) - r) / r^3 and (cos(r) - 1 + r^2 / 2) / r^4 as functions of r^2 */
const SIN = series(8, (k) => -alternating(k) / factorial(2 * k + 3));
const COS = series(8, (k) => alternating(k) / factorial(2 * k + 4));

/** expm1(x - n ln 2) for the nearest integer n. */
function expm1Reduced(x: number, n: number): number {
  const high = x - n * LN2_HIGH;
  const low = n * LN2_LOW;
  const r = high - low;
  return r + (r * r * polynomial(EXPM1, r) + (high - r - low));
}

/** e^x */
export function exp(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > 709.8) return Number.POSITIVE_INFINITY;
  if (x < -745.2) return 0;
  const n = Math.round(x * Math.LOG2E);
  // 2^n in two factors: n goes beyond the exponents of normal numbers on both sides.
  const half = n >> 1;
  return (1 + expm1Reduced(x, n)) * powerOfTwo(half) * powerOfTwo(n - half);
}

/** Natural logarithm; -Infinity of 0, NaN below. */
export function log(x: number): number {
  if (!(x > 0)) return x === 0 ? Number.NEGATIVE_INFINITY : Number.NaN;
  if (x === Number.POSITIVE_INFINITY) return x;
  const denormal = x < 2.2250738585072014e-308;
  float[0] = denormal ? x * 18014398509481984 : x; // 2^54
  let e = Number(bits[0] >> 52n) - (denormal ? 1077 : 1023);
  bits[0] = (bits[0] & 0xfffffffffffffn) | 0x3ff0000000000000n;
  let m = float[0];
  if (m > Math.SQRT2) {
    m /= 2;
    e++;
  }
  const f = m - 1;
  const s = f / (2 + f);
  const z = s * s;
  return e * LN2_HIGH - (s * (f - z * polynomial(ATANH, z)) - e * LN2_LOW - f);
}

/** log(1 + x), accurate for small x too. */
export function log1p(x: number): number {
  const u = 1 + x;
  if (u === 1 || x === Number.POSITIVE_INFINITY) return x;
  if (u === 0) return Number.NEGATIVE_INFINITY;
  const lost = Math.abs(x) < 1 ? x - (u - 1) : 1 - (u - x);
  return log(u) + lost / u;
}

/** Hyperbolic tangent. */
export function tanh(x: number): number {
  const a = Math.abs(x);
  if (Number.isNaN(x) || a === 0) return x;
  const n = Math.round(-2 * Math.min(a, 20) * Math.LOG2E);
  const scale = powerOfTwo(n);
  const e = scale * expm1Reduced(-2 * Math.min(a, 20), n) + (scale - 1);
  return x < 0 ? e / (2 + e) : -e / (2 + e);
}

/** sin(x + quarters * pi / 2) */
function sinShifted(x: number, quarters: number, name: string): number {
  if (!Number.isFinite(x)) return Number.NaN;
  if (Math.abs(x) > LARGEST_ANGLE) {
    throw new RangeError(`${name}: got ${x}, expected at most ${LARGEST_ANGLE} in magnitude`);
  }
  const n = Math.round(x * TWO_OVER_PI);
  const r = x - n * HALF_PI[0] - n * HALF_PI[1] - n * HALF_PI[2];
  const z = r * r;
  const quadrant = (n + quarters) & 3;
  const y = quadrant & 1 ? 1 - (z / 2 - z * z * polynomial(COS, z)) : r + r * z * polynomial(SIN, z);
  return quadrant & 2 ? -y : y;
}

/**
 * Sine of an angle in radians.
 * @throws RangeError beyond 1647099 (2^20 quarter turns) in magnitude, where the reduction would lose digits.
 */
export function sin(x: number): number {
  return sinShifted(x, 0, "sin");
}

/**
 * Cosine of an angle in radians.
 * @throws RangeError beyond 1647099 (2^20 quarter turns) in magnitude, where the reduction would lose digits.
 */
export function cos(x: number): number {
  return sinShifted(x, 1, "cos");
}

/** Integer exponents up to this one are products. */
const LARGEST_PRODUCT = 32;

/**
 * x to the power y, NaN for x < 0 with fractional y. Products (by squaring) for integer |y| <= 32, exp(y log x) beyond;
 * there the relative error is about |y log x| * 2e-16.
 */
export function pow(x: number, y: number): number {
  if (Number.isInteger(y) && Math.abs(y) <= LARGEST_PRODUCT) {
    let product = 1;
    for (let n = Math.abs(y), square = x; n > 0; n >>= 1, square *= square) if (n & 1) product *= square;
    return y < 0 ? 1 / product : product;
  }
  if (x >= 0) return exp(y * log(x));
  if (!Number.isInteger(y)) return Number.NaN;
  return (y % 2 === 0 ? 1 : -1) * exp(y * log(-x));
}
