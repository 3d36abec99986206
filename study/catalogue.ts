// What names stand for: data sets, models, optimizers, schedules, and the contestants of a study.

import { find } from "../core/catalogue";
import { scope, tensor } from "../core/index";
import {
  DATA_SETS as DATA_CATALOGUE,
  type DataSetName,
  type DataSetOptions,
  type Dataset,
  labelsOf,
  type SplitDataset,
  stratifiedSample,
} from "../data/index";
import { MODELS as MODEL_CATALOGUE, type ModelName, type Module } from "../nn/index";
import {
  type ConnectomeObserver,
  EnvelopeLR,
  lateTau,
  meanMultiplier,
  OPTIMIZERS as OPTIMIZER_CATALOGUE,
  type Optimizer,
  type OptimizerName,
  RandomGateLR,
  SCHEDULES as SCHEDULE_CATALOGUE,
  type ScheduleName,
  type ScheduleSetup,
  WeightDistance,
  YokedLR,
} from "../optim/index";
import { ConnectomeTracker, type ConnectomeTrackerOptions } from "../tda/index";
import type { FitSchedule } from "../train/index";
import type { ObservationColumns } from "./experiment";
import type { Family } from "./plan";

export const DATA_SETS: readonly DataSetName[] = DATA_CATALOGUE.map(({ name }) => name);
export const MODELS: readonly ModelName[] = MODEL_CATALOGUE.map(({ name }) => name);

/** Samples in the connectome's probe. */
const PROBE = 256;

/** Loads or makes a data set, in rows for the multilayer perceptron and as images for the other networks. */
export function loadData(
  name: DataSetName,
  model: ModelName,
  options: DataSetOptions,
): Promise<SplitDataset<Dataset>> {
  return find("loadData", "data set", DATA_CATALOGUE, name).make({ ...options, flatten: model === "mlp" });
}

/** The reference network of that name for inputs and classes like these; `sizes` are those of the mlp's layers. */
export function makeModel(name: ModelName, dataset: Dataset): { model: Module; sizes: number[] } {
  const inputShape = scope(() => dataset.batch(tensor(Int32Array.of(0))).x.shape.slice(1));
  const classes = scope(() => labelsOf(dataset)).reduce((a, b) => Math.max(a, b), 0) + 1;
  const model = find("makeModel", "model", MODEL_CATALOGUE, name).make({ inputShape, classes });
  const weights = name === "mlp" ? model.parameters().filter(({ ndim }) => ndim === 2) : [];
  return {
    model,
    sizes: [...weights.slice(0, 1).map(({ shape }) => shape[1]), ...weights.map(({ shape }) => shape[0])],
  };
}

/** Options of optimizers; those left out are the optimizer's own defaults. */
export interface OptimizerOptions {
  lr?: number;
  momentum?: number;
  weightDecay?: number;
}

export const OPTIMIZERS: readonly OptimizerName[] = OPTIMIZER_CATALOGUE.map(({ name }) => name);

/** The optimizer of that name. Throws a RangeError for an option that it does not have. */
export function makeOptimizer(name: OptimizerName, model: Module, options: OptimizerOptions): Optimizer {
  const entry = find("makeOptimizer", "optimizer", OPTIMIZER_CATALOGUE, name);
  const unknown = Object.keys(options).find((option) => !entry.options.includes(option));
  if (unknown !== undefined) throw new RangeError(`the optimizer ${name} has no ${unknown}`);
  return entry.make(model.parameters(), options);
}

/** A tracker on a stratified probe of the training set. */
export function makeTracker(
  model: Module,
  train: Dataset,
  seed: number,
  options: Pick<ConnectomeTrackerOptions, "distance"> = {},
): ConnectomeTracker {
  const probe = stratifiedSample(train, Math.min(PROBE, train.length), seed).x;
  return new ConnectomeTracker(model, { ...options, probe, seed });
}

type ScheduleMaker<S> = (setup: S) => FitSchedule | undefined;

export const SCHEDULES: readonly ScheduleName[] = SCHEDULE_CATALOGUE.map(({ name }) => name);

/** The schedule of that name; undefined for constant rates. */
export function makeSchedule(name: ScheduleName, setup: ScheduleSetup): FitSchedule | undefined {
  return find("makeSchedule", "schedule", SCHEDULE_CATALOGUE, name).make(setup);
}

/** What a contestant's schedule may need besides. */
export interface ContestantSetup extends Omit<ScheduleSetup, "observer"> {
  model: Module;
  train: Dataset;
  probeSeed: number;
  /** Observations of the run that a control follows; of no length for those that follow none. */
  source: ObservationColumns;
}

/** An optimizer with a schedule, as studies compare them. */
export interface Contestant {
  family: Family;
  optimizer: OptimizerName;
  schedule: ScheduleMaker<ContestantSetup>;
  /** Whether it is steered by the observations of a run of CG-ALR with another seed. */
  followsSubject?: boolean;
}

/** What a study compares with all others, and what some controls follow. */
export const SUBJECT = "cg-alr";
/** The same with a later envelope, and so no rival. */
const LATE = "cg-alr-late";
const tracked =
  (distance?: ConnectomeTrackerOptions["distance"]) =>
  ({ model, train, probeSeed }: ContestantSetup): ConnectomeObserver =>
    makeTracker(model, train, probeSeed, distance === undefined ? {} : { distance });
const scheduled =
  (name: ScheduleName, observer = tracked()): ScheduleMaker<ContestantSetup> =>
  (setup) =>
    makeSchedule(name, { ...setup, observer: () => observer(setup) });
const contestant = (
  family: Family,
  optimizer: OptimizerName,
  schedule: ScheduleMaker<ContestantSetup>,
): Contestant => ({ family, optimizer, schedule });
const control = (schedule: ScheduleMaker<ContestantSetup>, followsSubject = false): Contestant => ({
  family: "control",
  optimizer: "sgd",
  schedule,
  followsSubject,
});

const STATES = { H: "HOLD", S: "SLOW", F: "FAST" } as const;
const constant = scheduled("constant");

/** Everything a study can compare. SGD has momentum 0.9. */
export const CONTESTANTS: Record<string, Contestant> = {
  [SUBJECT]: contestant("subject", "sgd", scheduled(SUBJECT)),
  ...Object.fromEntries(
    SCHEDULES.filter((name) => name !== SUBJECT && name !== LATE).map((name) => [
      name,
      contestant("sgd", "sgd", scheduled(name)),
    ]),
  ),
  ...Object.fromEntries(
    (["adam", "adamw", "rmsprop"] as const).flatMap((optimizer) => [
      [optimizer, contestant("adaptive", optimizer, constant)],
      [`${optimizer}-cosine`, contestant("adaptive", optimizer, scheduled("cosine"))],
    ]),
  ),
  ...Object.fromEntries(
    (["dog", "ldog", "dadapt", "prodigy", "schedule-free-sgd", "schedule-free-adamw"] as const).map(
      (optimizer) => [optimizer, contestant("learning-rate-free", optimizer, constant)],
    ),
  ),
  "envelope-only": control(({ optimizer, stepsPerEpoch }) => new EnvelopeLR(optimizer, { stepsPerEpoch })),
  [LATE]: control(scheduled(LATE)),
  "envelope-late": control(
    ({ optimizer, stepsPerEpoch, epochs }) =>
      new EnvelopeLR(optimizer, { stepsPerEpoch, tau: lateTau(epochs) }),
  ),
  "constant-m": control(({ optimizer, stepsPerEpoch, source }) => {
    const multiplier = meanMultiplier(source.multiplier.map((m) => ({ multiplier: m })));
    return new EnvelopeLR(optimizer, { stepsPerEpoch, multiplier });
  }, true),
  yoked: control(
    ({ optimizer, stepsPerEpoch, source }) => new YokedLR(optimizer, source.multiplier, { stepsPerEpoch }),
    true,
  ),
  "random-gate": control(({ optimizer, stepsPerEpoch, source, probeSeed }) => {
    const history = [...source.states].map((letter, i) => ({
      state: STATES[letter as keyof typeof STATES],
      z: source.z[i],
    }));
    return new RandomGateLR(optimizer, history, { stepsPerEpoch, seed: probeSeed });
  }, true),
  "weight-gate": control(scheduled(SUBJECT, ({ model }) => new WeightDistance(model.parameters()))),
  "frobenius-gate": control(scheduled(SUBJECT, tracked("frobenius"))),
};
