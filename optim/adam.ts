// Adam and AdamW, as PyTorch defines them.

import { kernels } from "../backend/wasm";
import type { Tensor } from "../core/index";
import { pow } from "../core/math";
import { Optimizer, type ParameterGroup, type ParameterState, type Parameters } from "./optimizer";
import { countStep, requireBetas, requireWithin, slot } from "./state";

/** Options of {@link Adam} and {@link AdamW}. */
export interface AdamOptions {
  /** Default 1e-3. */
  lr?: number;
  /** Coefficients of the moving averages of the gradient and of its square. Default [0.9, 0.999]. */
  betas?: readonly [number, number];
  /** Added to the denominator. Default 1e-8. */
  eps?: number;
  /** Adam: L2 penalty, added to the gradient, default 0. AdamW: share of lr taken off the weights, default 0.01. */
  weightDecay?: number;
  /** Divide by the largest second moment so far (Reddi et al. 2018). Default false. */
  amsgrad?: boolean;
}

type Settings = Required<AdamOptions>;

const DEFAULTS: Settings = { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, amsgrad: false };

/**
 * d = g + weightDecay p; m = beta1 m + (1 - beta1) d; v = beta2 v + (1 - beta2) d^2;
 * p -= lr m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + eps) (Kingma and Ba 2015, algorithm 1).
 */
export class Adam extends Optimizer<Settings> {
  constructor(parameters: Parameters<Settings>, options: AdamOptions = {}) {
    super(parameters, { ...DEFAULTS, ...options });
  }

  protected override checkGroup(group: ParameterGroup<Settings>): void {
    super.checkGroup(group);
    requireBetas(this.name, group.betas);
    requireWithin(this.name, "eps", group.eps, 0, Number.POSITIVE_INFINITY);
    requireWithin(this.name, "weightDecay", group.weightDecay, 0, Number.POSITIVE_INFINITY);
  }

  /** The penalty's factor in the gradient, and the share of the weights that a step takes off. */
  protected decays({ weightDecay }: ParameterGroup<Settings>): { l2: number; decay: number } {
    return { l2: weightDecay, decay: 0 };
  }

  protected update(
    parameter: Tensor,
    gradient: Tensor,
    group: ParameterGroup<Settings>,
    state: ParameterState,
  ): void {
    const { lr, betas, eps, amsgrad } = group;
    const [beta1, beta2] = betas;
    const { l2, decay } = this.decays(group);
    const t = countStep(state);
    kernels().adam_f32(
      parameter.ptr,
      gradient.ptr,
      slot(state, "mean", parameter).ptr,
      slot(state, "square", parameter).ptr,
      amsgrad ? slot(state, "largestSquare", parameter).ptr : 0,
      parameter.size,
      beta1,
      beta2,
      l2,
      lr / (1 - pow(beta1, t)),
      1 / Math.sqrt(1 - pow(beta2, t)),
      eps,
      decay,
    );
  }
}

/** Adam with the weight decay apart from the gradient: p -= lr weightDecay p besides (Loshchilov and Hutter 2019). */
export class AdamW extends Adam {
  constructor(parameters: Parameters<Settings>, options: AdamOptions = {}) {
    super(parameters, { weightDecay: 0.01, ...options });
  }

  protected override decays({ lr, weightDecay }: ParameterGroup<Settings>): { l2: number; decay: number } {
    return { l2: 0, decay: lr * weightDecay };
  }
}
