// Stochastic gradient descent with momentum, as PyTorch defines it.

import * as launch from "../backend/launch/optimizer";
import { checkBoolean, checkNumber } from "../core/check";
import type { Tensor } from "../core/index";
import type { GroupOptions, ParameterGroup, Parameters } from "./groups";
import { Optimizer } from "./optimizer";
import type { Defaults } from "./options";
import { type ParameterState, slot } from "./state";

/** Options of {@link SGD}. */
export interface SGDOptions extends GroupOptions {
  /** Share of the last step that is repeated, in [0, 1]. Default 0. */
  momentum?: number;
  /** Takes dampening times the gradient out of the momentum, in [0, 1]. Default 0. */
  dampening?: number;
  /** L2 penalty, added to the gradient. Default 0. */
  weightDecay?: number;
  /** Nesterov's momentum. Default false. */
  nesterov?: boolean;
}

type Settings = Required<SGDOptions>;

export const SGD_DEFAULTS: Defaults<Settings> = {
  lr: undefined,
  momentum: 0,
  dampening: 0,
  weightDecay: 0,
  nesterov: false,
};

/**
 * d = g + weightDecay p; v = momentum v + (1 - dampening) d, v = d at first; p -= lr (nesterov ? d + momentum v : v)
 * (Sutskever et al. 2013, in PyTorch's form). One pass over each parameter.
 */
export class SGD extends Optimizer<Settings> {
  protected override readonly keeps = { tensors: ["velocity"], numbers: [], shared: [] };

  constructor(parameters: Parameters<SGDOptions>, options: SGDOptions) {
    super(parameters as Parameters<Settings>, SGD_DEFAULTS, options);
  }

  override get name(): string {
    return "SGD";
  }

  protected override checkGroup(group: ParameterGroup<Settings>): void {
    super.checkGroup(group);
    const { name } = this;
    checkNumber(name, "momentum", group.momentum, { atLeast: 0, atMost: 1 });
    checkNumber(name, "dampening", group.dampening, { atLeast: 0, atMost: 1 });
    checkNumber(name, "weightDecay", group.weightDecay, { atLeast: 0 });
    checkBoolean(name, "nesterov", group.nesterov);
    if (group.nesterov && (group.momentum === 0 || group.dampening !== 0)) {
      throw new RangeError(`${name}: nesterov needs a momentum and no dampening`);
    }
  }

  protected override update(
    parameter: Tensor,
    gradient: Tensor,
    group: ParameterGroup<Settings>,
    state: ParameterState,
  ): void {
    const first = state.velocity === undefined;
    const velocity = group.momentum === 0 ? null : slot(state, "velocity", parameter);
    launch.sgd(parameter, gradient, velocity, first, group);
  }
}
