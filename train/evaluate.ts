// Loss and accuracy on a data set.

import { checkFunction, checkOptions } from "../core/check";
import { noGrad, scope, type Tensor, tensor } from "../core/index";
import { checkDataset } from "../data/dataset";
import { DataLoader, type Dataset } from "../data/index";
import { inEvaluationMode } from "../nn/evaluation-mode";
import { crossEntropy, type Module } from "../nn/index";
import { checkModule } from "../nn/module";

/** A loss of model outputs and targets, one number. */
export type Loss = (output: Tensor, target: Tensor) => Tensor;

/** What evaluate() returns. */
export interface Evaluation {
  /** Mean over the samples. */
  loss: number;
  /** Share of right labels, from 0 to 1; null for targets that are no labels. */
  accuracy: number | null;
}

/** Right labels in a batch; null when the targets are not int32 labels [N] of scores [N,C]. */
export function countCorrect(output: Tensor, target: Tensor): number | null {
  if (target.dtype !== "int32" || target.ndim !== 1 || output.ndim !== 2) return null;
  return noGrad(() => output.argmax(-1).eq(target).sum().item());
}

/**
 * Runs a data set through the model in evaluation mode. Use it once on the test set, when training is over.
 * @param options.loss default crossEntropy. @param options.batchSize default 256.
 */
export function evaluate(
  model: Module,
  dataset: Dataset,
  options: { loss?: Loss; batchSize?: number } = {},
): Evaluation {
  checkModule("evaluate", model);
  checkDataset("evaluate", dataset);
  checkOptions("evaluate", options, ["loss", "batchSize"]);
  const { loss = crossEntropy, batchSize = 256 } = options;
  checkFunction("evaluate", "loss", loss);
  let total = 0;
  let correct: number | null = 0;
  inEvaluationMode(model, () => {
    for (const positions of new DataLoader(dataset, { batchSize }).positions()) {
      scope(() =>
        noGrad(() => {
          const { x, y } = dataset.batch(tensor(positions));
          const output = model.forward(x);
          total += loss(output, y).item() * positions.length;
          const right = countCorrect(output, y);
          correct = correct === null || right === null ? null : correct + right;
        }),
      );
    }
  });
  return { loss: total / dataset.length, accuracy: correct === null ? null : correct / dataset.length };
}
