// Convolution of images (kernels/image/conv.ts, kernels/image/winograd.ts). Three passes serve the convolution and its
// transpose; 3x3 kernels moved by single steps take Winograd's algorithm.

import { share } from "../share";
import { targetOf, type View } from "../view";
import { type Kernels, kernels } from "../wasm";
import { type Frame, launch } from "./frame";
import { writeFields } from "./geometry";

/** The sizes of a convolution that leads from [n, inChannels, height, width] to [n, outChannels, outHeight, outWidth]. */
export interface ConvolutionSizes {
  n: number;
  inChannels: number;
  height: number;
  width: number;
  outChannels: number;
  kernelHeight: number;
  kernelWidth: number;
  strideHeight: number;
  strideWidth: number;
  paddingHeight: number;
  paddingWidth: number;
  dilationHeight: number;
  dilationWidth: number;
  groups: number;
  outHeight: number;
  outWidth: number;
}

/** The fields of the struct in kernels/image/geometry.ts, in its order. */
function fieldsOf(s: ConvolutionSizes): number[] {
  return [
    ...[s.inChannels, s.height, s.width, s.outChannels, s.kernelHeight, s.kernelWidth],
    ...[s.strideHeight, s.strideWidth, s.paddingHeight, s.paddingWidth, s.dilationHeight, s.dilationWidth],
    ...[s.groups, s.outHeight, s.outWidth, 0],
  ];
}

/** From this many channels on either side Winograd's transforms cost less than they save (bench/conv.ts). */
const WINOGRAD_CHANNELS = 8;

function suitsWinograd(s: ConvolutionSizes): boolean {
  const isPlain =
    s.strideHeight === 1 &&
    s.strideWidth === 1 &&
    s.dilationHeight === 1 &&
    s.dilationWidth === 1 &&
    s.groups === 1;
  const isWide = Math.min(s.inChannels, s.outChannels) >= WINOGRAD_CHANNELS;
  const isThree = s.kernelHeight === 3 && s.kernelWidth === 3;
  return isThree && isPlain && isWide && s.paddingHeight <= 2 && s.paddingWidth <= 2;
}

/** One way to convolve: its kernels. */
interface Algorithm {
  geometryBytes: number;
  scratchBytes: Kernels["conv2d_scratch_bytes"];
  forward: Kernels["conv2d_forward_f32"];
  gradInput: Kernels["conv2d_grad_input_f32"];
  gradWeight: Kernels["conv2d_grad_weight_f32"];
}

function algorithmFor(sizes: ConvolutionSizes): Algorithm {
  const k = kernels();
  if (suitsWinograd(sizes)) {
    return {
      geometryBytes: k.winograd_geometry_bytes(),
      scratchBytes: k.winograd_scratch_bytes,
      forward: k.winograd_forward_f32,
      gradInput: k.winograd_grad_input_f32,
      gradWeight: k.winograd_grad_weight_f32,
    };
  }
  return {
    geometryBytes: k.conv2d_geometry_bytes(),
    scratchBytes: k.conv2d_scratch_bytes,
    forward: k.conv2d_forward_f32,
    gradInput: k.conv2d_grad_input_f32,
    gradWeight: k.conv2d_grad_weight_f32,
  };
}

const FORWARD = 0;
const GRAD_INPUT = 1;
const GRAD_WEIGHT = 2;

/** The geometry in memory, and the scratch that its pass needs. */
function prepare(
  frame: Frame,
  algorithm: Algorithm,
  sizes: ConvolutionSizes,
  pass: number,
): [geometry: number, scratch: number] {
  const geometry = writeFields(frame, fieldsOf(sizes), algorithm.geometryBytes);
  return [geometry, frame.scratch(algorithm.scratchBytes(geometry, pass))];
}

const imageBytes = (s: ConvolutionSizes) => s.inChannels * s.height * s.width * 4;
const resultBytes = (s: ConvolutionSizes) => s.outChannels * s.outHeight * s.outWidth * 4;
const costOf = (s: ConvolutionSizes) => resultBytes(s) * s.inChannels * s.kernelHeight * s.kernelWidth;

/** out = x convolved with weight, plus bias. */
export function convolve(out: View, x: View, weight: View, bias: View | null, sizes: ConvolutionSizes): void {
  const algorithm = algorithmFor(sizes);
  launch((frame) => {
    const to = targetOf(out, "float32");
    const [from, w, b] = [frame.dense(x), frame.dense(weight), frame.denseOrNone(bias)];
    const [geometry, scratch] = prepare(frame, algorithm, sizes, FORWARD);
    share(sizes.n, costOf(sizes), (start, count) => {
      const at = start * resultBytes(sizes);
      algorithm.forward(to + at, from + start * imageBytes(sizes), w, b, count, geometry, scratch);
    });
  });
}

/** out = the gradient by the image, from that of the result: the transposed convolution. */
export function convolveInputGradient(out: View, g: View, weight: View, sizes: ConvolutionSizes): void {
  const algorithm = algorithmFor(sizes);
  launch((frame) => {
    const to = targetOf(out, "float32");
    const [from, w] = [frame.dense(g), frame.dense(weight)];
    const [geometry, scratch] = prepare(frame, algorithm, sizes, GRAD_INPUT);
    share(sizes.n, costOf(sizes), (start, count) => {
      const at = start * imageBytes(sizes);
      algorithm.gradInput(to + at, from + start * resultBytes(sizes), w, count, geometry, scratch);
    });
  });
}

/** out = the gradient by the weight, from that of the result and the image. */
export function convolveWeightGradient(out: View, g: View, x: View, sizes: ConvolutionSizes): void {
  const algorithm = algorithmFor(sizes);
  launch((frame) => {
    const to = targetOf(out, "float32");
    const [from, image] = [frame.dense(g), frame.dense(x)];
    const [geometry, scratch] = prepare(frame, algorithm, sizes, GRAD_WEIGHT);
    algorithm.gradWeight(to, from, image, sizes.n, geometry, scratch);
  });
}

/** out [C] = the sums of g [N,C,H,W] over all but the channels. */
export function channelSums(out: View, g: View): void {
  const [n, channels, height, width] = g.extents;
  launch((frame) =>
    kernels().conv_bias_grad_f32(targetOf(out, "float32"), frame.dense(g), n, channels, height * width),
  );
}
