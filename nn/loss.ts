// Loss functions with PyTorch's definitions. Each takes `reduction`: "mean" (default), "sum" or "none".

import { record } from "../core/autograd";
import { contiguous } from "../core/compute";
import { formatShape } from "../core/errors";
import type { Tensor } from "../core/index";
import { sameShape } from "../core/shape";
import { allocate, requireTensor } from "../core/tensor";
import { kernels, memoryViews } from "../core/wasm";

/** How the losses of the elements become one. */
export interface LossOptions {
  reduction?: "mean" | "sum" | "none";
}

function reduce(operation: string, losses: Tensor, reduction: LossOptions["reduction"] = "mean"): Tensor {
  switch (reduction) {
    case "mean":
      return losses.mean();
    case "sum":
      return losses.sum();
    case "none":
      return losses;
    default:
      throw new RangeError(
        `${operation}: reduction must be "mean", "sum" or "none", got ${String(reduction)}`,
      );
  }
}

function requireSameShape(operation: string, a: Tensor, b: Tensor): void {
  requireTensor(operation, a);
  requireTensor(operation, b);
  if (!sameShape(a.shape, b.shape)) {
    throw new RangeError(`${operation}: shapes differ: ${formatShape(a.shape)} and ${formatShape(b.shape)}`);
  }
}

function requireLabels(operation: string, scores: Tensor, labels: Tensor): void {
  requireTensor(operation, scores);
  requireTensor(operation, labels);
  if (scores.ndim !== 2 || labels.ndim !== 1 || labels.size !== scores.shape[0]) {
    throw new RangeError(
      `${operation}: expected scores [N,C] and labels [N], got ${formatShape(scores.shape)} and ${formatShape(labels.shape)}`,
    );
  }
  if (labels.dtype !== "int32") {
    throw new TypeError(`${operation}: labels must be int32, got ${labels.dtype}; use astype("int32")`);
  }
}

/** Options of {@link crossEntropy}. */
export interface CrossEntropyOptions extends LossOptions {
  /** Share of the target spread evenly over the classes, in [0, 1). Default 0. */
  labelSmoothing?: number;
  /** Rows with this label count neither in the sum nor in the mean. Default -100. */
  ignoreIndex?: number;
}

/**
 * Cross-entropy of logits [N,C] and int32 labels [N], softmax and logarithm in one kernel. The mean runs over the rows
 * that are not ignored.
 */
export function crossEntropy(logits: Tensor, labels: Tensor, options: CrossEntropyOptions = {}): Tensor {
  requireLabels("crossEntropy", logits, labels);
  const { labelSmoothing: smoothing = 0, ignoreIndex: ignore = -100, reduction } = options;
  if (!(smoothing >= 0 && smoothing < 1)) {
    throw new RangeError(`crossEntropy: labelSmoothing must lie in [0, 1), got ${smoothing}`);
  }
  const [rows, classes] = logits.shape;
  const [x, y] = [contiguous(logits), contiguous(labels)];
  const losses = allocate([rows]);
  const logSums = allocate([rows]);
  const bad = kernels().cross_entropy_f32(
    losses.ptr,
    logSums.ptr,
    x.ptr,
    y.ptr,
    rows,
    classes,
    smoothing,
    ignore,
  );
  if (bad >= 0) {
    const label = memoryViews().i32[(y.ptr >>> 2) + bad];
    throw new RangeError(`crossEntropy: label ${label} (row ${bad}) is out of range for ${classes} classes`);
  }
  record("crossEntropy", losses, [logits], [x, y, logSums], (g, [sx, sy, lse]) => {
    const gx = allocate([rows, classes]);
    const scale = contiguous(g);
    kernels().cross_entropy_grad_f32(
      gx.ptr,
      scale.ptr,
      1,
      lse.ptr,
      sx.ptr,
      sy.ptr,
      rows,
      classes,
      smoothing,
      ignore,
    );
    return [gx];
  });
  if (reduction !== undefined && reduction !== "mean") return reduce("crossEntropy", losses, reduction);
  const ignored = labels.eq(ignore).sum().item();
  return ignored === 0 ? losses.mean() : losses.sum().div(rows - ignored);
}

/** Negative log-likelihood of log-probabilities [N,C] and int32 labels [N]. */
export function nllLoss(logProbabilities: Tensor, labels: Tensor, options: LossOptions = {}): Tensor {
  requireLabels("nllLoss", logProbabilities, labels);
  const picked = logProbabilities.gather(1, labels.unsqueeze(1)).squeeze(1);
  return reduce("nllLoss", picked.neg(), options.reduction);
}

/** (a - b)^2. */
export function mseLoss(input: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  requireSameShape("mseLoss", input, target);
  return reduce("mseLoss", input.sub(target).square(), options.reduction);
}

/** |a - b|. */
export function l1Loss(input: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  requireSameShape("l1Loss", input, target);
  return reduce("l1Loss", input.sub(target).abs(), options.reduction);
}

/** (a - b)^2 / 2 where |a - b| <= delta, else delta (|a - b| - delta / 2) (Huber 1964). Default delta 1. */
export function huberLoss(
  input: Tensor,
  target: Tensor,
  options: LossOptions & { delta?: number } = {},
): Tensor {
  requireSameShape("huberLoss", input, target);
  const delta = options.delta ?? 1;
  if (!(delta > 0)) throw new RangeError(`huberLoss: delta must be positive, got ${delta}`);
  const distance = input.sub(target).abs();
  const near = distance.minimum(delta);
  return reduce("huberLoss", near.square().mul(0.5).add(distance.sub(near).mul(delta)), options.reduction);
}

/** Binary cross-entropy of logits and targets in [0, 1]. `posWeight` weighs the positive targets. */
export function bceWithLogits(
  logits: Tensor,
  target: Tensor,
  options: LossOptions & { posWeight?: Tensor | number } = {},
): Tensor {
  requireSameShape("bceWithLogits", logits, target);
  if (options.posWeight === undefined) {
    return reduce("bceWithLogits", logits.softplus().sub(logits.mul(target)), options.reduction);
  }
  const positive = target.mul(options.posWeight).mul(logits.neg().softplus());
  const negative = target.neg().add(1).mul(logits.softplus());
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
  const losses = options.logTarget
    ? target.exp().mul(target.sub(input))
    : target.mul(target.add(target.eq(0)).log().sub(input));
  if (options.reduction === "batchmean") return losses.sum().div(input.shape[0] ?? 1);
  return reduce("klDiv", losses, options.reduction);
}
