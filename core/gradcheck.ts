// Checks gradients against finite differences.

import { readElement, writeElement } from "../backend/view";
import { withoutGradients } from "./autograd";
import { checkFunction, checkNumber, checkOptions, checkTensor, describe } from "./check";
import { formatShape } from "./errors";
import { runInScope } from "./memory";
import { globalGenerator } from "./random";
import { isTensor, type Tensor } from "./tensor";

/** Options of {@link gradcheck}. */
export interface GradcheckOptions {
  /** Step of the central difference. Default 5e-3, right for float32 and inputs of the order of 1. */
  step?: number;
  /** Tolerance relative to 1 + |gradient|. Default 1e-2. */
  tolerance?: number;
}

/**
 * Compares the gradients of `fn` by its float32 inputs with central differences, and throws an Error that names the
 * worst element when they disagree. The output is weighted by fixed random numbers, so that every element counts.
 * Inputs must not lie within a step of a kink (such as relu at 0), and fn must give the same values every time.
 * @param fn a function of tensors that returns one tensor.
 * @returns true when all gradients agree.
 */
export function gradcheck(
  fn: (...inputs: Tensor[]) => Tensor,
  inputs: readonly Tensor[],
  options: GradcheckOptions = {},
): boolean {
  checkFunction("gradcheck", "fn", fn);
  if (!Array.isArray(inputs)) {
    throw new TypeError(`gradcheck: inputs must be an array of tensors, got ${describe(inputs)}`);
  }
  for (const input of inputs) checkTensor("gradcheck", input, "an input");
  checkOptions("gradcheck", options, ["step", "tolerance"]);
  const { step = 5e-3, tolerance = 1e-2 } = options;
  checkNumber("gradcheck", "step", step, { above: 0 });
  checkNumber("gradcheck", "tolerance", tolerance, { atLeast: 0 });
  return runInScope(
    () => {
      const leaves = inputs.map((input) => {
        const leaf = input.detach().clone();
        leaf.requiresGrad = input.dtype === "float32";
        return leaf;
      });
      const state = globalGenerator.stateDict();
      const out = fn(...leaves);
      if (!isTensor(out)) throw new TypeError("gradcheck: the function must return a tensor");
      const weights = globalGenerator.uniform(out.extents, 0.5, 1.5);
      const weigh = () => {
        globalGenerator.loadStateDict(state);
        return withoutGradients(() =>
          runInScope(() => dot(fn(...leaves), weights), "after gradcheck", isTensor),
        );
      };
      out.backward(weights);
      for (const [i, leaf] of leaves.entries()) {
        if (!leaf.requiresGrad) continue;
        const analytic = leaf.grad === null ? new Float32Array(leaf.size) : leaf.grad.toFloat32Array();
        for (let e = 0; e < leaf.size; e++) {
          const value = readElement(leaf, e);
          const shifted = (by: number) => {
            writeElement(leaf, e, value + by);
            const objective = weigh();
            return { objective, position: readElement(leaf, e) };
          };
          const above = shifted(step);
          const below = shifted(-step);
          writeElement(leaf, e, value);
          const numeric = (above.objective - below.objective) / (above.position - below.position);
          const difference = Math.abs(numeric - analytic[e]);
          if (!(difference <= tolerance * (1 + Math.abs(numeric)))) {
            throw new Error(
              `gradcheck: input ${i} of shape ${formatShape(leaf.extents)}, element ${e}: ` +
                `gradient ${analytic[e]}, finite difference ${numeric}`,
            );
          }
        }
      }
      return true;
    },
    "after gradcheck",
    isTensor,
  );
}

/** sum(a * b) in float64. */
function dot(a: Tensor, b: Tensor): number {
  const [x, y] = [a.toFloat32Array(), b.toFloat32Array()];
  return x.reduce((total, value, i) => total + value * y[i], 0);
}
