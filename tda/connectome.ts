// The functional connectome: correlations between activation signals.

import { withScratch } from "../backend/storage";
import { kernels, memoryViews } from "../backend/wasm";
import { checkTensor } from "../core/check";
import { contiguous } from "../core/compute";
import { formatShape, NonFiniteError } from "../core/errors";
import { scope, type Tensor } from "../core/index";
import { allocate } from "../core/tensor";

/**
 * Pearson correlation of the columns of A: [N,P] -> [P,P]. Statistics are accumulated in float64. A constant column
 * has correlation 0 with every column, itself included. Throws a NonFiniteError that names the column of a NaN or
 * infinite value. Time O(N P^2), memory O(N P + P^2).
 */
export function correlation(signals: Tensor): Tensor {
  checkTensor("correlation", signals);
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

/**
 * correlation() of samples that come in batches: `batch(i)` gives [n,P] for i = 0, 1, ... below `count`. What a batch
 * makes is freed before the next. Memory O(P^2).
 */
export function batchedCorrelation(count: number, batch: (i: number) => Tensor): Tensor {
  const k = kernels();
  const accumulate = (signals: Tensor, state: number) => {
    const [n, p] = signals.shape;
    withScratch(k.correlation_update_scratch_bytes(p), (scratch) =>
      k.correlation_update_f32(state, contiguous(signals).ptr, n, p, scratch),
    );
  };
  const first = scope(() => batch(0));
  const [, p] = first.shape;
  const bytes = k.correlation_state_bytes(p);
  return withScratch(bytes, (state) => {
    memoryViews().u8.fill(0, state, state + bytes);
    accumulate(first, state);
    for (let i = 1; i < count; i++) scope(() => accumulate(batch(i), state));
    const out = allocate([p, p]);
    const bad = k.correlation_finish_f32(out.ptr, state, p);
    if (bad >= 0) throw new NonFiniteSignalError(bad);
    return out;
  });
}

/** The connectome of activation signals [N,P]: |Pearson correlation| in [0, 1] with a zero diagonal, [P,P]. */
export function connectome(signals: Tensor): Tensor {
  return connectomeOf(correlation(signals));
}

/** |rho| in [0, 1] with a zero diagonal. */
export function connectomeOf(rho: Tensor): Tensor {
  const [p] = rho.shape;
  const out = allocate([p, p]);
  kernels().connectome_f32(out.ptr, rho.ptr, p);
  return out;
}
