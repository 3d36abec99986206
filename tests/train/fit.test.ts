import { data, manualSeed, NonFiniteError, nn, optim, runtime, tda, tensor, train } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";

const setup = (lr = 0.1) => {
  manualSeed(3);
  const dataset = data.moons(300, { seed: 1 });
  const model = nn.mlp([2, 24, 16, 2]);
  return { dataset, model, optimizer: new optim.SGD(model.parameters(), { lr, momentum: 0.9 }) };
};

test("moons are learnt with CG-ALR; the history and the parts of time are told", async () => {
  const { dataset, model, optimizer } = setup();
  const stepsPerEpoch = Math.ceil(300 / 32);
  const tracker = new tda.ConnectomeTracker(model, { probe: data.stratifiedSample(dataset, 64).x });
  const schedule = new optim.CGALR(optimizer, tracker, { stepsPerEpoch });
  const kinds = new Map<string, number>();
  const result = await train.fit({
    model,
    optimizer,
    schedule,
    train: dataset,
    validation: data.moons(100, { seed: 2 }),
    epochs: 30,
    seed: 1,
    reportEvery: 5,
    onProgress: ({ type }) => kinds.set(type, (kinds.get(type) ?? 0) + 1),
  });
  assert.is(result.status, "finished");
  assert.is(result.steps, 30 * stepsPerEpoch);
  assert.is(schedule.history.length, 150);
  assert.equal(Object.fromEntries(kinds), { step: (30 * stepsPerEpoch) / 5, epoch: 30, observed: 150 });
  assert.ok((result.history[29].validationAccuracy as number) > 0.95);
  assert.ok(result.history[29].trainLoss < result.history[0].trainLoss / 2);
  const { total, ...parts } = result.seconds;
  assert.ok(Math.abs(Object.values(parts).reduce((a, b) => a + b, 0) - total) < 1e-6);
  const { accuracy } = train.evaluate(model, data.moons(200, { seed: 9 }));
  assert.ok((accuracy as number) > 0.95);
});

test("the same seed gives the same weights, bit for bit", async () => {
  const weights = async () => {
    const { dataset, model, optimizer } = setup();
    await train.fit({ model, optimizer, train: dataset, epochs: 3, seed: 7 });
    return model.parameters().map((p) => [...p.toFloat32Array()]);
  };
  assert.equal(await weights(), await weights());
});

test("training grows nothing", async () => {
  const { dataset, model, optimizer } = setup();
  await train.fit({ model, optimizer, train: dataset, epochs: 1 });
  const before = runtime();
  await train.fit({ model, optimizer, train: dataset, epochs: 20 });
  // Less is no surprise: what earlier tests left to the garbage collector may be gone.
  assert.ok(runtime().tensorsInUse <= before.tensorsInUse);
  assert.ok(runtime().bytesInUse <= before.bytesInUse);
});

test("a schedule of epochs is stepped after each", async () => {
  const { dataset, model, optimizer } = setup();
  const schedule = new optim.CosineAnnealingLR(optimizer, { tMax: 4 });
  const { history } = await train.fit({ model, optimizer, schedule, train: dataset, epochs: 4 });
  assert.ok(Math.abs(optimizer.lr) < 1e-12);
  assert.is(history[0].lr, 0.1);
});

test("divergence names step and layer and keeps the last finite weights", async () => {
  const { dataset, model, optimizer } = setup(1e20);
  const error = await train.fit({ model, optimizer, train: dataset, epochs: 5 }).then(
    () => null,
    (e: unknown) => e,
  );
  assert.instance(error, train.DivergenceError);
  assert.instance(error, NonFiniteError);
  assert.match(
    (error as Error).message,
    /training diverged at step \d+: the (loss is (NaN|Infinity)|gradients are not finite).*(parameter|layer) "/,
  );
  for (const parameter of model.parameters()) {
    assert.ok(parameter.toFloat32Array().every(Number.isFinite));
  }
});

test("NaN in the data is named as the input", async () => {
  const { model, optimizer } = setup();
  const dataset = new data.TensorDataset(
    tensor([
      [Number.NaN, 0],
      [1, 1],
    ]),
    tensor(Int32Array.of(0, 1)),
  );
  const error = await train.fit({ model, optimizer, train: dataset, epochs: 1 }).catch((e: unknown) => e);
  assert.match(
    (error as Error).message,
    /at step 1: the loss is NaN; the first that is not finite is the input/,
  );
});

test("a signal ends training after the step in hand", async () => {
  const { dataset, model, optimizer } = setup();
  const abort = new AbortController();
  const result = await train.fit({
    model,
    optimizer,
    train: dataset,
    epochs: 100,
    reportEvery: 1,
    signal: abort.signal,
    onProgress: (event) => {
      if (event.type === "step" && event.step === 13) abort.abort();
    },
  });
  assert.equal([result.status, result.steps], ["interrupted", 13]);
});

test.run();
