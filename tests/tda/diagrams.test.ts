// The public distances between persistence diagrams; their kernels are tested in tests/kernels/diagram-distances.test.ts.
import { NonFiniteError, runtime, tda } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { golden } from "../golden";
import { worst } from "../reference";

interface Fixture {
  "diagram distances": ({ a: number[][]; b: number[][] } & Record<string, number>)[];
}

const diagram = (...bars: number[][]) => Float32Array.from(bars.flat());
const raster = { birthRange: [0, 1], maxPersistence: 1, resolution: [3, 4], sigma: 0.2 } as const;
const infinite = Number.POSITIVE_INFINITY;

test("golden values", () => {
  for (const { a, b, ...expected } of golden<Fixture>("tda.json")["diagram distances"]) {
    const [p, q] = [diagram(...a), diagram(...b)];
    const close = (got: number, key: string) => assert.ok(worst([got], [expected[key]]) < 1e-5, key);
    close(tda.wassersteinDistance(p, q), "wasserstein p=1 euclidean");
    close(tda.wassersteinDistance(p, q, { p: 2 }), "wasserstein p=2 euclidean");
    close(tda.bottleneckDistance(p, q), "bottleneck");
  }
});

test("one bar against nothing: every distance by hand", () => {
  const [bar, nothing] = [diagram([0, 0.5]), diagram()];
  const is = (got: number, expected: number) =>
    assert.ok(Math.abs(got - expected) < 1e-12, `${got}, not ${expected}`);
  is(tda.wassersteinDistance(bar, nothing), 0.5 / Math.SQRT2);
  is(tda.wassersteinDistance(nothing, bar, { groundMetric: "chebyshev" }), 0.25);
  is(tda.bottleneckDistance(bar, nothing), 0.25);
  // (0, 1/2) against (1/4, 1/4), along cos t and sin t: |sin t - cos t| / 4, which averages to 1 / (sqrt(2) pi).
  const sliced = tda.slicedWassersteinDistance(bar, nothing, { directions: 1000 });
  assert.ok(Math.abs(sliced - 1 / (Math.SQRT2 * Math.PI)) < 1e-6);
  is(tda.slicedWassersteinDistance(bar, nothing, { directions: 1 }), 0.25);
  is(
    tda.slicedWassersteinDistance(bar, nothing, { directions: 1, bandwidth: 0.5 }),
    Math.sqrt(2 - 2 * Math.exp(-0.5)),
  );
  is(
    tda.heatKernelDistance(bar, nothing, { sigma: 0.1 }),
    Math.sqrt((1 - Math.exp(-0.5 / 0.8)) / (0.8 * Math.PI)),
  );
  const image = tda.persistenceImage(bar, raster);
  assert.equal([...image.shape], [3, 4]);
  const norm = Math.hypot(...image.toFloat32Array());
  assert.ok(Math.abs(tda.persistenceImageDistance(bar, nothing, raster) - norm) < 1e-7);
});

test("infinite bars: matched by some distances, refused by the others", () => {
  const [a, b] = [diagram([0, infinite], [0, 1]), diagram([0, 1], [0.5, infinite])];
  assert.is(tda.wassersteinDistance(a, b), 0.5);
  assert.is(tda.bottleneckDistance(a, b), 0.5);
  assert.is(tda.wassersteinDistance(a, diagram()), infinite);
  const refused = (error: Error) =>
    error instanceof NonFiniteError && /bar 1 .*never dies/.test(error.message);
  assert.throws(() => tda.slicedWassersteinDistance(a.subarray(2), b), refused);
  assert.throws(() => tda.heatKernelDistance(b, b), refused);
  assert.throws(() => tda.persistenceImageDistance(b, b, raster), refused);
  assert.throws(() => tda.persistenceImage(b, raster), refused);
});

test("errors say what is wrong, and nothing leaks", () => {
  const a = diagram([0, 1]);
  const before = runtime().bytesInUse;
  assert.throws(
    () => tda.wassersteinDistance(a, diagram([0, 1], [Number.NaN, 1])),
    /bar 1 of the second .* \[NaN, 1\]/,
  );
  assert.throws(() => tda.bottleneckDistance(diagram([-infinite, 0]), a), /bar 0 of the first/);
  assert.throws(() => tda.bottleneckDistance(a.subarray(1), a), /pairs, got 1 and 2 numbers/);
  assert.throws(() => tda.bottleneckDistance([[0, 1]] as unknown as Float32Array, a), TypeError);
  assert.throws(() => tda.wassersteinDistance(a, a, { p: 0.5 }), /p must be .* got 0.5/);
  assert.throws(() => tda.wassersteinDistance(a, a, { p: infinite }), RangeError);
  assert.throws(
    () => tda.wassersteinDistance(a, a, { groundMetric: "l1" as "chebyshev" }),
    /groundMetric must be .* got "l1"/,
  );
  assert.throws(() => tda.slicedWassersteinDistance(a, a, { directions: 0 }), /directions/);
  assert.throws(() => tda.slicedWassersteinDistance(a, a, { bandwidth: -1 }), /bandwidth/);
  assert.throws(() => tda.heatKernelDistance(a, a, { sigma: 0 }), /sigma/);
  assert.throws(() => tda.persistenceImage(a, { ...raster, birthRange: [1, 0] }), /birthRange/);
  assert.throws(() => tda.persistenceImage(a, { ...raster, resolution: [0, 4] }), /resolution/);
  assert.is(runtime().bytesInUse, before);
});

test.run();
