// RMSprop, as PyTorch defines it.

import { kernels } from "../backend/wasm";
import type { Tensor } from "../core/index";
import { Optimizer, type ParameterGroup, type ParameterState, type Parameters } from "./optimizer";
import { requireWithin, slot } from "./state";

/** Options of {@link RMSprop}. */
export interface RMSpropOptions {
  /** Default 0.01. */
  lr?: number;
  /** Coefficient of the moving average of the squared gradient. Default 0.99. */
  alpha?: number;
  /** Added to the denominator. Default 1e-8. */
  eps?: number;
  /** L2 penalty, added to the gradient. Default 0. */
  weightDecay?: number;
  /** Share of the last step that is repeated. Default 0. */
  momentum?: number;
  /** Divide by the estimated standard deviation of the gradient (Graves 2013). Default false. */
  centered?: boolean;
}

type Settings = Required<RMSpropOptions>;

const DEFAULTS: Settings = { lr: 0.01, alpha: 0.99, eps: 1e-8, weightDecay: 0, momentum: 0, centered: false };

/**
 * d = g + weightDecay p; s = alpha s + (1 - alpha) d^2; a = alpha a + (1 - alpha) d; u = d / (sqrt(s) + eps), or
 * d / (sqrt(s - a^2) + eps) when centered; v = momentum v + u; p -= lr v (Hinton's lecture of 2012).
 */
export class RMSprop extends Optimizer<Settings> {
  constructor(parameters: Parameters<Settings>, options: RMSpropOptions = {}) {
    super(parameters, { ...DEFAULTS, ...options });
  }

  protected override checkGroup(group: ParameterGroup<Settings>): void {
    super.checkGroup(group);
    requireWithin(this.name, "alpha", group.alpha, 0, 1);
    requireWithin(this.name, "eps", group.eps, 0, Number.POSITIVE_INFINITY);
    requireWithin(this.name, "weightDecay", group.weightDecay, 0, Number.POSITIVE_INFINITY);
    requireWithin(this.name, "momentum", group.momentum, 0, Number.POSITIVE_INFINITY);
  }

  protected update(
    parameter: Tensor,
    gradient: Tensor,
    group: ParameterGroup<Settings>,
    state: ParameterState,
  ): void {
    const { lr, alpha, eps, weightDecay, momentum, centered } = group;
    kernels().rmsprop_f32(
      parameter.ptr,
      gradient.ptr,
      slot(state, "square", parameter).ptr,
      centered ? slot(state, "mean", parameter).ptr : 0,
      momentum === 0 ? 0 : slot(state, "velocity", parameter).ptr,
      parameter.size,
      alpha,
      weightDecay,
      lr,
      eps,
      momentum,
    );
  }
}
