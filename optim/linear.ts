// Linear warm-up, and one schedule after another: together they warm up before any other schedule.

import { checkInteger, checkNumber, checkOptions, describe } from "../core/check";
import {
  ClosedFormSchedule,
  type Interval,
  type Schedulable,
  Schedule,
  type ScheduleState,
} from "./schedule";
import { checkArray } from "./state";

/** lr = lr0 (startFactor + (endFactor - startFactor) min(t, totalIters) / totalIters), from its construction on. */
export class LinearLR extends ClosedFormSchedule {
  private readonly startFactor: number;
  private readonly endFactor: number;
  private readonly totalIters: number;

  /**
   * @param options.startFactor in (0, 1], default 1/3.
   * @param options.endFactor in [0, 1], default 1.
   * @param options.totalIters intervals from one to the other, default 5.
   */
  constructor(
    optimizer: Schedulable,
    options: { startFactor?: number; endFactor?: number; totalIters?: number } = {},
  ) {
    super(optimizer);
    checkOptions(this.name, options, ["startFactor", "endFactor", "totalIters"]);
    const { startFactor = 1 / 3, endFactor = 1, totalIters = 5 } = options;
    checkNumber(this.name, "startFactor", startFactor, { above: 0, atMost: 1 });
    checkNumber(this.name, "endFactor", endFactor, { atLeast: 0, atMost: 1 });
    checkInteger(this.name, "totalIters", totalIters, { atLeast: 1 });
    this.startFactor = startFactor;
    this.endFactor = endFactor;
    this.totalIters = totalIters;
    this.apply();
  }

  override get name(): string {
    return "LinearLR";
  }

  protected override rate(initial: number, count: number): number {
    const share = Math.min(count, this.totalIters) / this.totalIters;
    return initial * (this.startFactor + (this.endFactor - this.startFactor) * share);
  }
}

/** Saved {@link SequentialLR}. */
export type SequentialState = ScheduleState & { schedules: ScheduleState[] };

/**
 * One schedule after another, each from its own beginning and from the rates before the first. Make them in the order in
 * which they run:
 *
 *     const warmup = new LinearLR(optimizer, { startFactor: 0.1, totalIters: 5 });
 *     const cosine = new CosineAnnealingLR(optimizer, { tMax: 15 });
 *     const schedule = new SequentialLR(optimizer, { schedules: [warmup, cosine], milestones: [5] });
 */
export class SequentialLR extends Schedule<SequentialState> {
  override readonly interval: Interval;
  private readonly schedules: readonly Schedule[];
  private readonly milestones: readonly number[];

  /** @param options.milestones ascending: schedule k + 1 begins milestones[k] intervals after the first began. */
  constructor(
    optimizer: Schedulable,
    options: { schedules: readonly Schedule[]; milestones: readonly number[] },
  ) {
    super(optimizer);
    checkOptions(this.name, options, ["schedules", "milestones"]);
    const { schedules, milestones } = options;
    checkArray(this.name, "schedules", schedules);
    checkArray(this.name, "milestones", milestones);
    if (schedules.length === 0 || milestones.length !== schedules.length - 1) {
      throw new RangeError(
        `SequentialLR: n schedules need n - 1 milestones, got ${schedules.length} and ${milestones.length}`,
      );
    }
    for (const [i, milestone] of milestones.entries()) {
      const atLeast = i === 0 ? 1 : milestones[i - 1] + 1;
      checkInteger(this.name, `milestones[${i}]`, milestone, { atLeast });
    }
    for (const [i, schedule] of schedules.entries()) {
      if (!(schedule instanceof Schedule)) {
        throw new TypeError(`SequentialLR: schedules[${i}] must be a schedule, got ${describe(schedule)}`);
      }
      if (schedules.indexOf(schedule) < i) {
        throw new RangeError(`SequentialLR: schedules[${i}] is there already; make a schedule for each turn`);
      }
      if (schedule.optimizer !== optimizer) {
        throw new RangeError("SequentialLR: the schedules drive another optimizer");
      }
      if (schedule.interval !== schedules[0].interval) {
        throw new RangeError("SequentialLR: some schedules count epochs, others steps");
      }
    }
    this.interval = schedules[0].interval;
    this.schedules = [...schedules];
    this.milestones = [...milestones];
    this.initialRates = [...schedules[0].initialRates];
    schedules[0].restart(this.initialRates);
  }

  override get name(): string {
    return "SequentialLR";
  }

  /** Which schedule's turn it is after `count` steps. */
  private indexAt(count: number): number {
    return this.milestones.filter((milestone) => milestone <= count).length;
  }

  /** The schedule whose turn it is has set the rates. */
  protected override apply(): void {}

  /** The first is the last to start anew, so that its rates are in force. */
  protected override reset(): void {
    for (const schedule of [...this.schedules].reverse()) schedule.restart(this.initialRates);
  }

  override step(metric?: number): void {
    this.count++;
    const active = this.schedules[this.indexAt(this.count)];
    if (this.milestones.includes(this.count)) active.restart(this.initialRates);
    else active.step(metric);
  }

  override scale(factor: number): void {
    super.scale(factor);
    const active = this.indexAt(this.count);
    for (const [i, schedule] of this.schedules.entries()) if (i !== active) schedule.scale(factor);
    this.schedules[active].scale(factor);
  }

  override stateDict(): SequentialState {
    return { ...super.stateDict(), schedules: this.schedules.map((schedule) => schedule.stateDict()) };
  }

  protected override checkState(operation: string, state: SequentialState): void {
    super.checkState(operation, state);
    checkArray(operation, "schedules", state.schedules);
    if (state.schedules.length !== this.schedules.length) {
      throw new RangeError(
        `${operation}: expected ${this.schedules.length} schedules, got ${state.schedules.length}`,
      );
    }
  }

  protected override restore(state: SequentialState): void {
    const before = this.stateDict();
    const rates = this.optimizer.groups.map((group) => group.lr);
    try {
      this.restoreSchedules(state);
    } catch (error) {
      this.restoreSchedules(before);
      for (const [i, group] of this.optimizer.groups.entries()) group.lr = rates[i];
      throw error;
    }
    super.restore(state);
  }

  /** Whose turn it is comes last, so that its rates are in force. */
  private restoreSchedules({ count, schedules }: SequentialState): void {
    const active = this.indexAt(count);
    const order = [...schedules.keys()].filter((i) => i !== active).concat(active);
    for (const i of order) this.schedules[i].loadStateDict(schedules[i]);
  }
}
