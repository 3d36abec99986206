// D-Adaptation for SGD (Defazio and Mishchenko 2023, "Learning-rate-free learning by D-adaptation"): a lower bound d of
// the distance to the solution grows as training goes on, and sets the step.

import * as launch from "../backend/launch/optimizer";
import { checkNumber } from "../core/check";
import type { Tensor } from "../core/index";
import type { ParameterGroup, Parameters } from "./groups";
import { Optimizer, type Pending } from "./optimizer";
import { checkGrowthRate, type Defaults } from "./options";
import { copySlot, type ParameterState, slot } from "./state";

/** Options of {@link DAdaptSGD}. */
export interface DAdaptSGDOptions {
  /** Factor of the step that d gives; a schedule may lower it. Default 1. */
  lr?: number;
  /** Share of the old point in the new one. Default 0. */
  momentum?: number;
  /** First d. Default 1e-6. */
  d0?: number;
  /** Most that d may grow by in a step. Default: no limit. */
  growthRate?: number;
}

type Settings = Required<DAdaptSGDOptions>;

export const DADAPT_SGD_DEFAULTS: Defaults<Settings> = {
  lr: 1,
  momentum: 0,
  d0: 1e-6,
  growthRate: Number.POSITIVE_INFINITY,
};

/**
 * lambda = d lr / ||g_0||; n += lambda <g, s>; s += lambda g; d = max(d, min(2 n / ||s||, d growthRate));
 * x = momentum x + (1 - momentum) (x0 - s). All groups share their options.
 */
export class DAdaptSGD extends Optimizer<Settings> {
  protected override readonly keeps = {
    tensors: ["start", "sum"],
    numbers: [],
    shared: ["d", "firstNorm", "numerator"],
  };

  constructor(parameters: Parameters<Settings>, options: DAdaptSGDOptions = {}) {
    super(parameters, DADAPT_SGD_DEFAULTS, options);
  }

  override get name(): string {
    return "DAdaptSGD";
  }

  /** The estimate of the distance to the solution. */
  get d(): number {
    return this.shared.d ?? this.common("d0");
  }

  protected override checkGroup(group: ParameterGroup<Settings>): void {
    super.checkGroup(group);
    checkNumber(this.name, "momentum", group.momentum, { atLeast: 0, below: 1 });
    checkNumber(this.name, "d0", group.d0, { above: 0 });
    checkGrowthRate(this.name, group.growthRate);
  }

  protected override prepare(pending: readonly Pending<Settings>[]): void {
    const lr = this.common("lr");
    const { shared, d } = this;
    // Until a gradient is not zero there is nothing to measure by.
    if (!shared.firstNorm) {
      const squares = pending.map(({ gradient }) => launch.squaredDistance(gradient));
      shared.firstNorm = Math.sqrt(squares.reduce((a, b) => a + b, 0));
    }
    const rate = shared.firstNorm === 0 ? 0 : (d * lr) / shared.firstNorm;
    const parameters = pending.map(({ parameter, gradient, state }) => {
      copySlot(state, "start", parameter);
      return { gradient, sum: slot(state, "sum", parameter) };
    });
    const [product, squares] = launch.dadaptSums(parameters, rate);
    shared.numerator = (shared.numerator ?? 0) + rate * product;
    const estimate = squares > 0 ? (2 * shared.numerator) / Math.sqrt(squares) : 0;
    shared.d = Math.max(d, Math.min(estimate, d * this.common("growthRate")));
  }

  protected override update(
    parameter: Tensor,
    _gradient: Tensor,
    { momentum }: ParameterGroup<Settings>,
    state: ParameterState,
  ): void {
    const { start, sum } = state as Record<string, Tensor>;
    launch.dadaptSgd(parameter, start, sum, momentum);
  }
}
