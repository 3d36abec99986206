// Convolution layers. Weights and biases start in U(-1/sqrt(fanIn), 1/sqrt(fanIn)), as in PyTorch; fanIn is the number
// of inputs of an output: (inChannels / groups) times the size of the kernel.

import { checkInteger, checkOptions, checkTensor } from "../core/check";
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

/** Options of every convolution layer. */
interface LayerOptions {
  /** Add a bias to each output channel. Default true. */
  bias?: boolean;
  /** Draws the starting weights. Default: the global stream. */
  generator?: Generator;
}

const OPTIONS = ["stride", "padding", "dilation", "groups", "bias", "generator"];

function checkChannels(layer: string, inChannels: unknown, outChannels: unknown, groups: unknown): void {
  checkInteger(layer, "inChannels", inChannels, { atLeast: 1 });
  checkInteger(layer, "outChannels", outChannels, { atLeast: 1 });
  checkInteger(layer, "groups", groups, { atLeast: 1 });
  if (inChannels % groups !== 0 || outChannels % groups !== 0) {
    throw new RangeError(
      `${layer}: the groups must divide the channels; got ${inChannels} in, ${outChannels} out, ${groups} groups`,
    );
  }
}

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
    { bias = true, generator }: LayerOptions,
  ) {
    super();
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
    checkChannels("Conv2d", inChannels, outChannels, groups);
    const shape = [outChannels, inChannels / groups, ...pairOf("Conv2d", "kernelSize", kernelSize, 1)];
    super(inChannels, outChannels, shape, { bias, generator });
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
    checkChannels("Conv1d", inChannels, outChannels, groups);
    const [taps] = pairOf("Conv1d", "kernelSize", kernelSize, 1);
    super(inChannels, outChannels, [outChannels, inChannels / groups, taps], { bias, generator });
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
    checkChannels("ConvTranspose2d", inChannels, outChannels, groups);
    const taps = pairOf("ConvTranspose2d", "kernelSize", kernelSize, 1);
    super(inChannels, outChannels, [inChannels, outChannels / groups, ...taps], { bias, generator });
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
