// A trainer saved at any step and restored into fresh objects goes on to the same bits.

import { data, manualSeed, nn, optim, randn, scope, type Tensor, tda, tensor, train } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { roundTrip } from "../state-tree";

interface Setup {
  name: string;
  make: () => train.TrainerOptions;
}

const moons = () => data.moons(90, { seed: 1 });
const images = () =>
  scope(() => {
    manualSeed(8);
    return new data.TensorDataset(
      randn([40, 2, 8, 8]),
      tensor(Int32Array.from({ length: 40 }, (_, i) => i % 3)),
    );
  });

const mlp = () => {
  manualSeed(4);
  return nn.mlp([2, 12, 8, 2]);
};

const cnn = () => {
  manualSeed(4);
  return new nn.Sequential(
    ...[new nn.Conv2d(2, 8, 3, { padding: 1 }), new nn.BatchNorm2d(8), new nn.ReLU(), new nn.MaxPool2d(2)],
    ...[new nn.Flatten(), new nn.Dropout(0.3), new nn.Linear(8 * 16, 3)],
  );
};

/** Shifts each image by one column half of the time. */
const augment = (x: Tensor, generator: { uniform(shape: number[]): Tensor }) =>
  generator.uniform([1]).item() < 0.5 ? x : x.flip(3);

const SETUPS: Setup[] = [
  {
    name: "MLP and Adam, cosine",
    make: () => {
      const model = mlp();
      const optimizer = new optim.Adam(model.parameters(), { lr: 0.01 });
      const schedule = new optim.CosineAnnealingLR(optimizer, { tMax: 4 });
      return { model, optimizer, schedule, train: moons(), validation: moons(), batchSize: 16, seed: 3 };
    },
  },
  {
    name: "CNN with batch norm, dropout and augmentation, SGD with momentum, clipped and accumulated",
    make: () => {
      const model = cnn();
      const optimizer = new optim.SGD(model.parameters(), { lr: 0.02, momentum: 0.9 });
      const options = { model, optimizer, train: images(), batchSize: 8, augment, seed: 3 };
      return { ...options, clipGradNorm: 1, accumulate: 2 };
    },
  },
  {
    name: "schedule-free AdamW and early stopping",
    make: () => {
      const model = mlp();
      const optimizer = new optim.ScheduleFreeAdamW(model.parameters(), { lr: 0.01 });
      const earlyStopping = { metric: "validationLoss", patience: 3 } as const;
      return { model, optimizer, train: moons(), validation: moons(), batchSize: 16, seed: 3, earlyStopping };
    },
  },
  {
    name: "SGD and CG-ALR",
    make: () => {
      const model = mlp();
      const optimizer = new optim.SGD(model.parameters(), { lr: 0.1, momentum: 0.9 });
      const set = moons();
      const tracker = new tda.ConnectomeTracker(model, { probe: data.stratifiedSample(set, 32).x });
      const schedule = new optim.CGALR(optimizer, tracker, { stepsPerEpoch: 6, observationsPerEpoch: 3 });
      return { model, optimizer, schedule, train: set, batchSize: 16, seed: 3 };
    },
  },
];

/** Everything that training left, times aside. */
function traceOf(trainer: train.Trainer): unknown {
  const state = trainer.stateDict();
  const history = state.history.map(({ seconds: _, ...rest }) => rest);
  const text = JSON.stringify({ ...state, history }, (key, value) =>
    ["milliseconds", "clock", "epochTime"].includes(key)
      ? 0
      : ArrayBuffer.isView(value)
        ? [...(value as Float32Array)]
        : value,
  );
  return JSON.parse(text);
}

for (const { name, make } of SETUPS) {
  test(`${name}: restored at any step it ends with the same bits`, () => {
    const whole = new train.Trainer(make());
    const steps = 3 * whole.stepsPerEpoch;
    const saved: train.TrainerState[] = [];
    for (let step = 0; step < steps; step++) {
      saved.push(whole.stateDict());
      whole.step();
    }
    const expected = traceOf(whole);
    // Within an epoch, at its end, and before the first step.
    for (const at of [0, 2, whole.stepsPerEpoch, steps - 1]) {
      const trainer = new train.Trainer(make());
      trainer.loadStateDict(roundTrip(saved[at]) as train.TrainerState);
      assert.is(trainer.steps, at);
      while (trainer.steps < steps) trainer.step();
      assert.equal(traceOf(trainer), expected, `from step ${at}`);
    }
  });
}

test("a state of another model is refused, and nothing has changed", () => {
  const { make } = SETUPS[0];
  const trainer = new train.Trainer(make());
  const other = new train.Trainer(SETUPS[1].make());
  const before = traceOf(trainer);
  assert.throws(() => trainer.loadStateDict(other.stateDict()), /the model differs/);
  assert.equal(traceOf(trainer), before);
});

test("accumulated batches make the step of one batch", () => {
  const weights = (batchSize: number, accumulate: number) => {
    const model = mlp();
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 });
    const trainer = new train.Trainer({ model, optimizer, train: moons(), batchSize, accumulate, seed: 2 });
    trainer.epoch();
    return model.parameters().flatMap((p) => [...p.toFloat32Array()]);
  };
  // 90 samples: the last step has fewer.
  const [large, small] = [weights(40, 1), weights(10, 4)];
  for (const [i, value] of large.entries()) assert.ok(Math.abs(value - small[i]) < 1e-6);
});

test("gradients are clipped before the step", () => {
  const { model, optimizer } = SETUPS[0].make();
  const sgd = new optim.SGD(model.parameters(), { lr: 1 });
  const before = model.parameters().flatMap((p) => [...p.toFloat32Array()]);
  new train.Trainer({ model, optimizer: sgd, train: moons(), batchSize: 90, clipGradNorm: 1e-3 }).step();
  const after = model.parameters().flatMap((p) => [...p.toFloat32Array()]);
  const moved = Math.hypot(...after.map((value, i) => value - before[i]));
  assert.ok(moved < 1.1e-3 && moved > 0.5e-3, String(moved));
  assert.ok(optimizer.lr > 0);
});

test("early stopping: training ends, and the model has its best weights", async () => {
  manualSeed(5);
  const model = nn.mlp([2, 16, 2]);
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.5, momentum: 0.9 });
  const validation = data.moons(60, { seed: 9, noise: 0.4 });
  const result = await train.fit({
    ...{ model, optimizer, train: data.moons(40, { seed: 1, noise: 0.4 }), validation },
    ...{ epochs: 300, batchSize: 8, seed: 1, earlyStopping: { metric: "validationLoss", patience: 4 } },
  });
  assert.ok(result.history.length < 300);
  assert.match(result.stopped as string, /validationLoss has not improved since epoch \d+/);
  const losses = result.history.map((event) => event.validationLoss as number);
  assert.is(losses.indexOf(Math.min(...losses)), losses.length - 6);
  assert.ok(Math.abs(train.evaluate(model, validation).loss - Math.min(...losses)) < 1e-6);
});

test("callbacks hear steps, epochs and the end, and may end training", async () => {
  const { model, optimizer } = SETUPS[0].make();
  const heard: string[] = [];
  const callback: train.Callback = {
    onStep: ({ step }, trainer) => {
      heard.push(`step ${step}`);
      if (step === 8) trainer.stop("enough");
    },
    onEpoch: ({ epoch }) => heard.push(`epoch ${epoch}`),
    onStop: (reason) => heard.push(reason),
  };
  const result = await train.fit({ model, optimizer, train: moons(), epochs: 9, callbacks: [callback] });
  assert.equal([result.stopped, result.steps], ["enough", 8]);
  assert.equal(heard.slice(0, 4), ["step 1", "step 2", "step 3", "epoch 1"]);
  assert.equal(heard.slice(-2), ["step 8", "enough"]);
});

/** Counts observations told, and the share of time that is booked for them. */
async function observed(make: (optimizer: optim.SGD, cg: () => optim.CGALR) => train.FitSchedule) {
  const model = mlp();
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 });
  const set = moons();
  const cg = () => {
    const tracker = new tda.ConnectomeTracker(model, { probe: data.stratifiedSample(set, 32).x });
    return new optim.CGALR(optimizer, tracker, { stepsPerEpoch: 6, observationsPerEpoch: 3 });
  };
  const schedule = make(optimizer, cg);
  let told = 0;
  const { seconds } = await train.fit({
    ...{ model, optimizer, schedule, train: set, epochs: 4, batchSize: 16 },
    onProgress: ({ type }) => {
      if (type === "observed") told++;
    },
  });
  return { told, connectome: seconds.connectome };
}

test("observations are told behind any wrapper and inside SequentialLR", async () => {
  const plain = await observed((_, cg) => {
    const inner = cg();
    return { interval: "step", step: () => inner.step() };
  });
  assert.is(plain.told, 12);
  assert.ok(plain.connectome > 0);
  const warmed = await observed((optimizer, cg) => {
    class StepwiseLinear extends optim.LinearLR {
      override readonly interval = "step" as const;
    }
    const warmup = new StepwiseLinear(optimizer, { totalIters: 6 });
    return new optim.SequentialLR(optimizer, { schedules: [warmup, cg()], milestones: [6] });
  });
  assert.is(warmed.told, 9);
});

test("a schedule that observes nothing costs no connectome", async () => {
  const { told, connectome } = await observed(
    (optimizer) => new optim.EnvelopeLR(optimizer, { stepsPerEpoch: 6 }),
  );
  assert.equal([told, connectome], [0, 0]);
});

test("unknown options and an optimizer of another model are refused", async () => {
  const { model, optimizer, train: set } = SETUPS[0].make();
  const refused = (options: object, message: RegExp) =>
    train.fit({ model, optimizer, train: set, epochs: 1, ...options } as train.FitOptions).then(
      () => assert.unreachable(String(message)),
      (error: Error) => assert.match(error.message, message),
    );
  await refused({ clip: 1 }, /fit: unknown option "clip"/);
  await refused({ batch_size: 3 }, /fit: unknown option "batch_size"; do you mean batchSize\?/);
  await refused({ accumulate: 0.5 }, /accumulate must be a positive integer/);
  const stranger = new optim.SGD(nn.mlp([2, 2]).parameters(), { lr: 0.1 });
  await refused({ optimizer: stranger }, /the optimizer has no parameter of this model/);
});

test.run();
