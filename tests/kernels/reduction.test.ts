// Reduction of boundary matrices against the standard algorithm.

import { tda } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Harness, values } from "./harness";

const h = new Harness();

/** The standard algorithm. */
function reference(columns: number[][]) {
  const reduced = new Map<number, Set<number>>();
  const pairs: [number, number][] = [];
  columns.forEach((facets, j) => {
    const column = new Set(facets);
    while (column.size > 0) {
      const pivot = Math.max(...column);
      const other = reduced.get(pivot);
      if (other === undefined) {
        reduced.set(pivot, column);
        pairs.push([pivot, j]);
        break;
      }
      for (const row of other) if (!column.delete(row)) column.add(row);
    }
  });
  const paired = new Set(pairs.flat());
  return {
    pairs: pairs.sort((a, b) => a[0] - b[0]),
    essential: columns.map((_, j) => j).filter((j) => !paired.has(j)),
  };
}

/** The complex of all simplices on n vertices up to a dimension, in a random order that facets come first in. */
function randomComplex(n: number, top: number, seed: number): number[][] {
  const cells: { vertices: number[]; key: number }[] = [];
  const noise = values(1 << n, seed, 0, 1);
  for (let set = 1; set < 1 << n; set++) {
    const vertices = Array.from({ length: n }, (_, v) => v).filter((v) => (set >> v) & 1);
    if (vertices.length > top + 1) continue;
    let key = 0;
    for (let face = set; face > 0; face = (face - 1) & set) key = Math.max(key, noise[face]);
    cells.push({ vertices, key });
  }
  cells.sort((a, b) => a.key - b.key || a.vertices.length - b.vertices.length);
  const position = new Map(cells.map(({ vertices }, i) => [vertices.join(), i]));
  return cells.map(({ vertices }) =>
    vertices.length === 1
      ? []
      : vertices.map((v) => position.get(vertices.filter((u) => u !== v).join())!).sort((a, b) => a - b),
  );
}

test("equals the standard algorithm", () => {
  for (const [n, top] of [
    [1, 0],
    [2, 1],
    [5, 4],
    [7, 3],
    [9, 2],
    [10, 4],
  ]) {
    for (let seed = 1; seed <= 3; seed++) {
      const columns = randomComplex(n, top, seed);
      assert.equal(tda.reduceBoundary(columns), reference(columns));
    }
  }
});

test("a cubical square, and cells whose dimension cannot be told from their boundary", () => {
  assert.equal(tda.reduceBoundary([[], [], [], [], [0, 1], [1, 2], [2, 3], [0, 3], [4, 5, 6, 7]]), {
    pairs: [
      [1, 4],
      [2, 5],
      [3, 6],
      [7, 8],
    ],
    essential: [0],
  });
  // A point, a loop and a sphere at it, two disks in the loop, and what lies between them and the sphere.
  const glued = [[], [], [], [1], [1], [2, 3, 4]];
  assert.equal(tda.reduceBoundary(glued), reference(glued));
});

test("long cycles need the memory that the arena grows by", () => {
  const n = 1500;
  const path = Array.from({ length: n }, (): number[] => []);
  for (let i = 0; i + 1 < n; i++) path.push([i, i + 1]);
  path.push([0, n - 1]);
  // Faces from the first vertex would need more edges; the disk is one cell with n sides.
  path.push(Array.from({ length: n }, (_, i) => n + i));
  const { pairs, essential } = tda.reduceBoundary(path);
  assert.equal(essential, [0]);
  assert.equal(pairs.at(-1), [2 * n - 1, 2 * n]);
});

test("goes on where it was when memory runs out", () => {
  const columns = randomComplex(9, 3, 5);
  h.reset();
  const ends = [0];
  for (const column of columns) ends.push(ends.at(-1)! + column.length);
  const starts = h.i32(ends);
  const rows = h.i32(columns.flat());
  const state = h.alloc(h.k.reduction_state_bytes(columns.length));
  const guard = h.alloc(64);
  assert.is(h.k.reduction_start(state, starts, rows, columns.length), -1);
  assert.equal([...h.readI32(guard, 4)], [-1, -1, -1, -1], "written past the end");
  let requests = 0;
  while (h.k.reduction_run(state) !== 1) {
    const bytes = h.k.arena_needed(state);
    h.k.arena_add(state, h.alloc(bytes), bytes);
    requests++;
  }
  assert.ok(requests > 10, `${requests} requests`);
  const [pairs, essential] = [h.alloc(columns.length * 4), h.alloc(columns.length * 4)];
  const count = h.k.reduction_pairs(pairs, essential, state);
  const expected = reference(columns);
  assert.equal([...h.readI32(pairs, 2 * count)], expected.pairs.flat());
  assert.equal([...h.readI32(essential, columns.length - 2 * count)], expected.essential);
});

test.run();
