// Schedules that let the rate fall by a fixed rule.

import { checkInteger, checkNumber, checkOptions } from "../core/check";
import { pow } from "../core/math";
import { ClosedFormSchedule, type Schedulable } from "./schedule";
import { checkArray } from "./state";

/** lr = lr0 gamma^floor(t / stepSize). */
export class StepLR extends ClosedFormSchedule {
  private readonly stepSize: number;
  private readonly gamma: number;

  /** @param options.stepSize intervals between drops. @param options.gamma factor of a drop, default 0.1. */
  constructor(optimizer: Schedulable, options: { stepSize: number; gamma?: number }) {
    super(optimizer);
    checkOptions(this.name, options, ["stepSize", "gamma"]);
    const { stepSize, gamma = 0.1 } = options;
    checkInteger(this.name, "stepSize", stepSize, { atLeast: 1 });
    checkNumber(this.name, "gamma", gamma, { atLeast: 0 });
    this.stepSize = stepSize;
    this.gamma = gamma;
  }

  override get name(): string {
    return "StepLR";
  }

  protected override rate(initial: number, count: number): number {
    return initial * pow(this.gamma, Math.floor(count / this.stepSize));
  }
}

/** lr = lr0 gamma^k, k the number of milestones that are not after t. */
export class MultiStepLR extends ClosedFormSchedule {
  private readonly milestones: readonly number[];
  private readonly gamma: number;

  /** @param options.milestones intervals of the drops; one given twice counts twice. @param options.gamma default 0.1. */
  constructor(optimizer: Schedulable, options: { milestones: readonly number[]; gamma?: number }) {
    super(optimizer);
    checkOptions(this.name, options, ["milestones", "gamma"]);
    const { milestones, gamma = 0.1 } = options;
    checkArray(this.name, "milestones", milestones);
    for (const [i, milestone] of milestones.entries()) {
      checkInteger(this.name, `milestones[${i}]`, milestone, { atLeast: 0 });
    }
    checkNumber(this.name, "gamma", gamma, { atLeast: 0 });
    this.milestones = [...milestones];
    this.gamma = gamma;
  }

  override get name(): string {
    return "MultiStepLR";
  }

  protected override rate(initial: number, count: number): number {
    return initial * pow(this.gamma, this.milestones.filter((milestone) => milestone <= count).length);
  }
}

/** lr = lr0 gamma^t. */
export class ExponentialLR extends ClosedFormSchedule {
  private readonly gamma: number;

  /** @param options.gamma factor of each interval. */
  constructor(optimizer: Schedulable, options: { gamma: number }) {
    super(optimizer);
    checkOptions(this.name, options, ["gamma"]);
    checkNumber(this.name, "gamma", options.gamma, { atLeast: 0 });
    this.gamma = options.gamma;
  }

  override get name(): string {
    return "ExponentialLR";
  }

  protected override rate(initial: number, count: number): number {
    return initial * pow(this.gamma, count);
  }
}

/** lr = lr0 (1 - min(t, totalIters) / totalIters)^power. */
export class PolynomialLR extends ClosedFormSchedule {
  private readonly totalIters: number;
  private readonly power: number;

  /** @param options.totalIters intervals until the rate is 0, default 5. @param options.power default 1. */
  constructor(optimizer: Schedulable, options: { totalIters?: number; power?: number } = {}) {
    super(optimizer);
    checkOptions(this.name, options, ["totalIters", "power"]);
    const { totalIters = 5, power = 1 } = options;
    checkInteger(this.name, "totalIters", totalIters, { atLeast: 1 });
    checkNumber(this.name, "power", power, { atLeast: 0 });
    this.totalIters = totalIters;
    this.power = power;
  }

  override get name(): string {
    return "PolynomialLR";
  }

  protected override rate(initial: number, count: number): number {
    return initial * pow(1 - Math.min(count, this.totalIters) / this.totalIters, this.power);
  }
}

/** lr = lr0 / (1 + decay t), the rule of Robbins and Monro (1951) with an offset. Not in PyTorch. */
export class InverseTimeLR extends ClosedFormSchedule {
  private readonly decay: number;

  /** @param options.decay 1 / decay intervals halve the rate. */
  constructor(optimizer: Schedulable, options: { decay: number }) {
    super(optimizer);
    checkOptions(this.name, options, ["decay"]);
    checkNumber(this.name, "decay", options.decay, { atLeast: 0 });
    this.decay = options.decay;
  }

  override get name(): string {
    return "InverseTimeLR";
  }

  protected override rate(initial: number, count: number): number {
    return initial / (1 + this.decay * count);
  }
}
