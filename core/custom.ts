// Operations that users define, with gradients of their own.

import { record, withoutGradients } from "./autograd";
import { checkTensor } from "./check";
import { formatShape } from "./errors";
import { runInScope } from "./memory";
import { sameShape } from "./shape";
import { isTensor, type Tensor, viewOf } from "./tensor";

/**
 * Makes an operation from its value and its gradient; check it with gradcheck().
 *
 *     // x^2 for positive x, 0 elsewhere
 *     const squaredRelu = customOp(
 *       "squaredRelu",
 *       (x) => x.relu().square(),
 *       (gradient, [x]) => [gradient.mul(x.relu()).mul(2)],
 *     );
 *     squaredRelu(tensor([-1, 2, 3])).toArray();          // [0, 4, 9]
 *     gradcheck(squaredRelu, [tensor([-1, 2, 3])]);       // true, or an error that names the wrong element
 *
 * @param name for error messages.
 * @param forward computes the output from the inputs. It runs without recording, and in a scope of its own.
 * @param backward from d(objective)/d(output), the inputs and the output, d(objective)/d(input) for each input, of its
 *   shape; null for none. It runs without recording and may return its arguments but must not write to them.
 *   Inputs and output stay in memory until then.
 * @returns the operation, a function of tensors.
 */
export function customOp(
  name: string,
  forward: (...inputs: Tensor[]) => Tensor,
  backward: (gradient: Tensor, inputs: readonly Tensor[], output: Tensor) => readonly (Tensor | null)[],
): (...inputs: Tensor[]) => Tensor {
  return (...inputs) => {
    for (const input of inputs) checkTensor(name, input);
    // A view, because forward() may return one of its inputs, which has a place in the graph already.
    const out = runInScope(
      () => {
        const result = withoutGradients(() => forward(...inputs));
        checkTensor(name, result);
        if (result.dtype !== "float32") {
          throw new TypeError(`${name}: forward must return a float32 tensor, got ${result.dtype}`);
        }
        return viewOf(result, result.extents, result.strides, result.offset);
      },
      `at the end of ${name}`,
      isTensor,
    );
    return record(name, out, inputs, [...inputs, out], (gradient, saved) => {
      const output = saved[inputs.length];
      const gradients = backward(gradient, saved.slice(0, inputs.length), output);
      checkGradients(name, gradients, saved);
      return [...gradients];
    });
  };
}

function checkGradients(name: string, gradients: readonly (Tensor | null)[], saved: readonly Tensor[]): void {
  const count = saved.length - 1;
  if (!Array.isArray(gradients) || gradients.length !== count) {
    throw new TypeError(
      `${name}: backward must return an array of ${count} gradients, one for each input, null for none`,
    );
  }
  for (const [i, gradient] of gradients.entries()) {
    if (gradient === null) continue;
    checkTensor(`${name}: gradient ${i}`, gradient);
    if (gradient.dtype !== "float32" || !sameShape(gradient.extents, saved[i].extents)) {
      throw new RangeError(
        `${name}: the gradient of input ${i} must be float32 ${formatShape(saved[i].extents)}, ` +
          `got ${gradient.dtype} ${formatShape(gradient.extents)}`,
      );
    }
  }
}
