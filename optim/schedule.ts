// Learning-rate schedules. A schedule scales the initial rate of every parameter group.

import { checkInteger, checkNumber, describe } from "../core/check";
import type { Stateful } from "../core/index";
import type { GroupOptions } from "./groups";
import { listenToObservations, type ObservationListener } from "./observations";
import { Optimizer } from "./optimizer";
import { checkArray, checkNames } from "./state";
import { takeTurn, turnsTaken } from "./turns";

/** When train.fit() calls step(): after each epoch or after each optimizer step. */
export type Interval = "epoch" | "step";

/** Saved schedule: how often step() was called, and the initial rates. */
export type ScheduleState = { count: number; initialRates: number[] };

/** An optimizer whose learning rate may be set. */
export type Schedulable = Optimizer<GroupOptions>;

/**
 * Base class of schedules. A subclass defines apply(), which sets the rates from what it knows, and reset(), which
 * forgets what it has learnt:
 *
 *     class Halving extends optim.Schedule {
 *       apply() {
 *         for (const [i, group] of this.optimizer.groups.entries()) {
 *           group.lr = this.initialRates[i] / 2 ** this.count;
 *         }
 *       }
 *       reset() {} // nothing but `count`, which restart() sets to 0
 *     }
 *
 * One that learns something also adds it to stateDict(), to checkState() and to restore().
 */
export abstract class Schedule<S extends ScheduleState = ScheduleState> implements Stateful<S> {
  readonly interval: Interval = "epoch";
  /** The rate that each group started from. */
  initialRates: readonly number[];
  /** How often step() was called. */
  protected count = 0;
  private listener: ObservationListener | null = null;
  private stopListening = () => {};

  constructor(readonly optimizer: Schedulable) {
    if (!(optimizer instanceof Optimizer)) {
      throw new TypeError(`${this.name}: expected an optimizer, got ${describe(optimizer)}`);
    }
    if (optimizer.setsOwnRate) {
      throw new TypeError(
        `${this.name}: ${optimizer.name} finds its own learning rate and takes no schedule`,
      );
    }
    this.initialRates = optimizer.groups.map((group) => group.lr);
    // Around the step() that is called, however often that is overridden: what it calls in turn is within its turn.
    const { step } = this;
    const made = turnsTaken(optimizer);
    this.step = (metric) => takeTurn(this, made, () => step.call(this, metric));
  }

  /** What messages call it. Bundlers rename classes, so those of the library say it themselves. */
  get name(): string {
    return this.constructor.name;
  }

  /** Sets the rates that are due now, after `count` steps. */
  protected abstract apply(): void;

  /** Forgets everything learnt since the construction but the initial rates: restart() calls it with `count` at 0. */
  protected abstract reset(): void;

  /** Called with each observation that this schedule, or another of its optimizer, makes; null for none. */
  get onObservation(): ObservationListener | null {
    return this.listener;
  }

  set onObservation(listener: ObservationListener | null) {
    this.stopListening();
    this.listener = listener;
    this.stopListening = listener === null ? () => {} : listenToObservations(this.optimizer, listener);
  }

  /**
   * Moves on by one interval. `metric` is read only by schedules that look at one. Throws when another schedule has just
   * set the rates of this optimizer: see {@link SequentialLR}.
   */
  step(_metric?: number): void {
    this.count++;
    this.apply();
  }

  /** Starts from the beginning with these initial rates, one for each group. */
  restart(initialRates: readonly number[]): void {
    this.checkRates(`${this.name}.restart`, initialRates);
    this.count = 0;
    this.initialRates = [...initialRates];
    this.reset();
    this.apply();
  }

  /** Multiplies all rates from here on, as a run that diverged and goes on with less needs it. */
  scale(factor: number): void {
    checkNumber(`${this.name}.scale`, "factor", factor, { above: 0 });
    this.initialRates = this.initialRates.map((rate) => rate * factor);
    this.apply();
  }

  stateDict(): S {
    return { count: this.count, initialRates: [...this.initialRates] } as S;
  }

  /** Goes on from what stateDict() gave. Throws, and changes nothing, when it does not fit. */
  loadStateDict(state: S): void {
    this.checkState(`${this.name}.loadStateDict`, state);
    this.restore(state);
    this.apply();
  }

  /** Throws unless restore() can take this state; `operation` is what messages name. */
  protected checkState(operation: string, state: S): void {
    checkNames(operation, state, Object.keys(this.stateDict()));
    checkInteger(operation, "count", state.count, { atLeast: 0 });
    this.checkRates(operation, state.initialRates);
  }

  /** Takes on a state that has been checked; apply() comes afterwards. */
  protected restore(state: S): void {
    this.count = state.count;
    this.initialRates = [...state.initialRates];
  }

  private checkRates(operation: string, rates: unknown): void {
    checkArray(operation, "initialRates", rates);
    const { length } = this.optimizer.groups;
    if (rates.length !== length) {
      throw new RangeError(`${operation}: expected ${length} parameter groups, got ${rates.length}`);
    }
    for (const [i, rate] of rates.entries()) {
      checkNumber(operation, `initialRates[${i}]`, rate, { atLeast: 0 });
    }
  }
}

/** Base class of schedules whose rate is a function of how often step() was called. */
export abstract class ClosedFormSchedule extends Schedule {
  /** The rate after `count` steps for a group whose initial rate is `initial`. */
  protected abstract rate(initial: number, count: number): number;

  protected override reset(): void {}

  protected override apply(): void {
    for (const [i, group] of this.optimizer.groups.entries()) {
      group.lr = this.rate(this.initialRates[i], this.count);
    }
  }
}
