// Gradient clipping (Pascanu, Mikolov and Bengio 2013).

import { checkTensor, describe } from "../core/check";
import { sumOfSquares } from "../core/compute";
import { scope, type Tensor } from "../core/index";

/** Keeps the norm of a clipped gradient below the limit whatever the rounding, as in PyTorch. */
const MARGIN = 1e-6;

/** 2^-64: a factor far below it would lose digits as a float32. */
const STEP = 5.421010862427522e-20;

/**
 * Scales the gradients of all parameters by one factor so that their common Euclidean norm is at most `max`.
 * @returns the norm before, in float64; parameters without a gradient count as 0.
 */
export function clipGradNorm(parameters: Iterable<Tensor>, max: number): number {
  if (!(typeof max === "number" && max > 0)) {
    throw new RangeError(`clipGradNorm: the largest norm must be positive, got ${describe(max)}`);
  }
  if (typeof (parameters as Partial<Iterable<Tensor>> | null | undefined)?.[Symbol.iterator] !== "function") {
    throw new TypeError(
      `clipGradNorm: expected an array of parameters, got ${describe(parameters)}; of a model, give model.parameters()`,
    );
  }
  const gradients: Tensor[] = [];
  for (const parameter of parameters) {
    checkTensor("clipGradNorm", parameter, "a parameter");
    const { grad } = parameter;
    if (grad === null) continue;
    checkTensor("clipGradNorm", grad, "a gradient");
    gradients.push(grad);
  }
  const norm = Math.sqrt(gradients.reduce((sum, gradient) => sum + sumOfSquares(gradient), 0));
  const factor = max / (norm + MARGIN);
  if (!(factor >= 1)) {
    const factors = factor < STEP ? [STEP, factor / STEP] : [factor];
    scope(() => {
      for (const gradient of gradients) for (const f of factors) gradient.assign(gradient.mul(f));
    });
  }
  return norm;
}
