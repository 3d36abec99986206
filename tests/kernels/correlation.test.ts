import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Harness, values } from "./harness";

const h = new Harness();

function correlation(x: ArrayLike<number>, n: number, p: number): Float32Array {
  h.reset();
  const input = h.f32(x);
  const out = h.alloc(p * p * 4 + 16);
  const scratch = h.alloc(h.k.correlation_scratch_bytes(n, p));
  const guard = h.alloc(64);
  assert.is(h.k.correlation_f32(out, input, n, p, scratch), -1);
  assert.equal(
    [...h.readI32(out + p * p * 4, 4), ...h.readI32(guard, 4)],
    Array(8).fill(-1),
    "written past the end",
  );
  return h.readF32(out, p * p);
}

function correlationOfBatches(x: Float32Array, n: number, p: number, batches: number[]): Float32Array {
  h.reset();
  const input = h.f32(x);
  const out = h.alloc(p * p * 4 + 16);
  const stateBytes = h.k.correlation_state_bytes(p);
  const state = h.alloc(stateBytes);
  const stateGuard = h.alloc(64);
  const scratch = h.alloc(h.k.correlation_update_scratch_bytes(p));
  const scratchGuard = h.alloc(64);
  new Uint8Array(h.memory.buffer, state, stateBytes).fill(0);
  let row = 0;
  for (const batch of batches) {
    h.k.correlation_update_f32(state, input + row * p * 4, batch, p, scratch);
    row += batch;
  }
  assert.is(row, n);
  assert.is(h.k.correlation_finish_f32(out, state, p), -1);
  assert.equal(
    [out + p * p * 4, stateGuard, scratchGuard].flatMap((ptr) => [...h.readI32(ptr, 4)]),
    Array(12).fill(-1),
    "written past the end",
  );
  return h.readF32(out, p * p);
}

function reference(x: Float32Array, n: number, p: number): Float64Array {
  const columns = Array.from({ length: p }, (_, j) => {
    const column = Float64Array.from({ length: n }, (_, i) => x[i * p + j]);
    const mean = column.reduce((a, b) => a + b, 0) / n;
    const centred = column.map((v) => v - mean);
    const norm = Math.sqrt(centred.reduce((a, b) => a + b * b, 0));
    return column.every((v) => v === column[0]) ? null : centred.map((v) => v / norm);
  });
  return Float64Array.from({ length: p * p }, (_, at) => {
    const [a, b] = [columns[Math.floor(at / p)], columns[at % p]];
    if (a === null || b === null) return 0;
    return a === b ? 1 : a.reduce((sum, v, i) => sum + v * b[i], 0);
  });
}

function assertClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  assert.is(actual.length, expected.length);
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i] - expected[i]);
    assert.ok(error <= tolerance, `at ${i}: ${actual[i]} instead of ${expected[i]}`);
  }
}

function assertSymmetric(rho: Float32Array, p: number): void {
  for (let i = 0; i < p; i++) for (let j = 0; j < i; j++) assert.is(rho[i * p + j], rho[j * p + i]);
}

const shapes = [
  [2, 1],
  [2, 2],
  [3, 5],
  [7, 4],
  [9, 8],
  [64, 9],
  [65, 12],
  [255, 13],
  [256, 16],
  [257, 17],
  [600, 3],
  [300, 131],
  [20, 150],
];

test("matches float64 for any shape, at once and in batches", () => {
  for (const [n, p] of shapes) {
    const x = values(n * p, n + p, -3, 5);
    const expected = reference(x, n, p);
    const rho = correlation(x, n, p);
    assertClose(rho, expected, 1e-6);
    assertSymmetric(rho, p);
    const first = Math.ceil(n / 3);
    const streamed = correlationOfBatches(x, n, p, [first, 1, 0, n - first - 1]);
    assertClose(streamed, expected, 1e-7);
    assertSymmetric(streamed, p);
    for (let i = 0; i < p; i++) {
      assert.is(rho[i * p + i], 1);
      assert.is(streamed[i * p + i], 1);
    }
  }
});

test("matches the golden values", () => {
  const { connectomes } = JSON.parse(readFileSync("tests/fixtures/tda.json", "utf8"));
  for (const { N, P, A, correlation: expected, connectome } of connectomes) {
    const rho = correlation(A, N, P);
    assertClose(rho, expected, 1e-5);
    h.reset();
    const out = h.alloc(P * P * 4 + 16);
    h.k.connectome_f32(out, h.f32(rho), P);
    assert.equal([...h.readI32(out + P * P * 4, 4)], [-1, -1, -1, -1]);
    assertClose(h.readF32(out, P * P), connectome, 1e-5);
  }
});

test("survives means and scales that differ by many orders of magnitude", () => {
  const [n, p] = [500, 7];
  const noise = values(n * p, 3);
  const mean = [0, 1e4, -1e6, 0, 3, 1e-30, 1e30];
  const scale = [1, 1, 10, 1e-20, 1e18, 1e-32, 1e34];
  const x = noise.map((v, at) => mean[at % p] + scale[at % p] * v);
  const expected = reference(x, n, p);
  assertClose(correlation(x, n, p), expected, 1e-6);
  assertClose(correlationOfBatches(x, n, p, [50, 450]), expected, 1e-7);
});

test("an outlier as the first sample does not cancel the variance", () => {
  const [n, p] = [400, 5];
  const x = values(n * p, 8);
  for (let j = 0; j < p; j++) x[j] = j % 2 ? 1e6 : -1e5;
  assertClose(correlation(x, n, p), reference(x, n, p), 5e-6);
  assertClose(correlationOfBatches(x, n, p, [1, 399]), reference(x, n, p), 1e-7);
});

test("constant columns correlate with nothing", () => {
  const [n, p] = [100, 6];
  const x = values(n * p, 5);
  for (let i = 0; i < n; i++) {
    x[i * p + 1] = 0.1;
    x[i * p + 3] = 0;
    x[i * p + 4] = 1e6;
    x[i * p + 5] = 1e7 * (1 + (i === 40 ? 1e-7 : 0));
  }
  for (const rho of [correlation(x, n, p), correlationOfBatches(x, n, p, [10, 90])]) {
    for (let i = 0; i < p; i++) {
      for (const constant of [1, 3, 4, 5]) assert.is(rho[i * p + constant], 0);
    }
    assert.is(rho[0], 1);
    assert.ok(rho[2] !== 0);
  }
});

test("no samples and one sample are constant", () => {
  for (const n of [0, 1]) {
    assert.equal([...correlation(values(n * 3), n, 3)], Array(9).fill(0));
    assert.equal([...correlationOfBatches(values(n * 3), n, 3, [n])], Array(9).fill(0));
  }
});

test("equal and opposite columns stay within [-1, 1] and have equal rows", () => {
  const [n, p] = [333, 4];
  const x = values(n * p, 9);
  for (let i = 0; i < n; i++) {
    x[i * p + 2] = x[i * p];
    x[i * p + 3] = -2 * x[i * p];
  }
  const rho = correlation(x, n, p);
  assertClose([rho[2], rho[3], rho[11]], [1, -1, -1], 1e-6);
  assert.ok(rho.every((v) => Math.abs(v) <= 1));
  assert.is(rho[1], rho[9]);
});

test("names the first column that is not finite", () => {
  const [n, p] = [50, 9];
  for (const [column, row, bad] of [
    [4, 0, Number.NaN],
    [8, 49, Infinity],
    [0, 7, -Infinity],
  ]) {
    const x = values(n * p);
    x[row * p + column] = bad;
    if (column < 8) x[30 * p + 8] = Number.NaN;
    h.reset();
    const input = h.f32(x);
    const out = h.alloc(p * p * 4);
    assert.is(h.k.correlation_f32(out, input, n, p, h.alloc(h.k.correlation_scratch_bytes(n, p))), column);
    const state = h.alloc(h.k.correlation_state_bytes(p));
    new Uint8Array(h.memory.buffer, state, h.k.correlation_state_bytes(p)).fill(0);
    h.k.correlation_update_f32(state, input, n, p, h.alloc(h.k.correlation_update_scratch_bytes(p)));
    assert.is(h.k.correlation_finish_f32(out, state, p), column);
  }
});

test("connectome: absolute, clipped, zero diagonal", () => {
  h.reset();
  const out = h.alloc(4 * 9 + 16);
  h.k.connectome_f32(out, h.f32([1, -0.5, 0.25, -0.5, 1, -1.5, 0.25, -1.5, 1]), 3);
  assert.equal([...h.readF32(out, 9)], [0, 0.5, 0.25, 0.5, 0, 1, 0.25, 1, 0]);
});

test.run();
