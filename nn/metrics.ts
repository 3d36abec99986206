// Figures of merit of scores [N,C] and int32 labels [N].

import { checkChoice, checkInteger, checkLabels, checkOptions, checkTensor } from "../core/check";
import { formatShape } from "../core/errors";
import { arange, noGrad, scope, type Tensor } from "../core/index";
import { sameShape } from "../core/shape";

/** Share of rows whose largest score is at the label, from 0 to 1. */
export function accuracy(scores: Tensor, labels: Tensor): number {
  checkTensor("accuracy", scores, "scores");
  checkTensor("accuracy", labels, "labels");
  if (scores.ndim < 1 || !sameShape(labels.shape, scores.shape.slice(0, -1))) {
    throw new RangeError(
      `accuracy: expected scores [...,C] and labels [...], got ${formatShape(scores.shape)} and ${formatShape(labels.shape)}`,
    );
  }
  return scope(() => noGrad(() => scores.argmax(-1).eq(labels).mean().item()));
}

/** Share of rows whose label is among the k largest scores, from 0 to 1; of equal scores the first comes first. */
export function topKAccuracy(scores: Tensor, labels: Tensor, k: number): number {
  const classes = requireScores("topKAccuracy", scores, labels);
  checkInteger("topKAccuracy", "k", k, { atLeast: 1 });
  return scope(() =>
    noGrad(() => {
      const column = labels.unsqueeze(1);
      const own = scores.gather(1, column);
      const earlier = arange(classes).lt(column);
      // 1 - (scores <= own) rather than scores > own, so that a score of NaN is never among the best.
      const ahead = scores.le(own).neg().add(1).add(scores.eq(own).mul(earlier)).sum(1);
      return ahead.lt(k).mean().item();
    }),
  );
}

/** Counts [C,C]: element (i, j) is the number of rows labelled i whose largest score is at j. int32. */
export function confusionMatrix(scores: Tensor, labels: Tensor): Tensor {
  const classes = requireScores("confusionMatrix", scores, labels);
  return scope(() =>
    noGrad(() => {
      const predicted = scores.argmax(-1).oneHot(classes);
      return labels.oneHot(classes).T.matmul(predicted).astype("int32");
    }),
  );
}

/** Options of {@link f1}. */
export interface F1Options {
  /**
   * "macro" (default): the mean over the classes that appear among labels or predictions; "weighted": the mean weighted
   * by the number of labels; "micro": from the counts of all classes, which is the accuracy.
   */
  average?: "macro" | "weighted" | "micro";
}

/** The F1 score, 2 TP / (2 TP + FP + FN), of the classes together. */
export function f1(scores: Tensor, labels: Tensor, options: F1Options = {}): number {
  checkOptions("f1", options, ["average"]);
  const { average = "macro" } = options;
  checkChoice("f1", "average", average, ["macro", "weighted", "micro"]);
  const counts = scope(() => confusionMatrix(scores, labels).toArray()) as number[][];
  const total = (values: number[]) => values.reduce((a, b) => a + b, 0);
  const classes = counts.map((row, i) => {
    const [labelled, predicted] = [total(row), total(counts.map((other) => other[i]))];
    return { hits: row[i], labelled, predicted };
  });
  const scored = classes
    .filter(({ labelled, predicted }) => labelled + predicted > 0)
    .map(({ hits, labelled, predicted }) => ({ labelled, f1: (2 * hits) / (labelled + predicted) }));
  const rows = total(classes.map(({ labelled }) => labelled));
  switch (average) {
    case "macro":
      return total(scored.map((c) => c.f1)) / scored.length;
    case "weighted":
      return total(scored.map((c) => c.f1 * c.labelled)) / rows;
    case "micro":
      return total(classes.map(({ hits }) => hits)) / rows;
  }
}

/** The number of classes; throws unless the shapes fit and every label is a class. */
function requireScores(operation: string, scores: Tensor, labels: Tensor): number {
  checkTensor(operation, scores, "scores");
  checkTensor(operation, labels, "labels");
  if (scores.ndim !== 2 || labels.ndim !== 1 || labels.size !== scores.shape[0] || labels.size === 0) {
    throw new RangeError(
      `${operation}: expected scores [N,C] and labels [N], got ${formatShape(scores.shape)} and ${formatShape(labels.shape)}`,
    );
  }
  const classes = scores.shape[1];
  checkLabels(operation, labels, classes);
  return classes;
}
