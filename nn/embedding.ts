// A table of vectors.

import { type Tensor, zeros } from "../core/index";
import { normal } from "./init";
import { Module, parameter, type Signals } from "./module";

/** Looks up int32 indices of any shape [...] in a weight [count, dimension], which starts in N(0, 1): [..., dimension]. */
export class Embedding extends Module {
  override get signals(): Signals {
    return "units";
  }

  readonly weight: Tensor;

  constructor(
    readonly count: number,
    readonly dimension: number,
  ) {
    super();
    for (const n of [count, dimension]) {
      if (!Number.isInteger(n) || n < 1)
        throw new RangeError(`Embedding: sizes must be positive integers, got ${n}`);
    }
    this.weight = parameter(normal(zeros([count, dimension])));
  }

  forward(indices: Tensor): Tensor {
    return this.weight.indexSelect(0, indices.flatten()).reshape([...indices.shape, this.dimension]);
  }
}
