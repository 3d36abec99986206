// Complexes whose persistent homology is known in closed form.

import { ones, tda, tensor } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";

const infinite = Number.POSITIVE_INFINITY;

/** The matrix of all distances between n points. */
const distances = (n: number, between: (i: number, j: number) => number) =>
  tensor(Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => between(i, j))));

const bars = (diagram: Float32Array) =>
  Array.from({ length: diagram.length / 2 }, (_, i) => [...diagram.subarray(2 * i, 2 * i + 2)]);

for (const n of [4, 5, 6, 7, 12, 25, 60, 101]) {
  test(`${n} even points on a circle: one bar in dimension 1`, () => {
    const chord = (steps: number) => 2 * Math.sin((Math.PI * steps) / n);
    const around = distances(n, (i, j) => chord(Math.min(Math.abs(i - j), n - Math.abs(i - j))));
    const [h0, h1] = tda.ripsPersistence(around).diagrams;
    assert.is(h0.length / 2, n);
    assert.equal(bars(h1), [[Math.fround(chord(1)), Math.fround(chord(Math.ceil(n / 3)))]]);
  });
}

test("the octahedron is a sphere", () => {
  const antipodal = (i: number, j: number) => Math.floor(i / 2) === Math.floor(j / 2);
  const octahedron = distances(6, (i, j) => (i === j ? 0 : antipodal(i, j) ? 2 : 1));
  const [h0, h1, h2] = tda.ripsPersistence(octahedron, { maxDim: 2 }).diagrams;
  assert.is(h0.length / 2, 6);
  assert.equal(bars(h1), []);
  assert.equal(bars(h2), [[1, 2]]);
});

test("the projective plane on 13 vertices, over Z/2", () => {
  // The barycentric subdivision of a cube's surface, antipodes identified: its vertices are the lines through the points
  // of {-1, 0, 1}^3, and two are adjacent when one face of the cube lies in the other. It is a flag complex.
  const points = Array.from({ length: 27 }, (_, k) => [
    Math.floor(k / 9) - 1,
    (Math.floor(k / 3) % 3) - 1,
    (k % 3) - 1,
  ]);
  const lines = points.slice(14);
  const isWithin = (a: number[], b: number[], sign: number) =>
    a.every((coordinate, axis) => coordinate === 0 || coordinate === sign * b[axis]);
  const areAdjacent = (a: number[], b: number[]) =>
    [1, -1].some((sign) => isWithin(a, b, sign) || isWithin(b, a, sign));
  const plane = distances(13, (i, j) => (i === j ? 0 : areAdjacent(lines[i], lines[j]) ? 1 : 2));
  const [h0, h1, h2] = tda.ripsPersistence(plane, { maxDim: 2 }).diagrams;
  assert.equal(
    bars(h0).sort(([, a], [, b]) => a - b),
    [...Array.from({ length: 12 }, () => [0, 1]), [0, infinite]],
  );
  assert.equal(bars(h1), [[1, 2]]);
  assert.equal(bars(h2), [[1, 2]]);
});

test("a complete graph: P - 1 births, every other edge a death", () => {
  for (const p of [2, 3, 10, 41]) {
    const { births, deaths } = tda.graphPersistence(ones([p, p]));
    assert.is(births.length, p - 1);
    assert.is(deaths.length, (p * (p - 1)) / 2 - p + 1);
  }
});

test.run();
