// DoG and L-DoG (Ivgi, Hinder and Carmon 2023, "DoG is SGD's best friend", algorithm 1): the step is the distance
// travelled over the root of the squared gradients so far.

import * as launch from "../backend/launch/optimizer";
import { checkNumber } from "../core/check";
import { scope, type Tensor } from "../core/index";
import type { ParameterGroup, Parameters } from "./groups";
import { Optimizer, type Pending } from "./optimizer";
import type { Defaults } from "./options";
import { copySlot, countStep, type ParameterState, type StateNames, slot } from "./state";

/** Options of {@link DoG} and {@link LDoG}. */
export interface DoGOptions {
  /** Factor of the step, which the method does without. Default 1. */
  lr?: number;
  /** First distance, relative to 1 + ||x0||. Default 1e-6; the authors advise 1e-4 with batch normalisation. */
  repsRel?: number;
  /** Where the sum of squared gradients starts. Default 1e-8. */
  eps?: number;
  /** The average takes in step t with weight (1 + gamma) / (t + gamma). Default 8. */
  gamma?: number;
}

type Settings = Required<DoGOptions>;

export const DOG_DEFAULTS: Defaults<Settings> = { lr: 1, repsRel: 1e-6, eps: 1e-8, gamma: 8 };

/**
 * r = max(r, ||x - x0||), at first repsRel (1 + ||x0||); G += ||g||^2; x -= lr r / sqrt(G) g, the norms over all
 * parameters that have a gradient. Beside x its polynomial-decay average is kept (Shamir and Zhang 2013), which is what
 * the authors report: see {@link DoG.swapAverage}. Schedules refuse this optimizer.
 */
export class DoG extends Optimizer<Settings> {
  override readonly setsOwnRate = true;

  protected override readonly keeps: StateNames = {
    tensors: ["start", "average"],
    numbers: ["step"],
    shared: ["distance", "squares", "averaged"],
  };

  constructor(parameters: Parameters<Settings>, options: DoGOptions = {}) {
    super(parameters, DOG_DEFAULTS, options);
  }

  override get name(): string {
    return "DoG";
  }

  protected override checkGroup(group: ParameterGroup<Settings>): void {
    super.checkGroup(group);
    checkNumber(this.name, "repsRel", group.repsRel, { above: 0 });
    checkNumber(this.name, "eps", group.eps, { above: 0 });
    checkNumber(this.name, "gamma", group.gamma, { atLeast: 0 });
  }

  /** Exchanges the parameters and their averages; a second call exchanges them back, and step() waits for it. */
  swapAverage(): void {
    scope(() => {
      for (const parameter of this.parameters()) {
        const { average } = this.stateOf(parameter);
        if (average === undefined) continue;
        const values = parameter.detach().clone();
        parameter.assign(average as Tensor);
        (average as Tensor).assign(values);
      }
    });
    this.shared.averaged = this.shared.averaged === 1 ? 0 : 1;
  }

  protected override prepare(pending: readonly Pending<Settings>[]): void {
    if (this.shared.averaged === 1) {
      throw new Error(
        `${this.name}.step: the parameters hold their averages; call swapAverage() again first`,
      );
    }
    this.travel(pending);
  }

  /** Updates the records of distances and gradients. */
  protected travel(pending: readonly Pending<Settings>[]): void {
    measure(this.shared, pending, this.common("repsRel"), this.common("eps"));
  }

  /** The record that a parameter's step is taken from. */
  protected record(_state: ParameterState): ParameterState {
    return this.shared;
  }

  protected override update(
    parameter: Tensor,
    gradient: Tensor,
    { lr, gamma }: ParameterGroup<Settings>,
    state: ParameterState,
  ): void {
    const { distance, squares } = this.record(state) as Record<string, number>;
    const rate = (lr * distance) / Math.sqrt(squares);
    const weight = (1 + gamma) / (countStep(state) + gamma);
    launch.dog(parameter, gradient, slot(state, "average", parameter), rate, weight);
  }
}

/** DoG with a step of its own for every parameter tensor. */
export class LDoG extends DoG {
  protected override readonly keeps: StateNames = {
    tensors: ["start", "average"],
    numbers: ["step", "distance", "squares"],
    shared: ["averaged"],
  };

  override get name(): string {
    return "LDoG";
  }

  protected override travel(pending: readonly Pending<Settings>[]): void {
    for (const item of pending) measure(item.state, [item], item.group.repsRel, item.group.eps);
  }

  protected override record(state: ParameterState): ParameterState {
    return state;
  }
}

/** Takes the parameters of a step into a record: `distance`, the largest from the start, and `squares`, of gradients. */
function measure(
  record: ParameterState,
  pending: readonly Pending<Settings>[],
  repsRel: number,
  eps: number,
): void {
  let fromOrigin = 0;
  let fromStart = 0;
  let squares = (record.squares as number | undefined) ?? eps;
  for (const { parameter, gradient, state } of pending) {
    if (record.distance === undefined) fromOrigin += launch.squaredDistance(parameter);
    fromStart += launch.squaredDistance(parameter, copySlot(state, "start", parameter));
    squares += launch.squaredDistance(gradient);
  }
  const distance = (record.distance as number | undefined) ?? repsRel * (1 + Math.sqrt(fromOrigin));
  record.distance = Math.max(distance, Math.sqrt(fromStart));
  record.squares = squares;
}
