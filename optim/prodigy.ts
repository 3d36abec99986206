// Prodigy (Mishchenko and Defazio 2024, "Prodigy: an expeditiously adaptive parameter-free learner"): Adam whose step is
// set by an estimate d of the distance to the solution.

import * as launch from "../backend/launch/optimizer";
import { checkNumber } from "../core/check";
import type { Tensor } from "../core/index";
import type { ParameterGroup, Parameters } from "./groups";
import { Optimizer, type Pending } from "./optimizer";
import { checkBetas, checkGrowthRate, type Defaults } from "./options";
import { copySlot, type ParameterState, slot } from "./state";

/** Options of {@link Prodigy}. */
export interface ProdigyOptions {
  /** Factor of the step that d gives; a schedule may lower it. Default 1. */
  lr?: number;
  /** Coefficients of the moving averages of the gradient and of its square. Default [0.9, 0.999]. */
  betas?: readonly [number, number];
  /** Added to the denominator, times d. Default 1e-8. */
  eps?: number;
  /** Share of d lr taken off the weights, apart from the gradient. Default 0. */
  weightDecay?: number;
  /** First d. Default 1e-6. */
  d0?: number;
  /** Factor of the estimate. Default 1. */
  dCoef?: number;
  /** Most that d may grow by in a step. Default: no limit. */
  growthRate?: number;
}

type Settings = Required<ProdigyOptions>;

export const PRODIGY_DEFAULTS: Defaults<Settings> = {
  lr: 1,
  betas: [0.9, 0.999],
  eps: 1e-8,
  weightDecay: 0,
  d0: 1e-6,
  dCoef: 1,
  growthRate: Number.POSITIVE_INFINITY,
};

/**
 * lambda = d lr, beta3 = sqrt(beta2); n = beta3 n + d / d0 lambda <g, x0 - x>; s = beta3 s + d / d0 lambda g;
 * m = beta1 m + (1 - beta1) d g; v = beta2 v + (1 - beta2) d^2 g^2; estimate = dCoef n / ||s||_1, which d takes on while
 * it is d0, and later as the largest so far, growing by growthRate at most;
 * x -= weightDecay lambda x; x -= lambda m / (sqrt(v) + d eps), with the new d beside eps only.
 * All groups share their options but weightDecay and eps.
 */
export class Prodigy extends Optimizer<Settings> {
  protected override readonly keeps = {
    tensors: ["start", "sum", "mean", "square"],
    numbers: [],
    shared: ["d", "largest", "numerator"],
  };
  /** d lr of the step in hand. */
  private rate = 0;

  constructor(parameters: Parameters<Settings>, options: ProdigyOptions = {}) {
    super(parameters, PRODIGY_DEFAULTS, options);
  }

  override get name(): string {
    return "Prodigy";
  }

  /** The estimate of the distance to the solution. */
  get d(): number {
    return this.shared.d ?? this.common("d0");
  }

  protected override checkGroup(group: ParameterGroup<Settings>): void {
    super.checkGroup(group);
    checkBetas(this.name, group.betas);
    checkNumber(this.name, "eps", group.eps, { atLeast: 0 });
    checkNumber(this.name, "weightDecay", group.weightDecay, { atLeast: 0 });
    checkNumber(this.name, "d0", group.d0, { above: 0 });
    checkNumber(this.name, "dCoef", group.dCoef, { above: 0 });
    checkGrowthRate(this.name, group.growthRate);
  }

  protected override prepare(pending: readonly Pending<Settings>[]): void {
    const { shared, d } = this;
    const d0 = this.common("d0");
    const [beta1, beta2] = this.common("betas");
    const beta3 = Math.sqrt(beta2);
    this.rate = d * this.common("lr");
    const weight = (d / d0) * this.rate;
    const parameters = pending.map(({ parameter, gradient, state }) => ({
      parameter,
      gradient,
      start: copySlot(state, "start", parameter),
      sum: slot(state, "sum", parameter),
      mean: slot(state, "mean", parameter),
      square: slot(state, "square", parameter),
    }));
    const [product, length] = launch.prodigySums(parameters, {
      beta1,
      gain1: (1 - beta1) * d,
      beta2,
      gain2: (1 - beta2) * d * d,
      beta3,
      gain3: weight,
    });
    shared.numerator = beta3 * (shared.numerator ?? 0) + weight * product;
    if (!(length > 0 && this.rate > 0)) return;
    const estimate = (this.common("dCoef") * shared.numerator) / length;
    const first = d === d0 ? Math.max(d, estimate) : d;
    shared.largest = Math.max(shared.largest ?? d0, estimate);
    shared.d = Math.min(shared.largest, first * this.common("growthRate"));
  }

  protected override update(
    parameter: Tensor,
    _gradient: Tensor,
    { eps, weightDecay }: ParameterGroup<Settings>,
    state: ParameterState,
  ): void {
    const { mean, square } = state as Record<string, Tensor>;
    const { rate } = this;
    launch.prodigy(parameter, mean, square, { rate, eps: this.d * eps, decay: weightDecay * rate });
  }
}
