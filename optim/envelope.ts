// Rates that follow multiplier * initial rate * envelope: the frame of CG-ALR and of its controls.

import { checkChoice, checkNumber } from "../core/check";
import { pow } from "../core/math";
import { type Schedulable, Schedule, type ScheduleState } from "./schedule";

/** Options of the envelope, and of the time it is a function of. */
export interface EnvelopeOptions {
  /** Optimizer steps in an epoch: time is counted in epochs. */
  stepsPerEpoch: number;
  /** "robbins-monro" (default) or "none". */
  envelope?: "robbins-monro" | "none";
  /** Epochs after which the envelope bends. Default 2. */
  tau?: number;
  /** How the envelope falls, in (1/2, 1]. Default 0.75. */
  power?: number;
}

export const ENVELOPE_DEFAULTS = {
  stepsPerEpoch: undefined,
  envelope: "robbins-monro",
  tau: 2,
  power: 0.75,
} as const;

/** Throws an error that names what is wrong. */
export function checkEnvelope(name: string, o: Required<EnvelopeOptions>): void {
  checkNumber(name, "stepsPerEpoch", o.stepsPerEpoch, { above: 0 });
  checkChoice(name, "envelope", o.envelope, ["robbins-monro", "none"]);
  checkNumber(name, "tau", o.tau, { above: 0 });
  checkNumber(name, "power", o.power, { above: 0.5, atMost: 1 });
}

/**
 * Sets every group's rate to multiplier * initial rate * (1 + t / tau)^-power, t in epochs (Robbins and Monro 1951).
 * Call step() once after each optimizer step. A subclass says what the multiplier is.
 */
export abstract class EnvelopedSchedule<
  O extends Required<EnvelopeOptions>,
  S extends ScheduleState = ScheduleState,
> extends Schedule<S> {
  override readonly interval = "step";

  constructor(
    optimizer: Schedulable,
    /** The options in force, defaults included. */
    readonly options: Readonly<O>,
  ) {
    super(optimizer);
  }

  /** What the envelope and the initial rate are multiplied by. */
  abstract get multiplier(): number;

  /** The rate of the first group as it would be with multiplier 1. */
  get envelopeRate(): number {
    return this.initialRates[0] * this.envelope();
  }

  protected override apply(): void {
    const factor = this.multiplier * this.envelope();
    for (const [i, group] of this.optimizer.groups.entries()) group.lr = this.initialRates[i] * factor;
  }

  private envelope(): number {
    const { envelope, tau, power, stepsPerEpoch } = this.options;
    return envelope === "none" ? 1 : pow(1 + this.count / stepsPerEpoch / tau, -power);
  }
}
