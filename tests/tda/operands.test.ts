// What topology takes: int32 as numbers, arrays of another realm, and options it knows.

import { runInNewContext } from "node:vm";
import { type Tensor, tda, tensor, zeros } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";

const int32 = (...rows: number[][]) =>
  tensor(Int32Array.from(rows.flat()), { shape: [rows.length, rows[0].length] });
const numbers = (x: Tensor) => Array.from(x.toFloat32Array(), (value) => Math.round(value * 1e6) / 1e6);

test("int32 tensors are read as numbers, not as bits", () => {
  const weights = int32([0, 3, 2], [3, 0, 1], [2, 1, 0]);
  const { births, deaths } = tda.graphPersistence(weights);
  assert.equal([[...births], [...deaths]], [[2, 3], [1]]);
  const signals = int32([-1, 2], [0, 1], [1, 3]);
  assert.equal(numbers(tda.correlation(signals)), [1, 0.5, 0.5, 1]);
  assert.equal(numbers(tda.connectome(signals)), [0, 0.5, 0.5, 0]);
  const [dots] = tda.ripsPersistence(weights, { maxDim: 0 }).diagrams;
  assert.equal([...dots], [0, 1, 0, 2, 0, Number.POSITIVE_INFINITY]);
  assert.equal(numbers(tda.euclideanDistances(int32([0, 0], [3, 4]))), [0, 5, 5, 0]);
  assert.is(tda.frobeniusDistance(weights, int32([0, 3, 2], [3, 0, 4], [2, 5, 0])), 5);
});

test("transposed tensors are read in their own order", () => {
  const signals = tensor([
    [-1, 0, 1],
    [2, 1, 3],
  ]);
  assert.equal(numbers(tda.correlation(signals.T)), [1, 0.5, 0.5, 1]);
  const weights = tensor([
    [0, 5, 9],
    [1, 0, 9],
    [2, 3, 0],
  ]);
  assert.equal([...tda.graphPersistence(weights.T).births], [2, 3]);
});

test("diagrams of another realm are diagrams", () => {
  const other = runInNewContext("new Float32Array([0, 1])") as Float32Array;
  const own = Float32Array.of(0, 2);
  assert.is(tda.bottleneckDistance(other, own), 1);
  assert.is(tda.wassersteinDistance(other, other), 0);
});

test("dimensions without room for a class are empty at once; absurd ones are refused", () => {
  const square = tensor([
    [0, 1, 1, 2],
    [1, 0, 2, 1],
    [1, 2, 0, 1],
    [2, 1, 1, 0],
  ]);
  const { diagrams, cocycles } = tda.ripsPersistence(square, { maxDim: 40, cocycles: true });
  assert.is(diagrams.length, 41);
  assert.equal([...diagrams[1]], [1, 2]);
  assert.ok(diagrams.slice(2).every(({ length }) => length === 0));
  assert.is(cocycles!.length, 41);
  assert.is(cocycles![1].length, 1);
  for (const maxDim of [2 ** 31, 2 ** 32 + 1, 65, Number.NaN]) {
    assert.throws(() => tda.ripsPersistence(zeros([3, 3]), { maxDim }), /maxDim must be an integer/);
  }
});

test("unknown options are refused by name", () => {
  const bars = Float32Array.of(0, 1);
  const given = { power: 2 } as object;
  for (const call of [
    () => tda.wassersteinDistance(bars, bars, given),
    () => tda.slicedWassersteinDistance(bars, bars, given),
    () => tda.heatKernelDistance(bars, bars, given),
    () => tda.persistenceImage(bars, given as tda.PersistenceImageOptions),
    () => tda.ripsPersistence(zeros([2, 2]), given),
  ]) {
    assert.throws(
      call,
      (error: Error) => error instanceof TypeError && /unknown option "power"/.test(error.message),
    );
  }
});

test("nothing but tensors and arrays", () => {
  const wrong = [undefined, null, "x", 7, [[1, 2]], {}] as never[];
  for (const value of wrong) {
    for (const name of [
      "correlation",
      "connectome",
      "graphPersistence",
      "ripsPersistence",
      "euclideanDistances",
    ] as const) {
      assert.throws(() => tda[name](value), new RegExp(`^${name}: expected a Tensor, got`));
    }
    assert.throws(() => tda.bottleneckDistance(value, Float32Array.of()), /a diagram is a Float32Array/);
  }
  assert.throws(
    () => tda.reduceBoundary({} as never),
    /reduceBoundary: expected an array of columns, got an object/,
  );
  assert.throws(
    () => tda.reduceBoundary([null] as never),
    /column 0: expected an array of indices, got null/,
  );
});

test.run();
