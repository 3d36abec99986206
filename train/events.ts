// What a training run reports as it goes. The command line writes these, one JSON object a line, to metrics.jsonl.

import type { ControllerState } from "../optim/index";
import type { Seconds } from "./clock";

/** Means over the steps since the last such event. */
export interface StepEvent {
  type: "step";
  step: number;
  /** Fractional. */
  epoch: number;
  loss: number;
  /** From 0 to 1; null for targets that are no labels. */
  accuracy: number | null;
  lr: number;
}

/** The end of an epoch; training figures are means over its steps. */
export interface EpochEvent {
  type: "epoch";
  epoch: number;
  step: number;
  trainLoss: number;
  trainAccuracy: number | null;
  validationLoss?: number;
  validationAccuracy?: number | null;
  lr: number;
  /** Of this epoch. */
  seconds: number;
}

/** An observation of the connectome by CG-ALR. */
export interface ObservationEvent {
  type: "observation";
  step: number;
  epoch: number;
  distance: number | null;
  z: number | null;
  state: ControllerState;
  multiplier: number;
  lr: number;
  /** The rate without the multiplier. */
  envelope: number;
  milliseconds: number;
  /** Quantiles 0, 5, 25, 50, 75, 95, 100 % of the births, and of the deaths; null where there are none. */
  births: (number | null)[];
  deaths: (number | null)[];
}

/** The end of the run. */
export interface EndEvent {
  type: "end";
  status: "finished" | "interrupted" | "diverged";
  step: number;
  seconds: Seconds;
  testLoss?: number;
  testAccuracy?: number | null;
  weightsHash?: string;
  message?: string;
}

export type TrainEvent = StepEvent | EpochEvent | ObservationEvent | EndEvent;
