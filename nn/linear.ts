// y = x W^T + b.

import { formatShape } from "../core/errors";
import { type Shape, type Tensor, zeros } from "../core/index";
import { sizeOf } from "../core/shape";
import { uniform } from "./init";
import { Module, parameter, type Signals } from "./module";

/**
 * A fully connected layer: [..., inFeatures] -> [..., outFeatures].
 *
 * Weight [outFeatures, inFeatures] and bias [outFeatures] start in U(-1/sqrt(inFeatures), 1/sqrt(inFeatures)), as in
 * PyTorch.
 */
export class Linear extends Module {
  override get signals(): Signals {
    return "units";
  }

  readonly weight: Tensor;
  readonly bias: Tensor | null;

  /** @param options.bias add a bias. Default true. */
  constructor(
    readonly inFeatures: number,
    readonly outFeatures: number,
    options: { bias?: boolean } = {},
  ) {
    super();
    for (const n of [inFeatures, outFeatures]) {
      if (!Number.isInteger(n) || n < 1)
        throw new RangeError(`Linear: sizes must be positive integers, got ${n}`);
    }
    const bound = 1 / Math.sqrt(inFeatures);
    this.weight = parameter(uniform(zeros([outFeatures, inFeatures]), -bound, bound));
    this.bias = (options.bias ?? true) ? parameter(uniform(zeros([outFeatures]), -bound, bound)) : null;
  }

  forward(x: Tensor): Tensor {
    if (x.shape[x.ndim - 1] !== this.inFeatures) {
      throw new RangeError(`Linear: expected [..., ${this.inFeatures}], got ${formatShape(x.shape)}`);
    }
    const y = x.matmul(this.weight.T);
    return this.bias === null ? y : y.add(this.bias);
  }

  override multiplyAdds(outputShape: Shape): number {
    return sizeOf(outputShape) * this.inFeatures;
  }
}
