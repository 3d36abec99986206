// One run of a study: a pure function of its description, so that it does not matter where, when or in which order
// runs are made.

import { DataError, Generator, manualSeed, NonFiniteError, scope } from "../core/index";
import { type Dataset, type SplitDataset, subset } from "../data/index";
import type { Module } from "../nn/index";
import type { Optimizer } from "../optim/index";
import {
  DivergenceError,
  evaluate,
  type FitProgress,
  type FitSchedule,
  fit,
  type Seconds,
} from "../train/index";
import { fnv1a } from "./hash";

/** Everything that the result of a run depends on. */
export interface RunDescription {
  /** "tuning" trains on a part of the training samples and ends with the error on the rest, "final" with the test error. */
  phase: "tuning" | "final";
  data: string;
  model: string;
  schedule: string;
  /** Initial learning rate; null for the method's own. */
  lr: number | null;
  seed: number;
  epochs: number;
  batchSize: number;
  /** Samples drawn from the training set by the seed; null for all. */
  trainSamples: number | null;
  /** How many of them a tuning run holds out; 0 in a final run. */
  validationSamples: number;
  /** Id of the run whose observations this one is steered by; null for most. */
  source: string | null;
}

/** What a run observed of the connectome, a column each; `states` has a letter an observation: H, S or F. */
export interface ObservationColumns {
  step: number[];
  epoch: number[];
  distance: (number | null)[];
  z: (number | null)[];
  states: string;
  multiplier: number[];
  lr: number[];
}

/** The outcome of a run. All but `seconds` is the same wherever it is made. */
export interface RunResult {
  description: RunDescription;
  status: "finished" | "diverged";
  /** Why it diverged. */
  message: string | null;
  /** Share of wrong labels on the held-out or the test samples; 1 where training diverged. */
  error: number;
  /** Mean cross-entropy there; null where training diverged. */
  loss: number | null;
  /** A value an epoch; `validationError` is empty in a final run. */
  epochs: { trainLoss: number[]; trainError: number[]; validationError: number[]; lr: number[] };
  observations: ObservationColumns | null;
  seconds: Seconds;
}

/** What a description's names stand for. */
export interface RunMaterials {
  data: SplitDataset<Dataset>;
  makeModel(train: Dataset): Module;
  makeOptimizer(model: Module): Optimizer;
  /** `probeSeed` chooses the samples that a connectome is observed on, `source` steers the schedules that follow a run. */
  makeSchedule(setup: {
    model: Module;
    optimizer: Optimizer;
    train: Dataset;
    stepsPerEpoch: number;
    probeSeed: number;
    source: ObservationColumns | null;
  }): FitSchedule | undefined;
}

/** The name of a run: 16 hexadecimal digits of its description. */
export function idOf(description: RunDescription): string {
  return fnv1a(JSON.stringify(Object.entries(description).sort()))
    .toString(16)
    .padStart(16, "0");
}

/**
 * The seed of one role of a run. It does not depend on the schedule and its rate: with the same seed all schedules
 * start from the same weights and see the same samples in the same order, so that they can be compared in pairs.
 */
function seedFor(role: string, { phase, data, model, seed }: RunDescription): number {
  return Number(fnv1a(JSON.stringify([role, phase, data, model, seed])) >> 11n);
}

/** The training and held-out samples of a run. */
function drawSamples(train: Dataset, description: RunDescription): { used: Dataset; held: Dataset | null } {
  const { trainSamples, validationSamples } = description;
  const count = trainSamples ?? train.length;
  if (count > train.length || validationSamples >= count) {
    throw new RangeError(
      `runExperiment: ${count} training samples, ${validationSamples} of them held out, asked of ${description.data}, ` +
        `which has ${train.length}`,
    );
  }
  const order = scope(() =>
    new Generator(seedFor("samples", description)).permutation(train.length).toInt32Array(),
  );
  const kept = count - validationSamples;
  return {
    used: subset(train, order.subarray(0, kept)),
    held: validationSamples > 0 ? subset(train, order.subarray(kept, count)) : null,
  };
}

/**
 * Trains as described. A training that diverges is a result; errors are thrown.
 * @param source the result of the run that the description names as its source.
 */
export async function runExperiment(
  description: RunDescription,
  materials: RunMaterials,
  source: RunResult | null = null,
): Promise<RunResult> {
  const epochs: RunResult["epochs"] = { trainLoss: [], trainError: [], validationError: [], lr: [] };
  const observations: ObservationColumns = {
    step: [],
    epoch: [],
    distance: [],
    z: [],
    states: "",
    multiplier: [],
    lr: [],
  };
  const outcome: Pick<RunResult, "status" | "message" | "error" | "loss" | "seconds"> = {
    status: "finished",
    message: null,
    error: 1,
    loss: null,
    seconds: { data: 0, forward: 0, backward: 0, optimizer: 0, connectome: 0, other: 0, total: 0 },
  };
  const started = performance.now();
  try {
    Object.assign(outcome, await train());
  } catch (error) {
    if (!(error instanceof NonFiniteError)) throw error;
    outcome.status = "diverged";
    outcome.message = error.message;
    if (error instanceof DivergenceError) outcome.seconds = error.seconds;
    else outcome.seconds.total = outcome.seconds.other = (performance.now() - started) / 1000;
  }
  return {
    description,
    ...outcome,
    epochs,
    observations: observations.step.length > 0 ? observations : null,
  };

  async function train(): Promise<Pick<RunResult, "error" | "loss" | "seconds">> {
    if (source?.status === "diverged") {
      throw new NonFiniteError(`the run of ${source.description.schedule} that it follows diverged`);
    }
    const { used, held } = drawSamples(materials.data.train, description);
    manualSeed(seedFor("weights", description));
    const model = materials.makeModel(used);
    const optimizer = materials.makeOptimizer(model);
    const schedule = materials.makeSchedule({
      model,
      optimizer,
      train: used,
      stepsPerEpoch: Math.ceil(used.length / description.batchSize),
      probeSeed: seedFor("probe", description),
      source: source?.observations ?? null,
    });
    const errorOn = (dataset: Dataset) => {
      const { loss, accuracy } = evaluate(model, dataset);
      if (accuracy === null) throw new DataError(`${description.data}: a study needs labels`);
      return { loss, error: 1 - accuracy };
    };
    let validation = { loss: Number.NaN, error: 1 };
    const onProgress = (event: FitProgress): void => {
      if (event.type === "observed") {
        const { record } = event;
        for (const column of ["step", "epoch", "distance", "z", "multiplier", "lr"] as const) {
          observations[column].push(record[column] as number);
        }
        observations.states += record.state[0];
      } else if (event.type === "epoch") {
        epochs.trainLoss.push(event.trainLoss);
        epochs.trainError.push(1 - (event.trainAccuracy ?? 0));
        epochs.lr.push(event.lr);
        if (held === null) return;
        // Not through fit(), whose schedules would then watch another loss in tuning runs than in final runs.
        optimizer.eval();
        validation = errorOn(held);
        optimizer.train();
        epochs.validationError.push(validation.error);
      }
    };
    const { seconds } = await fit({
      model,
      optimizer,
      schedule,
      train: used,
      epochs: description.epochs,
      batchSize: description.batchSize,
      seed: seedFor("order", description),
      onProgress,
    });
    return { ...(held === null ? errorOn(materials.data.test) : validation), seconds };
  }
}
