// Statistics of a comparison over seeds: Student's t, the bootstrap, Holm's correction, the relative error difference.

import { Generator, scope } from "../core/index";
import { exp, log } from "../core/math";

/** Bounds of an interval. */
export interface Interval {
  low: number;
  high: number;
}

/** Arithmetic mean. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Unbiased standard deviation; 0 for a single value. */
export function standardDeviation(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const center = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - center) * (value - center), 0);
  return Math.sqrt(squares / (values.length - 1));
}

/** The beta function B(a, 1/2) for half of a positive integer a, by B(a + 1, b) = B(a, b) a / (a + b). */
function betaWithHalf(a: number): number {
  let beta = Number.isInteger(a) ? 2 : Math.PI;
  for (let k = Number.isInteger(a) ? 1 : 0.5; k < a; k++) beta *= k / (k + 0.5);
  return beta;
}

/** The continued fraction of the incomplete beta function (DLMF 8.17.22) by Lentz's method. */
function betaFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300;
  const nonZero = (value: number) => (Math.abs(value) < tiny ? tiny : value);
  let d = 1 / nonZero(1 - ((a + b) * x) / (a + 1));
  let c = 1;
  let fraction = d;
  for (let m = 1; m <= 1000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    for (const term of [even, odd]) {
      d = 1 / nonZero(1 + term * d);
      c = nonZero(1 + term / c);
      fraction *= d * c;
    }
    if (Math.abs(d * c - 1) < 1e-16) break;
  }
  return fraction;
}

/** The regularised incomplete beta function I_x(a, b) where one of a, b is 1/2 and the other half a positive integer. */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // The fraction converges fast on this side of the mean only.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const beta = betaWithHalf(a === 0.5 ? b : a);
  return (exp(a * log(x) + b * log(1 - x)) / (a * beta)) * betaFraction(x, a, b);
}

function requireDegrees(name: string, degrees: number): void {
  if (!Number.isInteger(degrees) || degrees < 1) {
    throw new RangeError(`${name}: degrees of freedom must be a positive integer, got ${degrees}`);
  }
}

/** The probability that Student's t with these degrees of freedom is at least |t| away from 0. */
export function studentTwoTailed(t: number, degrees: number): number {
  requireDegrees("studentTwoTailed", degrees);
  const square = t * t;
  // The smaller argument of x and 1 - x keeps its digits.
  if (square < degrees) return 1 - incompleteBeta(square / (degrees + square), 0.5, degrees / 2);
  return incompleteBeta(degrees / (degrees + square), degrees / 2, 0.5);
}

/** The t that Student's t exceeds in magnitude with this probability, in (0, 1): 2.776 for 0.05 and 4 degrees. */
export function studentCritical(probability: number, degrees: number): number {
  requireDegrees("studentCritical", degrees);
  if (!(probability > 0 && probability < 1)) {
    throw new RangeError(`studentCritical: the probability must lie in (0, 1), got ${probability}`);
  }
  let low = 0;
  let high = 1;
  while (studentTwoTailed(high, degrees) > probability) high *= 2;
  // Bisection down to neighbouring float64.
  for (let middle = high / 2; low < middle && middle < high; middle = (low + high) / 2) {
    if (studentTwoTailed(middle, degrees) > probability) low = middle;
    else high = middle;
  }
  return high;
}

/** Student's interval for the mean; null for fewer than two values. @param level default 0.95. */
export function studentInterval(values: readonly number[], level = 0.95): Interval | null {
  if (values.length < 2) return null;
  const center = mean(values);
  const reach =
    (studentCritical(1 - level, values.length - 1) * standardDeviation(values)) / Math.sqrt(values.length);
  return { low: center - reach, high: center + reach };
}

/** The p value of a t-test that the mean of (paired) differences is 0; null for fewer than two. */
export function pairedTest(differences: readonly number[]): number | null {
  if (differences.length < 2) return null;
  const center = mean(differences);
  const deviation = standardDeviation(differences);
  if (deviation === 0) return center === 0 ? 1 : 0;
  return studentTwoTailed((center / deviation) * Math.sqrt(differences.length), differences.length - 1);
}

/**
 * The percentile bootstrap interval for the mean (Efron 1979); null for fewer than two values. The same seed gives the
 * same bounds.
 * @param options.level default 0.95. @param options.resamples default 10,000.
 */
export function bootstrapInterval(
  values: readonly number[],
  options: { seed: number; level?: number; resamples?: number },
): Interval | null {
  const { seed, level = 0.95, resamples = 10_000 } = options;
  const n = values.length;
  if (n < 2) return null;
  const uniform = scope(() => new Generator(seed).uniform([resamples * n]).toFloat32Array());
  const means = Float64Array.from({ length: resamples }, (_, r) => {
    let sum = 0;
    for (let i = r * n; i < (r + 1) * n; i++) sum += values[Math.floor(uniform[i] * n)];
    return sum / n;
  }).sort();
  const at = (share: number) => means[Math.round(share * (resamples - 1))];
  return { low: at((1 - level) / 2), high: at((1 + level) / 2) };
}

/** p values with Holm's correction (1979) for as many tests as there are, in the order given. */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((_, i) => i).sort((a, b) => pValues[a] - pValues[b]);
  const corrected = Array<number>(pValues.length);
  let largest = 0;
  for (const [rank, i] of order.entries()) {
    largest = Math.max(largest, Math.min(1, (pValues.length - rank) * pValues[i]));
    corrected[i] = largest;
  }
  return corrected;
}

/** The relative error difference of paired runs. */
export interface RelativeDifference {
  /** (error - baseline) / baseline of each pair that counts; below 0 favours the first. */
  values: number[];
  /** Pairs left out because the baseline made no error. */
  leftOut: number;
  mean: number | null;
  student: Interval | null;
  bootstrap: Interval | null;
  /** Of a paired t-test that the mean is 0. */
  p: number | null;
  /** Mean error over mean error of the baseline, all pairs; null where the baseline made no error at all. */
  ratio: number | null;
}

/**
 * RED = (error - baseline) / baseline, paired by seed, with its 95% intervals.
 * @param errors of one method. @param baseline of the other, in the same order of seeds.
 * @param seed of the bootstrap.
 */
export function relativeDifference(
  errors: readonly number[],
  baseline: readonly number[],
  seed: number,
): RelativeDifference {
  if (errors.length !== baseline.length) {
    throw new RangeError(
      `relativeDifference: ${errors.length} errors and ${baseline.length} of the baseline`,
    );
  }
  const values = errors.flatMap((error, i) => (baseline[i] > 0 ? [(error - baseline[i]) / baseline[i]] : []));
  const base = mean(baseline);
  return {
    values,
    leftOut: errors.length - values.length,
    mean: values.length > 0 ? mean(values) : null,
    student: studentInterval(values),
    bootstrap: bootstrapInterval(values, { seed }),
    p: pairedTest(values),
    ratio: base > 0 ? mean(errors) / base : null,
  };
}
