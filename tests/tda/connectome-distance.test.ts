// Every distance of the connectome tracker, and its batches, history and state.

import { eye, nn, randn, runtime, scope, type Tensor, tda } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { worst } from "../reference";

const network = () => nn.mlp([6, 12, 8, 3]);
const disturb = (model: nn.Module) => model.parameters()[0].assign(randn([12, 6]));

/** The mean of |M - M'|, as a function of one's own. */
const meanChange = (now: Tensor, before: Tensor) => now.sub(before).abs().mean().item();

/** A distance of one's own that keeps two numbers of a connectome. */
const byRange: tda.NamedConnectomeMetric<{ weakest: number; strongest: number }> = {
  name: "range",
  summarise: (connectome, { deaths }) => ({ weakest: deaths[0], strongest: connectome.max().item() }),
  distance: (now, before) =>
    Math.abs(now.weakest - before.weakest) + Math.abs(now.strongest - before.strongest),
};

const distances: tda.ConnectomeDistance[] = [
  "top",
  "cycles",
  "components",
  "frobenius",
  "wasserstein",
  { name: "wasserstein", p: 2, groundMetric: "chebyshev", dissimilarity: "linear" },
  { name: "wasserstein", dim: 0 },
  "bottleneck",
  { name: "slicedWasserstein", bandwidth: 0.5 },
  "heat",
  { name: "heat", sigma: 0.1, dim: 0 },
  "persistenceImage",
  { name: "persistenceImage", resolution: [5, 5], sigma: 0.2 },
  meanChange,
  byRange,
];

for (const distance of distances) {
  const title = typeof distance === "function" ? "a function" : JSON.stringify(distance);
  test(`${title}: 0 while nothing moves, then positive; goes on from a saved state as if never stopped`, () => {
    const model = network();
    const probe = randn([40, 6]);
    const tracker = new tda.ConnectomeTracker(model, { probe, distance });
    assert.is(tracker.observe().distance, null);
    assert.is(tracker.observe().distance, 0);
    const saved = tracker.stateDict();
    disturb(model);
    const moved = tracker.observe().distance as number;
    assert.ok(moved > 0 && Number.isFinite(moved));
    const other = new tda.ConnectomeTracker(model, { probe, distance });
    other.loadStateDict(saved);
    assert.is(other.observe().distance, moved);
    assert.equal(
      other.history.map((record) => record.distance),
      [null, 0, moved],
    );
    assert.ok(tracker.history.every(({ milliseconds }) => milliseconds >= 0));
  });
}

test("distances are those of the functions of their names", () => {
  const model = network();
  const probe = randn([40, 6]);
  const seen = (distance: tda.ConnectomeDistance) => {
    const tracker = new tda.ConnectomeTracker(model, { probe, distance });
    return { tracker, before: tracker.observe() };
  };
  const [cycles, frobenius, bottleneck] = [seen("cycles"), seen("frobenius"), seen("bottleneck")];
  disturb(model);
  const { before } = cycles;
  const now = cycles.tracker.observe();
  assert.is(now.distance, tda.cyclesDistance(now, before));
  assert.is(frobenius.tracker.observe().distance, tda.frobeniusDistance(now.connectome, before.connectome));
  const diagram = ({ connectome: m }: Required<tda.Observation>) => {
    const offDiagonal = eye(m.shape[0]).neg().add(1);
    return tda.ripsPersistence(m.neg().add(1).sqrt().mul(offDiagonal)).diagrams[1];
  };
  assert.is(bottleneck.tracker.observe().distance, tda.bottleneckDistance(diagram(now), diagram(before)));
});

test("a probe in batches gives the connectome of the whole, in less memory", () => {
  const model = network();
  const probe = randn([250, 6]);
  const observe = (batchSize: number) =>
    new tda.ConnectomeTracker(model, { probe, batchSize, maxSignals: 15 }).observe();
  const whole = observe(Number.POSITIVE_INFINITY);
  for (const batchSize of [249, 100, 32, 1]) {
    const { connectome, births } = observe(batchSize);
    assert.ok(worst(connectome.toFloat32Array(), whole.connectome.toFloat32Array()) < 1e-6);
    assert.ok(worst(births, whole.births) < 1e-6);
  }
  const tracker = new tda.ConnectomeTracker(model, { probe, batchSize: 32 });
  const free = () =>
    scope(() => {
      tracker.observe();
    });
  free();
  const before = runtime().bytesInUse;
  free();
  assert.is(runtime().bytesInUse, before);
  assert.is(tracker.history[1].distance, 0);
});

test("every distance of the catalogue says what it is and is known by its name", () => {
  assert.equal(new Set(tda.DISTANCES.map(({ name }) => name)).size, tda.DISTANCES.length, "names are unique");
  for (const { name, about } of tda.DISTANCES) {
    assert.ok(about.length > 0);
    const tracker = new tda.ConnectomeTracker(network(), { probe: randn([20, 6]), distance: name });
    assert.is(tracker.stateDict().distance, name);
  }
});

test("NaN in one batch names the layer", () => {
  const model = network();
  model.parameters()[2].assign(Number.NaN);
  const tracker = new tda.ConnectomeTracker(model, { probe: randn([20, 6]), batchSize: 8 });
  assert.throws(() => tracker.observe(), /activation of layer "3" is NaN or infinite/);
});

test("wrong distances, options and states are refused at once", () => {
  const model = network();
  const probe = randn([20, 6]);
  const make = (options: object) => () => new tda.ConnectomeTracker(model, { probe, ...options });
  assert.throws(make({ distance: "topp" }), /unknown distance "topp"; there is top, cycles, components, /);
  assert.throws(make({ distance: { name: "constructor" } }), /unknown distance "constructor"/);
  assert.throws(make({ distance: { name: "wasserstein", p: 0.5 } }), /p must be a finite number/);
  assert.throws(
    make({ distance: { name: "heat", sigma: -1 } }),
    /sigma must be a finite number above 0, got -1/,
  );
  assert.throws(make({ distance: { name: "bottleneck", dim: 1.5 } }), /dim must be an integer .*, got 1.5/);
  assert.throws(
    make({ distance: { name: "heat", dissimilarity: "log" } }),
    /dissimilarity must be "sqrt" or "linear", got "log"/,
  );
  assert.throws(
    make({ distance: { name: "frobenius", dim: 1 } }),
    /distance "frobenius": unknown option "dim"; there are none/,
  );
  assert.throws(
    make({ distance: { name: "wasserstein", power: 2 } }),
    /unknown option "power"; known options: p, groundMetric/,
  );
  assert.throws(make({ distance: 7 }), /distance must be a name, an object or a function, got 7/);
  assert.throws(
    make({ distance: { name: "mine", summarise: null } }),
    /distance.summarise must be a function, got null/,
  );
  const named = make({ distance: byRange })().stateDict();
  assert.is(named.distance, "range");
  assert.throws(make({ batchSize: 0 }), /batchSize must be a positive integer or Infinity, got 0/);
  const saved = make({ distance: "frobenius" })().stateDict();
  assert.throws(
    () => make({})().loadStateDict(saved),
    /saved with distance "frobenius", this tracker has "top"/,
  );
  const wide = new tda.ConnectomeTracker(nn.mlp([6, 20, 3]), { probe });
  const narrow = new tda.ConnectomeTracker(nn.mlp([6, 5, 3]), { probe });
  wide.observe();
  narrow.loadStateDict({ ...wide.stateDict(), chosen: null });
  assert.throws(() => narrow.observe(), /last connectome had 20 signals, this one has 5/);
  assert.throws(
    () => tda.frobeniusDistance(randn([2, 2]), randn([3, 3])),
    /sizes differ: \[2,2\] and \[3,3\]/,
  );
});

test.run();
