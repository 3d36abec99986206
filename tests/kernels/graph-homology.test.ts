import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Harness, values } from "./harness";

const h = new Harness();

function graphPersistence(m: ArrayLike<number>, p: number): { births: number[]; deaths: number[] } {
  h.reset();
  const edges = (p * (p - 1)) / 2;
  const input = h.f32(m);
  const births = h.alloc((p - 1) * 4 + 16);
  const deaths = h.alloc((edges - p + 1) * 4 + 16);
  const scratch = h.alloc(h.k.graph_persistence_scratch_bytes(p));
  const guard = h.alloc(64);
  assert.is(h.k.graph_persistence_f32(births, deaths, input, p, scratch), -1);
  const ends = [births + (p - 1) * 4, deaths + (edges - p + 1) * 4, guard];
  assert.equal(
    ends.flatMap((ptr) => [...h.readI32(ptr, 4)]),
    Array(12).fill(-1),
    "written past the end",
  );
  return { births: [...h.readF32(births, p - 1)], deaths: [...h.readF32(deaths, edges - p + 1)] };
}

/** A symmetric matrix; the part below the diagonal is spoilt when asked, as only the other one counts. */
function symmetric(p: number, weight: (i: number, j: number) => number, spoil = false): Float32Array {
  return Float32Array.from({ length: p * p }, (_, at) => {
    const [i, j] = [Math.floor(at / p), at % p];
    if (i === j) return 0;
    return i < j || !spoil ? weight(Math.min(i, j), Math.max(i, j)) : 1e9;
  });
}

/** Kruskal's algorithm; -0 before +0. */
function reference(m: Float32Array, p: number): { births: number[]; deaths: number[] } {
  const ascending = (a: number, b: number) => a - b || Number(Object.is(b, -0)) - Number(Object.is(a, -0));
  const edges: { i: number; j: number; weight: number }[] = [];
  for (let i = 0; i < p; i++) for (let j = i + 1; j < p; j++) edges.push({ i, j, weight: m[i * p + j] });
  edges.sort((a, b) => ascending(b.weight, a.weight));
  const label = Array.from({ length: p }, (_, i) => i);
  const births: number[] = [];
  const deaths: number[] = [];
  for (const { i, j, weight } of edges) {
    const [a, b] = [label[i], label[j]];
    (a === b ? deaths : births).push(weight);
    for (let v = 0; v < p; v++) if (label[v] === b) label[v] = a;
  }
  return { births: births.sort(ascending), deaths: deaths.sort(ascending) };
}

test("births and deaths of random graphs, from the upper triangle alone", () => {
  for (const p of [1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 16, 17, 31, 50]) {
    const w = values(p * p, p, -2, 2);
    const m = symmetric(p, (i, j) => w[i * p + j], true);
    assert.equal(graphPersistence(m, p), reference(m, p));
  }
});

test("ties, zeros and negative weights are exact as multisets", () => {
  const levels = [-1, -0, 0, 0.5, 0.5, 1];
  for (const p of [2, 5, 12, 30]) {
    for (const kinds of [1, 2, 6]) {
      const w = values(p * p, p + kinds, 0, kinds);
      const m = symmetric(p, (i, j) => levels[Math.floor(w[i * p + j])]);
      const { births, deaths } = graphPersistence(m, p);
      const expected = reference(m, p);
      const plain = (list: number[]) => list.map((v) => v + 0);
      assert.equal([plain(births), plain(deaths)], [plain(expected.births), plain(expected.deaths)]);
      const negativeZeros = (list: number[]) => list.filter((v) => Object.is(v, -0)).length;
      const upper = [...m].filter((_, at) => at % p > Math.floor(at / p));
      assert.is(negativeZeros(births) + negativeZeros(deaths), negativeZeros(upper));
    }
  }
});

test("names a row whose weight is not finite", () => {
  for (const [p, row, column, bad] of [
    [3, 0, 2, Number.NaN],
    [9, 2, 5, Infinity],
    [9, 7, 8, -Infinity],
  ]) {
    h.reset();
    const m = symmetric(p, (i, j) => (i === row && j === column ? bad : 0.5));
    const scratch = h.alloc(h.k.graph_persistence_scratch_bytes(p));
    assert.is(h.k.graph_persistence_f32(h.alloc(p * 4), h.alloc(p * p * 2), h.f32(m), p, scratch), row);
  }
});

test("matches the golden values and their distances", () => {
  const { graph } = JSON.parse(readFileSync("tests/fixtures/tda.json", "utf8"));
  for (const { P, M, M2, births, deaths, births2, deaths2, top } of graph) {
    const close = (a: number[], b: number[]) => {
      assert.is(a.length, b.length);
      for (let i = 0; i < a.length; i++) assert.ok(Math.abs(a[i] - b[i]) <= 1e-6);
    };
    const one = graphPersistence(M, P);
    const two = graphPersistence(M2, P);
    close(one.births, births);
    close(one.deaths, deaths);
    close(two.births, births2);
    close(two.deaths, deaths2);
    const square = (a: number[], b: number[]) => a.reduce((sum, v, i) => sum + (v - b[i]) * (v - b[i]), 0);
    const distance = Math.sqrt(square(one.births, two.births) + square(one.deaths, two.deaths));
    assert.ok(Math.abs(distance - top) <= 1e-5);
  }
});

test("sort orders any float32, -0 before +0", () => {
  const special = [0, -0, 1e-45, -1e-45, Infinity, -Infinity, 3.4e38, -3.4e38, 1, 1, -1, -0, 0];
  for (const list of [[], [2], [2, 1], special, [...values(5000, 4, -1e3, 1e3), ...special]]) {
    h.reset();
    const n = list.length;
    const out = h.alloc(n * 4 + 16);
    const input = h.f32(list);
    const scratch = h.alloc(h.k.sort_scratch_bytes(n));
    const guard = h.alloc(64);
    h.k.sort_f32(out, input, n, scratch);
    const expected = Float32Array.from(list).sort();
    assert.ok(h.readF32(out, n).every((v, i) => Object.is(v, expected[i])));
    assert.equal(
      [...h.readI32(out + n * 4, 4), ...h.readI32(guard, 4)],
      Array(8).fill(-1),
      "written past the end",
    );
    assert.ok(h.readF32(input, n).every((v, i) => Object.is(v, Math.fround(list[i]))));
  }
});

test.run();
