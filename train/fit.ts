// The training loop.

import { checkFunction, checkInteger, checkOptions } from "../core/check";
import type { Stateful } from "../core/index";
import type { ControllerObservation } from "../optim/index";
import type { Callback, StepReport } from "./callback";
import { type CheckpointOptions, Checkpoints } from "./checkpoints";
import type { Seconds } from "./clock";
import { DivergenceError } from "./divergence";
import type { EpochEvent, FitProgress } from "./events";
import { Means, type MeansState } from "./means";
import { Safety } from "./safety";
import { TRAINER_OPTIONS, Trainer, type TrainerOptions } from "./trainer";

/** Options of {@link fit}. */
export interface FitOptions extends TrainerOptions {
  /** Passes over the training set. */
  epochs: number;
  /** Called every `reportEvery` steps, after each epoch and after each observation of the schedule. */
  onProgress?: (event: FitProgress) => void;
  /** Steps between progress events. Default 20. */
  reportEvery?: number;
  /** Ends training cleanly after the step in hand. */
  signal?: AbortSignal;
  /** Saves the run as it goes, so that it survives being killed. Default: it is not saved. */
  checkpoint?: CheckpointOptions;
  /**
   * How often a run that diverged goes back to the last epoch or checkpoint that was good, with half the rate. Default 0: it
   * stops with a {@link DivergenceError}.
   */
  rollbacks?: number;
}

/** What fit() returns. */
export interface FitResult {
  status: "finished" | "interrupted";
  /** Why a callback or early stopping ended training; null where all epochs were made. */
  stopped: string | null;
  /** Optimizer steps taken. */
  steps: number;
  history: EpochEvent[];
  seconds: Seconds;
}

const OWN_OPTIONS = ["epochs", "onProgress", "reportEvery", "signal", "checkpoint", "rollbacks"];

/** The event loop gets a turn this often, so that signals, timers and drawing go on. */
const YIELD_EVERY_MS = 50;

/** Turns what a trainer tells into progress events. */
class Reporter implements Callback, Stateful<MeansState> {
  private readonly recent = new Means();

  constructor(
    private readonly every: number,
    private readonly tell: (event: FitProgress) => void,
  ) {}

  onStep({ step, epoch, samples, loss, correct, lr }: StepReport): void {
    this.recent.add(samples, loss, correct);
    if (step % this.every !== 0) return;
    this.tell({ type: "step", step, epoch, ...this.recent.read(), lr });
    this.recent.reset();
  }

  onEpoch(event: EpochEvent): void {
    this.recent.reset();
    this.tell(event);
  }

  onObservation(record: ControllerObservation): void {
    this.tell({ type: "observed", record });
  }

  stateDict(): MeansState {
    return this.recent.stateDict();
  }

  loadStateDict(state: MeansState): void {
    this.recent.loadStateDict(state);
  }
}

/**
 * Trains a model: a loop over a {@link Trainer}. The body of each step runs in a scope of its own, so memory does not grow.
 * When a loss, gradient or weight is NaN or infinite training stops with a {@link DivergenceError} that names step, layer and
 * rate; the model then holds the last finite weights.
 */
export async function fit(options: FitOptions): Promise<FitResult> {
  checkOptions("fit", options, [...TRAINER_OPTIONS, ...OWN_OPTIONS]);
  const { epochs, onProgress, reportEvery = 20, signal, checkpoint, rollbacks = 0, ...rest } = options;
  const { callbacks = [] } = rest;
  checkInteger("fit", "epochs", epochs, { atLeast: 0 });
  checkInteger("fit", "reportEvery", reportEvery, { atLeast: 1 });
  checkInteger("fit", "rollbacks", rollbacks, { atLeast: 0 });
  if (onProgress !== undefined) checkFunction("fit", "onProgress", onProgress);
  const reporters = onProgress === undefined ? [] : [new Reporter(reportEvery, onProgress)];
  const trainer = new Trainer({ ...rest, callbacks: [...callbacks, ...reporters] });
  const safety = rollbacks > 0 ? new Safety(trainer, rollbacks, onProgress) : null;
  const checkpoints = checkpoint === undefined ? null : new Checkpoints(trainer, safety, checkpoint);
  const resumed = checkpoint?.resume ? (checkpoints?.resume() ?? null) : null;
  if (resumed !== null) {
    for (const damaged of resumed.damaged) console.warn(`topograd: ${damaged}; an older checkpoint is used`);
    onProgress?.({ type: "resumed", step: trainer.steps, epoch: trainer.epochs, file: resumed.file });
  }
  const pause = pauser();
  let status: FitResult["status"] = "finished";
  while (trainer.epochs < epochs && trainer.stopped === null && status === "finished") {
    try {
      trainer.step();
      safety?.afterStep();
      checkpoints?.afterStep();
    } catch (error) {
      if (safety === null || !(error instanceof DivergenceError)) throw error;
      safety.goBack(error);
      checkpoints?.afterRollback();
    }
    if (signal?.aborted) status = "interrupted";
    const turn = pause();
    if (turn !== undefined) await turn;
  }
  checkpoints?.save();
  trainer.optimizer.eval();
  const { steps, history, seconds, stopped } = trainer;
  return { status, stopped, steps, history, seconds };
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
