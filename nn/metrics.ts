// Figures of merit.

import { noGrad, scope, type Tensor } from "../core/index";

/** Share of rows whose largest score [N,C] is at the int32 label [N], from 0 to 1. */
export function accuracy(scores: Tensor, labels: Tensor): number {
  return scope(() => noGrad(() => scores.argmax(-1).eq(labels).mean().item()));
}
