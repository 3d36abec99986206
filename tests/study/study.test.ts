// Runs by description, the plan of a study and its summary.

import { data, nn, optim } from "topograd";
import * as studies from "topograd/study";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { fnv1a } from "../../study/hash";
import { complete, resultOf, study } from "../study-sample";

const description: studies.RunDescription = {
  phase: "tuning",
  data: "moons",
  model: "mlp",
  schedule: "constant",
  lr: 0.1,
  seed: 1,
  epochs: 2,
  batchSize: 32,
  trainSamples: 200,
  validationSamples: 50,
  source: null,
};

const materials: studies.RunMaterials = {
  data: { train: data.moons(300, { seed: 1 }), test: data.moons(100, { seed: 2 }) },
  makeModel: () => nn.mlp([2, 16, 8, 2]),
  makeOptimizer: (model) => new optim.SGD(model.parameters(), { lr: 0.1, momentum: 0.9 }),
  makeSchedule: () => undefined,
};

const withoutTimes = ({ seconds: _, ...rest }: studies.RunResult) => rest;

test("FNV-1a: the published values", () => {
  assert.is(fnv1a(""), 0xcbf29ce484222325n);
  assert.is(fnv1a("a"), 0xaf63dc4c8601ec8cn);
  assert.is(fnv1a("foobar"), 0x85944171f73967e8n);
});

test("a run is a function of its description, whatever ran before", async () => {
  const first = await studies.runExperiment(description, materials);
  const other = await studies.runExperiment({ ...description, seed: 2 }, materials);
  const again = await studies.runExperiment(description, materials);
  assert.equal(withoutTimes(first), withoutTimes(again));
  assert.not.equal(first.epochs.trainLoss, other.epochs.trainLoss);
  assert.is(first.epochs.validationError.length, 2);
  assert.is(first.error, first.epochs.validationError[1]);
});

test("all schedules begin alike with the same seed; tuning and final runs do not", async () => {
  const oneEpoch = { ...description, epochs: 1 };
  const base = await studies.runExperiment(oneEpoch, materials);
  const renamed = await studies.runExperiment({ ...oneEpoch, schedule: "cosine" }, materials);
  assert.equal(renamed.epochs, base.epochs);
  const final = await studies.runExperiment({ ...oneEpoch, phase: "final", validationSamples: 0 }, materials);
  assert.not.equal(final.epochs.trainLoss, base.epochs.trainLoss);
  assert.equal(final.epochs.validationError, []);
});

test("a diverged run is a result; a follower of one diverges too", async () => {
  const wild: studies.RunMaterials = {
    ...materials,
    makeOptimizer: (model) => new optim.SGD(model.parameters(), { lr: 1e8, momentum: 0.99 }),
  };
  const diverged = await studies.runExperiment({ ...description, epochs: 5 }, wild);
  assert.is(diverged.status, "diverged");
  assert.equal([diverged.error, diverged.loss], [1, null]);
  assert.match(diverged.message as string, /training diverged/);
  const follower = await studies.runExperiment(description, materials, diverged);
  assert.is(follower.status, "diverged");
  assert.match(follower.message as string, /the run of constant that it follows diverged/);
});

test("more samples than there are: an error", async () => {
  try {
    await studies.runExperiment({ ...description, trainSamples: 301 }, materials);
    assert.unreachable();
  } catch (error) {
    assert.match(
      (error as Error).message,
      /301 training samples, 50 of them held out, asked of moons, which has 300/,
    );
  }
});

test("ids tell descriptions apart, whatever the order of their fields", () => {
  const { lr, ...rest } = description;
  assert.is(studies.idOf({ lr, ...rest }), studies.idOf(description));
  assert.match(studies.idOf(description), /^[0-9a-f]{16}$/);
  const { tuning } = studies.unitsOf(study())[0];
  assert.is(new Set(tuning.map(({ id }) => id)).size, 4);
});

test("final runs wait for tuning, followers for the run of the next seed", () => {
  const [unit, , free] = studies.unitsOf(study());
  assert.equal(
    unit.schedules.map(({ name }) => name),
    ["cg-alr", "yoked"],
  );
  assert.is(unit.total, 4 + 6);
  assert.is(free.total, 3);
  assert.is(free.ready(new Map())[0].description.lr, null);
  const results = new Map<string, studies.RunResult>();
  assert.is(unit.ready(results).length, 4);
  for (const run of unit.tuning) results.set(run.id, resultOf(run.description));
  const finals = unit.ready(results);
  assert.equal(
    finals.map(({ description: { schedule, lr, seed, phase } }) => [schedule, lr, seed, phase]),
    [1, 2, 3].map((seed) => ["cg-alr", 0.1, seed, "final"]),
  );
  results.set(finals[1].id, resultOf(finals[1].description));
  const [, , follower] = unit.ready(results);
  assert.equal(
    [follower.description.schedule, follower.description.seed, follower.description.source],
    ["yoked", 1, finals[1].id],
  );
});

test("the results do not depend on the sharding", () => {
  const whole = complete(studies.unitsOf(study()));
  const parts = [0, 1, 2, 3].map((index) => complete(studies.unitsOf(study(), { index, of: 4 })));
  const joined = new Map(parts.flatMap((part) => [...part]));
  assert.is(
    joined.size,
    parts.reduce((sum, part) => sum + part.size, 0),
    "no run is made twice",
  );
  assert.equal(new Map([...joined].sort()), new Map([...whole].sort()));
  assert.is(parts[3].size, 0);
});

test("the summary: errors, rates, differences, Holm's correction by family", () => {
  const results = complete(studies.unitsOf(study()));
  const summary = studies.summariseStudy(study(), results, "0");
  const [{ schedules }] = summary.parts;
  assert.equal(
    schedules.map(({ name, lr }) => [name, lr]),
    [
      ["cg-alr", 0.1],
      ["constant", 0.1],
      ["dog", null],
      ["yoked", 0.1],
    ],
  );
  const [subject, constant, dog, yoked] = schedules;
  assert.is(subject.difference, null);
  assert.ok(Math.abs(subject.error - 0.102) < 1e-12);
  assert.ok((constant.difference?.mean as number) < -0.45);
  assert.is(yoked.difference?.holm, yoked.difference?.p);
  assert.is(dog.difference?.holm, 2 * (dog.difference?.p as number));
  assert.equal(
    constant.rates.map(({ lr, error, diverged }) => [lr, error, diverged]),
    [
      [0.01, 1, 2],
      [0.1, 0.2015, 0],
    ],
  );
  assert.equal(constant.curves.trainLoss.mean, [1, 0.5]);
  assert.is(constant.observations, null);
  assert.ok(subject.observations);
  const { epoch, distance } = subject.observations;
  assert.equal(epoch, [0.2, 0.4, 0.6]);
  assert.equal([distance.mean[1], distance.low[1], distance.high[1]], [4, 3, 5]);
  assert.is(studies.studyCsv(study(), results).trim().split("\n").length, 1 + results.size);
  const [first] = results.keys();
  results.delete(first);
  assert.throws(() => studies.summariseStudy(study(), results, "0"), /run [0-9a-f]{16} is missing/);
});

test("contradictions are told", () => {
  const [cg, constant, , yoked] = study().schedules;
  const cases: [Partial<studies.Study>, RegExp][] = [
    [{ data: [] }, /data is empty/],
    [{ data: ["moons", "moons"] }, /moons stands twice in data/],
    [{ schedules: [yoked] }, /yoked follows runs of cg-alr, which is not among the schedules/],
    [{ schedules: [cg, yoked], seeds: 1 }, /at least 2 seeds are needed/],
    [{ schedules: [{ ...constant, rates: [0.1, -1] }] }, /rates of constant must be positive numbers/],
    [{ schedules: [{ ...constant, rates: [0.1, 0.1] }] }, /a rate of constant stands twice/],
    [{ tuningSeeds: 0 }, /needs at least one tuning seed/],
    [{ validationSamples: 0 }, /needs validation samples/],
    [{ validationSamples: 100 }, /100 validation samples leave nothing of 100 training samples/],
  ];
  for (const [overrides, message] of cases)
    assert.throws(() => studies.checkStudy(study(overrides)), message);
  studies.checkStudy(study());
});

test.run();
