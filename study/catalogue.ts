// What names stand for: data sets, models, optimizers and schedules.

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
import { MODELS as MODEL_CATALOGUE, type ModelName, type ModelSetup, type Module } from "../nn/index";
import {
  OPTIMIZERS as OPTIMIZER_CATALOGUE,
  type Optimizer,
  type OptimizerName,
  SCHEDULES as SCHEDULE_CATALOGUE,
  type ScheduleName,
  type ScheduleSetup,
} from "../optim/index";
import { ConnectomeTracker, type ConnectomeTrackerOptions } from "../tda/index";
import type { FitSchedule } from "../train/index";

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

/** What a model for these samples is made for. */
export function setupFor(dataset: Dataset): ModelSetup {
  const inputShape = scope(() => dataset.batch(tensor(Int32Array.of(0))).x.shape.slice(1));
  const classes = scope(() => labelsOf(dataset)).reduce((a, b) => Math.max(a, b), 0) + 1;
  return { inputShape, classes };
}

/** The reference network of that name; `sizes` are those of the mlp's layers. */
export function makeModel(name: ModelName, setup: ModelSetup): { model: Module; sizes: number[] } {
  const model = find("makeModel", "model", MODEL_CATALOGUE, name).make(setup);
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

export const SCHEDULES: readonly ScheduleName[] = SCHEDULE_CATALOGUE.map(({ name }) => name);

/** The schedule of that name; undefined for constant rates. */
export function makeSchedule(name: ScheduleName, setup: ScheduleSetup): FitSchedule | undefined {
  return find("makeSchedule", "schedule", SCHEDULE_CATALOGUE, name).make(setup);
}
