// Likeness and distance of pairs, and the losses that learn them, with PyTorch's definitions.

import { checkBoolean, checkInteger, checkNumber, checkOptions, checkTensor } from "../core/check";
import { formatShape } from "../core/errors";
import { type Tensor, where } from "../core/index";
import { sameShape } from "../core/shape";
import { Module, type Signals } from "./module";
import { type LossOptions, reduce, requireSameShape } from "./reduction";

/** a b / (|a| |b|) along an axis; 0 where either is 0. Default axis 1. */
export function cosineSimilarity(a: Tensor, b: Tensor, axis = 1): Tensor {
  checkTensor("cosineSimilarity", a);
  checkTensor("cosineSimilarity", b);
  const lengths = a.norm(axis).mul(b.norm(axis));
  return a
    .mul(b)
    .sum(axis)
    .div(lengths.add(lengths.eq(0)));
}

/** cosineSimilarity() as a module of two inputs. */
export class CosineSimilarity extends Module<[Tensor, Tensor]> {
  static override readonly typeName: string = "CosineSimilarity";
  static override readonly about: string = "the cosine of the angle between pairs of vectors";
  override get signals(): Signals {
    return "nothing";
  }

  constructor(readonly axis = 1) {
    super();
    checkInteger("CosineSimilarity", "axis", axis);
  }
  forward(a: Tensor, b: Tensor): Tensor {
    return cosineSimilarity(a, b, this.axis);
  }
}

/** The p-norm of a - b + eps along the last axis; eps keeps the gradient finite where both agree. */
function distance(a: Tensor, b: Tensor, p: number, eps: number): Tensor {
  const difference = a.sub(b).add(eps);
  if (p === 2) return difference.norm(-1);
  return difference
    .abs()
    .pow(p)
    .sum(-1)
    .pow(1 / p);
}

/**
 * max(0, d(anchor, positive) - d(anchor, negative) + margin) of vectors [...,D] (Balntas et al. 2016). d is the p-norm of the
 * difference plus eps. With `swap` the nearer of d(anchor, negative) and d(positive, negative) counts. Defaults: margin 1,
 * p 2, eps 1e-6.
 */
export function tripletMarginLoss(
  anchor: Tensor,
  positive: Tensor,
  negative: Tensor,
  options: LossOptions & { margin?: number; p?: number; eps?: number; swap?: boolean } = {},
): Tensor {
  requireSameShape("tripletMarginLoss", anchor, positive);
  requireSameShape("tripletMarginLoss", anchor, negative);
  checkOptions("tripletMarginLoss", options, ["reduction", "margin", "p", "eps", "swap"]);
  const { margin = 1, p = 2, eps = 1e-6, swap = false } = options;
  checkNumber("tripletMarginLoss", "margin", margin, { above: 0 });
  checkNumber("tripletMarginLoss", "p", p, { above: 0 });
  checkNumber("tripletMarginLoss", "eps", eps, { atLeast: 0 });
  checkBoolean("tripletMarginLoss", "swap", swap);
  const near = distance(anchor, positive, p, eps);
  const far = distance(anchor, negative, p, eps);
  const nearest = swap ? far.minimum(distance(positive, negative, p, eps)) : far;
  return reduce("tripletMarginLoss", near.sub(nearest).add(margin).maximum(0), options.reduction);
}

/**
 * Of pairs of vectors [N,D] or [D]: 1 - cos where the target is 1, max(0, cos - margin) where it is -1. Targets [N] (or a
 * scalar). Default margin 0.
 */
export function cosineEmbeddingLoss(
  a: Tensor,
  b: Tensor,
  target: Tensor,
  options: LossOptions & { margin?: number } = {},
): Tensor {
  requireSameShape("cosineEmbeddingLoss", a, b);
  checkTensor("cosineEmbeddingLoss", target);
  checkOptions("cosineEmbeddingLoss", options, ["reduction", "margin"]);
  const { margin = 0 } = options;
  checkNumber("cosineEmbeddingLoss", "margin", margin, { atLeast: -1, atMost: 1 });
  if (!sameShape(target.shape, a.shape.slice(0, -1))) {
    throw new RangeError(
      `cosineEmbeddingLoss: a target for each pair of ${formatShape(a.shape)} has the shape ` +
        `${formatShape(a.shape.slice(0, -1))}, got ${formatShape(target.shape)}`,
    );
  }
  const alike = cosineSimilarity(a, b, -1);
  const losses = where(target.gt(0), alike.neg().add(1), alike.sub(margin).maximum(0));
  return reduce("cosineEmbeddingLoss", losses, options.reduction);
}
