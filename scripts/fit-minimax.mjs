// Fits the polynomials of kernels/array/math.ts by the Remez exchange algorithm and prints them as float32 with their errors.
// Usage: node scripts/fit-minimax.mjs. The error is weighted so that it is relative to the function the polynomial serves;
// "in float32" is the same error after the coefficients were rounded.

/** Sum of coefficient(k) * t^k until it no longer changes. */
function series(coefficient, t) {
  let sum = 0;
  for (let k = 0, power = 1; k < 200; k++, power *= t) sum += coefficient(k) * power;
  return sum;
}
const factorial = (n) => (n < 2 ? 1 : n * factorial(n - 1));
const sign = (k) => (k % 2 === 0 ? 1 : -1);
/** erf(x) / x as a function of x^2 (Abramowitz and Stegun 7.1.5). */
const erfOverX = (z) =>
  (2 / Math.sqrt(Math.PI)) * series((k) => (k > 100 ? 0 : sign(k) / (factorial(k) * (2 * k + 1))), z);
const erfc = (x) => 1 - x * erfOverX(x * x);

const SPLIT = 1; // erf: the odd polynomial below, the exponential of a polynomial above
const fits = {
  "exp: expm1(r) = r + r^2 P(r)": {
    degree: 4,
    from: -0.34662,
    to: 0.34662,
    value: (r) => series((k) => 1 / factorial(k + 2), r),
    weight: (r) => (r * r) / Math.max(Math.abs(Math.expm1(r)), 1e-9),
  },
  "log: log1p(f) = f - f^2 / 2 + f^3 P(f)": {
    degree: 7,
    from: -1 / 3,
    to: 1 / 3,
    value: (f) => series((k) => sign(k) / (k + 3), f),
    weight: (f) => Math.abs(f * f * f) / Math.max(Math.abs(Math.log1p(f)), 1e-9),
  },
  "sin: sin(r) = r + r^3 P(r^2)": {
    degree: 2,
    from: 0,
    to: (Math.PI / 4) ** 2,
    value: (z) => series((k) => -sign(k) / factorial(2 * k + 3), z),
    weight: (z) => (z * Math.sqrt(z)) / Math.max(Math.sin(Math.sqrt(z)), 1e-9),
  },
  "cos: cos(r) = 1 - r^2 / 2 + r^4 P(r^2)": {
    degree: 2,
    from: 0,
    to: (Math.PI / 4) ** 2,
    value: (z) => series((k) => sign(k) / factorial(2 * k + 4), z),
    weight: (z) => (z * z) / Math.cos(Math.sqrt(z)),
  },
  "erf: erf(x) = x + x P(x^2), |x| < 1": {
    degree: 6,
    from: 0,
    to: SPLIT ** 2,
    value: (z) => erfOverX(z) - 1,
    weight: (z) => 1 / erfOverX(z),
  },
  "erf: log(erfc(x)) = P(x), 1 <= x <= 4": {
    degree: 7,
    from: SPLIT,
    to: 4,
    value: (x) => Math.log(erfc(x)),
    weight: (x) => erfc(x),
  },
};

/** Gaussian elimination with partial pivoting; rows are [coefficients..., right side]. */
function solve(rows) {
  const n = rows.length;
  for (let i = 0; i < n; i++) {
    let pivot = i;
    for (let j = i + 1; j < n; j++) if (Math.abs(rows[j][i]) > Math.abs(rows[pivot][i])) pivot = j;
    [rows[i], rows[pivot]] = [rows[pivot], rows[i]];
    for (let j = i + 1; j < n; j++) {
      const factor = rows[j][i] / rows[i][i];
      for (let k = i; k <= n; k++) rows[j][k] -= factor * rows[i][k];
    }
  }
  const x = new Array(n);
  for (let i = n - 1; i >= 0; i--) {
    x[i] = rows[i].slice(i + 1, n).reduce((rest, a, k) => rest - a * x[i + 1 + k], rows[i][n]) / rows[i][i];
  }
  return x;
}
const horner = (c, t) => c.reduceRight((sum, a) => sum * t + a, 0);

function remez({ degree, from, to, value, weight }) {
  const grid = Array.from(
    { length: 4001 },
    (_, i) => (from + to) / 2 - ((to - from) / 2) * Math.cos((Math.PI * i) / 4000),
  );
  const values = grid.map(value);
  const weights = grid.map(weight);
  const error = (c, i) => weights[i] * (horner(c, grid[i]) - values[i]);
  let reference = Array.from({ length: degree + 2 }, (_, i) => Math.round(((i + 0.5) * 4000) / (degree + 2)));
  let c = [];
  for (let round = 0; round < 30; round++) {
    const rows = reference.map((i, k) => [
      ...Array.from({ length: degree + 1 }, (_, j) => grid[i] ** j),
      sign(k) / Math.max(weights[i], 1e-30),
      values[i],
    ]);
    c = solve(rows).slice(0, degree + 1);
    // The new reference: the largest error of each run of equal sign, dropping the smaller end while there are too many.
    const extrema = [];
    for (let i = 0; i < grid.length; i++) {
      const e = error(c, i);
      const last = extrema.at(-1);
      if (last === undefined || Math.sign(e) !== Math.sign(error(c, last))) extrema.push(i);
      else if (Math.abs(e) > Math.abs(error(c, last))) extrema[extrema.length - 1] = i;
    }
    while (extrema.length > degree + 2) {
      if (Math.abs(error(c, extrema[0])) < Math.abs(error(c, extrema.at(-1)))) extrema.shift();
      else extrema.pop();
    }
    if (extrema.length < degree + 2) break;
    reference = extrema;
  }
  const largest = (p) => Math.max(...grid.map((_, i) => Math.abs(error(p, i))));
  const rounded = c.map(Math.fround);
  return { rounded, exact: largest(c), inFloat32: largest(rounded) };
}

for (const [name, fit] of Object.entries(fits)) {
  const { rounded, exact, inFloat32 } = remez(fit);
  console.log(`${name}   error ${exact.toExponential(2)}, in float32 ${inFloat32.toExponential(2)}`);
  for (const a of rounded) console.log(`  ${a.toPrecision(9)}`);
}
