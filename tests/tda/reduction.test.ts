import { runtime, tda, tensor } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { sample } from "../reference";

/** All simplices up to a dimension on n points, in the order of their values and of their dimensions within those. */
function filteredSimplices(n: number, maxDim: number, value: (simplex: number[]) => number) {
  let simplices: number[][] = Array.from({ length: n }, (_, i) => [i]);
  const all = [...simplices];
  for (let dim = 1; dim <= maxDim; dim++) {
    simplices = simplices.flatMap((s) =>
      Array.from({ length: n - 1 - s[s.length - 1] }, (_, i) => [...s, s[s.length - 1] + 1 + i]),
    );
    all.push(...simplices);
  }
  const cells = all.map((simplex) => ({ simplex, value: value(simplex) }));
  cells.sort((a, b) => a.value - b.value || a.simplex.length - b.simplex.length);
  const indexOf = new Map(cells.map(({ simplex }, i) => [simplex.join(), i]));
  const columns = cells.map(({ simplex }) =>
    simplex.length === 1
      ? []
      : simplex
          .map((vertex) => indexOf.get(simplex.filter((v) => v !== vertex).join()) as number)
          .sort((a, b) => a - b),
  );
  return { cells, columns };
}

test("nothing, one cell, a filtered full triangle, also in typed arrays", () => {
  assert.equal(tda.reduceBoundary([]), { pairs: [], essential: [] });
  assert.equal(tda.reduceBoundary([[]]), { pairs: [], essential: [0] });
  const triangle = [[], [], [], [0, 1], [1, 2], [0, 2], [3, 4, 5]];
  const expected = {
    pairs: [
      [1, 3],
      [2, 4],
      [5, 6],
    ],
    essential: [0],
  };
  assert.equal(tda.reduceBoundary(triangle), expected);
  assert.equal(tda.reduceBoundary(triangle.map((column) => Int32Array.from(column))), expected);
});

test("a Vietoris-Rips complex, written out, has the bars of ripsPersistence", () => {
  const n = 14;
  const { data } = sample([n, 2], 3);
  const distance = (i: number, j: number) =>
    Math.fround(Math.hypot(data[2 * i] - data[2 * j], data[2 * i + 1] - data[2 * j + 1]));
  const { cells, columns } = filteredSimplices(n, 3, (s) =>
    Math.max(...s.flatMap((i) => s.map((j) => distance(i, j)))),
  );
  const { pairs } = tda.reduceBoundary(columns);
  const rows = Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => distance(i, j)));
  const { diagrams } = tda.ripsPersistence(tensor(rows), { maxDim: 2 });
  const order = ([a, b]: number[], [c, d]: number[]) => a - c || b - d;
  for (const [dim, diagram] of diagrams.entries()) {
    const bars = pairs
      .filter(([birth]) => cells[birth].simplex.length === dim + 1)
      .map(([birth, death]) => [cells[birth].value, cells[death].value])
      .filter(([birth, death]) => birth < death);
    const finite = Array.from({ length: diagram.length / 2 }, (_, i) => [
      ...diagram.subarray(2 * i, 2 * i + 2),
    ]).filter(([, death]) => Number.isFinite(death));
    assert.equal(bars.sort(order), finite.sort(order));
  }
});

test("cells other than simplices: a torus of one square, a sphere glued to a point", () => {
  // The two edges of the torus are loops and its square meets each twice: over Z/2 nothing is left of any boundary.
  assert.equal(tda.reduceBoundary([[], [], [], []]), { pairs: [], essential: [0, 1, 2, 3] });
  // A disc whose boundary is two edges between two vertices.
  const disc = tda.reduceBoundary([[], [], [0, 1], [0, 1], [2, 3]]);
  assert.equal(disc, {
    pairs: [
      [1, 2],
      [3, 4],
    ],
    essential: [0],
  });
});

test("what is no boundary matrix is refused, and the column named; memory is given back", () => {
  const before = runtime().bytesInUse;
  const reduce = (columns: number[][]) => () => tda.reduceBoundary(columns);
  assert.throws(reduce([[], [], [1, 0]]), /column 2: 0 comes after 1; indices ascend/);
  assert.throws(reduce([[], [], [0, 0]]), /column 2: 0 comes after 0; indices ascend/);
  assert.throws(reduce([[], [1]]), /column 1: expected indices of earlier columns, got 1/);
  assert.throws(reduce([[], [], [-1, 0]]), /column 2: .* got -1/);
  assert.throws(reduce([[], [], [0.5]]), /column 2: .* got 0.5/);
  assert.throws(reduce([[], [], [Number.NaN]]), /column 2: .* got NaN/);
  assert.throws(reduce([[], [], [0, 1], [2]]), /boundary of column 3 has a boundary itself: no complex/);
  assert.is(runtime().bytesInUse, before);
});

test.run();
