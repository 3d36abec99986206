// Vietoris-Rips kernels against the reduction of the whole boundary matrix.

import { tda, tensor } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Harness, values } from "./harness";

const h = new Harness();

type Bar = [number, number];

const byBirth = (a: Bar, b: Bar) => a[0] - b[0] || (a[1] === b[1] ? 0 : a[1] - b[1]);
const bars = (flat: Float32Array): Bar[] =>
  Array.from({ length: flat.length / 2 }, (_, i): Bar => [flat[2 * i], flat[2 * i + 1]]).sort(byBirth);

function persistence(distances: Float32Array, options?: tda.RipsOptions): tda.RipsPersistence {
  const n = Math.sqrt(distances.length);
  return tda.ripsPersistence(tensor(distances, { shape: [n, n] }), options);
}

const diagrams = (distances: Float32Array, options?: tda.RipsOptions): Bar[][] =>
  persistence(distances, options).diagrams.map(bars);

function symmetric(n: number, distance: (i: number, j: number) => number): Float32Array {
  return Float32Array.from({ length: n * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    return i === j ? 0 : distance(Math.min(i, j), Math.max(i, j));
  });
}

function random(n: number, seed: number, low = 0): Float32Array {
  const length = values(n * n, seed, low, low + 1);
  return symmetric(n, (i, j) => length[i * n + j]);
}

/** All simplices up to a dimension that enter by the threshold, in order, with their facets. */
function filtration(d: Float32Array, n: number, top: number, threshold: number) {
  const simplices: { vertices: number[]; length: number }[] = [];
  const extend = (vertices: number[], length: number) => {
    if (vertices.length > 0) simplices.push({ vertices, length });
    if (vertices.length > top) return;
    for (let v = (vertices.at(-1) ?? -1) + 1; v < n; v++) {
      const longest = Math.max(length, ...vertices.map((u) => d[u * n + v]));
      if (longest <= threshold && longest < Infinity) extend([...vertices, v], longest);
    }
  };
  extend([], 0);
  return simplices.sort((a, b) => a.length - b.length || a.vertices.length - b.vertices.length);
}

/** Persistence by reduction of the boundary matrix of the whole complex, column by column. */
function reference(d: Float32Array, n: number, maxDim: number, threshold = Infinity): Bar[][] {
  const simplices = filtration(d, n, maxDim + 1, threshold);
  const position = new Map(simplices.map(({ vertices }, i) => [vertices.join(), i]));
  const result: Bar[][] = Array.from({ length: maxDim + 1 }, () => []);
  const reduced = new Map<number, Set<number>>();
  const paired = new Set<number>();
  simplices.forEach(({ vertices, length }, j) => {
    const facets = vertices.length > 1 ? vertices.map((v) => vertices.filter((u) => u !== v).join()) : [];
    const column = new Set(facets.map((facet) => position.get(facet)!));
    while (column.size > 0) {
      const pivot = Math.max(...column);
      const other = reduced.get(pivot);
      if (other === undefined) {
        reduced.set(pivot, column);
        paired.add(pivot).add(j);
        if (simplices[pivot].length < length)
          result[vertices.length - 2].push([simplices[pivot].length, length]);
        break;
      }
      for (const row of other) if (!column.delete(row)) column.add(row);
    }
  });
  simplices.forEach(({ vertices, length }, j) => {
    if (!paired.has(j) && vertices.length <= maxDim + 1) result[vertices.length - 1].push([length, Infinity]);
  });
  return result.map((list) => list.sort(byBirth));
}

test("cross-polytopes are spheres", () => {
  for (const dim of [1, 2, 3]) {
    const n = 2 * dim + 2;
    const result = diagrams(
      symmetric(n, (i, j) => ((i ^ j) === 1 ? 2 : 1)),
      { maxDim: 3 },
    );
    result.forEach((list, d) => {
      assert.equal(d === 0 ? list.length : list, d === 0 ? n : d === dim ? [[1, 2]] : []);
    });
  }
});

test("equals the reduction of the whole boundary matrix", () => {
  for (let seed = 1; seed <= 12; seed++) {
    const n = 4 + (seed % 9);
    const d = random(n, seed);
    const tied = d.map((length) => Math.ceil(length * 3));
    const withZeros = d.map((length) => Math.floor(length * 3));
    const split = d.map((length) => (length > 0.7 ? Infinity : length));
    const maxDim = n > 9 ? 2 : 3;
    for (const matrix of [d, tied, withZeros, split]) {
      assert.equal(diagrams(matrix, { maxDim }), reference(matrix, n, maxDim));
      for (const threshold of [0, 0.5, 1]) {
        assert.equal(diagrams(matrix, { maxDim, threshold }), reference(matrix, n, maxDim, threshold));
      }
    }
  }
});

test("more than 64 living loops, and more points than a vector has bits", () => {
  const n = 150;
  const bipartite = symmetric(n, (i, j) => ((i ^ j) & 1 ? 1 : 2));
  assert.equal(diagrams(bipartite)[1], Array(74 * 74).fill([1, 2]));
  const d = random(n, 5, 1);
  assert.equal(diagrams(d)[0].length, n);
  const [, loops] = diagrams(d);
  assert.ok(loops.length > 300 && loops.every(([birth, death]) => birth < death));
});

test("goes on where it was, whatever the slices and however little memory it is given", () => {
  const n = 24;
  const d = random(n, 3);
  const expected = diagrams(d, { maxDim: 3 });
  const k = h.k;
  h.reset();
  const input = h.f32(d);
  const threshold = k.rips_enclosing_radius_f32(input, n);
  const edges = k.rips_edge_count_f32(input, n, threshold);
  const state = h.alloc(k.rips_state_bytes(n, edges, 3));
  const guard = h.alloc(64);
  k.rips_start_f32(state, input, n, edges, threshold, 3, 1);
  assert.equal([...h.readI32(guard, 4)], [-1, -1, -1, -1], "written past the end");
  let calls = 0;
  const complete = (kernel: () => number) => {
    for (let status = 0; status !== 1; calls++) {
      status = kernel();
      if (status !== 2) continue;
      const bytes = k.arena_needed(state) + 16;
      k.arena_add(state, h.alloc(bytes), bytes);
    }
  };
  complete(() => k.rips_dense_start(state));
  complete(() => k.rips_dense_run(state, 1));
  for (const dim of [2, 3]) {
    complete(() => k.rips_cohomology_start(state, dim));
    complete(() => k.rips_cohomology_run(state, 1));
  }
  assert.ok(calls > 1000);
  const again = Array.from({ length: 4 }, (_, dim) => {
    const count = k.rips_bar_count(state, dim);
    const out = h.alloc(count * 8);
    k.rips_bars_f32(out, state, dim);
    return bars(h.readF32(out, 2 * count));
  });
  assert.equal(again, expected);
});

test("cocycles are cocycles, and not coboundaries, from birth to death", () => {
  const n = 16;
  const d = random(n, 11);
  const { diagrams: flat, cocycles } = persistence(d, {
    maxDim: 2,
    cocycles: true,
    threshold: 0.8,
  });
  const complex = filtration(d, n, 3, 0.8);
  assert.equal(cocycles![0], []);
  for (const dim of [1, 2]) {
    assert.ok(flat[dim].length > 2);
    cocycles![dim].forEach((cocycle, k) => {
      const [birth, death] = flat[dim].subarray(2 * k);
      const members = new Set<string>();
      for (let i = 0; i < cocycle.length; i += dim + 1)
        members.add([...cocycle.subarray(i, i + dim + 1)].join());
      assert.is(members.size, cocycle.length / (dim + 1), "a simplex twice");
      // Columns of the coboundary matrix at birth: a coboundary would be a combination of them.
      const basis: Set<string>[] = [];
      for (const { vertices, length } of complex) {
        const facets = vertices.map((v) => vertices.filter((u) => u !== v).join());
        if (vertices.length === dim + 1 && members.has(vertices.join()))
          assert.ok(length >= birth && length <= death);
        if (vertices.length === dim + 2 && length < death) {
          assert.is(facets.filter((facet) => members.has(facet)).length % 2, 0);
        }
        if (vertices.length === dim && length <= birth) {
          const cofacets = complex.filter(
            (s) =>
              s.vertices.length === dim + 1 &&
              s.length <= birth &&
              vertices.every((v) => s.vertices.includes(v)),
          );
          basis.push(new Set(cofacets.map((s) => s.vertices.join())));
        }
      }
      const atBirth = complex.filter((s) => s.length <= birth && members.has(s.vertices.join()));
      const residue = new Set(atBirth.map((s) => s.vertices.join()));
      assert.not(spans(basis, residue));
    });
  }
});

/** Whether a set is a sum of sets over Z/2. */
function spans(sets: Set<string>[], target: Set<string>): boolean {
  const pivots = new Map<string, Set<string>>();
  const reduce = (set: Set<string>) => {
    for (const pivot of pivots.keys()) {
      if (set.has(pivot)) for (const member of pivots.get(pivot)!) if (!set.delete(member)) set.add(member);
    }
    return set;
  };
  for (const set of sets) {
    const rest = reduce(new Set(set));
    const [pivot] = rest;
    if (pivot !== undefined) pivots.set(pivot, rest);
  }
  return reduce(new Set(target)).size === 0;
}

test.run();
