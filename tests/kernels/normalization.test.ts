import { test } from "uvu";
import * as assert from "uvu/assert";
import { Harness, values } from "./harness";

const harness = new Harness();
const { k } = harness;
const EPS = 1e-5;

/** Planes whose size is no multiple of the vector width, single elements, and more than one block of a sum. */
const SHAPES = [
  [1, 1, 1],
  [2, 3, 7],
  [3, 2, 16],
  [1, 5, 33],
  [2, 1, 2051],
] as const;

const near = (actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number) => {
  assert.is(actual.length, expected.length);
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i] - expected[i]);
    assert.ok(
      error <= tolerance * (1 + Math.abs(expected[i])),
      `${i}: ${actual[i]}, expected ${expected[i]}`,
    );
  }
};

/** The word after an output must still hold the harness's pattern. */
const assertUntouched = (ptr: number, n: number) => assert.is(harness.readI32(ptr + 4 * n, 1)[0], -1);

function moments(x: Float32Array, n: number, c: number, l: number) {
  return Array.from({ length: c }, (_, channel) => {
    const own = Array.from({ length: n * l }, (_, i) => x[(Math.floor(i / l) * c + channel) * l + (i % l)]);
    const mean = own.reduce((a, b) => a + b, 0) / own.length;
    return { mean, variance: own.reduce((a, b) => a + (b - mean) ** 2, 0) / own.length };
  });
}

test("channel moments and batch normalisation", () => {
  for (const [n, c, l] of SHAPES) {
    harness.reset();
    const data = values(n * c * l, 3, 1, 4);
    const [w, b] = [values(c, 4), values(c, 5)];
    const [x, weight, bias] = [data, w, b].map((v) => harness.f32(v));
    const [mean, rest, variance, out] = [c, c, c, n * c * l].map((count) => harness.alloc(4 * count));
    k.channel_moments_f32(mean, rest, variance, x, n, c, l);
    const expected = moments(data, n, c, l);
    near(
      harness.readF32(mean, c),
      expected.map((m) => m.mean),
      1e-6,
    );
    near(
      harness.readF32(variance, c),
      expected.map((m) => m.variance),
      1e-6,
    );
    const standard = Array.from(data, (v, i) => {
      const m = expected[Math.floor(i / l) % c];
      return (v - m.mean) / Math.sqrt(m.variance + EPS);
    });
    k.batch_norm_f32(out, x, mean, rest, variance, weight, bias, n, c, l, EPS);
    near(
      harness.readF32(out, n * c * l),
      standard.map((v, i) => v * w[Math.floor(i / l) % c] + b[Math.floor(i / l) % c]),
      n * l === 1 ? 1e-4 : 1e-5,
    );
    k.batch_norm_f32(out, x, mean, rest, variance, 0, 0, n, c, l, EPS);
    near(harness.readF32(out, n * c * l), standard, n * l === 1 ? 1e-4 : 1e-5);
    for (const [ptr, count] of [
      [mean, c],
      [variance, c],
      [out, n * c * l],
    ])
      assertUntouched(ptr, count);
  }
});

test("the gradient of batch normalisation, with the batch's own moments and with given ones", () => {
  for (const [n, c, l] of SHAPES.slice(1)) {
    harness.reset();
    const [data, gradient, w] = [values(n * c * l, 6, -1, 2), values(n * c * l, 7), values(c, 8, 0.5, 1.5)];
    const [x, g, weight] = [data, gradient, w].map((v) => harness.f32(v));
    const [mean, rest, variance, gx, gw, gb] = [c, c, c, n * c * l, c, c].map((count) =>
      harness.alloc(4 * count),
    );
    k.channel_moments_f32(mean, rest, variance, x, n, c, l);
    const all = moments(data, n, c, l);
    const channelOf = (i: number) => Math.floor(i / l) % c;
    const standard = Array.from(data, (v, i) => {
      const { mean: m, variance: s } = all[channelOf(i)];
      return (v - m) / Math.sqrt(s + EPS);
    });
    const sumOver = (terms: (i: number) => number) => {
      const sums = new Array<number>(c).fill(0);
      for (let i = 0; i < n * c * l; i++) sums[channelOf(i)] += terms(i);
      return sums;
    };
    const sums = sumOver((i) => gradient[i]);
    const products = sumOver((i) => gradient[i] * standard[i]);
    for (const batch of [1, 0]) {
      k.batch_norm_grad_f32(gx, gw, gb, g, x, mean, rest, variance, weight, n, c, l, EPS, batch);
      near(harness.readF32(gw, c), products, 2e-5);
      near(harness.readF32(gb, c), sums, 2e-5);
      const expected = standard.map((y, i) => {
        const channel = channelOf(i);
        const through = batch ? (sums[channel] + y * products[channel]) / (n * l) : 0;
        return (w[channel] / Math.sqrt(all[channel].variance + EPS)) * (gradient[i] - through);
      });
      near(harness.readF32(gx, n * c * l), expected, 2e-5);
      for (const [ptr, count] of [
        [gx, n * c * l],
        [gw, c],
        [gb, c],
      ])
        assertUntouched(ptr, count);
    }
  }
});

test("rows and their gradient", () => {
  for (const [rows, , n] of SHAPES.slice(1)) {
    harness.reset();
    const [data, gradient] = [values(rows * n, 9, 2, 5), values(rows * n, 10)];
    const [x, g] = [data, gradient].map((v) => harness.f32(v));
    const [out, inverse, gx] = [rows * n, rows, rows * n].map((count) => harness.alloc(4 * count));
    k.normalize_rows_f32(out, inverse, x, rows, n, EPS);
    k.normalize_rows_grad_f32(gx, g, out, inverse, rows, n);
    const all = moments(data, 1, rows, n);
    const y = Array.from(data, (v, i) => {
      const { mean, variance } = all[Math.floor(i / n)];
      return (v - mean) / Math.sqrt(variance + EPS);
    });
    near(
      harness.readF32(inverse, rows),
      all.map((m) => 1 / Math.sqrt(m.variance + EPS)),
      1e-6,
    );
    near(harness.readF32(out, rows * n), y, 1e-5);
    const expected = y.map((v, i) => {
      const row = Math.floor(i / n);
      const terms = Array.from({ length: n }, (_, j) => row * n + j);
      const sum = terms.reduce((a, j) => a + gradient[j], 0);
      const product = terms.reduce((a, j) => a + gradient[j] * y[j], 0);
      return (gradient[i] - (sum + v * product) / n) / Math.sqrt(all[row].variance + EPS);
    });
    near(harness.readF32(gx, rows * n), expected, 2e-5);
    for (const [ptr, count] of [
      [out, rows * n],
      [inverse, rows],
      [gx, rows * n],
    ])
      assertUntouched(ptr, count);
  }
});

test("nothing at all", () => {
  harness.reset();
  const out = harness.alloc(4);
  k.normalize_rows_f32(out, out, out, 0, 5, EPS);
  k.batch_norm_f32(out, out, out, 0, out, 0, 0, 0, 3, 4, EPS);
  assertUntouched(out, 0);
});

test.run();
