// Ends training when a metric no longer improves.

import { checkChoice, checkInteger, checkNumber, checkOptions } from "../core/check";
import type { Stateful } from "../core/index";
import { checkNames } from "../optim/state";
import type { Callback } from "./callback";
import type { EpochEvent } from "./events";
import { gainOver, METRICS, type Metric, metricOf } from "./metric";
import type { Trainer } from "./trainer";
import { copyWeights, restoreWeights, type Weights } from "./weights";

/** Options of {@link EarlyStopping}. */
export interface EarlyStoppingOptions {
  /** What is watched, once an epoch. Losses are to fall, accuracies to rise. Default "validationLoss". */
  metric?: Metric;
  /** Epochs without an improvement that are let pass. Default 5. */
  patience?: number;
  /** An improvement by less does not count. Default 0. */
  minDelta?: number;
  /** When training stops for this, give the model the weights of the best epoch. Default true. */
  restoreBest?: boolean;
}

export type EarlyStoppingState = {
  best: number | null;
  bestEpoch: number;
  weights: Weights | null;
};

/** Stops when the metric has not improved for more than `patience` epochs. */
export class EarlyStopping implements Callback, Stateful<EarlyStoppingState> {
  /** The options in force, defaults included. */
  readonly options: Readonly<Required<EarlyStoppingOptions>>;
  private best: number | null = null;
  private bestEpoch = 0;
  private weights: Weights | null = null;

  constructor(options: EarlyStoppingOptions = {}) {
    checkOptions("earlyStopping", options, ["metric", "patience", "minDelta", "restoreBest"]);
    const { metric = "validationLoss", patience = 5, minDelta = 0, restoreBest = true } = options;
    checkChoice("earlyStopping", "metric", metric, METRICS);
    checkInteger("earlyStopping", "patience", patience, { atLeast: 0 });
    checkNumber("earlyStopping", "minDelta", minDelta, { atLeast: 0 });
    this.options = { metric, patience, minDelta, restoreBest };
  }

  onEpoch(event: EpochEvent, trainer: Trainer): void {
    const { metric, patience, minDelta, restoreBest } = this.options;
    const value = metricOf("earlyStopping", event, metric);
    if (gainOver(this.best, value, metric) > minDelta) {
      this.best = value;
      this.bestEpoch = event.epoch;
      if (restoreBest) this.weights = copyWeights(trainer.model);
    } else if (event.epoch - this.bestEpoch > patience) {
      trainer.stop(`${metric} has not improved since epoch ${this.bestEpoch}`);
    }
  }

  onStop(_reason: string, trainer: Trainer): void {
    if (this.weights !== null) restoreWeights(trainer.model, this.weights);
  }

  stateDict(): EarlyStoppingState {
    const { best, bestEpoch, weights } = this;
    return structuredClone({ best, bestEpoch, weights });
  }

  loadStateDict(state: EarlyStoppingState): void {
    checkNames("EarlyStopping.loadStateDict", state, ["best", "bestEpoch", "weights"]);
    const { best, bestEpoch, weights } = structuredClone(state);
    this.best = best;
    this.bestEpoch = bestEpoch;
    this.weights = weights;
  }
}
