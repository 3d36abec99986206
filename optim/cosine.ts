// Cosine annealing (Loshchilov and Hutter 2017, equation 5, without restarts).

import { cos } from "../core/math";
import { type Schedulable, Schedule } from "./schedule";

/** lr = etaMin + (lr0 - etaMin) (1 + cos(pi t / tMax)) / 2; after tMax it rises again, as in PyTorch. */
export class CosineAnnealingLR extends Schedule {
  private readonly tMax: number;
  private readonly etaMin: number;

  /** @param options.tMax intervals from the initial rate to the lowest. @param options.etaMin lowest rate, default 0. */
  constructor(optimizer: Schedulable, options: { tMax: number; etaMin?: number }) {
    super(optimizer);
    if (!(options.tMax > 0))
      throw new RangeError(`CosineAnnealingLR: tMax must be positive, got ${options.tMax}`);
    this.tMax = options.tMax;
    this.etaMin = options.etaMin ?? 0;
  }

  protected rate(initial: number, count: number): number {
    return this.etaMin + ((initial - this.etaMin) * (1 + cos((Math.PI * count) / this.tMax))) / 2;
  }
}
