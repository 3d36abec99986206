// Prodigy (Mishchenko and Defazio 2024, "Prodigy: an expeditiously adaptive parameter-free learner"): Adam whose step is
// set by an estimate d of the distance to the solution.

import { kernels } from "../backend/wasm";
import type { Tensor } from "../core/index";
import { requireGrowthRate } from "./d-adaptation";
import {
  Optimizer,
  type ParameterGroup,
  type ParameterState,
  type Parameters,
  type Pending,
} from "./optimizer";
import { accumulated, copySlot, requireBetas, requirePositive, requireWithin, slot } from "./state";

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

type Settings = Required<Omit<ProdigyOptions, "growthRate">> & { growthRate?: number };

const DEFAULTS: Settings = { lr: 1, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, d0: 1e-6, dCoef: 1 };

/**
 * lambda = d lr, beta3 = sqrt(beta2); n = beta3 n + d / d0 lambda <g, x0 - x>; s = beta3 s + d / d0 lambda g;
 * m = beta1 m + (1 - beta1) d g; v = beta2 v + (1 - beta2) d^2 g^2; estimate = dCoef n / ||s||_1, which d takes on while
 * it is d0, and later as the largest so far, growing by growthRate at most;
 * x -= weightDecay lambda x; x -= lambda m / (sqrt(v) + d eps), with the new d beside eps only.
 * All groups share their options but weightDecay and eps.
 */
export class Prodigy extends Optimizer<Settings> {
  /** d lr of the step in hand. */
  private rate = 0;

  constructor(parameters: Parameters<Settings>, options: ProdigyOptions = {}) {
    super(parameters, { ...DEFAULTS, ...options });
  }

  /** The estimate of the distance to the solution. */
  get d(): number {
    return this.shared.d ?? this.common("d0");
  }

  protected override checkGroup(group: ParameterGroup<Settings>): void {
    super.checkGroup(group);
    requireBetas(this.name, group.betas);
    requireWithin(this.name, "eps", group.eps, 0, Number.POSITIVE_INFINITY);
    requireWithin(this.name, "weightDecay", group.weightDecay, 0, Number.POSITIVE_INFINITY);
    requirePositive(this.name, "d0", group.d0);
    requirePositive(this.name, "dCoef", group.dCoef);
    if (group.growthRate !== undefined) requireGrowthRate(this.name, group.growthRate);
  }

  protected override prepare(pending: readonly Pending<Settings>[]): void {
    const { shared, d } = this;
    const d0 = this.common("d0");
    const [beta1, beta2] = this.common("betas");
    const beta3 = Math.sqrt(beta2);
    this.rate = d * this.common("lr");
    const weight = (d / d0) * this.rate;
    const [product, length] = accumulated(2, (sums) => {
      for (const { parameter, gradient, state } of pending) {
        const start = copySlot(state, "start", parameter);
        const sum = slot(state, "sum", parameter);
        const mean = slot(state, "mean", parameter);
        const square = slot(state, "square", parameter);
        kernels().prodigy_sums_f32(
          sums,
          parameter.ptr,
          gradient.ptr,
          start.ptr,
          sum.ptr,
          mean.ptr,
          square.ptr,
          parameter.size,
          beta1,
          (1 - beta1) * d,
          beta2,
          (1 - beta2) * d * d,
          beta3,
          weight,
        );
      }
    });
    shared.numerator = beta3 * (shared.numerator ?? 0) + weight * product;
    if (!(length > 0 && this.rate > 0)) return;
    const estimate = (this.common("dCoef") * shared.numerator) / length;
    const first = d === d0 ? Math.max(d, estimate) : d;
    shared.largest = Math.max(shared.largest ?? d0, estimate);
    shared.d = Math.min(shared.largest, first * (this.common("growthRate") ?? Number.POSITIVE_INFINITY));
  }

  protected update(
    parameter: Tensor,
    _gradient: Tensor,
    { eps, weightDecay }: ParameterGroup<Settings>,
    state: ParameterState,
  ): void {
    const { mean, square } = state as Record<string, Tensor>;
    kernels().prodigy_f32(
      parameter.ptr,
      mean.ptr,
      square.ptr,
      parameter.size,
      this.rate,
      this.d * eps,
      weightDecay * this.rate,
    );
  }
}
