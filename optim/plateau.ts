// A rate that falls when a metric stops improving, as PyTorch defines it.

import { checkChoice, checkInteger, checkNumber, checkOptions, describe } from "../core/check";
import { NonFiniteError } from "../core/index";
import { withDefaults } from "./options";
import { type Schedulable, Schedule, type ScheduleState } from "./schedule";
import { checkArray } from "./state";

/** Options of {@link ReduceLROnPlateau}. */
export interface PlateauOptions {
  /** Whether the metric is to fall or to rise. Default "min". */
  mode?: "min" | "max";
  /** Factor of a reduction, below 1. Default 0.1. */
  factor?: number;
  /** Intervals without improvement that are let pass. Default 10. */
  patience?: number;
  /** Improvements below this do not count. Default 1e-4. */
  threshold?: number;
  /** Whether `threshold` is a share of the best value or a difference. Default "rel". */
  thresholdMode?: "rel" | "abs";
  /** Intervals after a reduction in which nothing is counted. Default 0. */
  cooldown?: number;
  /** Lower bound of the rates. Default 0. */
  minLr?: number;
  /** Reductions below this are not made. Default 1e-8. */
  eps?: number;
}

/** Saved {@link ReduceLROnPlateau}. */
export type PlateauState = ScheduleState & {
  /** The rates when it was saved. */
  rates: number[];
  best: number | null;
  badIntervals: number;
  cooldown: number;
};

const DEFAULTS: Required<PlateauOptions> = {
  mode: "min",
  factor: 0.1,
  patience: 10,
  threshold: 1e-4,
  thresholdMode: "rel",
  cooldown: 0,
  minLr: 0,
  eps: 1e-8,
};

/** Multiplies the rates by `factor` when the metric given to step() has not improved for more than `patience` intervals. */
export class ReduceLROnPlateau extends Schedule<PlateauState> {
  private readonly options: Required<PlateauOptions>;
  private rates: number[];
  private best: number | null = null;
  private badIntervals = 0;
  private cooldown = 0;

  constructor(optimizer: Schedulable, options: PlateauOptions = {}) {
    super(optimizer);
    const { name } = this;
    checkOptions(name, options, Object.keys(DEFAULTS));
    const o = withDefaults<Required<PlateauOptions>>(DEFAULTS, options);
    checkChoice(name, "mode", o.mode, ["min", "max"]);
    checkChoice(name, "thresholdMode", o.thresholdMode, ["rel", "abs"]);
    checkNumber(name, "factor", o.factor, { above: 0, below: 1 });
    checkInteger(name, "patience", o.patience, { atLeast: 0 });
    checkNumber(name, "threshold", o.threshold, { atLeast: 0 });
    checkInteger(name, "cooldown", o.cooldown, { atLeast: 0 });
    checkNumber(name, "minLr", o.minLr, { atLeast: 0 });
    checkNumber(name, "eps", o.eps, { atLeast: 0 });
    this.options = o;
    this.rates = [...this.initialRates];
  }

  override get name(): string {
    return "ReduceLROnPlateau";
  }

  protected override apply(): void {
    for (const [i, group] of this.optimizer.groups.entries()) group.lr = this.rates[i];
  }

  /** @param metric what is watched, for example the validation loss. */
  override step(metric?: number): void {
    if (typeof metric !== "number") {
      throw new TypeError(`ReduceLROnPlateau.step: expected the metric to watch, got ${describe(metric)}`);
    }
    if (!Number.isFinite(metric)) throw new NonFiniteError(`ReduceLROnPlateau.step: the metric is ${metric}`);
    // Whoever has set another rate in the meantime meant it.
    this.rates = this.currentRates();
    if (this.isBetter(metric)) {
      this.best = metric;
      this.badIntervals = 0;
    } else {
      this.badIntervals++;
    }
    if (this.cooldown > 0) {
      this.cooldown--;
      this.badIntervals = 0;
    }
    if (this.badIntervals > this.options.patience) {
      this.reduce();
      this.cooldown = this.options.cooldown;
      this.badIntervals = 0;
    }
    super.step();
  }

  private isBetter(metric: number): boolean {
    const { mode, threshold, thresholdMode } = this.options;
    if (this.best === null) return true;
    const sign = mode === "min" ? -1 : 1;
    const margin = thresholdMode === "rel" ? this.best * threshold : threshold;
    return sign * metric > sign * (this.best + sign * margin);
  }

  private reduce(): void {
    const { factor, minLr, eps } = this.options;
    this.rates = this.rates.map((rate) => {
      const lower = Math.max(rate * factor, minLr);
      return rate - lower > eps ? lower : rate;
    });
  }

  protected override reset(): void {
    this.rates = [...this.initialRates];
    this.best = null;
    this.badIntervals = 0;
    this.cooldown = 0;
  }

  override scale(factor: number): void {
    this.rates = this.currentRates().map((rate) => rate * factor);
    super.scale(factor);
  }

  private currentRates(): number[] {
    return this.optimizer.groups.map((group) => group.lr);
  }

  override stateDict(): PlateauState {
    const { best, badIntervals, cooldown } = this;
    return { ...super.stateDict(), rates: this.currentRates(), best, badIntervals, cooldown };
  }

  protected override checkState(operation: string, state: PlateauState): void {
    super.checkState(operation, state);
    checkArray(operation, "rates", state.rates);
    if (state.rates.length !== state.initialRates.length) {
      throw new RangeError(
        `${operation}: expected ${state.initialRates.length} rates, got ${state.rates.length}`,
      );
    }
    for (const [i, rate] of state.rates.entries()) {
      checkNumber(operation, `rates[${i}]`, rate, { atLeast: 0 });
    }
    if (state.best !== null) checkNumber(operation, "best", state.best);
    checkInteger(operation, "badIntervals", state.badIntervals, { atLeast: 0 });
    checkInteger(operation, "cooldown", state.cooldown, { atLeast: 0 });
  }

  protected override restore(state: PlateauState): void {
    super.restore(state);
    this.rates = [...state.rates];
    this.best = state.best;
    this.badIntervals = state.badIntervals;
    this.cooldown = state.cooldown;
  }
}
