// RMSprop, as PyTorch defines it.

import * as launch from "../backend/launch/optimizer";
import { checkBoolean, checkNumber } from "../core/check";
import type { Tensor } from "../core/index";
import type { ParameterGroup, Parameters } from "./groups";
import { Optimizer } from "./optimizer";
import type { Defaults } from "./options";
import { type ParameterState, slot } from "./state";

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

export const RMSPROP_DEFAULTS: Defaults<Settings> = {
  lr: 0.01,
  alpha: 0.99,
  eps: 1e-8,
  weightDecay: 0,
  momentum: 0,
  centered: false,
};

/**
 * d = g + weightDecay p; s = alpha s + (1 - alpha) d^2; a = alpha a + (1 - alpha) d; u = d / (sqrt(s) + eps), or
 * d / (sqrt(s - a^2) + eps) when centered; v = momentum v + u; p -= lr v (Hinton's lecture of 2012).
 */
export class RMSprop extends Optimizer<Settings> {
  protected override readonly keeps = { tensors: ["square", "mean", "velocity"], numbers: [], shared: [] };

  constructor(parameters: Parameters<Settings>, options: RMSpropOptions = {}) {
    super(parameters, RMSPROP_DEFAULTS, options);
  }

  override get name(): string {
    return "RMSprop";
  }

  protected override checkGroup(group: ParameterGroup<Settings>): void {
    super.checkGroup(group);
    const { name } = this;
    checkNumber(name, "alpha", group.alpha, { atLeast: 0, below: 1 });
    checkNumber(name, "eps", group.eps, { atLeast: 0 });
    checkNumber(name, "weightDecay", group.weightDecay, { atLeast: 0 });
    checkNumber(name, "momentum", group.momentum, { atLeast: 0, atMost: 1 });
    checkBoolean(name, "centered", group.centered);
  }

  protected override update(
    parameter: Tensor,
    gradient: Tensor,
    group: ParameterGroup<Settings>,
    state: ParameterState,
  ): void {
    const states = {
      square: slot(state, "square", parameter),
      mean: group.centered ? slot(state, "mean", parameter) : null,
      velocity: group.momentum === 0 ? null : slot(state, "velocity", parameter),
    };
    launch.rmsprop(parameter, gradient, states, group);
  }
}
