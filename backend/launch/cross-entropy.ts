// Softmax, logarithm, label smoothing and choice of the label in one pass (kernels/array/softmax.ts).

import { targetOf, type View } from "../view";
import { kernels } from "../wasm";
import { launch } from "./frame";

/** How rows are weighed. */
export interface CrossEntropySettings {
  /** Share of the target spread evenly over the classes. */
  smoothing: number;
  /** The label of rows that do not count. */
  ignore: number;
}

/**
 * losses [rows] of scores [rows, classes], weighed by `weights` [classes] or all alike, and sums [rows, 2]: the largest score,
 * and the logarithm of the sum of exponentials less it.
 */
export function crossEntropy(
  losses: View,
  sums: View,
  scores: View,
  labels: View,
  weights: View | null,
  { smoothing, ignore }: CrossEntropySettings,
): void {
  const [rows, classes] = scores.extents;
  launch((frame) =>
    kernels().cross_entropy_f32(
      targetOf(losses, "float32"),
      targetOf(sums, "float32"),
      frame.dense(scores),
      frame.dense(labels, "int32"),
      frame.denseOrNone(weights),
      rows,
      classes,
      smoothing,
      ignore,
    ),
  );
}

/** out [rows, classes] = the gradient by the scores from the gradients g [rows] of the losses. */
export function crossEntropyGradient(
  out: View,
  g: View,
  saved: { scores: View; labels: View; sums: View },
  weights: View | null,
  { smoothing, ignore }: CrossEntropySettings,
): void {
  const [rows, classes] = out.extents;
  launch((frame) =>
    kernels().cross_entropy_grad_f32(
      targetOf(out, "float32"),
      frame.dense(g),
      frame.dense(saved.sums),
      frame.dense(saved.scores),
      frame.dense(saved.labels, "int32"),
      frame.denseOrNone(weights),
      rows,
      classes,
      smoothing,
      ignore,
    ),
  );
}
