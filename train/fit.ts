// The training loop.

import { manualSeed, scope, type Tensor } from "../core/index";
import { type Augmentation, DataLoader, type Dataset } from "../data/index";
import { crossEntropy, type Module } from "../nn/index";
import { CGALR, type CGALRRecord, type Optimizer } from "../optim/index";
import { Clock, type Seconds } from "./clock";
import { DivergenceError, findNonFinite, Snapshot } from "./divergence";
import { countCorrect, type Evaluation, evaluate, type Loss } from "./evaluate";
import type { EpochEvent, StepEvent } from "./events";

/** Anything that sets the learning rate when step() is called. */
export interface FitSchedule {
  readonly interval: "epoch" | "step";
  step(metric?: number): void;
}

/** What fit() reports while it runs. */
export type FitProgress =
  | StepEvent
  | EpochEvent
  | { type: "observed"; record: CGALRRecord; envelope: number };

/** Options of {@link fit}. */
export interface FitOptions {
  model: Module;
  optimizer: Optimizer;
  /** Stepped after each epoch or each optimizer step, as its `interval` says. Default: constant rates. */
  schedule?: FitSchedule;
  train: Dataset;
  /** Evaluated after each epoch. The test set does not belong here: read it once, with evaluate(). */
  validation?: Dataset;
  epochs: number;
  /** Default 32. */
  batchSize?: number;
  /** Changes the inputs of each training batch at random; validation sees them as they are. Default: no change. */
  augment?: Augmentation;
  /** Seeds the order of the samples and everything else random from here on. Default: the random stream goes on. */
  seed?: number;
  /** Default crossEntropy. */
  loss?: Loss;
  /** Called every `reportEvery` steps, after each epoch and after each observation of CG-ALR. */
  onProgress?: (event: FitProgress) => void;
  /** Steps between progress events. Default 20. */
  reportEvery?: number;
  /** Ends training cleanly after the step in hand. */
  signal?: AbortSignal;
}

/** What fit() returns. */
export interface FitResult {
  status: "finished" | "interrupted";
  /** Optimizer steps taken. */
  steps: number;
  history: EpochEvent[];
  seconds: Seconds;
}

/** The event loop gets a turn this often, so that signals, timers and drawing go on. */
const YIELD_EVERY_MS = 50;

/** Sums over the steps since they were last read. */
class Means {
  private samples = 0;
  private loss = 0;
  private correct: number | null = 0;

  add(samples: number, loss: number, correct: number | null): void {
    this.samples += samples;
    this.loss += loss * samples;
    this.correct = this.correct === null || correct === null ? null : this.correct + correct;
  }

  read(): Evaluation {
    const { samples, loss, correct } = this;
    return { loss: loss / samples, accuracy: correct === null ? null : correct / samples };
  }
}

/**
 * Trains a model. The loop body of each step runs in a scope of its own, so memory does not grow. When the loss is NaN
 * or infinite training stops with a {@link DivergenceError} that names the step and the layer; the model then holds
 * the last finite weights.
 */
export async function fit(options: FitOptions): Promise<FitResult> {
  const {
    model,
    optimizer,
    schedule,
    train,
    validation,
    epochs,
    batchSize = 32,
    augment,
    loss = crossEntropy,
  } = options;
  const { onProgress = () => {}, reportEvery = 20, signal, seed } = options;
  if (!Number.isInteger(epochs) || epochs < 0)
    throw new RangeError(`fit: epochs must be 0 or more, got ${epochs}`);
  if (!Number.isInteger(reportEvery) || reportEvery < 1) {
    throw new RangeError(`fit: reportEvery must be a positive integer, got ${reportEvery}`);
  }
  if (seed !== undefined) manualSeed(seed);
  const loader = new DataLoader(train, { batchSize, shuffle: true, augment });
  const clock = new Clock();
  const snapshot = new Snapshot();
  const history: EpochEvent[] = [];
  const pause = pauser();
  let step = 0;
  model.train();
  optimizer.train();
  snapshot.take(model, "the start");

  for (let epoch = 1; epoch <= epochs; epoch++) {
    const epochStarted = performance.now();
    let recent = new Means();
    const whole = new Means();
    for (const positions of loader.positions()) {
      step++;
      const { value, correct } = scope(() => trainStep(positions));
      recent.add(positions.length, value, correct);
      whole.add(positions.length, value, correct);
      if (step % reportEvery === 0) {
        const means = recent.read();
        onProgress({ type: "step", step, epoch: step / loader.length, ...means, lr: optimizer.lr });
        recent = new Means();
      }
      if (signal?.aborted) return { status: "interrupted", steps: step, history, seconds: clock.seconds() };
      const turn = pause();
      if (turn !== undefined) await turn;
    }
    snapshot.take(model, `the end of epoch ${epoch}`);
    const means = whole.read();
    const event: EpochEvent = {
      type: "epoch",
      epoch,
      step,
      trainLoss: means.loss,
      trainAccuracy: means.accuracy,
      lr: optimizer.lr,
      seconds: 0,
    };
    if (validation !== undefined) {
      optimizer.eval();
      const result = evaluate(model, validation, { loss });
      optimizer.train();
      event.validationLoss = result.loss;
      event.validationAccuracy = result.accuracy;
    }
    if (schedule?.interval === "epoch") schedule.step(event.validationLoss ?? event.trainLoss);
    event.seconds = (performance.now() - epochStarted) / 1000;
    history.push(event);
    onProgress(event);
  }
  optimizer.eval();
  return { status: "finished", steps: step, history, seconds: clock.seconds() };

  function trainStep(positions: Int32Array): { value: number; correct: number | null } {
    clock.start();
    const { x, y } = loader.batch(positions);
    clock.lap("data");
    const output = model.forward(x);
    const objective = loss(output, y);
    const value = objective.item();
    if (!Number.isFinite(value)) throw diverged(x, value);
    const correct = countCorrect(output, y);
    clock.lap("forward");
    optimizer.zeroGrad();
    objective.backward();
    clock.lap("backward");
    optimizer.step();
    clock.lap("optimizer");
    if (schedule?.interval === "step") {
      schedule.step();
      if (schedule instanceof CGALR) {
        const record = schedule.history[schedule.history.length - 1];
        if (record?.step === step) onProgress({ type: "observed", record, envelope: schedule.envelopeRate });
      }
      clock.lap("connectome");
    }
    return { value, correct };
  }

  function diverged(x: Tensor, value: number): DivergenceError {
    const { what, weightsAreFinite } = findNonFinite(model, x);
    if (!weightsAreFinite) snapshot.restore(model);
    const kept = weightsAreFinite ? `step ${step - 1}` : snapshot.taken;
    return new DivergenceError(
      `training diverged: the loss of step ${step} is ${value}; the first that is not finite is ${what}. ` +
        `The weights of ${kept} are kept. Try a lower learning rate (it was ${optimizer.lr})`,
      step,
      what,
      clock.seconds(),
    );
  }
}

/** A function that lets the event loop run when it has not for a while. */
function pauser(): () => Promise<void> | undefined {
  let last = performance.now();
  const { setImmediate } = globalThis as { setImmediate?: (run: () => void) => void };
  return () => {
    if (performance.now() - last < YIELD_EVERY_MS) return undefined;
    return new Promise((resolve) => {
      const resume = () => {
        last = performance.now();
        resolve();
      };
      if (setImmediate) setImmediate(resume);
      else setTimeout(resume, 0);
    });
  };
}
