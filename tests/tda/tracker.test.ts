import {
  concat,
  data,
  manualSeed,
  nn,
  rand,
  randn,
  runtime,
  scope,
  type Tensor,
  tda,
  tensor,
  zeros,
} from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";

const network = () => nn.mlp([6, 12, 8, 3]);

test("hidden activations are observed, the output layer is left out", () => {
  const tracker = new tda.ConnectomeTracker(network(), { probe: randn([40, 6]) });
  const { distance, connectome, births, deaths } = tracker.observe();
  assert.equal(tracker.signals, [
    { layer: "1", count: 12 },
    { layer: "3", count: 8 },
  ]);
  assert.is(distance, null);
  assert.equal([...connectome.shape], [20, 20]);
  assert.is(births.length, 19);
  assert.is(deaths.length, 190 - 19);
});

test("an unchanged model has not moved; a changed one has", () => {
  const model = network();
  const tracker = new tda.ConnectomeTracker(model, { probe: randn([40, 6]) });
  tracker.observe();
  assert.is(tracker.observe().distance, 0);
  model.parameters()[0].assign(randn([12, 6]));
  assert.ok((tracker.observe().distance as number) > 0);
});

test("observing changes neither mode, nor weights, nor the random stream, nor memory", () => {
  const model = new nn.Sequential(
    new nn.Linear(6, 12),
    new nn.ReLU(),
    new nn.Dropout(0.5),
    new nn.Linear(12, 3),
  );
  const tracker = new tda.ConnectomeTracker(model, { probe: randn([40, 6]) });
  const observe = () =>
    scope(() => {
      tracker.observe();
    });
  observe();
  manualSeed(5);
  const expected = rand([3]).toArray();
  manualSeed(5);
  const before = runtime().bytesInUse;
  observe();
  assert.is(runtime().bytesInUse, before);
  assert.ok(model.training);
  assert.equal(rand([3]).toArray(), expected);
});

test("more signals than maxSignals are cut in proportion, always the same ones", () => {
  const model = network();
  const probe = randn([40, 6]);
  const signals = () => {
    const tracker = new tda.ConnectomeTracker(model, { probe, maxSignals: 10, seed: 3 });
    const { births } = tracker.observe();
    return { births: [...births], groups: tracker.signals };
  };
  const first = signals();
  assert.equal(first.groups, [
    { layer: "1", count: 6 },
    { layer: "3", count: 4 },
  ]);
  assert.equal(signals(), first);
});

test("layers by name, also those of a custom module", () => {
  class Twin extends nn.Module {
    a = new nn.Linear(6, 5);
    b = new nn.Linear(5, 2);
    forward(x: ReturnType<typeof randn>) {
      return this.b.forward(this.a.forward(x).relu());
    }
  }
  const tracker = new tda.ConnectomeTracker(new Twin(), { probe: randn([20, 6]), layers: ["a"] });
  tracker.observe();
  assert.equal(tracker.signals, [{ layer: "a", count: 5 }]);
  const unnamed = new tda.ConnectomeTracker(new Twin(), { probe: randn([20, 6]) });
  unnamed.observe();
  assert.equal(unnamed.signals, [{ layer: "a", count: 5 }]);
  assert.throws(
    () => new tda.ConnectomeTracker(new Twin(), { probe: randn([20, 6]), layers: ["c"] }),
    /no module "c"; it has , a, b/,
  );
});

/** The connectome computed from the columns of these signals. */
const expected = (parts: Tensor[]) => tda.connectome(concat(parts, 1)).toArray();

test("channels of convolutions are read by their spatial means, after batch norm and activation", () => {
  const [first, second, third] = [new nn.Conv2d(2, 4, 3), new nn.BatchNorm2d(4), new nn.ReLU()];
  const [fourth, fifth] = [new nn.Linear(4 * 3 * 3, 6), new nn.Tanh()];
  const flat = [new nn.MaxPool2d(2), new nn.Flatten()];
  const model = new nn.Sequential(first, second, third, ...flat, fourth, fifth, new nn.Linear(6, 3));
  const probe = randn([12, 2, 8, 8]);
  const tracker = new tda.ConnectomeTracker(model, { probe });
  const { connectome } = tracker.observe();
  assert.equal(tracker.signals, [
    { layer: "2", count: 4 },
    { layer: "6", count: 6 },
  ]);
  model.eval();
  const channels = third.forward(second.forward(first.forward(probe)));
  const hidden = fifth.forward(fourth.forward(flat[1].forward(flat[0].forward(channels))));
  assert.equal(connectome.toArray(), expected([channels.mean([2, 3]), hidden]));
  assert.ok(third.training === false && model.training === false);
});

test("signals [N,C,L] of one-dimensional convolutions have their channels first, tokens [N,T,D] last", () => {
  const model = new nn.Sequential(new nn.Conv1d(2, 5, 3), new nn.ReLU(), new nn.Conv1d(5, 2, 3));
  const probe = randn([10, 2, 9]);
  const { connectome } = new tda.ConnectomeTracker(model, { probe }).observe();
  assert.equal(
    connectome.toArray(),
    expected([
      probe
        .conv1d(...weightsOf(model, "0"))
        .relu()
        .mean(2),
    ]),
  );

  const tokens = new nn.Sequential(new nn.Linear(4, 6), new nn.ReLU(), new nn.Linear(6, 2));
  const words = randn([10, 7, 4]);
  const tracker = new tda.ConnectomeTracker(tokens, { probe: words });
  tracker.observe();
  assert.equal(tracker.signals, [{ layer: "1", count: 6 }]);
});

const weightsOf = (model: nn.Module, name: string) => {
  const state = model.stateDict();
  return [state[`${name}.weight`], state[`${name}.bias`]] as const;
};

test("residual blocks: each convolution's activation, the sum's after the block, shortcuts not on their own", () => {
  for (const norm of ["batch", "group"] as const) {
    const model = nn.resnet8({ channels: 1, norm });
    const tracker = new tda.ConnectomeTracker(model, { probe: randn([6, 1, 12, 12]) });
    tracker.observe();
    assert.equal(tracker.signals, [
      { layer: "2", count: 16 },
      { layer: "3.module.2", count: 16 },
      { layer: "4", count: 16 },
      { layer: "5.module.2", count: 32 },
      { layer: "6", count: 32 },
      { layer: "7.module.2", count: 64 },
      { layer: "8", count: 64 },
    ]);
    assert.is(tracker.observe().distance, 0);
  }
});

test("the reference networks for images have signals in every hidden layer", () => {
  const signals = (model: nn.Module, probe: Tensor) => {
    const tracker = new tda.ConnectomeTracker(model, { probe, maxSignals: 1024 });
    tracker.observe();
    return tracker.signals.map(({ layer, count }) => `${layer}:${count}`).join(" ");
  };
  assert.is(signals(nn.lenet(), randn([4, 784])), "2:6 5:16 9:120 11:84");
  assert.is(signals(nn.vgg(), randn([3, 3, 32, 32])), "1:32 3:32 6:64 8:64 11:128 13:128 17:256 19:128");
});

test("NaN activations name the layer", () => {
  const model = network();
  (model.parameters()[2] as ReturnType<typeof zeros>).assign(Number.NaN);
  const tracker = new tda.ConnectomeTracker(model, { probe: randn([20, 6]) });
  assert.throws(() => tracker.observe(), /activation of layer "3" is NaN or infinite/);
});

test("a saved tracker measures the next distance as if it had gone on", () => {
  const model = network();
  const probe = randn([40, 6]);
  const first = new tda.ConnectomeTracker(model, { probe });
  first.observe();
  const saved = first.stateDict();
  model.parameters()[0].assign(randn([12, 6]));
  const second = new tda.ConnectomeTracker(model, { probe });
  second.loadStateDict(saved);
  assert.is(second.observe().distance, first.observe().distance);
});

test("constant signals have correlation 0, large means do no harm", () => {
  const n = 16;
  const rows = Array.from({ length: n }, (_, i) => [0.1, 1e6 + (i % 3), i % 3, -(i % 3)]);
  const rho = tda.correlation(tensor(rows)).toArray() as number[][];
  assert.equal(rho[0], [0, 0, 0, 0]);
  assert.ok(Math.abs(rho[1][2] - 1) < 1e-5);
  assert.ok(Math.abs(rho[2][3] + 1) < 1e-6);
  assert.is(rho[2][2], 1);
});

test("graphs of different sizes and matrices that are not square are refused", () => {
  const [p, q] = [tda.graphPersistence(zeros([3, 3])), tda.graphPersistence(zeros([5, 5]))];
  assert.throws(() => tda.topDistance(p, q), /graphs have 3 and 5 nodes/);
  assert.throws(() => tda.graphPersistence(zeros([3, 4])), /expected a square matrix, got \[3,4\]/);
  assert.throws(() => tda.correlation(zeros([3])), /expected \[N,P\]/);
});

test("the complete graph of P nodes: P - 1 births, the rest deaths, also for zero weights", () => {
  for (const p of [1, 2, 3, 17]) {
    const { births, deaths } = tda.graphPersistence(zeros([p, p]));
    assert.is(births.length, p - 1);
    assert.is(deaths.length, (p * (p - 1)) / 2 - p + 1);
  }
});

test("a stratified sample has each class's share and follows its seed", () => {
  const labels = Int32Array.from({ length: 100 }, (_, i) => (i < 50 ? 0 : i < 80 ? 1 : 2));
  const dataset = new data.TensorDataset(randn([100, 2]), tensor(labels));
  const sampled = data.stratifiedSample(dataset, 20, 7);
  const counts = [0, 0, 0];
  for (const label of sampled.y.toInt32Array()) counts[label]++;
  assert.equal(counts, [10, 6, 4]);
  assert.equal(data.stratifiedSample(dataset, 20, 7).x.toArray(), sampled.x.toArray());
});

test.run();
