// From the losses of the elements to one number.

import { describe } from "../core/check";
import type { Tensor } from "../core/index";

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
