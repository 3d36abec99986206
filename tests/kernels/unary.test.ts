import { test } from "uvu";
import * as assert from "uvu/assert";
import { Harness, type KernelExports, values } from "./harness";

const h = new Harness();
const sizes = [0, 1, 2, 3, 4, 5, 15, 16, 17, 31, 64, 101];
type Unary = (out: number, x: number, n: number, ...parameters: number[]) => void;
type Gradient = (out: number, g: number, s: number, n: number, ...parameters: number[]) => void;
const kernel = <F>(name: string) => h.k[name as keyof KernelExports] as unknown as F;

/** Abramowitz and Stegun 7.1.5; beyond 2.5 the continued fraction 7.1.14. */
function erf(x: number): number {
  const a = Math.abs(x);
  if (Number.isNaN(x) || x === 0) return x;
  if (a > 6) return Math.sign(x);
  if (a < 2.5) {
    let sum = 0;
    for (let n = 0, term = x; n < 80; n++, term *= (-x * x) / n) sum += term / (2 * n + 1);
    return (sum * 2) / Math.sqrt(Math.PI);
  }
  let fraction = 0;
  for (let n = 60; n > 0; n--) fraction = n / 2 / (a + fraction);
  return Math.sign(x) * (1 - Math.exp(-a * a) / (a + fraction) / Math.sqrt(Math.PI));
}
const sigmoid = (x: number) => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)));
const cdf = (x: number) => 0.5 * (1 + erf(x / Math.SQRT2));
const pdf = (x: number) => Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
const sign = (x: number) => (x > 0 ? 1 : x < 0 ? -1 : x);
function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

interface Case {
  name: string;
  f: (x: number) => number;
  low?: number;
  parameters?: number[];
  /** The derivative by x, and whether its kernel is given the input or the result. */
  df?: (x: number) => number;
  saved?: "x" | "y";
}
const unary: Case[] = [
  { name: "neg", f: (x) => -x },
  { name: "abs", f: Math.abs, df: sign, saved: "x" },
  { name: "sign", f: sign },
  { name: "square", f: (x) => x * x, df: (x) => 2 * x, saved: "x" },
  { name: "sqrt", f: Math.sqrt, low: 0.01, df: (x) => 0.5 / Math.sqrt(x), saved: "y" },
  { name: "rsqrt", f: (x) => 1 / Math.sqrt(x), low: 0.1, df: (x) => -0.5 * x ** -1.5, saved: "y" },
  { name: "reciprocal", f: (x) => 1 / x, low: 0.1, df: (x) => -1 / (x * x), saved: "y" },
  { name: "floor", f: Math.floor },
  { name: "ceil", f: Math.ceil },
  { name: "round", f: roundHalfEven },
  { name: "exp", f: Math.exp, df: Math.exp, saved: "y" },
  { name: "log", f: Math.log, low: 0.01, df: (x) => 1 / x, saved: "x" },
  { name: "log1p", f: Math.log1p, low: -0.9, df: (x) => 1 / (1 + x), saved: "x" },
  { name: "sin", f: Math.sin, df: Math.cos, saved: "x" },
  { name: "cos", f: Math.cos, df: (x) => -Math.sin(x), saved: "x" },
  { name: "tanh", f: Math.tanh, df: (x) => 1 - Math.tanh(x) ** 2, saved: "y" },
  { name: "sigmoid", f: sigmoid, df: (x) => sigmoid(x) * (1 - sigmoid(x)), saved: "y" },
  { name: "erf", f: erf, df: (x) => (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x), saved: "x" },
  { name: "relu", f: (x) => Math.max(x, 0), df: (x) => (x > 0 ? 1 : 0), saved: "x" },
  { name: "relu", f: (x) => Math.max(x, 0), df: (x) => (x > 0 ? 1 : 0), saved: "y" },
  {
    name: "leaky_relu",
    parameters: [0.1],
    f: (x) => (x > 0 ? x : 0.1 * x),
    df: (x) => (x > 0 ? 1 : 0.1),
    saved: "x",
  },
  {
    name: "elu",
    parameters: [1.5],
    f: (x) => (x > 0 ? x : 1.5 * Math.expm1(x)),
    df: (x) => (x > 0 ? 1 : 1.5 * Math.exp(x)),
    saved: "x",
  },
  { name: "gelu", f: (x) => x * cdf(x), df: (x) => cdf(x) + x * pdf(x), saved: "x" },
  {
    name: "silu",
    f: (x) => x * sigmoid(x),
    df: (x) => sigmoid(x) * (1 + x * (1 - sigmoid(x))),
    saved: "x",
  },
  { name: "softplus", f: (x) => Math.log1p(Math.exp(x)), df: sigmoid, saved: "x" },
  {
    name: "clamp",
    parameters: [-1, 2],
    f: (x) => Math.min(Math.max(x, -1), 2),
    df: (x) => (x >= -1 && x <= 2 ? 1 : 0),
    saved: "x",
  },
  ...[0, 1, 2, 3, -1, 0.5, 4, -3, 7, 0.1, -1.7, 2.5].map((p) => ({
    name: "pow_scalar",
    parameters: [p],
    low: Number.isInteger(p) ? -5 : 0.1,
    f: (x: number) => x ** Math.fround(p),
    df: (x: number) => (p === 0 ? 0 : Math.fround(p) * x ** (Math.fround(p) - 1)),
    saved: "x" as const,
  })),
];

function assertClose(got: ArrayLike<number>, want: ArrayLike<number>, what: string, tolerance = 2e-6): void {
  for (let i = 0; i < want.length; i++) {
    const error = Math.abs(got[i] - want[i]);
    if (!(error <= tolerance * (1 + Math.abs(want[i])) || Object.is(got[i], want[i]))) {
      assert.unreachable(`${what}[${i}]: ${got[i]}, expected ${want[i]}`);
    }
  }
}
const untouched = (ptr: number) =>
  new Uint32Array(h.memory.buffer, ptr, 8).every((bits) => bits === 0xffffffff);

for (const { name, f, low = -5, parameters = [], df, saved } of unary) {
  const title = `${name}(${parameters})${saved === undefined ? "" : ` from ${saved}`}`;
  test(`${title}: values, sizes, in place, nothing beyond the end`, () => {
    const run = kernel<Unary>(`${name}_f32`);
    for (const n of sizes) {
      h.reset();
      const input = values(n, n + 1, low, 5);
      const want = Array.from(input, f);
      const x = h.f32(input);
      const out = h.alloc(n * 4 + 64);
      run(out, x, n, ...parameters);
      const got = h.readF32(out, n);
      assertClose(got, want, title);
      assert.ok(untouched(out + n * 4), "wrote past the end");
      run(x, x, n, ...parameters);
      assert.equal(h.readF32(x, n), got, "in place");
      if (df === undefined || saved === undefined) continue;
      const gradient = kernel<Gradient>(`${name}_grad_f32`);
      const g = h.f32(values(n, n + 2));
      const s = h.f32(saved === "x" ? input : got);
      const out2 = h.alloc(n * 4 + 64);
      gradient(out2, g, s, n, ...parameters);
      const slope = h.readF32(out2, n);
      assertClose(
        slope,
        Array.from(h.readF32(g, n), (gi, i) => gi * df(input[i])),
        `${title} gradient`,
        4e-6,
      );
      assert.ok(untouched(out2 + n * 4), "gradient wrote past the end");
      gradient(g, g, s, n, ...parameters);
      assert.equal(h.readF32(g, n), slope, "gradient in place");
    }
  });
}

test("the last elements have the bits of the vector loop", () => {
  const input = values(40, 3, 0.1, 4);
  for (const { name, parameters = [] } of unary) {
    h.reset();
    const out = h.alloc(160);
    const shifted = h.alloc(160);
    kernel<Unary>(`${name}_f32`)(out, h.f32(input), 40, ...parameters);
    kernel<Unary>(`${name}_f32`)(shifted, h.f32(input.subarray(1)), 39, ...parameters);
    assert.equal(h.readF32(shifted, 39), h.readF32(out, 40).slice(1), name);
  }
});

// Every 4099th float32, NaN, infinities and denormals among them. The bounds are those of kernels/array/math.ts, rounded up.
const ulps: [string, (x: number) => number, number][] = [
  ["exp", Math.exp, 1.1],
  ["log", Math.log, 1],
  ["log1p", Math.log1p, 2],
  ["sin", Math.sin, 2.5],
  ["cos", Math.cos, 2.5],
  ["tanh", Math.tanh, 3],
  ["sigmoid", sigmoid, 2.5],
  ["erf", erf, 2],
];
const ulp = (y: number) => 2 ** (Math.max(Math.floor(Math.log2(Math.abs(y) || 1e-300)), -126) - 23);

/** The largest error in ulp; Infinity where one is NaN or infinite and the other is not. */
function largestError(x: Float32Array, got: Float32Array, f: (x: number) => number): number {
  let largest = 0;
  for (let i = 0; i < x.length; i++) {
    const want = f(x[i]);
    const rounded = Math.fround(want);
    if (rounded === got[i] || (Number.isNaN(want) && Number.isNaN(got[i]))) {
      if (got[i] === 0 && !Object.is(rounded, got[i])) return Number.POSITIVE_INFINITY;
      if (!Number.isFinite(got[i])) continue;
    }
    if (!Number.isFinite(rounded) || !Number.isFinite(got[i])) return Number.POSITIVE_INFINITY;
    largest = Math.max(largest, Math.abs(got[i] - want) / ulp(want));
  }
  return largest;
}
const everyFloat = (stride: number) =>
  new Float32Array(Uint32Array.from({ length: Math.floor(2 ** 32 / stride) }, (_, i) => i * stride).buffer);

for (const [name, f, bound] of ulps) {
  test(`${name} is within ${bound} ulp over all float32, with the right special values`, () => {
    h.reset();
    const special = [
      0,
      -0,
      Infinity,
      -Infinity,
      NaN,
      1,
      -1,
      1e-45,
      -1e-45,
      88.72283,
      88.72284,
      -103.97207,
      -103.9721,
    ];
    const input = Float32Array.from([...special, ...everyFloat(4099)]);
    const out = h.alloc(input.length * 4);
    kernel<Unary>(`${name}_f32`)(out, h.f32(input), input.length);
    const error = largestError(input, h.readF32(out, input.length), f);
    assert.ok(error <= bound, `${error} ulp`);
  });
}

test("pow is within 0.6 ulp over all float32, for exponents of every kind", () => {
  for (const p of [0.3, -0.5, 1.5, -2, 5, -7, 30, 1e-3, 1e6, 16777217, 1e38, Infinity, -Infinity]) {
    h.reset();
    const input = Float32Array.from([
      0,
      -0,
      Infinity,
      -Infinity,
      NaN,
      1,
      -1,
      0.99999994,
      ...everyFloat(65521),
    ]);
    const out = h.alloc(input.length * 4);
    h.k.pow_scalar_f32(out, h.f32(input), input.length, p);
    // JavaScript alone says NaN for (+-1)^(+-Infinity); C99 and PyTorch say 1.
    const want = (x: number) => (Math.abs(x) === 1 && Math.abs(p) === Infinity ? 1 : x ** Math.fround(p));
    const error = largestError(input, h.readF32(out, input.length), want);
    assert.ok(error <= 0.6, `p = ${p}: ${error} ulp`);
  }
});

test("special values", () => {
  const apply = (name: string, input: number[], ...parameters: number[]) => {
    h.reset();
    const out = h.alloc(input.length * 4);
    kernel<Unary>(`${name}_f32`)(out, h.f32(input), input.length, ...parameters);
    return Array.from(h.readF32(out, input.length));
  };
  assert.equal(apply("round", [0.5, 1.5, 2.5, -0.5, -1.5, -2.5]), [0, 2, 2, -0, -2, -2]);
  assert.equal(apply("relu", [NaN, -Infinity, Infinity, -1]), [NaN, 0, Infinity, 0]);
  assert.equal(apply("clamp", [NaN, -Infinity, Infinity], -1, 1), [NaN, -1, 1]);
  assert.equal(apply("clamp", [0, 5], 2, 1), [1, 1]);
  assert.equal(apply("sign", [NaN, 0, 1e-45, -Infinity]), [NaN, 0, 1, -1]);
  assert.equal(apply("softplus", [20.5, 1000, -1000, NaN]), [20.5, 1000, 0, NaN]);
  assert.equal(apply("elu", [-Infinity, Infinity, -1e-10], 1), [-1, Infinity, Math.fround(-1e-10)]);
  assert.equal(apply("sqrt", [-1, Infinity]), [NaN, Infinity]);
  assert.equal(apply("pow_scalar", [-8, -Infinity], 1 / 3), [NaN, Infinity]);
  assert.equal(apply("gelu", [-100, 100]), [-0, 100]);
});

test("gradients at the kinks are those of PyTorch", () => {
  h.reset();
  const at = (name: string, s: number, ...parameters: number[]) => {
    const out = h.alloc(4);
    kernel<Gradient>(`${name}_grad_f32`)(out, h.f32([3]), h.f32([s]), 1, ...parameters);
    return h.readF32(out, 1)[0];
  };
  assert.is(at("relu", 0), 0);
  assert.is(at("leaky_relu", 0, 0.5), 1.5);
  assert.is(at("elu", 0, 2), 6);
  assert.is(at("abs", 0), 0);
  assert.is(at("clamp", 1, -1, 1), 3);
  assert.is(at("pow_scalar", 0, 0), 0);
  assert.is(at("pow_scalar", 0, 2), 0);
});

test("conversions", () => {
  for (const n of sizes) {
    h.reset();
    const out = h.alloc(n * 4 + 64);
    const integers = Int32Array.from({ length: n }, (_, i) => (i % 2 === 0 ? i : -i * 1000003));
    h.k.convert_i32_f32(out, h.i32(integers), n);
    assert.equal(h.readF32(out, n), Float32Array.from(integers));
    assert.ok(untouched(out + n * 4));
  }
  const out = h.alloc(32);
  h.k.convert_f32_i32(out, h.f32([1.9, -1.9, 3e9, -3e9, NaN, -0.5, Infinity]), 7);
  assert.equal(Array.from(h.readI32(out, 7)), [1, -1, 2147483647, -2147483648, 0, 0, 2147483647]);
});

test.run();
