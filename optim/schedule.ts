// Learning-rate schedules. A schedule scales the initial rate of every parameter group.

import type { Stateful } from "../core/index";
import { listenToObservations, type ObservationListener } from "./observations";
import type { GroupOptions, Optimizer } from "./optimizer";

/** When train.fit() calls step(): after each epoch or after each optimizer step. */
export type Interval = "epoch" | "step";

/** Saved schedule: how often step() was called, and the initial rates. */
export interface ScheduleState {
  count: number;
  initialRates: number[];
}

/** An optimizer whose learning rate may be set. */
export type Schedulable = Optimizer<GroupOptions>;

/** Throws when the optimizer sets its own rate, so that a schedule would be ignored or break it. */
export function requireSchedulable(schedule: string, optimizer: Schedulable): void {
  if (optimizer.setsOwnRate)
    throw new TypeError(`${schedule}: ${optimizer.name} finds its own learning rate and takes no schedule`);
}

/** Throws a RangeError unless the condition holds. */
export function requireThat(schedule: string, condition: boolean, what: string, got: unknown): void {
  if (!condition) throw new RangeError(`${schedule}: ${what}, got ${String(got)}`);
}

/** Throws unless an option is a finite number, an integer where asked, within the bounds. */
export function requireNumber(
  schedule: string,
  option: string,
  value: unknown,
  { integer = false, atLeast, atMost }: { integer?: boolean; atLeast: number; atMost?: number },
): void {
  const fits = integer ? Number.isInteger(value) : Number.isFinite(value);
  if (fits && (value as number) >= atLeast && (value as number) <= (atMost ?? Number.POSITIVE_INFINITY))
    return;
  const kind = integer ? "an integer" : "a finite number";
  const range = atMost === undefined ? `of at least ${atLeast}` : `from ${atLeast} to ${atMost}`;
  throw new RangeError(`${schedule}: ${option} must be ${kind} ${range}, got ${String(value)}`);
}

/**
 * Base class of schedules. A subclass defines apply(), which sets the rates from what it knows, and reset(), which
 * forgets what it has learnt:
 *
 *     class Halving extends optim.Schedule {
 *       protected override apply() {
 *         for (const [i, group] of this.optimizer.groups.entries()) {
 *           group.lr = this.initialRates[i] / 2 ** this.count;
 *         }
 *       }
 *       protected override reset() {} // nothing but `count`, which restart() sets to 0
 *     }
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
    requireSchedulable(new.target.name, optimizer);
    this.initialRates = optimizer.groups.map((group) => group.lr);
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

  /** Moves on by one interval. `metric` is read only by schedules that look at one. */
  step(_metric?: number): void {
    this.count++;
    this.apply();
  }

  /** Starts from the beginning with these initial rates, one for each group. */
  restart(initialRates: readonly number[]): void {
    this.count = 0;
    this.initialRates = [...initialRates];
    this.reset();
    this.apply();
  }

  stateDict(): S {
    return { count: this.count, initialRates: [...this.initialRates] } as S;
  }

  loadStateDict(state: S): void {
    if (state.initialRates.length !== this.optimizer.groups.length) {
      throw new RangeError(
        `${this.constructor.name}.loadStateDict: expected ${this.optimizer.groups.length} parameter groups, ` +
          `got ${state.initialRates.length}`,
      );
    }
    this.count = state.count;
    this.initialRates = [...state.initialRates];
    this.apply();
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
