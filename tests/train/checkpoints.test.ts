// fit() that saves itself, goes on, and goes back.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { data, io, manualSeed, nn, optim, type Tensor, train } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";

const folder = mkdtempSync(join(tmpdir(), "topograd-fit-"));
test.after(() => rmSync(folder, { recursive: true }));

const weightsOf = (model: nn.Module) => model.parameters().map((p) => p.toArray());

type Options = Partial<train.FitOptions> & { lr?: number };

/** A run on moons, eight steps an epoch; returns the model and what fit() told. */
async function run({ lr = 0.1, ...options }: Options = {}) {
  manualSeed(1);
  const [samples, validation] = data.split(data.moons(192), 128, 1);
  const model = nn.mlp([2, 8, 2]);
  const optimizer = new optim.SGD(model.parameters(), { lr, momentum: 0.9 });
  const events: train.FitProgress[] = [];
  const result = await train.fit({
    model,
    optimizer,
    train: samples,
    validation,
    batchSize: 16,
    epochs: 4,
    onProgress: (event) => events.push(event),
    ...options,
  });
  return { model, optimizer, events, result };
}

const filesIn = (dir: string) => readdirSync(dir).sort();

test("the newest are kept, and the best", async () => {
  const dir = join(folder, "kept");
  const { result } = await run({ checkpoint: { dir, every: 3, keep: 3, best: "validationLoss" } });
  assert.equal(filesIn(dir), [
    "best.ckpt",
    "step-000000027.ckpt",
    "step-000000030.ckpt",
    "step-000000032.ckpt",
  ]);
  const best = io.loadCheckpoint(join(dir, "best.ckpt")) as unknown as {
    trainer: train.TrainerState;
    best: number;
  };
  const losses = result.history.map(({ validationLoss }) => validationLoss as number);
  assert.is(best.best, Math.min(...losses));
  assert.is(best.trainer.epochs, losses.indexOf(best.best) + 1);
});

test("without `every` one is made each epoch; resume goes on to the same bits, also with more epochs", async () => {
  const dir = join(folder, "resumed");
  const whole = await run();
  await run({ epochs: 3, checkpoint: { dir } });
  assert.equal(filesIn(dir), ["step-000000016.ckpt", "step-000000024.ckpt"]);
  const { model, events, result } = await run({ checkpoint: { dir, resume: true } });
  assert.equal(events[0].type, "resumed");
  assert.equal(weightsOf(model), weightsOf(whole.model));
  const untimed = (history: train.EpochEvent[]) => history.map(({ seconds: _, ...event }) => event);
  assert.equal(untimed(result.history), untimed(whole.result.history));
  assert.is(result.steps, 32);
});

test("an interrupt saves the step in hand", async () => {
  const dir = join(folder, "interrupted");
  const abort = new AbortController();
  const stopAt: train.Callback = { onStep: ({ step }) => step === 5 && abort.abort() };
  const { result } = await run({ checkpoint: { dir }, signal: abort.signal, callbacks: [stopAt] });
  assert.is(result.status, "interrupted");
  assert.equal(filesIn(dir), ["step-000000005.ckpt"]);
});

test("a damaged checkpoint is told, and the one before it is used; without one there is an error", async () => {
  const dir = join(folder, "damaged");
  const whole = await run();
  await run({ epochs: 3, checkpoint: { dir } });
  const [older, newest] = filesIn(dir).map((file) => join(dir, file));
  writeFileSync(newest, readFileSync(newest).subarray(0, 1000));
  const warned: string[] = [];
  const { warn } = console;
  console.warn = (text: string) => warned.push(text);
  try {
    const { model, events } = await run({ checkpoint: { dir, resume: true } });
    assert.equal((events[0] as train.ResumedEvent).file, older);
    assert.equal(weightsOf(model), weightsOf(whole.model));
    assert.match(
      warned.join(),
      /step-000000024\.ckpt: checkpoint: it is damaged: .*; an older checkpoint is used/,
    );
  } finally {
    console.warn = warn;
  }
  for (const file of filesIn(dir)) writeFileSync(join(dir, file), "");
  try {
    await run({ checkpoint: { dir, resume: true } });
    assert.unreachable();
  } catch (error) {
    assert.match((error as Error).message, /no checkpoint of .*damaged can be read: .*this is no checkpoint/);
  }
});

test("what does not go together is refused", async () => {
  const dir = join(folder, "kept");
  const cases: [Options, RegExp][] = [
    [
      { checkpoint: { dir } },
      /kept holds the checkpoints of another run: take an empty folder, or set resume/,
    ],
    [{ checkpoint: { dir: join(folder, "new"), every: 0 } }, /every must be a positive integer/],
    [{ checkpoint: { dir: 3 as never } }, /dir must be a string/],
    [{ checkpoint: { dir, resume: true }, callbacks: [{}] }, /expected the state of 2 callbacks, got 1/],
    [
      { checkpoint: { dir: "package.json", every: 1 } },
      /cannot write package\.json: a part of its path is a file, where a folder/,
    ],
  ];
  for (const [options, message] of cases) {
    try {
      await run(options);
      assert.unreachable(String(message));
    } catch (error) {
      assert.match((error as Error).message, message);
    }
  }
});

/** A loss that is NaN at some steps, counted over everything that is run. */
function failingAt(...steps: number[]) {
  let step = 0;
  return (output: Tensor, target: Tensor) => {
    const loss = nn.crossEntropy(output, target);
    return steps.includes(++step) ? loss.mul(Number.NaN) : loss;
  };
}

/** Layers in evaluation do not count as steps. */
const withoutValidation = { validation: undefined };

test("a run that diverges goes back to the last good epoch with half the rate", async () => {
  const { events, result, optimizer } = await run({
    ...withoutValidation,
    rollbacks: 2,
    loss: failingAt(12, 30),
  });
  const back = events.filter(({ type }) => type === "rollback") as train.RollbackEvent[];
  assert.equal(
    back.map(({ step, to, lr }) => [step, to, lr]),
    [
      [12, 8, 0.05],
      [26, 24, 0.025],
    ],
  );
  assert.match(back[0].message, /training diverged at step 12: the loss is NaN/);
  assert.equal([result.steps, result.status, optimizer.lr], [32, "finished", 0.025]);
});

test("a schedule is scaled with it", async () => {
  manualSeed(1);
  const model = nn.mlp([2, 4, 2]);
  for (const make of [
    (o: optim.SGD) => new optim.CosineAnnealingLR(o, { tMax: 10 }),
    (o: optim.SGD) => new optim.ReduceLROnPlateau(o),
    (o: optim.SGD) =>
      new optim.SequentialLR(o, {
        schedules: [new optim.LinearLR(o, { totalIters: 2 }), new optim.ExponentialLR(o, { gamma: 0.9 })],
        milestones: [2],
      }),
  ]) {
    const [one, other] = [0, 1].map(() => {
      const optimizer = new optim.SGD(model.parameters(), { lr: 0.4 });
      return { optimizer, schedule: make(optimizer) };
    });
    other.schedule.scale(0.5);
    for (let step = 0; step < 6; step++) {
      assert.ok(
        Math.abs(other.optimizer.lr / one.optimizer.lr - 0.5) < 1e-12,
        `${one.schedule.name} ${step}`,
      );
      for (const { schedule } of [one, other]) schedule.step(1);
    }
  }
});

test("with checkpoints a rollback is one too: what was saved since is gone", async () => {
  const dir = join(folder, "rollback");
  await run({
    ...withoutValidation,
    rollbacks: 1,
    loss: failingAt(14),
    checkpoint: { dir, every: 2, keep: 20 },
    epochs: 2,
  });
  const steps = filesIn(dir).map((file) => Number(/\d+/.exec(file)?.[0]));
  assert.equal(steps, [2, 4, 6, 8, 10, 12, 14, 16]);
  const { trainer } = io.loadCheckpoint(join(dir, "step-000000010.ckpt")) as unknown as {
    trainer: train.TrainerState;
  };
  assert.is((trainer.optimizer as unknown as optim.OptimizerState).groups[0].lr, 0.05);
});

test("too often is an error, and the last good checkpoint is kept", async () => {
  const dir = join(folder, "stopped");
  try {
    await run({ ...withoutValidation, loss: failingAt(12), checkpoint: { dir } });
    assert.unreachable();
  } catch (error) {
    assert.instance(error, train.DivergenceError);
    assert.match(
      (error as Error).message,
      /diverged at step 12: the loss is NaN.*The weights of step 11 are kept.*it was 0\.1\)/,
    );
  }
  assert.equal(filesIn(dir), ["step-000000008.ckpt"]);
});

test("gradients and weights that are not finite stop training, and are named", async () => {
  const endless = (output: Tensor, target: Tensor) =>
    nn.crossEntropy(output.mul(0).sqrt().add(output), target);
  const spoil: train.Callback = {
    onStep: ({ step }, { model }) => {
      if (step === 8) model.parameters()[1].assign(Number.POSITIVE_INFINITY);
    },
  };
  const cases: [Options, RegExp][] = [
    [
      { loss: endless },
      /diverged at step 1: the gradients are not finite; .* is the gradient of parameter ".*weight"/,
    ],
    [
      { callbacks: [spoil] },
      /diverged at step 8: the weights are not finite; .* is parameter ".*bias"\. The weights of the start/,
    ],
  ];
  for (const [options, message] of cases) {
    const dir = join(folder, String(message).length.toString());
    try {
      await run({ ...options, checkpoint: { dir, every: 8 } });
      assert.unreachable();
    } catch (error) {
      assert.match((error as Error).message, message);
    }
    assert.not.ok(existsSync(dir));
  }
});

test.run();
