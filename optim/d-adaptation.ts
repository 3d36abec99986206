// D-Adaptation for SGD (Defazio and Mishchenko 2023, "Learning-rate-free learning by D-adaptation"): a lower bound d of
// the distance to the solution grows as training goes on, and sets the step.

import { kernels } from "../backend/wasm";
import type { Tensor } from "../core/index";
import {
  Optimizer,
  type ParameterGroup,
  type ParameterState,
  type Parameters,
  type Pending,
} from "./optimizer";
import { accumulated, copySlot, requirePositive, requireWithin, slot } from "./state";

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

type Settings = Required<Omit<DAdaptSGDOptions, "growthRate">> & { growthRate?: number };

const DEFAULTS: Settings = { lr: 1, momentum: 0, d0: 1e-6 };

/**
 * lambda = d lr / ||g_0||; n += lambda <g, s>; s += lambda g; d = max(d, min(2 n / ||s||, d growthRate));
 * x = momentum x + (1 - momentum) (x0 - s). All groups share their options.
 */
export class DAdaptSGD extends Optimizer<Settings> {
  constructor(parameters: Parameters<Settings>, options: DAdaptSGDOptions = {}) {
    super(parameters, { ...DEFAULTS, ...options });
  }

  /** The estimate of the distance to the solution. */
  get d(): number {
    return this.shared.d ?? this.common("d0");
  }

  protected override checkGroup(group: ParameterGroup<Settings>): void {
    super.checkGroup(group);
    requireWithin(this.name, "momentum", group.momentum, 0, 1);
    requirePositive(this.name, "d0", group.d0);
    if (group.growthRate !== undefined) requireGrowthRate(this.name, group.growthRate);
  }

  protected override prepare(pending: readonly Pending<Settings>[]): void {
    const lr = this.common("lr");
    const k = kernels();
    const { shared, d } = this;
    // Until a gradient is not zero there is nothing to measure by.
    if (!shared.firstNorm) {
      const squares = pending.map(({ gradient }) => k.squared_distance_f32(gradient.ptr, 0, gradient.size));
      shared.firstNorm = Math.sqrt(squares.reduce((a, b) => a + b, 0));
    }
    const rate = shared.firstNorm === 0 ? 0 : (d * lr) / shared.firstNorm;
    const [product, squares] = accumulated(2, (sums) => {
      for (const { parameter, gradient, state } of pending) {
        copySlot(state, "start", parameter);
        const sum = slot(state, "sum", parameter);
        k.dadapt_sums_f32(sums, sum.ptr, gradient.ptr, gradient.size, rate);
      }
    });
    shared.numerator = (shared.numerator ?? 0) + rate * product;
    const estimate = squares > 0 ? (2 * shared.numerator) / Math.sqrt(squares) : 0;
    shared.d = Math.max(d, Math.min(estimate, d * (this.common("growthRate") ?? Number.POSITIVE_INFINITY)));
  }

  protected update(
    parameter: Tensor,
    _gradient: Tensor,
    { momentum }: ParameterGroup<Settings>,
    state: ParameterState,
  ): void {
    const { start, sum } = state as Record<string, Tensor>;
    kernels().dadapt_sgd_f32(parameter.ptr, start.ptr, sum.ptr, parameter.size, momentum);
  }
}

/** Throws unless d may stay as it is or grow. */
export function requireGrowthRate(name: string, growthRate: number): void {
  if (!(growthRate >= 1)) throw new RangeError(`${name}: growthRate must be at least 1, got ${growthRate}`);
}
