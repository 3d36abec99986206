// The one-cycle policy (Smith and Topin 2018, "Super-convergence"), in PyTorch's form.

import { checkBoolean, checkChoice, checkInteger, checkNumber, checkOptions } from "../core/check";
import { cos } from "../core/math";
import { type Schedulable, Schedule, type ScheduleState } from "./schedule";

/** Options of {@link OneCycleLR}. */
export interface OneCycleOptions {
  /** The highest rate, one for all groups or one for each. */
  maxLr: number | readonly number[];
  /** Optimizer steps in the cycle. */
  totalSteps?: number;
  /** With `stepsPerEpoch`, in place of `totalSteps`. */
  epochs?: number;
  stepsPerEpoch?: number;
  /** Share of the cycle in which the rate rises. Default 0.3. */
  pctStart?: number;
  /** Default "cos". */
  annealStrategy?: "cos" | "linear";
  /** Lower the momentum (or beta1) while the rate rises. Default: where there is a momentum other than 0. */
  cycleMomentum?: boolean;
  /** Default 0.85. */
  baseMomentum?: number;
  /** Default 0.95. */
  maxMomentum?: number;
  /** The cycle begins at maxLr / divFactor. Default 25. */
  divFactor?: number;
  /** It ends at maxLr / divFactor / finalDivFactor. Default 1e4. */
  finalDivFactor?: number;
  /** Fall to the first rate as long as the rate rose, then to the last. Default false: from the highest to the last. */
  threePhase?: boolean;
}

const OPTIONS: readonly (keyof OneCycleOptions)[] = [
  ...(["maxLr", "totalSteps", "epochs", "stepsPerEpoch", "pctStart", "annealStrategy"] as const),
  ...(["cycleMomentum", "baseMomentum", "maxMomentum", "divFactor", "finalDivFactor", "threePhase"] as const),
];

/** Rates are in units of the first rate of the cycle. */
interface Phase {
  end: number;
  rates: readonly [number, number];
  momenta: readonly [number, number];
}

type WithMomentum = { momentum?: number; betas?: readonly [number, number] };

/**
 * The rate rises from maxLr / divFactor to maxLr and falls to maxLr / divFactor / finalDivFactor, once; the momentum does
 * the opposite. Call step() after each optimizer step. The groups' own rates are not looked at.
 */
export class OneCycleLR extends Schedule {
  override readonly interval = "step";
  private readonly totalSteps: number;
  private readonly phases: readonly Phase[];
  private readonly linear: boolean;
  private readonly cycleMomentum: boolean;

  constructor(optimizer: Schedulable, options: OneCycleOptions) {
    super(optimizer);
    const { name } = this;
    checkOptions(name, options, OPTIONS);
    const {
      maxLr,
      pctStart = 0.3,
      annealStrategy = "cos",
      baseMomentum = 0.85,
      maxMomentum = 0.95,
    } = options;
    const { divFactor = 25, finalDivFactor = 1e4, threePhase = false } = options;
    const totalSteps =
      options.totalSteps ?? (options.epochs ?? Number.NaN) * (options.stepsPerEpoch ?? Number.NaN);
    if (!Number.isInteger(totalSteps) || totalSteps < 1) {
      throw new RangeError("OneCycleLR: give totalSteps, or epochs and stepsPerEpoch, as positive integers");
    }
    checkInteger(name, "totalSteps", totalSteps);
    checkNumber(name, "pctStart", pctStart, { atLeast: 0, atMost: 1 });
    checkNumber(name, "baseMomentum", baseMomentum, { atLeast: 0, atMost: 1 });
    checkNumber(name, "maxMomentum", maxMomentum, { atLeast: 0, atMost: 1 });
    checkNumber(name, "divFactor", divFactor, { above: 0 });
    checkNumber(name, "finalDivFactor", finalDivFactor, { above: 0 });
    checkBoolean(name, "threePhase", threePhase);
    checkBoolean(name, "cycleMomentum", options.cycleMomentum ?? false);
    checkChoice(name, "annealStrategy", annealStrategy, ["cos", "linear"]);
    const highest = Array.isArray(maxLr) ? [...maxLr] : optimizer.groups.map(() => maxLr);
    if (highest.length !== optimizer.groups.length) {
      throw new RangeError(
        `OneCycleLR: ${optimizer.groups.length} groups, but ${highest.length} rates in maxLr`,
      );
    }
    for (const rate of highest) checkNumber(name, "maxLr", rate, { above: 0 });
    this.initialRates = highest.map((rate) => rate / divFactor);
    this.totalSteps = totalSteps;
    this.linear = annealStrategy === "linear";
    this.cycleMomentum = options.cycleMomentum ?? optimizer.groups.every(hasMomentum);
    if (this.cycleMomentum && !optimizer.groups.every(takesMomentum)) {
      throw new RangeError(`OneCycleLR: ${optimizer.name} has neither momentum nor betas to cycle`);
    }
    const rise = pctStart * totalSteps - 1;
    const last = totalSteps - 1;
    const up: Phase = { end: rise, rates: [1, divFactor], momenta: [maxMomentum, baseMomentum] };
    const back: Phase = { end: 2 * rise, rates: [divFactor, 1], momenta: [baseMomentum, maxMomentum] };
    const lowest = 1 / finalDivFactor;
    this.phases = threePhase
      ? [up, back, { end: last, rates: [1, lowest], momenta: [maxMomentum, maxMomentum] }]
      : [up, { end: last, rates: [divFactor, lowest], momenta: [baseMomentum, maxMomentum] }];
    this.apply();
  }

  override get name(): string {
    return "OneCycleLR";
  }

  override step(): void {
    if (this.count >= this.totalSteps) {
      throw new RangeError(`OneCycleLR.step: the cycle has ${this.totalSteps} steps, this is one more`);
    }
    super.step();
  }

  protected override checkState(operation: string, state: ScheduleState): void {
    super.checkState(operation, state);
    checkInteger(operation, "count", state.count, { atLeast: 0, atMost: this.totalSteps });
  }

  /** The cycle keeps its own rates. */
  override restart(): void {
    super.restart(this.initialRates);
  }

  protected override reset(): void {}

  protected override apply(): void {
    const { phase, share } = this.position();
    const rate = this.anneal(phase.rates, share);
    const momentum = this.anneal(phase.momenta, share);
    for (const [i, group] of this.optimizer.groups.entries()) {
      group.lr = this.initialRates[i] * rate;
      if (!this.cycleMomentum) continue;
      const cycled = group as WithMomentum;
      if (cycled.betas === undefined) cycled.momentum = momentum;
      else cycled.betas = [momentum, cycled.betas[1]];
    }
  }

  /** The phase that the cycle is in, and how much of it has passed. */
  private position(): { phase: Phase; share: number } {
    const index = this.phases.findIndex(({ end }) => this.count <= end);
    const at = index < 0 ? this.phases.length - 1 : index;
    const start = at === 0 ? 0 : this.phases[at - 1].end;
    const phase = this.phases[at];
    return { phase, share: phase.end > start ? (this.count - start) / (phase.end - start) : 1 };
  }

  private anneal([from, to]: readonly [number, number], share: number): number {
    return this.linear ? from + (to - from) * share : to + ((from - to) / 2) * (1 + cos(Math.PI * share));
  }
}

function takesMomentum(group: object): boolean {
  return "momentum" in group || "betas" in group;
}

function hasMomentum(group: object): boolean {
  return takesMomentum(group) && (group as WithMomentum).momentum !== 0;
}
