// Schedule-free SGD and AdamW (Defazio et al. 2024, "The road less scheduled"). Three points: z takes plain steps, x is
// the average of the z and is what is evaluated, and gradients are taken at y between them. While training the
// parameters hold y; z is kept beside them, and x follows from both.

import * as launch from "../backend/launch/optimizer";
import { checkNumber } from "../core/check";
import type { Tensor } from "../core/index";
import { pow } from "../core/math";
import type { GroupOptions, ParameterGroup, Parameters } from "./groups";
import { Optimizer } from "./optimizer";
import { checkBetas, type Defaults } from "./options";
import { copySlot, countStep, type ParameterState, slot } from "./state";

interface Common extends GroupOptions {
  weightDecay: number;
  warmupSteps: number;
  r: number;
}

/** What both rules keep besides tensors. */
const KEPT = { numbers: ["step", "largestRate", "weights"], shared: ["evaluating"] };

/** What both rules do with y and z. */
abstract class ScheduleFree<O extends Common> extends Optimizer<O> {
  override readonly setsOwnRate = true;

  /** The share of x in y. */
  protected abstract interpolation(group: ParameterGroup<O>): number;

  protected override checkGroup(group: ParameterGroup<O>): void {
    super.checkGroup(group);
    checkNumber(this.name, "the share of the average", this.interpolation(group), { above: 0, below: 1 });
    checkNumber(this.name, "weightDecay", group.weightDecay, { atLeast: 0 });
    checkNumber(this.name, "warmupSteps", group.warmupSteps, { atLeast: 0 });
    checkNumber(this.name, "r", group.r, { atLeast: 0 });
  }

  protected override prepare(): void {
    if (this.shared.evaluating === 1) {
      throw new Error(`${this.name}.step: the parameters are at the evaluation point; call train() first`);
    }
  }

  /** Moves on by a step: the warmed-up rate, the weight of z in the average, and the gradient's share in y. */
  protected advance(
    group: ParameterGroup<O>,
    state: ParameterState,
  ): { t: number; rate: number; c: number; pull: number } {
    const t = countStep(state);
    const rate = group.lr * (t < group.warmupSteps ? t / group.warmupSteps : 1);
    const largest = Math.max((state.largestRate as number | undefined) ?? 0, rate);
    const weight = pow(t, group.r) * largest * largest;
    const total = ((state.weights as number | undefined) ?? 0) + weight;
    state.largestRate = largest;
    state.weights = total;
    const c = total > 0 ? weight / total : 0;
    return { t, rate, c, pull: rate * (this.interpolation(group) * (1 - c) - 1) };
  }

  /** Moves the parameters to x, where the model is to be evaluated and saved. */
  override eval(): void {
    if (this.shared.evaluating === 1) return;
    this.interpolate((beta) => 1 - 1 / beta);
    this.shared.evaluating = 1;
  }

  /** Moves the parameters back to y, where training goes on. */
  override train(): void {
    if (this.shared.evaluating !== 1) return;
    this.interpolate((beta) => 1 - beta);
    this.shared.evaluating = 0;
  }

  private interpolate(weight: (beta: number) => number): void {
    for (const group of this.groups) {
      for (const parameter of group.params) {
        const { z } = this.stateOf(parameter);
        if (z === undefined) continue;
        launch.lerp(parameter, z as Tensor, weight(this.interpolation(group)));
        parameter.handle.storage.version++;
      }
    }
  }
}

/** Options of {@link ScheduleFreeSGD}. */
export interface ScheduleFreeSGDOptions {
  /** Default 1. */
  lr?: number;
  /** Share of the average in the point where gradients are taken, in (0, 1). Default 0.9. */
  momentum?: number;
  /** L2 penalty at that point, added to the gradient. Default 0. */
  weightDecay?: number;
  /** Steps in which the rate rises from 0. Default 0. */
  warmupSteps?: number;
  /** The average weighs step t by t^r. Default 0. */
  r?: number;
}

type SGDSettings = Required<ScheduleFreeSGDOptions>;

export const SCHEDULE_FREE_SGD_DEFAULTS: Defaults<SGDSettings> = {
  lr: 1,
  momentum: 0.9,
  weightDecay: 0,
  warmupSteps: 0,
  r: 0,
};

/**
 * rate = lr min(1, t / warmupSteps); w = t^r (largest rate)^2, c = w / sum of w; d = g + weightDecay y;
 * y += c (z - y) + rate (momentum (1 - c) - 1) d; z -= rate d. Call eval() before the model is evaluated or saved, and
 * train() before training goes on; recompute batch-norm statistics at the evaluation point. Schedules refuse it.
 */
export class ScheduleFreeSGD extends ScheduleFree<SGDSettings> {
  protected override readonly keeps = { tensors: ["z"], ...KEPT };

  constructor(parameters: Parameters<SGDSettings>, options: ScheduleFreeSGDOptions = {}) {
    super(parameters, SCHEDULE_FREE_SGD_DEFAULTS, options);
  }

  override get name(): string {
    return "ScheduleFreeSGD";
  }

  protected interpolation({ momentum }: ParameterGroup<SGDSettings>): number {
    return momentum;
  }

  protected override update(
    parameter: Tensor,
    gradient: Tensor,
    group: ParameterGroup<SGDSettings>,
    state: ParameterState,
  ): void {
    const z = copySlot(state, "z", parameter);
    const { rate, c, pull } = this.advance(group, state);
    launch.scheduleFreeSgd(parameter, gradient, z, { rate, c, pull, decay: group.weightDecay });
  }
}

/** Options of {@link ScheduleFreeAdamW}. */
export interface ScheduleFreeAdamWOptions {
  /** Default 0.0025. */
  lr?: number;
  /**
   * Share of the average in the point where gradients are taken, in (0, 1), and coefficient of the moving average of the
   * squared gradient. Default [0.9, 0.999].
   */
  betas?: readonly [number, number];
  /** Added to the denominator. Default 1e-8. */
  eps?: number;
  /** Share of the rate taken off the weights, at the point where gradients are taken. Default 0. */
  weightDecay?: number;
  /** Steps in which the rate rises from 0. Default 0. */
  warmupSteps?: number;
  /** The average weighs step t by t^r. Default 0. */
  r?: number;
}

type AdamWSettings = Required<ScheduleFreeAdamWOptions>;

export const SCHEDULE_FREE_ADAMW_DEFAULTS: Defaults<AdamWSettings> = {
  lr: 0.0025,
  betas: [0.9, 0.999],
  eps: 1e-8,
  weightDecay: 0,
  warmupSteps: 0,
  r: 0,
};

/**
 * {@link ScheduleFreeSGD} with beta1 for its momentum and, for d, g / (sqrt(v / (1 - beta2^t)) + eps) + weightDecay y,
 * v = beta2 v + (1 - beta2) g^2.
 */
export class ScheduleFreeAdamW extends ScheduleFree<AdamWSettings> {
  protected override readonly keeps = { tensors: ["z", "square"], ...KEPT };

  constructor(parameters: Parameters<AdamWSettings>, options: ScheduleFreeAdamWOptions = {}) {
    super(parameters, SCHEDULE_FREE_ADAMW_DEFAULTS, options);
  }

  override get name(): string {
    return "ScheduleFreeAdamW";
  }

  protected interpolation({ betas }: ParameterGroup<AdamWSettings>): number {
    return betas[0];
  }

  protected override checkGroup(group: ParameterGroup<AdamWSettings>): void {
    checkBetas(this.name, group.betas);
    super.checkGroup(group);
    checkNumber(this.name, "eps", group.eps, { atLeast: 0 });
  }

  protected override update(
    parameter: Tensor,
    gradient: Tensor,
    group: ParameterGroup<AdamWSettings>,
    state: ParameterState,
  ): void {
    const { betas, eps, weightDecay } = group;
    const z = copySlot(state, "z", parameter);
    const square = slot(state, "square", parameter);
    const { t, rate, c, pull } = this.advance(group, state);
    launch.scheduleFreeAdamW(parameter, gradient, z, square, {
      rate,
      c,
      pull,
      decay: weightDecay,
      beta2: betas[1],
      scale: 1 / Math.sqrt(1 - pow(betas[1], t)),
      eps,
    });
  }
}
