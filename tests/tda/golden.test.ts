// Connectomes, graph homology and Vietoris-Rips homology against numpy, scipy, GUDHI and Ripser: the cases of tda.json.
// Its diagram distances are in diagrams.test.ts.

import { tda, tensor } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { golden } from "../golden";
import { worst } from "../reference";

interface Fixture {
  connectomes: { N: number; P: number; A: number[]; correlation: number[]; connectome: number[] }[];
  graph: ({ P: number; M: number[]; M2: number[] } & Record<string, number[] | number>)[];
  rips: { name: string; n: number; maxDim: number; D: number[]; diagrams: [number, number | null][][] }[];
  boundary: { name: string; columns: number[][]; pairs: [number, number][]; essential: number[] }[];
}

const fixture = golden<Fixture>("tda.json");
const matrix = (data: number[], rows: number, columns: number) =>
  tensor(Float32Array.from(data), { shape: [rows, columns] });

for (const { N, P, A, correlation, connectome } of fixture.connectomes) {
  test(`correlation and connectome of ${P} signals`, () => {
    const signals = matrix(A, N, P);
    assert.ok(worst(tda.correlation(signals).toFloat32Array(), correlation) < 1e-5);
    assert.ok(worst(tda.connectome(signals).toFloat32Array(), connectome) < 1e-5);
  });
}

for (const { P, M, M2, ...expected } of fixture.graph) {
  test(`graph homology and distances of ${P} nodes`, () => {
    const [p, q] = [tda.graphPersistence(matrix(M, P, P)), tda.graphPersistence(matrix(M2, P, P))];
    assert.ok(worst(p.births, expected.births as number[]) < 1e-6);
    assert.ok(worst(p.deaths, expected.deaths as number[]) < 1e-6);
    assert.ok(worst(q.births, expected.births2 as number[]) < 1e-6);
    assert.ok(worst(q.deaths, expected.deaths2 as number[]) < 1e-6);
    const close = (got: number, key: string) =>
      assert.ok(worst([got], [expected[key] as number]) < 1e-5, key);
    close(tda.topDistance(p, q), "top");
    close(tda.cyclesDistance(p, q), "cycles");
    close(tda.componentsDistance(p, q), "components");
    close(tda.frobeniusDistance(matrix(M, P, P), matrix(M2, P, P)), "frobenius");
    assert.is(tda.topDistance(p, p), 0);
  });
}

/** Bars in an order of their own: births, then deaths, ascending. */
const sorted = (bars: number[][]) =>
  bars.sort(([b1, d1], [b2, d2]) => b1 - b2 || (d1 === d2 ? 0 : d1 - d2)).flat();

for (const { name, n, maxDim, D, diagrams } of fixture.rips) {
  test(`Vietoris-Rips: ${name}`, () => {
    const got = tda.ripsPersistence(matrix(D, n, n), { maxDim }).diagrams;
    assert.is(got.length, maxDim + 1);
    for (const [dim, bars] of diagrams.entries()) {
      const expected = bars.map(([birth, death]) => [birth, death ?? Number.POSITIVE_INFINITY]);
      const pairs = Array.from({ length: got[dim].length / 2 }, (_, i) => [
        ...got[dim].subarray(2 * i, 2 * i + 2),
      ]);
      assert.ok(worst(sorted(pairs), sorted(expected)) < 1e-5, `dimension ${dim}`);
    }
  });
}

for (const { name, columns, pairs, essential } of fixture.boundary) {
  test(`boundary reduction: ${name}`, () => {
    const got = tda.reduceBoundary(columns);
    const byBirth = (list: [number, number][]) => list.sort(([a], [b]) => a - b);
    assert.equal([byBirth(got.pairs), got.essential], [byBirth(pairs), essential]);
  });
}

test.run();
