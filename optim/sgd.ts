// Stochastic gradient descent with momentum, as PyTorch defines it.

import { kernels } from "../backend/wasm";
import type { Tensor } from "../core/index";
import {
  type GroupOptions,
  Optimizer,
  type ParameterGroup,
  type ParameterState,
  type Parameters,
} from "./optimizer";
import { requireWithin, slot } from "./state";

/** Options of {@link SGD}. */
export interface SGDOptions extends GroupOptions {
  /** Share of the last step that is repeated. Default 0. */
  momentum?: number;
  /** Takes dampening times the gradient out of the momentum. Default 0. */
  dampening?: number;
  /** L2 penalty, added to the gradient. Default 0. */
  weightDecay?: number;
  /** Nesterov's momentum. Default false. */
  nesterov?: boolean;
}

/**
 * d = g + weightDecay p; v = momentum v + (1 - dampening) d, v = d at first; p -= lr (nesterov ? d + momentum v : v)
 * (Sutskever et al. 2013, in PyTorch's form). One pass over each parameter.
 */
export class SGD extends Optimizer<Required<SGDOptions>> {
  constructor(parameters: Parameters<SGDOptions>, options: SGDOptions) {
    const defaults = { momentum: 0, dampening: 0, weightDecay: 0, nesterov: false };
    super(parameters as Parameters<Required<SGDOptions>>, { ...defaults, ...options });
  }

  protected override checkGroup(group: ParameterGroup<Required<SGDOptions>>): void {
    super.checkGroup(group);
    const { momentum, dampening, weightDecay, nesterov } = group;
    requireWithin(this.name, "momentum", momentum, 0, Number.POSITIVE_INFINITY);
    requireWithin(this.name, "weightDecay", weightDecay, 0, Number.POSITIVE_INFINITY);
    if (nesterov && (momentum === 0 || dampening !== 0)) {
      throw new RangeError("SGD: nesterov needs a momentum and no dampening");
    }
  }

  protected update(
    parameter: Tensor,
    gradient: Tensor,
    group: ParameterGroup<Required<SGDOptions>>,
    state: ParameterState,
  ): void {
    const { lr, momentum, dampening, weightDecay, nesterov } = group;
    const first = state.velocity === undefined ? 1 : 0;
    const velocity = momentum === 0 ? 0 : slot(state, "velocity", parameter).ptr;
    kernels().sgd_f32(
      parameter.ptr,
      gradient.ptr,
      velocity,
      parameter.size,
      lr,
      momentum,
      dampening,
      weightDecay,
      nesterov ? 1 : 0,
      first,
    );
  }
}
