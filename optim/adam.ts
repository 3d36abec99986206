// Adam and AdamW, as PyTorch defines them.

import * as launch from "../backend/launch/optimizer";
import { checkBoolean, checkNumber } from "../core/check";
import type { Tensor } from "../core/index";
import { pow } from "../core/math";
import type { ParameterGroup, Parameters } from "./groups";
import { Optimizer } from "./optimizer";
import { checkBetas, type Defaults } from "./options";
import { countStep, type ParameterState, slot } from "./state";

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

export const ADAM_DEFAULTS: Defaults<Settings> = {
  lr: 1e-3,
  betas: [0.9, 0.999],
  eps: 1e-8,
  weightDecay: 0,
  amsgrad: false,
};

export const ADAMW_DEFAULTS: Defaults<Settings> = { ...ADAM_DEFAULTS, weightDecay: 0.01 };

/**
 * d = g + weightDecay p; m = beta1 m + (1 - beta1) d; v = beta2 v + (1 - beta2) d^2;
 * p -= lr m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + eps) (Kingma and Ba 2015, algorithm 1).
 */
export class Adam extends Optimizer<Settings> {
  protected override readonly keeps = {
    tensors: ["mean", "square", "largestSquare"],
    numbers: ["step"],
    shared: [],
  };

  /** @param defaults for subclasses. */
  constructor(
    parameters: Parameters<Settings>,
    options: AdamOptions = {},
    defaults: Defaults<Settings> = ADAM_DEFAULTS,
  ) {
    super(parameters, defaults, options);
  }

  override get name(): string {
    return "Adam";
  }

  protected override checkGroup(group: ParameterGroup<Settings>): void {
    super.checkGroup(group);
    checkBetas(this.name, group.betas);
    checkNumber(this.name, "eps", group.eps, { atLeast: 0 });
    checkNumber(this.name, "weightDecay", group.weightDecay, { atLeast: 0 });
    checkBoolean(this.name, "amsgrad", group.amsgrad);
  }

  /** The penalty's factor in the gradient, and the share of the weights that a step takes off. */
  protected decays({ weightDecay }: ParameterGroup<Settings>): { l2: number; decay: number } {
    return { l2: weightDecay, decay: 0 };
  }

  protected override update(
    parameter: Tensor,
    gradient: Tensor,
    group: ParameterGroup<Settings>,
    state: ParameterState,
  ): void {
    const { lr, betas, eps, amsgrad } = group;
    const [beta1, beta2] = betas;
    const moments = {
      mean: slot(state, "mean", parameter),
      square: slot(state, "square", parameter),
      largestSquare: amsgrad ? slot(state, "largestSquare", parameter) : null,
    };
    const t = countStep(state);
    const rate = lr / (1 - pow(beta1, t));
    const scale = 1 / Math.sqrt(1 - pow(beta2, t));
    const { l2, decay } = this.decays(group);
    launch.adam(parameter, gradient, moments, { beta1, beta2, l2, rate, scale, eps, decay });
  }
}

/** Adam with the weight decay apart from the gradient: p -= lr weightDecay p besides (Loshchilov and Hutter 2019). */
export class AdamW extends Adam {
  constructor(parameters: Parameters<Settings>, options: AdamOptions = {}) {
    super(parameters, options, ADAMW_DEFAULTS);
  }

  override get name(): string {
    return "AdamW";
  }

  protected override decays({ lr, weightDecay }: ParameterGroup<Settings>): { l2: number; decay: number } {
    return { l2: 0, decay: lr * weightDecay };
  }
}
