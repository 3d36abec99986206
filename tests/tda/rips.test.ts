import fc from "fast-check";
import { NonFiniteError, OutOfMemoryError, runtime, type Tensor, tda, tensor, zeros } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { sample } from "../reference";

const infinite = Number.POSITIVE_INFINITY;

/** Distances between n points in three dimensions, as rows. */
function cloud(n: number, seed: number): number[][] {
  const { data } = sample([n, 3], seed);
  const between = (i: number, j: number) =>
    Math.fround(Math.hypot(...[0, 1, 2].map((axis) => data[3 * i + axis] - data[3 * j + axis])));
  return Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => between(i, j)));
}

const bars = (diagram: Float32Array) =>
  Array.from({ length: diagram.length / 2 }, (_, i) => [...diagram.subarray(2 * i, 2 * i + 2)]);
const sorted = (diagram: Float32Array) =>
  bars(diagram).sort(([a, b], [c, d]) => a - c || (b === d ? 0 : b - d));

test("no points, one point, two points, points in one place", () => {
  const diagrams = (d: Tensor) => tda.ripsPersistence(d).diagrams.map(bars);
  assert.equal(diagrams(zeros([0, 0])), [[], []]);
  assert.equal(diagrams(zeros([1, 1])), [[[0, infinite]], []]);
  assert.equal(diagrams(zeros([3, 3])), [[[0, infinite]], []]);
  assert.equal(
    diagrams(
      tensor([
        [0, 2],
        [2, 0],
      ]),
    ),
    [
      [
        [0, 2],
        [0, infinite],
      ],
      [],
    ],
  );
});

test("an infinite distance is no edge", () => {
  const apart = tensor([
    [0, 1, infinite],
    [1, 0, infinite],
    [infinite, infinite, 0],
  ]);
  assert.equal(sorted(tda.ripsPersistence(apart).diagrams[0]), [
    [0, 1],
    [0, infinite],
    [0, infinite],
  ]);
});

test("below the threshold nothing changes; what dies later lives for ever", () => {
  const d = tensor(cloud(40, 3));
  const whole = tda.ripsPersistence(d, { maxDim: 2 }).diagrams;
  for (const threshold of [0.2, 0.5, 0.8, 10, infinite]) {
    const cut = tda.ripsPersistence(d, { maxDim: 2, threshold }).diagrams;
    for (const [dim, diagram] of whole.entries()) {
      const expected = bars(diagram)
        .filter(([birth]) => birth <= threshold)
        .map(([birth, death]) => [birth, death <= threshold ? death : infinite]);
      assert.equal(sorted(cut[dim]), sorted(Float32Array.from(expected.flat())), `${threshold}, H${dim}`);
    }
  }
});

test("lower dimensions are the same whatever maxDim is", () => {
  const d = tensor(cloud(25, 4));
  const whole = tda.ripsPersistence(d, { maxDim: 3 }).diagrams;
  for (const maxDim of [0, 1, 2]) {
    assert.equal(tda.ripsPersistence(d, { maxDim }).diagrams, whole.slice(0, maxDim + 1));
  }
});

test("the order of the points does not matter", () => {
  const rows = cloud(30, 5);
  const expected = tda.ripsPersistence(tensor(rows), { maxDim: 2 }).diagrams.map(sorted);
  fc.assert(
    fc.property(fc.shuffledSubarray([...rows.keys()], { minLength: rows.length }), (order) => {
      const moved = tensor(order.map((i) => order.map((j) => rows[i][j])));
      assert.equal(tda.ripsPersistence(moved, { maxDim: 2 }).diagrams.map(sorted), expected);
    }),
    { numRuns: 10 },
  );
});

test("progress is told before the start and goes to the end; memory is given back, also after an error", () => {
  const d = tensor(cloud(80, 7));
  const before = runtime().bytesInUse;
  const seen: tda.RipsProgress[] = [];
  tda.ripsPersistence(d, { maxDim: 2, onProgress: (progress) => seen.push({ ...progress }) });
  assert.equal([seen[0].dim, seen[0].done], [1, 0]);
  assert.ok(seen[0].bytes > 20 * seen[0].total);
  for (const [i, { dim, done, total, bytes }] of seen.entries()) {
    assert.ok(done <= total && total === seen[0].total);
    const last = seen[i - 1];
    if (last !== undefined) assert.ok(bytes >= last.bytes && (dim > last.dim || done >= last.done));
  }
  const end = seen.at(-1);
  assert.equal([end?.dim, end?.done], [2, end?.total]);
  const stop = () => {
    throw new Error("enough");
  };
  assert.throws(() => tda.ripsPersistence(d, { onProgress: stop }), /enough/);
  assert.is(runtime().bytesInUse, before);
});

test("a limit of memory stops with the number of bytes", () => {
  const d = tensor(cloud(80, 8));
  const before = runtime().bytesInUse;
  const within = (maxMemory: number) => () => tda.ripsPersistence(d, { maxDim: 2, maxMemory });
  const isLimit = (error: Error) =>
    error instanceof OutOfMemoryError &&
    /^ripsPersistence: at least [\d.]+ [KM]iB needed, limit [\d.]+ [KM]iB/.test(error.message);
  assert.throws(within(2 ** 12), isLimit);
  const sizes: number[] = [];
  tda.ripsPersistence(d, { onProgress: ({ bytes }) => sizes.push(bytes) });
  assert.throws(within(sizes[0] + 1000), isLimit);
  assert.is(runtime().bytesInUse, before);
  assert.equal(within(2 ** 27)(), tda.ripsPersistence(d, { maxDim: 2 }));
});

test("what is no distance matrix is refused, and the entry named", () => {
  const rips = (rows: number[][]) => () => tda.ripsPersistence(tensor(rows));
  assert.throws(() => tda.ripsPersistence(zeros([2, 3])), /expected a square matrix, got \[2,3\]/);
  assert.throws(
    rips([
      [0, 1],
      [2, 0],
    ]),
    /not symmetric: D\[1,0\] is 2, D\[0,1\] is 1/,
  );
  assert.throws(
    rips([
      [0, -1],
      [-1, 0],
    ]),
    /negative: D\[1,0\] is -1/,
  );
  assert.throws(
    rips([
      [0, 1],
      [1, 0.5],
    ]),
    /from itself is not 0: D\[1,1\] is 0.5/,
  );
  assert.throws(rips([[Number.NaN]]), /from itself is not 0: D\[0,0\] is NaN/);
  const hole = [
    [0, Number.NaN],
    [Number.NaN, 0],
  ];
  const isHole = (error: Error) => error instanceof NonFiniteError && /D\[1,0\] is NaN/.test(error.message);
  assert.throws(rips(hole), isHole);
  const options = (given: object) => () => tda.ripsPersistence(zeros([2, 2]), given);
  assert.throws(options({ maxDim: 0.5 }), /maxDim must be an integer .*at least 0/);
  assert.throws(options({ threshold: -1 }), /threshold must be a number of at least 0/);
  assert.throws(options({ threshold: Number.NaN }), /threshold/);
  assert.throws(options({ maxMemory: 0 }), /maxMemory must be a positive number of bytes/);
});

test("simplices that 64 bits cannot number are refused", () => {
  const n = 400;
  const { data } = sample([n, n], 9, 1, 2);
  const rows = Array.from({ length: n }, (_, i) =>
    Array.from({ length: n }, (_, j) => (i === j ? 0 : data[Math.min(i, j) * n + Math.max(i, j)])),
  );
  assert.throws(
    () => tda.ripsPersistence(tensor(rows), { maxDim: 12 }),
    /simplices of dimension 13 on 400 points cannot be numbered with 64 bits/,
  );
});

test.run();
