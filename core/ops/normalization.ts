// Normalisation by mean and variance: what the layers of nn/normalization.ts compute.

import * as launch from "../../backend/launch/normalization";
import { type Backward, record } from "../autograd";
import { checkTensor } from "../check";
import { allocate, allocateLike, type Tensor } from "../tensor";
import { operand } from "./arithmetic";

export type Moments = launch.ChannelMoments<Tensor>;

/** Mean and variance of each channel of x [N,C,...]. */
export function channelMoments(input: Tensor): Moments {
  const x = operand("batchNorm", input);
  const [, channels] = x.extents;
  const moments = { mean: allocate([channels]), rest: allocate([channels]), variance: allocate([channels]) };
  launch.channelMoments(moments, x);
  return moments;
}

function batchNormRule(eps: number, ofBatch: boolean): Backward {
  return (g, [x, mean, rest, variance, weight]) => {
    const out = { x: allocateLike(x), weight: allocateLike(mean), bias: allocateLike(mean) };
    launch.batchNormGradient(out, g, x, { mean, rest, variance, weight, eps }, ofBatch);
    return [out.x, out.weight, out.bias];
  };
}

/**
 * (x - mean) / sqrt(variance + eps) * weight + bias for each channel of x [N,C,...].
 * @param ofBatch the moments are those of x itself, so that the gradient flows through them too.
 */
export function batchNorm(
  input: Tensor,
  { mean, rest, variance }: Moments,
  affine: { weight: Tensor; bias: Tensor } | null,
  eps: number,
  ofBatch: boolean,
): Tensor {
  const x = operand("batchNorm", input);
  const parameters = affine === null ? [] : [affine.weight, affine.bias];
  for (const tensor of [mean, variance, ...parameters]) checkTensor("batchNorm", tensor);
  const out = allocateLike(x);
  const [weight, bias] = [affine?.weight ?? null, affine?.bias ?? null];
  launch.batchNorm(out, x, { mean, rest, variance, weight, bias, eps });
  const saved = [x, mean, rest, variance, weight];
  return record("batchNorm", out, [x, ...parameters], saved, batchNormRule(eps, ofBatch), {
    mean,
    variance,
    eps,
    ofBatch,
  });
}

function normalizeRowsRule(size: number): Backward {
  return (g, [y, inverse]) => {
    const gx = allocateLike(g);
    launch.normalizeRowsGradient(gx, g, y, inverse, size);
    return [gx];
  };
}

/** (x - mean) / sqrt(variance + eps) over rows of `size` elements, x being read in row-major order. */
export function normalizeRows(input: Tensor, size: number, eps: number): Tensor {
  const x = operand("normalizeRows", input);
  const [out, inverse] = [allocateLike(x), allocate([x.size / size])];
  launch.normalizeRows(out, inverse, x, size, eps);
  return record("normalizeRows", out, [x], [out, inverse], normalizeRowsRule(size), { size, eps });
}
