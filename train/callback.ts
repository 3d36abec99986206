// What is called while a Trainer trains.

import type { Stateful } from "../core/index";
import type { ControllerObservation } from "../optim/index";
import type { EpochEvent } from "./events";
import type { Trainer } from "./trainer";

/** One optimizer step. */
export interface StepReport {
  /** Optimizer steps so far, this one included. */
  step: number;
  /** The same in epochs. */
  epoch: number;
  samples: number;
  /** Mean over the samples. */
  loss: number;
  /** Right labels; null for targets that are no labels. */
  correct: number | null;
  /** The rate that the next step takes, of the first group. */
  lr: number;
}

/**
 * Anything that follows training. Every member is optional; `trainer.stop(reason)` ends training after the step in hand. A
 * callback that is {@link Stateful} is saved and restored with the trainer, by its place among the callbacks.
 *
 *     const lossPrinter: train.Callback = { onEpoch: ({ epoch, trainLoss }) => console.log(epoch, trainLoss) };
 */
export interface Callback extends Partial<Stateful> {
  /** After each optimizer step, and the schedule's if that counts steps. */
  onStep?(report: StepReport, trainer: Trainer): void;
  /** After each epoch: validation and the schedule's step, if that counts epochs, lie behind. */
  onEpoch?(event: EpochEvent, trainer: Trainer): void;
  /** After each observation that the schedule makes. The connectome belongs to the step's scope: keep() a clone of it. */
  onObservation?(observation: ControllerObservation, trainer: Trainer): void;
  /** Once, when training ends because somebody called stop(). */
  onStop?(reason: string, trainer: Trainer): void;
}
