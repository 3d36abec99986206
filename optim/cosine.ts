// Cosine annealing (Loshchilov and Hutter 2017, "SGDR", equation 5), without and with restarts.

import { checkInteger, checkNumber, checkOptions } from "../core/check";
import { cos } from "../core/math";
import { ClosedFormSchedule, type Schedulable } from "./schedule";

function anneal(from: number, to: number, share: number): number {
  return to + ((from - to) * (1 + cos(Math.PI * share))) / 2;
}

/** lr = etaMin + (lr0 - etaMin) (1 + cos(pi t / tMax)) / 2; after tMax it rises again, as in PyTorch. */
export class CosineAnnealingLR extends ClosedFormSchedule {
  private readonly tMax: number;
  private readonly etaMin: number;

  /** @param options.tMax intervals from the initial rate to the lowest. @param options.etaMin lowest rate, default 0. */
  constructor(optimizer: Schedulable, options: { tMax: number; etaMin?: number }) {
    super(optimizer);
    checkOptions(this.name, options, ["tMax", "etaMin"]);
    const { tMax, etaMin = 0 } = options;
    checkNumber(this.name, "tMax", tMax, { above: 0 });
    checkNumber(this.name, "etaMin", etaMin, { atLeast: 0 });
    this.tMax = tMax;
    this.etaMin = etaMin;
  }

  override get name(): string {
    return "CosineAnnealingLR";
  }

  protected override rate(initial: number, count: number): number {
    return anneal(initial, this.etaMin, (count % (2 * this.tMax)) / this.tMax);
  }
}

/** {@link CosineAnnealingLR} that goes back to the initial rate after t0 intervals, then after tMult times as many, ... */
export class CosineAnnealingWarmRestarts extends ClosedFormSchedule {
  private readonly t0: number;
  private readonly tMult: number;
  private readonly etaMin: number;

  /**
   * @param options.t0 intervals to the first restart.
   * @param options.tMult growth of the time between restarts, an integer, default 1.
   * @param options.etaMin rate that is approached before a restart, default 0.
   */
  constructor(optimizer: Schedulable, options: { t0: number; tMult?: number; etaMin?: number }) {
    super(optimizer);
    checkOptions(this.name, options, ["t0", "tMult", "etaMin"]);
    const { t0, tMult = 1, etaMin = 0 } = options;
    checkInteger(this.name, "t0", t0, { atLeast: 1 });
    checkInteger(this.name, "tMult", tMult, { atLeast: 1 });
    checkNumber(this.name, "etaMin", etaMin, { atLeast: 0 });
    this.t0 = t0;
    this.tMult = tMult;
    this.etaMin = etaMin;
  }

  override get name(): string {
    return "CosineAnnealingWarmRestarts";
  }

  protected override rate(initial: number, count: number): number {
    let since = count;
    let length = this.t0;
    if (this.tMult === 1) since %= length;
    for (; since >= length; length *= this.tMult) since -= length;
    return anneal(initial, this.etaMin, since / length);
  }
}
