// The cross-entropy of rows of scores with their labels; nn/cross-entropy.ts makes losses of it.

import * as launch from "../../backend/launch/cross-entropy";
import { type Backward, record } from "../autograd";
import { allocate, allocateLike, type Tensor } from "../tensor";

function rule(settings: launch.CrossEntropySettings): Backward {
  return (g, [scores, labels, sums, weights]) => {
    const gradient = allocateLike(scores);
    launch.crossEntropyGradient(gradient, g, { scores, labels, sums }, weights, settings);
    return [gradient];
  };
}

/**
 * logSumExp(scores) - scores[label] of each row of float32 scores [rows, classes] and int32 labels [rows], the target
 * smoothed and weighed by class weights [classes], if there are any: [rows]. 0 where the label is ignored; the other labels
 * are in range.
 */
export function crossEntropyOfRows(
  scores: Tensor,
  labels: Tensor,
  weights: Tensor | null,
  settings: launch.CrossEntropySettings,
): Tensor {
  const [rows] = scores.extents;
  const [losses, sums] = [allocate([rows]), allocate([rows, 2])];
  launch.crossEntropy(losses, sums, scores, labels, weights, settings);
  return record("crossEntropy", losses, [scores], [scores, labels, sums, weights], rule(settings));
}
