// Losses of class scores and labels, with PyTorch's definitions.

import { checkInteger, checkNumber, checkOptions, checkTensor } from "../core/check";
import { formatShape } from "../core/errors";
import type { Operand, Tensor } from "../core/index";
import { operand, weigh } from "../core/ops/arithmetic";
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
  /** Rows whose label is not ignored. */
  kept: number;
}

/** Checks scores [N,C,...], labels [N,...] and weight [C] against each other. */
function rowsOf(operation: string, input: Tensor, labels: Tensor, options: NllOptions): Rows {
  const scores = operand(operation, input);
  checkTensor(operation, labels);
  const [n, classes, ...rest] = scores.extents;
  if (scores.ndim < 2 || !sameShape(labels.extents, [n, ...rest])) {
    throw new RangeError(
      `${operation}: expected scores [N,C] and labels [N], or [N,C,...] and [N,...], ` +
        `got ${formatShape(scores.shape)} and ${formatShape(labels.shape)}`,
    );
  }
  if (labels.dtype !== "int32") {
    throw new TypeError(`${operation}: labels must be int32, got ${labels.dtype}; use astype("int32")`);
  }
  const { weight, ignoreIndex = -100 } = options;
  checkInteger(operation, "ignoreIndex", ignoreIndex);
  if (weight !== undefined) checkTensor(operation, weight, "weight");
  if (weight !== undefined && !sameShape(weight.shape, [classes])) {
    throw new RangeError(`${operation}: expected weight [${classes}], got ${formatShape(weight.shape)}`);
  }
  const values = labels.toInt32Array();
  let kept = 0;
  for (let row = 0; row < values.length; row++) {
    const label = values[row];
    if (label === ignoreIndex) continue;
    kept++;
    if (label >= 0 && label < classes) continue;
    throw new RangeError(`${operation}: label ${label} (row ${row}) is out of range for ${classes} classes`);
  }
  if (scores.ndim === 2) return { scores, labels, kept };
  const order = [0, ...rest.map((_, d) => d + 2), 1];
  return { scores: scores.permute(order).reshape([-1, classes]), labels: labels.flatten(), kept };
}

/** Reduces losses to the shape of the labels, or to one number; the mean is taken by the weights, whose sum is `total()`. */
function finish(
  operation: string,
  losses: Tensor,
  total: () => Operand,
  labels: Tensor,
  reduction: LossOptions["reduction"] = "mean",
): Tensor {
  if (reduction === "mean") return losses.sum().div(total());
  return reduce(operation, losses.reshape(labels.shape), reduction);
}

/** The weight of each row, which is 0 where its label is ignored, and the labels with these at 0. */
function weightsOf(
  labels: Tensor,
  { weight, ignoreIndex = -100 }: NllOptions,
): { weights: Tensor; safe: Tensor } {
  const kept = labels.ne(ignoreIndex);
  const safe = labels.mul(kept).astype("int32");
  return { weights: weight === undefined ? kept : weight.indexSelect(0, safe).mul(kept), safe };
}

/** Negative log-likelihood of log-probabilities [N,C] and int32 labels [N], or [N,C,...] and [N,...]. */
export function nllLoss(logProbabilities: Tensor, labels: Tensor, options: NllOptions = {}): Tensor {
  checkOptions("nllLoss", options, ["weight", "ignoreIndex", "reduction"]);
  const rows = rowsOf("nllLoss", logProbabilities, labels, options);
  const { weights, safe } = weightsOf(rows.labels, options);
  const picked = rows.scores.gather(1, safe.unsqueeze(1)).squeeze(1);
  return finish("nllLoss", weigh(picked, weights).neg(), () => weights.sum(), labels, options.reduction);
}

/** Cross-entropy of logits [N,C] and int32 labels [N], or [N,C,...] and [N,...]; in one pass, accurate at both tails. */
export function crossEntropy(logits: Tensor, labels: Tensor, options: CrossEntropyOptions = {}): Tensor {
  checkOptions("crossEntropy", options, ["weight", "ignoreIndex", "reduction", "labelSmoothing"]);
  const { labelSmoothing = 0, ignoreIndex = -100, weight, reduction } = options;
  checkNumber("crossEntropy", "labelSmoothing", labelSmoothing, { atLeast: 0, below: 1 });
  const rows = rowsOf("crossEntropy", logits, labels, options);
  const classWeights = weight === undefined ? null : operand("crossEntropy", weight);
  const settings = { smoothing: labelSmoothing, ignore: ignoreIndex };
  const losses = crossEntropyOfRows(rows.scores, rows.labels, classWeights, settings);
  const total = () => (weight === undefined ? rows.kept : weightsOf(rows.labels, options).weights.sum());
  return finish("crossEntropy", losses, total, labels, reduction);
}
