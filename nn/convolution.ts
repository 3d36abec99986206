// Convolution layers. Weights and biases start in U(-1/sqrt(fanIn), 1/sqrt(fanIn)), as in PyTorch; fanIn is the number
// of inputs of an output: (inChannels / groups) times the size of the kernel.

import { checkOptions, checkTensor } from "../core/check";
import {
  type Convolution1dOptions,
  type ConvolutionOptions,
  type Generator,
  type Pair,
  type Shape,
  type Tensor,
  type TransposedConvolutionOptions,
  zeros,
} from "../core/index";
import { pairOf } from "../core/ops/window";
import { sizeOf } from "../core/shape";
import { uniform } from "./init";
import { Module, parameter, type Signals } from "./module";
import { typeNameOf } from "./type-name";

/** Options of every convolution layer. */
interface LayerOptions {
  /** Add a bias to each output channel. Default true. */
  bias?: boolean;
  /** Draws the starting weights. Default: the global stream. */
  generator?: Generator;
}

const OPTIONS = ["stride", "padding", "dilation", "groups", "bias", "generator"];

/** What the three layers share: checked sizes, weight and bias. */
abstract class Convolution extends Module {
  override get signals(): Signals {
    return "channels";
  }

  readonly weight: Tensor;
  readonly bias: Tensor | null;

  constructor(
    readonly inChannels: number,
    readonly outChannels: number,
    shape: Shape,
    groups: number,
    { bias = true, generator }: LayerOptions,
  ) {
    super();
    const layer = typeNameOf(this);
    const counts = [inChannels, outChannels, groups];
    const divide = inChannels % groups === 0 && outChannels % groups === 0;
    if (!counts.every((n) => Number.isInteger(n) && n >= 1) || !divide) {
      throw new RangeError(
        `${layer}: channels and groups must be positive integers, the groups dividing the channels; ` +
          `got ${inChannels} in, ${outChannels} out, ${groups} groups`,
      );
    }
    const bound = 1 / Math.sqrt(sizeOf(shape.slice(1)));
    this.weight = parameter(uniform(zeros(shape), -bound, bound, generator));
    this.bias = bias ? parameter(uniform(zeros([outChannels]), -bound, bound, generator)) : null;
  }

  override multiplyAdds(outputShape: Shape): number {
    return (sizeOf(outputShape) / this.outChannels) * this.weight.size;
  }
}

/** Cross-correlation of images [N,inChannels,H,W]; weight [outChannels,inChannels/groups,kh,kw]. */
export class Conv2d extends Convolution {
  static override readonly typeName: string = "Conv2d";
  static override readonly about: string = "cross-correlation of images";
  private readonly options: ConvolutionOptions;

  /** @param kernelSize one number, or [height, width]. */
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: Pair,
    options: ConvolutionOptions & LayerOptions = {},
  ) {
    checkOptions("Conv2d", options, OPTIONS);
    const { bias, generator, ...rest } = options;
    const { groups = 1 } = rest;
    const shape = [outChannels, inChannels / groups, ...pairOf("Conv2d", "kernelSize", kernelSize, 1)];
    super(inChannels, outChannels, shape, groups, { bias, generator });
    this.options = rest;
  }

  forward(x: Tensor): Tensor {
    checkTensor("Conv2d", x);
    return x.conv2d(this.weight, this.bias, this.options);
  }
}

/** Cross-correlation of signals [N,inChannels,L]; weight [outChannels,inChannels/groups,k]. */
export class Conv1d extends Convolution {
  static override readonly typeName: string = "Conv1d";
  static override readonly about: string = "cross-correlation of signals";
  private readonly options: Convolution1dOptions;

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: number,
    options: Convolution1dOptions & LayerOptions = {},
  ) {
    checkOptions("Conv1d", options, OPTIONS);
    const { bias, generator, ...rest } = options;
    const { groups = 1 } = rest;
    const [taps] = pairOf("Conv1d", "kernelSize", kernelSize, 1);
    super(inChannels, outChannels, [outChannels, inChannels / groups, taps], groups, { bias, generator });
    this.options = rest;
  }

  forward(x: Tensor): Tensor {
    checkTensor("Conv1d", x);
    return x.conv1d(this.weight, this.bias, this.options);
  }
}

/** The transpose of a convolution, which enlarges images; weight [inChannels,outChannels/groups,kh,kw]. */
export class ConvTranspose2d extends Convolution {
  static override readonly typeName: string = "ConvTranspose2d";
  static override readonly about: string = "the transpose of a convolution, which enlarges images";
  private readonly options: TransposedConvolutionOptions;

  /** @param kernelSize one number, or [height, width]. */
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: Pair,
    options: TransposedConvolutionOptions & LayerOptions = {},
  ) {
    checkOptions("ConvTranspose2d", options, [...OPTIONS, "outputPadding"]);
    const { bias, generator, ...rest } = options;
    const { groups = 1 } = rest;
    const taps = pairOf("ConvTranspose2d", "kernelSize", kernelSize, 1);
    super(inChannels, outChannels, [inChannels, outChannels / groups, ...taps], groups, { bias, generator });
    this.options = rest;
  }

  forward(x: Tensor): Tensor {
    checkTensor("ConvTranspose2d", x);
    return x.convTranspose2d(this.weight, this.bias, this.options);
  }

  /** Every input pixel meets the whole kernel; there are stride times stride fewer of them than output pixels. */
  override multiplyAdds(outputShape: Shape): number {
    const [sh, sw] = pairOf("ConvTranspose2d", "stride", this.options.stride ?? 1, 1);
    return Math.round(super.multiplyAdds(outputShape) / (sh * sw));
  }
}
