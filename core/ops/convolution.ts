// Convolution of images [N,C,H,W] (cross-correlation, as everywhere in the field) and its transpose. Three passes serve
// both: the transpose's forward pass is the convolution's gradient by its input, and the other way round.

import { withScratch } from "../../backend/storage";
import { type Kernels, kernels } from "../../backend/wasm";
import { record } from "../autograd";
import { contiguous } from "../compute";
import { formatShape } from "../errors";
import { allocate, defineMethods, type Tensor } from "../tensor";
import { add, operand } from "./arithmetic";
import { reshape, squeeze, unsqueeze } from "./layout";
import { countWindows, type Pair, pairOf } from "./window";

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

/** The sizes of a convolution, in the order in which kernels/conv.ts takes them. */
type Sizes = readonly [
  n: number,
  inChannels: number,
  height: number,
  width: number,
  outChannels: number,
  kernelHeight: number,
  kernelWidth: number,
  strideHeight: number,
  strideWidth: number,
  paddingHeight: number,
  paddingWidth: number,
  dilationHeight: number,
  dilationWidth: number,
  groups: number,
  outHeight: number,
  outWidth: number,
];

/** From this many channels on either side Winograd's transforms cost less than they save (bench/conv.ts). */
const WINOGRAD_CHANNELS = 8;

/** 3x3 kernels moved by single steps have a faster algorithm (kernels/winograd.ts). */
function suitsWinograd(sizes: Sizes): boolean {
  const [, inChannels, , , outChannels, kh, kw, sh, sw, ph, pw, dh, dw, groups] = sizes;
  const isPlain = [sh, sw, dh, dw, groups].every((value) => value === 1);
  const isWide = Math.min(inChannels, outChannels) >= WINOGRAD_CHANNELS;
  return kh === 3 && kw === 3 && isPlain && isWide && ph <= 2 && pw <= 2;
}

/** Runs one of the three passes on contiguous operands. */
function run(
  pass: "forward" | "grad_input" | "grad_weight",
  sizes: Sizes,
  out: Tensor,
  operands: readonly number[],
): Tensor {
  const k = kernels();
  const [n, inChannels, height, width, outChannels, , , , , ph, pw] = sizes;
  const winograd = suitsWinograd(sizes);
  const rest = winograd ? [inChannels, height, width, outChannels, ph, pw] : sizes.slice(1);
  const room = (winograd ? k.winograd_scratch_bytes : k.conv2d_scratch_bytes) as (
    ...sizes: number[]
  ) => number;
  const name: keyof Kernels = winograd ? `winograd_${pass}_f32` : `conv2d_${pass}_f32`;
  const kernel = k[name] as (...parameters: number[]) => void;
  withScratch(room(...rest), (scratch) => kernel(out.ptr, ...operands, n, ...rest, scratch));
  return out;
}

function forward(sizes: Sizes, x: Tensor, weight: Tensor, bias: Tensor | null): Tensor {
  const out = allocate([sizes[0], sizes[4], sizes[14], sizes[15]]);
  const biasPtr = bias === null ? 0 : contiguous(bias).ptr;
  return run("forward", sizes, out, [contiguous(x).ptr, contiguous(weight).ptr, biasPtr]);
}

function gradInput(sizes: Sizes, g: Tensor, weight: Tensor): Tensor {
  return run("grad_input", sizes, allocate(sizes.slice(0, 4)), [contiguous(g).ptr, contiguous(weight).ptr]);
}

function gradWeight(sizes: Sizes, g: Tensor, x: Tensor): Tensor {
  const [, inChannels, , , outChannels, kh, kw, , , , , , , groups] = sizes;
  const out = allocate([outChannels, inChannels / groups, kh, kw]);
  return run("grad_weight", sizes, out, [contiguous(g).ptr, contiguous(x).ptr]);
}

/** Sums over all but the channels. */
function gradBias(g: Tensor): Tensor {
  const [n, channels, height, width] = g.extents;
  const out = allocate([channels]);
  kernels().conv_bias_grad_f32(out.ptr, contiguous(g).ptr, n, channels, height * width);
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
  if (!Number.isInteger(groups) || groups < 1 || weight.extents[0] % groups !== 0) {
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

export function conv2d(
  input: Tensor,
  weights: Tensor,
  biases?: Tensor | null,
  options: ConvolutionOptions = {},
): Tensor {
  const { groups = 1 } = options;
  const [x, weight, bias] = operands("conv2d", 4, [input, weights, biases], groups, false);
  return convolve("conv2d", x, weight, bias, options);
}

export function conv1d(
  input: Tensor,
  weights: Tensor,
  biases?: Tensor | null,
  options: Convolution1dOptions = {},
): Tensor {
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

function convolve(
  operation: string,
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  options: ConvolutionOptions,
): Tensor {
  const [sh, sw] = pairOf(operation, "stride", options.stride ?? 1, 1);
  const [ph, pw] = pairOf(operation, "padding", options.padding ?? 0, 0);
  const [dh, dw] = pairOf(operation, "dilation", options.dilation ?? 1, 1);
  const [n, inChannels, height, width] = x.extents;
  const [outChannels, , kh, kw] = weight.extents;
  const outHeight = countWindows(operation, x.extents, height, [kh, sh, ph, dh]);
  const outWidth = countWindows(operation, x.extents, width, [kw, sw, pw, dw]);
  const images = [n, inChannels, height, width] as const;
  const windows = [outChannels, kh, kw, sh, sw, ph, pw, dh, dw] as const;
  const sizes: Sizes = [...images, ...windows, options.groups ?? 1, outHeight, outWidth];
  const inputs = bias === null ? [x, weight] : [x, weight, bias];
  return record(operation, forward(sizes, x, weight, bias), inputs, [x, weight], (g, [sx, sw], { needs }) => [
    needs[0] ? gradInput(sizes, g, sw) : null,
    needs[1] ? gradWeight(sizes, g, sx) : null,
    needs[2] ? gradBias(g) : null,
  ]);
}

export function convTranspose2d(
  input: Tensor,
  weights: Tensor,
  biases?: Tensor | null,
  options: TransposedConvolutionOptions = {},
): Tensor {
  const operation = "convTranspose2d";
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
    return out;
  });
  // The convolution of which this is the transpose leads from the output to the input.
  const images = [n, outPerGroup * groups, outHeight, outWidth] as const;
  const windows = [inChannels, taps[0], taps[1], ...stride, ...padding, ...dilation] as const;
  const sizes: Sizes = [...images, ...windows, groups, extents[0], extents[1]];
  const out = record(
    operation,
    gradInput(sizes, x, weight),
    [x, weight],
    [x, weight],
    (g, [sx, sw], { needs }) => [
      needs[0] ? forward(sizes, g, sw, null) : null,
      needs[1] ? gradWeight(sizes, sx, g) : null,
    ],
  );
  return bias === null ? out : add(out, reshape(bias, [-1, 1, 1]));
}

export interface ConvolutionMethods {
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

defineMethods<ConvolutionMethods>({ conv2d, conv1d, convTranspose2d });
