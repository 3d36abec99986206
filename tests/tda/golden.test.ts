// Connectomes and graph homology against numpy and scipy: the cases of tda.json.

import { tda, tensor } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { golden } from "../golden";
import { worst } from "../reference";

interface Fixture {
  connectomes: { N: number; P: number; A: number[]; correlation: number[]; connectome: number[] }[];
  graph: ({ P: number; M: number[]; M2: number[] } & Record<string, number[] | number>)[];
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
    assert.is(tda.topDistance(p, p), 0);
  });
}

test.run();
