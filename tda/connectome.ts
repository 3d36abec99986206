// The functional connectome: correlations between activation signals.

import { contiguous } from "../core/compute";
import { formatShape, NonFiniteError } from "../core/errors";
import type { Tensor } from "../core/index";
import { withScratch } from "../core/memory";
import { allocate, requireTensor } from "../core/tensor";
import { kernels } from "../core/wasm";

/**
 * Pearson correlation of the columns of A: [N,P] -> [P,P]. Statistics are accumulated in float64. A constant column
 * has correlation 0 with every column, itself included. Throws a NonFiniteError that names the column of a NaN or
 * infinite value. Time O(N P^2), memory O(N P + P^2).
 */
export function correlation(signals: Tensor): Tensor {
  requireTensor("correlation", signals);
  const [n, p] = signals.shape;
  if (signals.ndim !== 2 || n < 2) {
    throw new RangeError(
      `correlation: expected [N,P] with N of at least 2, got ${formatShape(signals.shape)}`,
    );
  }
  const out = allocate([p, p]);
  const source = contiguous(signals);
  const bad = withScratch(kernels().correlation_scratch_bytes(n, p), (scratch) =>
    kernels().correlation_f32(out.ptr, source.ptr, n, p, scratch),
  );
  if (bad >= 0) throw new NonFiniteSignalError(bad);
  return out;
}

/** A signal holds NaN or Infinity; `column` says which. */
export class NonFiniteSignalError extends NonFiniteError {
  constructor(readonly column: number) {
    super(`correlation: column ${column} holds NaN or Infinity`);
  }
}

/** The connectome of activation signals [N,P]: |Pearson correlation| in [0, 1] with a zero diagonal, [P,P]. */
export function connectome(signals: Tensor): Tensor {
  const rho = correlation(signals);
  const [p] = rho.shape;
  const out = allocate([p, p]);
  kernels().connectome_f32(out.ptr, rho.ptr, p);
  return out;
}
