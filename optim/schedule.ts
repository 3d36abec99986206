// Learning-rate schedules. A schedule scales the initial rate of every parameter group.

import type { Stateful } from "../core/index";
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

/** Throws unless an option is a finite number, an integer where asked, of at least `atLeast`. */
export function requireNumber(
  schedule: string,
  option: string,
  value: unknown,
  { integer = false, atLeast }: { integer?: boolean; atLeast: number },
): void {
  const fits = integer ? Number.isInteger(value) : Number.isFinite(value);
  if (fits && (value as number) >= atLeast) return;
  const kind = integer ? "an integer" : "a finite number";
  throw new RangeError(`${schedule}: ${option} must be ${kind} of at least ${atLeast}, got ${String(value)}`);
}

/** Base class of schedules whose rate is a function of how often step() was called. */
export abstract class Schedule implements Stateful<ScheduleState> {
  readonly interval: Interval = "epoch";
  protected initialRates: number[];
  protected count = 0;

  constructor(readonly optimizer: Schedulable) {
    requireSchedulable(new.target.name, optimizer);
    this.initialRates = optimizer.groups.map((group) => group.lr);
  }

  /** The rate after `count` steps for a group whose initial rate is `initial`. */
  protected abstract rate(initial: number, count: number): number;

  /** Moves on by one interval. `metric` is read only by schedules that look at one. */
  step(_metric?: number): void {
    this.count++;
    this.apply();
  }

  private apply(): void {
    for (const [i, group] of this.optimizer.groups.entries()) {
      group.lr = this.rate(this.initialRates[i], this.count);
    }
  }

  stateDict(): ScheduleState {
    return { count: this.count, initialRates: [...this.initialRates] };
  }

  loadStateDict(state: ScheduleState): void {
    this.count = state.count;
    this.initialRates = [...state.initialRates];
    this.apply();
  }
}
