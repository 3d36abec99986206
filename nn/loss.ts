// Regression and probability losses with PyTorch's definitions. Each takes `reduction`: "mean" (default), "sum" or "none".

import { checkNumber, checkOptions } from "../core/check";
import type { Tensor } from "../core/index";
import { operand, weigh } from "../core/ops/arithmetic";
import { type LossOptions, reduce, requireSameShape } from "./reduction";

/** (a - b)^2. */
export function mseLoss(input: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  requireSameShape("mseLoss", input, target);
  checkOptions("mseLoss", options, ["reduction"]);
  return reduce("mseLoss", input.sub(target).square(), options.reduction);
}

/** |a - b|. */
export function l1Loss(input: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  requireSameShape("l1Loss", input, target);
  checkOptions("l1Loss", options, ["reduction"]);
  return reduce("l1Loss", input.sub(target).abs(), options.reduction);
}

/** (a - b)^2 / 2 where |a - b| <= delta, else delta (|a - b| - delta / 2) (Huber 1964). Default delta 1. */
export function huberLoss(
  input: Tensor,
  target: Tensor,
  options: LossOptions & { delta?: number } = {},
): Tensor {
  requireSameShape("huberLoss", input, target);
  checkOptions("huberLoss", options, ["reduction", "delta"]);
  const { delta = 1 } = options;
  checkNumber("huberLoss", "delta", delta, { above: 0 });
  const distance = input.sub(target).abs();
  const near = distance.minimum(delta);
  return reduce("huberLoss", near.square().mul(0.5).add(distance.sub(near).mul(delta)), options.reduction);
}

/** (a - b)^2 / (2 beta) where |a - b| < beta, else |a - b| - beta / 2 (Girshick 2015). Default beta 1. */
export function smoothL1Loss(
  input: Tensor,
  target: Tensor,
  options: LossOptions & { beta?: number } = {},
): Tensor {
  requireSameShape("smoothL1Loss", input, target);
  checkOptions("smoothL1Loss", options, ["reduction", "beta"]);
  const { beta = 1 } = options;
  checkNumber("smoothL1Loss", "beta", beta, { above: 0 });
  const distance = input.sub(target).abs();
  const near = distance.minimum(beta);
  return reduce(
    "smoothL1Loss",
    near
      .square()
      .mul(0.5 / beta)
      .add(distance.sub(near)),
    options.reduction,
  );
}

/**
 * Binary cross-entropy of logits and targets in [0, 1]: t softplus(-x) + (1 - t) softplus(x), a sum of what cannot cancel.
 * `posWeight` weighs the first term.
 */
export function bceWithLogits(
  logits: Tensor,
  target: Tensor,
  options: LossOptions & { posWeight?: Tensor | number } = {},
): Tensor {
  requireSameShape("bceWithLogits", logits, target);
  checkOptions("bceWithLogits", options, ["reduction", "posWeight"]);
  const x = operand("bceWithLogits", logits);
  const t = operand("bceWithLogits", target);
  const positive = weigh(x.neg().softplus(), options.posWeight === undefined ? t : t.mul(options.posWeight));
  const negative = weigh(x.softplus(), t.neg().add(1));
  return reduce("bceWithLogits", positive.add(negative), options.reduction);
}

/**
 * Kullback-Leibler divergence: target (log(target) - input), input being log-probabilities; terms with target 0 are 0.
 * "batchmean" divides the sum by the first extent, as the definition does; "mean" divides by the number of elements.
 */
export function klDiv(
  input: Tensor,
  target: Tensor,
  options: { reduction?: LossOptions["reduction"] | "batchmean"; logTarget?: boolean } = {},
): Tensor {
  requireSameShape("klDiv", input, target);
  checkOptions("klDiv", options, ["reduction", "logTarget"]);
  const t = operand("klDiv", target);
  const losses = options.logTarget ? weigh(t.sub(input), t.exp()) : weigh(t.add(t.eq(0)).log().sub(input), t);
  if (options.reduction === "batchmean") return losses.sum().div(input.shape[0] ?? 1);
  return reduce("klDiv", losses, options.reduction);
}
