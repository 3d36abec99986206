// Scalar functions in float64 that give the same bits in every engine.

const TWO_OVER_PI = 0.6366197723675814;
/** pi/2 in two parts, so that the reduction keeps the bits that a single product would lose. */
const HALF_PI_HIGH = 1.5707963267341256;
const HALF_PI_LOW = 6.077100506506192e-11;

const sinPolynomial = (r: number, s: number) =>
  r -
  r * s * (1 / 6 - s * (1 / 120 - s * (1 / 5040 - s * (1 / 362880 - s * (1 / 39916800 - s / 6227020800)))));
const cosPolynomial = (s: number) =>
  1 - s * (1 / 2 - s * (1 / 24 - s * (1 / 720 - s * (1 / 40320 - s * (1 / 3628800 - s / 479001600)))));

/** sin(x + quadrant * pi/2) for |x| up to about 1e5. */
function circular(x: number, quadrant: number): number {
  const k = Math.floor(x * TWO_OVER_PI + 0.5);
  const r = x - k * HALF_PI_HIGH - k * HALF_PI_LOW;
  const turn = (((k + quadrant) % 4) + 4) % 4;
  const value = turn % 2 === 0 ? sinPolynomial(r, r * r) : cosPolynomial(r * r);
  return turn < 2 ? value : -value;
}

/** Sine of x in radians. */
export const sin = (x: number): number => circular(x, 0);

/** Cosine of x in radians. */
export const cos = (x: number): number => circular(x, 1);
