// The seams, as a stranger meets them: tests/extending/stranger.ts is written against the package alone.

import { spawnSync } from "node:child_process";
import { Generator, gradcheck, nn, ones, optim, Tensor, tensor, train } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { cube, Halving, Lion, Model, Quadrants, setUp } from "./extending/stranger";
import { roundTrip } from "./state-tree";

for (const [module, resolution] of [
  ["nodenext", "nodenext"],
  ["esnext", "bundler"],
]) {
  test(`it compiles strictly, resolved as ${resolution} does, declarations of the package included`, () => {
    const options =
      "--pretty false --noEmit --strict --noImplicitOverride --skipLibCheck false --target es2022 --lib es2022,dom,esnext.disposable";
    const { stdout } = spawnSync(
      process.execPath,
      [
        "node_modules/typescript/bin/tsc",
        ...`${options} --types node --module ${module} --moduleResolution ${resolution}`.split(" "),
        "--ignoreConfig",
        "tests/extending/stranger.ts",
      ],
      { encoding: "utf8" },
    );
    assert.is(stdout, "");
  });
}

test("a tensor comes from tensor(): its class has no public constructor, and says so", () => {
  assert.throws(
    () => new (Tensor as unknown as new () => Tensor)(),
    /Tensor: the constructor is internal; make tensors with tensor\(\)/,
  );
});

test("the operation has the gradient it claims", () => {
  assert.ok(gradcheck(cube, [tensor([-1, 0.5, 2])]));
});

test("parameters, buffers and streams are found in objects and children, by name", () => {
  const model = new Model(new Generator(1));
  assert.equal(
    model.namedParameters().map(([name]) => name),
    ["pair.heads.left.weight", "pair.heads.left.bias", "pair.heads.right.weight"].concat([
      "pair.heads.right.bias",
      "head.weight",
      "head.bias",
    ]),
  );
  assert.equal(Object.keys(model.stateDict()).slice(6), ["pair.calls"]);
  assert.equal(
    model.namedGenerators().map(([name]) => name),
    ["pair.generator"],
  );
});

/** A trainer of guests alone. */
function trainerOf(seed: number) {
  const probe = new Quadrants(40).batch(tensor(Int32Array.from({ length: 40 }, (_, i) => i))).x;
  const guests = setUp(new Generator(seed), probe);
  const { model, optimizer, controller: schedule, counter } = guests;
  const data = { train: new Quadrants(40), batchSize: 10, seed: 1 };
  return {
    ...guests,
    trainer: new train.Trainer({ model, optimizer, schedule, ...data, callbacks: [counter] }),
  };
}

test("all of it trains together; the tracker reads the custom activation, the callback hears of it", () => {
  const { model, tracker, counter, trainer } = trainerOf(1);
  const first = trainer.epoch();
  for (let i = 0; i < 29; i++) trainer.epoch();
  const last = trainer.history[29];
  assert.ok(
    (last.trainLoss as number) < (first?.trainLoss ?? 0) / 2,
    `${first?.trainLoss} ${last.trainLoss}`,
  );
  assert.is(counter.steps, 120);
  assert.ok(counter.distances.length > 50);
  assert.ok(tracker.signals.some(({ count }) => count === 6));
  assert.is(model.pair.calls.item(), 120);
});

test("a run of guests alone goes on to the same bits from a saved state", () => {
  const whole = trainerOf(2);
  for (let i = 0; i < 25; i++) whole.trainer.step();
  const expected = whole.model.parameters().map((p) => p.toFloat32Array());
  const cut = trainerOf(2);
  for (let i = 0; i < 11; i++) cut.trainer.step();
  const saved = roundTrip(cut.trainer.stateDict());
  const resumed = trainerOf(2);
  resumed.trainer.loadStateDict(saved);
  for (let i = 11; i < 25; i++) resumed.trainer.step();
  assert.equal(
    resumed.model.parameters().map((p) => p.toFloat32Array()),
    expected,
  );
  assert.equal(resumed.counter.stateDict(), whole.counter.stateDict());
});

test("the optimizer and the schedule are saved, and the schedule begins again where it is told to", () => {
  const optimizer = new Lion([nn.parameter(ones([2]))], { lr: 0.8 });
  const schedule = new Halving(optimizer);
  for (const metric of [3, 4, 5]) schedule.step(metric);
  assert.is(optimizer.lr, 0.2);
  const saved = roundTrip(schedule.stateDict());
  schedule.restart([0.8]);
  assert.is(optimizer.lr, 0.8);
  schedule.loadStateDict(saved);
  assert.is(optimizer.lr, 0.2);
  const warm = new optim.SequentialLR(optimizer, {
    schedules: [new optim.LinearLR(optimizer, { startFactor: 0.5, totalIters: 1 }), new Halving(optimizer)],
    milestones: [1],
  });
  warm.step(1);
  warm.step(2);
  assert.ok(optimizer.lr > 0);
});

test.run();
