// Convolution of images [N,C,H,W] (cross-correlation, as everywhere in the field) and its transpose. Three passes serve
// both: the transpose's forward pass is the convolution's gradient by its input, and the other way round.

import * as launch from "../../backend/launch/convolution";
import { type Backward, record } from "../autograd";
import { checkInteger, checkOptions } from "../check";
import { formatShape } from "../errors";
import { allocate, defineMethods, type Tensor } from "../tensor";
import { add, operand } from "./arithmetic";
import { reshape, squeeze, unsqueeze } from "./layout";
import { countWindows, type Pair, pairOf } from "./window";

type Sizes = launch.ConvolutionSizes;

/** Options of {@link Tensor.conv2d}. */
export interface ConvolutionOptions {
  /** Distance between windows. Default 1. */
  stride?: Pair;
  /** Zeros added on each side. Default 0. */
  padding?: Pair;
  /** Distance between the elements of a window. Default 1. */
  dilation?: Pair;
  /** The channels fall into this many groups, convolved on their own. Default 1; as many as channels is "depthwise". */
  groups?: number;
}

/** Options of {@link Tensor.conv1d}: as of conv2d, for one axis. */
export interface Convolution1dOptions {
  stride?: number;
  padding?: number;
  dilation?: number;
  groups?: number;
}

/** Options of {@link Tensor.convTranspose2d}. */
export interface TransposedConvolutionOptions extends ConvolutionOptions {
  /** Rows and columns added below and on the right, less than stride or dilation. Default 0. */
  outputPadding?: Pair;
}

/** Options of {@link Tensor.convTranspose1d}: as of convTranspose2d, for one axis. */
export interface TransposedConvolution1dOptions extends Convolution1dOptions {
  outputPadding?: number;
}

const OPTIONS = ["stride", "padding", "dilation", "groups"];

function forward(sizes: Sizes, x: Tensor, weight: Tensor, bias: Tensor | null): Tensor {
  const out = allocate([sizes.n, sizes.outChannels, sizes.outHeight, sizes.outWidth]);
  launch.convolve(out, x, weight, bias, sizes);
  return out;
}

function gradInput(sizes: Sizes, g: Tensor, weight: Tensor): Tensor {
  const out = allocate([sizes.n, sizes.inChannels, sizes.height, sizes.width]);
  launch.convolveInputGradient(out, g, weight, sizes);
  return out;
}

function gradWeight(sizes: Sizes, g: Tensor, x: Tensor): Tensor {
  const { outChannels, inChannels, groups, kernelHeight, kernelWidth } = sizes;
  const out = allocate([outChannels, inChannels / groups, kernelHeight, kernelWidth]);
  launch.convolveWeightGradient(out, g, x, sizes);
  return out;
}

/** Sums over all but the channels. */
function gradBias(g: Tensor): Tensor {
  const out = allocate([g.extents[1]]);
  launch.channelSums(out, g);
  return out;
}

/** Input, weight and bias as float32 tensors of `ndim` axes whose channels agree. */
function operands(
  operation: string,
  ndim: number,
  tensors: readonly [Tensor, Tensor, Tensor | null | undefined],
  groups: number,
  transposed: boolean,
): [Tensor, Tensor, Tensor | null] {
  const [x, weight] = [operand(operation, tensors[0]), operand(operation, tensors[1])];
  const bias = tensors[2] == null ? null : operand(operation, tensors[2]);
  const axes = ndim === 4 ? "H,W" : "L";
  const taps = ndim === 4 ? "kh,kw" : "k";
  const layout = transposed ? `[Cin,Cout/groups,${taps}]` : `[Cout,Cin/groups,${taps}]`;
  const got = `got ${formatShape(x.extents)} and ${formatShape(weight.extents)}`;
  if (x.ndim !== ndim || weight.ndim !== ndim || weight.size === 0) {
    throw new RangeError(`${operation}: expected input [N,Cin,${axes}] and weight ${layout}, ${got}`);
  }
  checkInteger(operation, "groups", groups, { atLeast: 1 });
  if (weight.extents[0] % groups !== 0) {
    throw new RangeError(`${operation}: ${groups} groups do not divide the channels of ${layout}, ${got}`);
  }
  const inChannels = transposed ? weight.extents[0] : weight.extents[1] * groups;
  const outChannels = transposed ? weight.extents[1] * groups : weight.extents[0];
  if (x.extents[1] !== inChannels) {
    throw new RangeError(
      `${operation}: the weight is for ${inChannels} input channels in ${groups} groups, ${got}`,
    );
  }
  if (bias !== null && (bias.ndim !== 1 || bias.size !== outChannels)) {
    throw new RangeError(
      `${operation}: expected bias [${outChannels}], got ${formatShape(bias.extents)}; ${got}`,
    );
  }
  return [x, weight, bias];
}

function conv2d(
  input: Tensor,
  weights: Tensor,
  biases?: Tensor | null,
  options: ConvolutionOptions = {},
): Tensor {
  checkOptions("conv2d", options, OPTIONS);
  const { groups = 1 } = options;
  const [x, weight, bias] = operands("conv2d", 4, [input, weights, biases], groups, false);
  return convolve("conv2d", x, weight, bias, options);
}

function conv1d(
  input: Tensor,
  weights: Tensor,
  biases?: Tensor | null,
  options: Convolution1dOptions = {},
): Tensor {
  checkOptions("conv1d", options, OPTIONS);
  const { stride = 1, padding = 0, dilation = 1, groups = 1 } = options;
  const [x, weight, bias] = operands("conv1d", 3, [input, weights, biases], groups, false);
  const rows = convolve("conv1d", unsqueeze(x, 2), unsqueeze(weight, 2), bias, {
    stride: [1, stride],
    padding: [0, padding],
    dilation: [1, dilation],
    groups,
  });
  return squeeze(rows, 2);
}

function convolutionRule(sizes: Sizes): Backward {
  return (g, [x, weight], { needs }) => [
    needs[0] ? gradInput(sizes, g, weight) : null,
    needs[1] ? gradWeight(sizes, g, x) : null,
    needs[2] ? gradBias(g) : null,
  ];
}

/** Saves the input only for the gradient of the weight, and the weight only for that of the input. */
function crosswise(x: Tensor, weight: Tensor): (Tensor | null)[] {
  return [weight.requiresGrad ? x : null, x.requiresGrad ? weight : null];
}

function convolve(
  operation: string,
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  options: ConvolutionOptions,
): Tensor {
  const [strideHeight, strideWidth] = pairOf(operation, "stride", options.stride ?? 1, 1);
  const [paddingHeight, paddingWidth] = pairOf(operation, "padding", options.padding ?? 0, 0);
  const [dilationHeight, dilationWidth] = pairOf(operation, "dilation", options.dilation ?? 1, 1);
  const [n, inChannels, height, width] = x.extents;
  const [outChannels, , kernelHeight, kernelWidth] = weight.extents;
  const down = [kernelHeight, strideHeight, paddingHeight, dilationHeight] as const;
  const across = [kernelWidth, strideWidth, paddingWidth, dilationWidth] as const;
  const sizes: Sizes = {
    ...{ n, inChannels, height, width, outChannels, kernelHeight, kernelWidth },
    ...{ strideHeight, strideWidth, paddingHeight, paddingWidth, dilationHeight, dilationWidth },
    groups: options.groups ?? 1,
    outHeight: countWindows(operation, x.extents, height, down),
    outWidth: countWindows(operation, x.extents, width, across),
  };
  const inputs = bias === null ? [x, weight] : [x, weight, bias];
  const out = forward(sizes, x, weight, bias);
  return record(operation, out, inputs, crosswise(x, weight), convolutionRule(sizes), sizes);
}

function transposedRule(sizes: Sizes): Backward {
  return (g, [x, weight], { needs }) => [
    needs[0] ? forward(sizes, g, weight, null) : null,
    needs[1] ? gradWeight(sizes, x, g) : null,
  ];
}

function convTranspose2d(
  input: Tensor,
  weights: Tensor,
  biases?: Tensor | null,
  options: TransposedConvolutionOptions = {},
): Tensor {
  const operation = "convTranspose2d";
  checkOptions(operation, options, [...OPTIONS, "outputPadding"]);
  const { groups = 1 } = options;
  const [x, weight, bias] = operands(operation, 4, [input, weights, biases], groups, true);
  const stride = pairOf(operation, "stride", options.stride ?? 1, 1);
  const padding = pairOf(operation, "padding", options.padding ?? 0, 0);
  const dilation = pairOf(operation, "dilation", options.dilation ?? 1, 1);
  const extra = pairOf(operation, "outputPadding", options.outputPadding ?? 0, 0);
  const [n, inChannels, ...extents] = x.extents;
  const [, outPerGroup, ...taps] = weight.extents;
  const [outHeight, outWidth] = extents.map((extent, d) => {
    if (extra[d] >= Math.max(stride[d], dilation[d])) {
      throw new RangeError(
        `${operation}: outputPadding ${extra[d]} must be less than stride ${stride[d]} or dilation ${dilation[d]}`,
      );
    }
    const out = (extent - 1) * stride[d] - 2 * padding[d] + dilation[d] * (taps[d] - 1) + extra[d] + 1;
    if (extent < 1 || out < 1) {
      throw new RangeError(
        `${operation}: no output is left of ${formatShape(x.extents)} and weight ${formatShape(weight.extents)} ` +
          `after padding by ${padding[d]}`,
      );
    }
    checkInteger(operation, "an extent of the output", out);
    return out;
  });
  // The convolution of which this is the transpose leads from the output to the input.
  const sizes: Sizes = {
    n,
    inChannels: outPerGroup * groups,
    height: outHeight,
    width: outWidth,
    outChannels: inChannels,
    kernelHeight: taps[0],
    kernelWidth: taps[1],
    strideHeight: stride[0],
    strideWidth: stride[1],
    paddingHeight: padding[0],
    paddingWidth: padding[1],
    dilationHeight: dilation[0],
    dilationWidth: dilation[1],
    groups,
    outHeight: extents[0],
    outWidth: extents[1],
  };
  const out = record(
    operation,
    gradInput(sizes, x, weight),
    [x, weight],
    crosswise(x, weight),
    transposedRule(sizes),
  );
  return bias === null ? out : add(out, reshape(bias, [-1, 1, 1]));
}

function convTranspose1d(
  input: Tensor,
  weights: Tensor,
  biases?: Tensor | null,
  options: TransposedConvolution1dOptions = {},
): Tensor {
  checkOptions("convTranspose1d", options, [...OPTIONS, "outputPadding"]);
  const { stride = 1, padding = 0, dilation = 1, groups = 1, outputPadding = 0 } = options;
  const [x, weight, bias] = operands("convTranspose1d", 3, [input, weights, biases], groups, true);
  const row = convTranspose2d(unsqueeze(x, 2), unsqueeze(weight, 2), bias, {
    stride: [1, stride],
    padding: [0, padding],
    dilation: [1, dilation],
    outputPadding: [0, outputPadding],
    groups,
  });
  return squeeze(row, 2);
}

export interface ConvolutionMethods {
  /** convTranspose2d for signals [N,Cin,L] and a weight [Cin,Cout/groups,k]. */
  convTranspose1d(weight: Tensor, bias?: Tensor | null, options?: TransposedConvolution1dOptions): Tensor;
  /**
   * Cross-correlation of images [N,Cin,H,W] with a weight [Cout,Cin/groups,kh,kw], plus a bias [Cout]: a new
   * [N,Cout,H',W'], H' = floor((H + 2 padding - dilation (kh - 1) - 1) / stride) + 1. 3x3 kernels with stride 1 and
   * at least 8 channels run as Winograd's F(2x2, 3x3), where Infinity may turn into NaN in its neighbours too.
   */
  conv2d(weight: Tensor, bias?: Tensor | null, options?: ConvolutionOptions): Tensor;
  /** conv2d for signals [N,Cin,L] and a weight [Cout,Cin/groups,k]. */
  conv1d(weight: Tensor, bias?: Tensor | null, options?: Convolution1dOptions): Tensor;
  /**
   * The transpose (gradient) of conv2d: images [N,Cin,H,W], weight [Cin,Cout/groups,kh,kw] and bias [Cout] give
   * [N,Cout,H',W'], H' = (H - 1) stride - 2 padding + dilation (kh - 1) + outputPadding + 1.
   */
  convTranspose2d(weight: Tensor, bias?: Tensor | null, options?: TransposedConvolutionOptions): Tensor;
}

declare module "../tensor" {
  interface Tensor extends ConvolutionMethods {}
}

defineMethods<ConvolutionMethods>({ conv2d, conv1d, convTranspose2d, convTranspose1d });
