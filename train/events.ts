// What training reports as it goes.

import type { ControllerObservation } from "../optim/index";

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
export type EpochEvent = {
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
};

/** An observation that the schedule made, such as CG-ALR's of the connectome. */
export interface ObservedEvent {
  type: "observed";
  record: ControllerObservation;
}

/** The run goes on from a checkpoint. */
export interface ResumedEvent {
  type: "resumed";
  step: number;
  /** Epochs that are complete. */
  epoch: number;
  file: string;
}

/** The run diverged, and goes on from an earlier step with half the rate. */
export interface RollbackEvent {
  type: "rollback";
  /** Where it diverged. */
  step: number;
  /** Where it goes on. */
  to: number;
  /** Epochs that are complete there. */
  epoch: number;
  /** The rate from there on. */
  lr: number;
  message: string;
}

/** What fit() reports while it runs. */
export type FitProgress = StepEvent | EpochEvent | ObservedEvent | ResumedEvent | RollbackEvent;
