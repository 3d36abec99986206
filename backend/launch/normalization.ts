// Normalisation by mean and variance (kernels/array/normalization.ts).

import { type Shape, sizeOf } from "../shape";
import { targetOf, type View } from "../view";
import { kernels } from "../wasm";
import { launch } from "./frame";

/** Extents of x [N,C,...] as images, channels, elements of a channel. */
function planesOf([n, channels, ...rest]: Shape): [n: number, channels: number, size: number] {
  return [n, channels, sizeOf(rest)];
}

/** Of each channel: the mean, what of it float32 loses, and the variance, divided by the count; all [C]. */
export interface ChannelMoments<T extends View = View> {
  mean: T;
  /** Null for means that are no more than a float32. */
  rest: T | null;
  variance: T;
}

/** Writes the moments of the channels of x [N,C,...]. */
export function channelMoments({ mean, rest, variance }: ChannelMoments & { rest: View }, x: View): void {
  const sizes = planesOf(x.extents);
  launch((frame) =>
    kernels().channel_moments_f32(
      targetOf(mean, "float32"),
      targetOf(rest, "float32"),
      targetOf(variance, "float32"),
      frame.dense(x),
      ...sizes,
    ),
  );
}

/** What normalises the channels of x: their moments, and a factor and summand or null. */
export interface ChannelScale extends ChannelMoments {
  weight: View | null;
  bias: View | null;
  eps: number;
}

/** out = (x - mean) / sqrt(variance + eps) * weight + bias for each channel of x [N,C,...]. */
export function batchNorm(
  out: View,
  x: View,
  { mean, rest, variance, weight, bias, eps }: ChannelScale,
): void {
  const sizes = planesOf(x.extents);
  launch((frame) =>
    kernels().batch_norm_f32(
      targetOf(out, "float32"),
      frame.dense(x),
      frame.dense(mean),
      frame.denseOrNone(rest),
      frame.dense(variance),
      frame.denseOrNone(weight),
      frame.denseOrNone(bias),
      ...sizes,
      eps,
    ),
  );
}

/** Gradients by x, weight and bias; `ofBatch` says that the moments are those of x, so that they have gradients too. */
export function batchNormGradient(
  out: { x: View; weight: View; bias: View },
  g: View,
  x: View,
  { mean, rest, variance, weight, eps }: Omit<ChannelScale, "bias">,
  ofBatch: boolean,
): void {
  const sizes = planesOf(x.extents);
  launch((frame) =>
    kernels().batch_norm_grad_f32(
      targetOf(out.x, "float32"),
      targetOf(out.weight, "float32"),
      targetOf(out.bias, "float32"),
      frame.dense(g),
      frame.dense(x),
      frame.dense(mean),
      frame.denseOrNone(rest),
      frame.dense(variance),
      frame.denseOrNone(weight),
      ...sizes,
      eps,
      Number(ofBatch),
    ),
  );
}

/** out = (x - mean) / sqrt(variance + eps) over rows of `size` elements; `inverse` keeps 1 / sqrt(variance + eps). */
export function normalizeRows(out: View, inverse: View, x: View, size: number, eps: number): void {
  launch((frame) =>
    kernels().normalize_rows_f32(
      targetOf(out, "float32"),
      targetOf(inverse, "float32"),
      frame.dense(x),
      inverse.size,
      size,
      eps,
    ),
  );
}

/** The gradient of normalizeRows() from its results y and `inverse`. */
export function normalizeRowsGradient(out: View, g: View, y: View, inverse: View, size: number): void {
  launch((frame) =>
    kernels().normalize_rows_grad_f32(
      targetOf(out, "float32"),
      frame.dense(g),
      frame.dense(y),
      frame.dense(inverse),
      inverse.size,
      size,
    ),
  );
}
