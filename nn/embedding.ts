// A table of vectors.

import { checkInteger, checkOptions, checkTensor } from "../core/check";
import { type Generator, type Tensor, zeros } from "../core/index";
import { lookUp } from "../core/ops/indexing";
import { normal } from "./init";
import { Module, parameter, type Signals } from "./module";

/** Looks up int32 indices of any shape [...] in a weight [count, dimension], which starts in N(0, 1): [..., dimension]. */
export class Embedding extends Module {
  static override readonly typeName: string = "Embedding";
  static override readonly about: string = "a table of vectors, looked up by index";
  override get signals(): Signals {
    return "units";
  }

  readonly weight: Tensor;

  /** @param options.generator draws the starting weights. Default: the global stream. */
  constructor(
    readonly count: number,
    readonly dimension: number,
    options: { generator?: Generator } = {},
  ) {
    super();
    checkInteger("Embedding", "count", count, { atLeast: 1 });
    checkInteger("Embedding", "dimension", dimension, { atLeast: 1 });
    checkOptions("Embedding", options, ["generator"]);
    this.weight = parameter(normal(zeros([count, dimension]), 0, 1, options.generator));
  }

  forward(indices: Tensor): Tensor {
    checkTensor("Embedding", indices);
    return lookUp("Embedding", this.weight, indices.flatten()).reshape([...indices.shape, this.dimension]);
  }
}
