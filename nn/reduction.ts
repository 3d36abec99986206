// What losses share: operands of one shape, and the way from the losses of the elements to one number.

import { checkTensor, describe } from "../core/check";
import { formatShape } from "../core/errors";
import type { Tensor } from "../core/index";
import { sameShape } from "../core/shape";

/** How the losses of the elements become one. */
export interface LossOptions {
  reduction?: "mean" | "sum" | "none";
}

/** Reduces losses as the option says. */
export function reduce(
  operation: string,
  losses: Tensor,
  reduction: LossOptions["reduction"] = "mean",
): Tensor {
  switch (reduction) {
    case "mean":
      return losses.mean();
    case "sum":
      return losses.sum();
    case "none":
      return losses;
    default:
      throw new RangeError(
        `${operation}: reduction must be "mean", "sum" or "none", got ${describe(reduction)}`,
      );
  }
}

/** Throws unless both are tensors of one shape. */
export function requireSameShape(operation: string, a: Tensor, b: Tensor): void {
  checkTensor(operation, a);
  checkTensor(operation, b);
  if (!sameShape(a.shape, b.shape)) {
    throw new RangeError(`${operation}: shapes differ: ${formatShape(a.shape)} and ${formatShape(b.shape)}`);
  }
}
