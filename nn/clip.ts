// Gradient clipping (Pascanu, Mikolov and Bengio 2013).

import { kernels } from "../backend/wasm";
import { scope, type Tensor } from "../core/index";

/** Keeps the norm of a clipped gradient below the limit whatever the rounding, as in PyTorch. */
const MARGIN = 1e-6;

/**
 * Scales the gradients of all parameters by one factor so that their common Euclidean norm is at most `max`.
 * @returns the norm before, summed in float64; parameters without a gradient count as 0.
 */
export function clipGradNorm(parameters: readonly Tensor[], max: number): number {
  if (!(max > 0)) throw new RangeError(`clipGradNorm: the largest norm must be positive, got ${max}`);
  const gradients = parameters.flatMap(({ grad }) => (grad === null ? [] : [grad]));
  const squares = gradients.reduce((sum, g) => sum + kernels().sum_squares_f32(g.ptr, g.size), 0);
  const norm = Math.sqrt(squares);
  const factor = max / (norm + MARGIN);
  if (!(factor >= 1)) scope(() => gradients.map((g) => g.assign(g.mul(factor))).length);
  return norm;
}
