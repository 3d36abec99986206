// y = x W^T + b.

import { checkInteger, checkOptions, checkTensor } from "../core/check";
import { formatShape } from "../core/errors";
import { type Generator, type Shape, type Tensor, zeros } from "../core/index";
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
  static override readonly typeName: string = "Linear";
  static override readonly about: string = "fully connected: x W^T + b";
  override get signals(): Signals {
    return "units";
  }

  readonly weight: Tensor;
  readonly bias: Tensor | null;

  /**
   * @param options.bias add a bias. Default true.
   * @param options.generator draws the starting weights. Default: the global stream.
   */
  constructor(
    readonly inFeatures: number,
    readonly outFeatures: number,
    options: { bias?: boolean; generator?: Generator } = {},
  ) {
    super();
    checkInteger("Linear", "inFeatures", inFeatures, { atLeast: 1 });
    checkInteger("Linear", "outFeatures", outFeatures, { atLeast: 1 });
    checkOptions("Linear", options, ["bias", "generator"]);
    const { bias = true, generator } = options;
    const bound = 1 / Math.sqrt(inFeatures);
    this.weight = parameter(uniform(zeros([outFeatures, inFeatures]), -bound, bound, generator));
    this.bias = bias ? parameter(uniform(zeros([outFeatures]), -bound, bound, generator)) : null;
  }

  forward(x: Tensor): Tensor {
    checkTensor("Linear", x);
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
