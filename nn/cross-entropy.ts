// Losses of class scores and labels, with PyTorch's definitions.

import { checkTensor } from "../core/check";
import { formatShape } from "../core/errors";
import type { Tensor } from "../core/index";
import { operand } from "../core/ops/arithmetic";
import { crossEntropyOfRows } from "../core/ops/cross-entropy";
import { sameShape } from "../core/shape";
import { type LossOptions, reduce } from "./reduction";

/** Options of {@link nllLoss}. */
export interface NllOptions extends LossOptions {
  /** Weight [C] of each class, by which the mean is taken too. Default: 1 for all. */
  weight?: Tensor;
  /** Elements with this label count neither in the sum nor in the mean. Default -100. */
  ignoreIndex?: number;
}

/** Options of {@link crossEntropy}. */
export interface CrossEntropyOptions extends NllOptions {
  /** Share of the target spread evenly over the classes, in [0, 1). Default 0. */
  labelSmoothing?: number;
}

/** Scores with the classes last, as rows [M,C], and their labels [M]. */
interface Rows {
  scores: Tensor;
  labels: Tensor;
}

/** Checks scores [N,C,...], labels [N,...] and weight [C] against each other. */
function rowsOf(operation: string, input: Tensor, labels: Tensor, options: NllOptions): Rows {
  const scores = operand(operation, input);
  checkTensor(operation, labels);
  const [n, classes, ...rest] = scores.shape;
  if (scores.ndim < 2 || !sameShape(labels.shape, [n, ...rest])) {
    throw new RangeError(
      `${operation}: expected scores [N,C] and labels [N], or [N,C,...] and [N,...], ` +
        `got ${formatShape(scores.shape)} and ${formatShape(labels.shape)}`,
    );
  }
  if (labels.dtype !== "int32") {
    throw new TypeError(`${operation}: labels must be int32, got ${labels.dtype}; use astype("int32")`);
  }
  const { weight, ignoreIndex = -100 } = options;
  if (weight !== undefined && !sameShape(weight.shape, [classes])) {
    throw new RangeError(`${operation}: expected weight [${classes}], got ${formatShape(weight.shape)}`);
  }
  const flat = labels.flatten();
  const values = flat.toInt32Array();
  const wrong = values.findIndex((label) => label !== ignoreIndex && (label < 0 || label >= classes));
  if (wrong >= 0) {
    throw new RangeError(
      `${operation}: label ${values[wrong]} (row ${wrong}) is out of range for ${classes} classes`,
    );
  }
  if (scores.ndim === 2) return { scores, labels: flat };
  const order = [0, ...rest.map((_, d) => d + 2), 1];
  return { scores: scores.permute(order).reshape([-1, classes]), labels: flat };
}

/** Reduces losses to the shape of the labels, or to one number; the mean is weighted. */
function finish(
  operation: string,
  losses: Tensor,
  weights: Tensor,
  labels: Tensor,
  reduction: LossOptions["reduction"] = "mean",
): Tensor {
  if (reduction === "mean") return losses.sum().div(weights.sum());
  return reduce(operation, losses.reshape(labels.shape), reduction);
}

/** -weight[label] scores[label] of each row; the weights are 0 where the label is ignored. */
function pick(
  { scores, labels }: Rows,
  options: NllOptions,
): { losses: Tensor; weights: Tensor; kept: Tensor } {
  const kept = labels.ne(options.ignoreIndex ?? -100);
  const safe = labels.mul(kept).astype("int32");
  const weights = options.weight === undefined ? kept : options.weight.indexSelect(0, safe).mul(kept);
  const picked = scores.gather(1, safe.unsqueeze(1)).squeeze(1);
  return { losses: picked.mul(weights).neg(), weights, kept };
}

/** Negative log-likelihood of log-probabilities [N,C] and int32 labels [N], or [N,C,...] and [N,...]. */
export function nllLoss(logProbabilities: Tensor, labels: Tensor, options: NllOptions = {}): Tensor {
  const { losses, weights } = pick(rowsOf("nllLoss", logProbabilities, labels, options), options);
  return finish("nllLoss", losses, weights, labels, options.reduction);
}

/** Cross-entropy of logits [N,C] and int32 labels [N], or [N,C,...] and [N,...]. */
export function crossEntropy(logits: Tensor, labels: Tensor, options: CrossEntropyOptions = {}): Tensor {
  const { labelSmoothing = 0, ignoreIndex = -100, reduction } = options;
  if (!(labelSmoothing >= 0 && labelSmoothing < 1)) {
    throw new RangeError(`crossEntropy: labelSmoothing must lie in [0, 1), got ${labelSmoothing}`);
  }
  const rows = rowsOf("crossEntropy", logits, labels, options);
  if (options.weight === undefined) {
    const losses = crossEntropyOfRows(rows.scores, rows.labels, {
      smoothing: labelSmoothing,
      ignore: ignoreIndex,
    });
    return finish("crossEntropy", losses, rows.labels.ne(ignoreIndex), labels, reduction);
  }
  const scores = rows.scores.logSoftmax(1);
  const { losses, weights, kept } = pick({ scores, labels: rows.labels }, options);
  const even = scores.mul(options.weight).mean(1).mul(kept).mul(-labelSmoothing);
  return finish("crossEntropy", losses.mul(1 - labelSmoothing).add(even), weights, labels, reduction);
}
