// Reference models.

import { LeakyReLU, ReLU } from "./activation";
import { Linear } from "./linear";
import { type Module, Sequential } from "./module";

/**
 * A multilayer perceptron: Linear layers with an activation between them, logits at the end.
 * @param sizes inputs, hidden layers, outputs. The MNIST network of the CG-ALR papers is [784, 128, 64, 10].
 * @param options.slope slope of LeakyReLU. Default 0, which is ReLU.
 */
export function mlp(sizes: readonly number[], options: { slope?: number } = {}): Sequential {
  if (sizes.length < 2)
    throw new RangeError(`mlp: needs at least inputs and outputs, got [${sizes.join(",")}]`);
  const slope = options.slope ?? 0;
  const layers: Module[] = [];
  for (let i = 1; i < sizes.length; i++) {
    layers.push(new Linear(sizes[i - 1], sizes[i]));
    if (i < sizes.length - 1) layers.push(slope === 0 ? new ReLU() : new LeakyReLU(slope));
  }
  return new Sequential(...layers);
}
