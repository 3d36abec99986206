// Normalisation by mean and variance (kernels/normalization.ts): what the layers of nn/normalization.ts compute.

import { kernels } from "../../backend/wasm";
import { record } from "../autograd";
import { contiguous } from "../compute";
import { allocate, type Tensor } from "../tensor";
import { operand } from "./arithmetic";

/** Means and variances [C] of the channels. */
export interface Moments {
  mean: Tensor;
  /** Divided by the count. */
  variance: Tensor;
}

/** Extents of x [N,C,...] as images, channels, elements of a channel. */
function planesOf(x: Tensor): [n: number, channels: number, size: number] {
  const [n, channels, ...rest] = x.shape;
  return [n, channels, rest.reduce((a, b) => a * b, 1)];
}

/** Mean and variance of each channel of x [N,C,...]. */
export function channelMoments(input: Tensor): Moments {
  const x = operand("batchNorm", input);
  const sizes = planesOf(x);
  const [mean, variance] = [allocate([sizes[1]]), allocate([sizes[1]])];
  kernels().channel_moments_f32(mean.ptr, variance.ptr, contiguous(x).ptr, ...sizes);
  return { mean, variance };
}

/**
 * (x - mean) / sqrt(variance + eps) * weight + bias for each channel of x [N,C,...].
 * @param ofBatch the moments are those of x itself, so that the gradient flows through them too.
 */
export function batchNorm(
  input: Tensor,
  { mean, variance }: Moments,
  affine: { weight: Tensor; bias: Tensor } | null,
  eps: number,
  ofBatch: boolean,
): Tensor {
  const x = operand("batchNorm", input);
  const sizes = planesOf(x);
  const out = allocate(x.shape);
  const [weight, bias] = [affine?.weight.ptr ?? 0, affine?.bias.ptr ?? 0];
  kernels().batch_norm_f32(out.ptr, contiguous(x).ptr, mean.ptr, variance.ptr, weight, bias, ...sizes, eps);
  const parameters = affine === null ? [] : [affine.weight, affine.bias];
  const saved = [x, mean, variance, ...parameters.slice(0, 1)];
  return record("batchNorm", out, [x, ...parameters], saved, (g, [sx, m, v, w]) => {
    const gx = allocate(x.shape);
    const [gw, gb] = [allocate(m.shape), allocate(m.shape)];
    const [gradient, source] = [contiguous(g), contiguous(sx)];
    kernels().batch_norm_grad_f32(
      gx.ptr,
      gw.ptr,
      gb.ptr,
      gradient.ptr,
      source.ptr,
      m.ptr,
      v.ptr,
      w?.ptr ?? 0,
      ...sizes,
      eps,
      Number(ofBatch),
    );
    return [gx, gw, gb];
  });
}

/** (x - mean) / sqrt(variance + eps) over rows of `size` elements, x being read in row-major order. */
export function normalizeRows(input: Tensor, size: number, eps: number): Tensor {
  const x = operand("normalizeRows", input);
  const rows = x.size / size;
  const out = allocate(x.shape);
  const inverse = allocate([rows]);
  kernels().normalize_rows_f32(out.ptr, inverse.ptr, contiguous(x).ptr, rows, size, eps);
  return record("normalizeRows", out, [x], [out, inverse], (g, [y, r]) => {
    const gx = allocate(x.shape);
    kernels().normalize_rows_grad_f32(gx.ptr, contiguous(g).ptr, y.ptr, r.ptr, rows, size);
    return [gx];
  });
}
