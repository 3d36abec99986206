// The functional connectome: correlations between activation signals.

import * as launch from "../backend/launch/topology";
import { formatShape, NonFiniteError } from "../core/errors";
import { scope, type Tensor } from "../core/index";
import { allocate } from "../core/tensor";
import { withFloat32 } from "./operands";

/**
 * Pearson correlation of the columns of A: [N,P] -> [P,P]. Statistics are accumulated in float64. A constant column
 * has correlation 0 with every column, itself included. Throws a NonFiniteError that names the column of a NaN or
 * infinite value. Time O(N P^2), memory O(N P + P^2).
 */
export function correlation(signals: Tensor): Tensor {
  return correlationOf("correlation", signals);
}

function correlationOf(operation: string, signals: Tensor): Tensor {
  return withFloat32(operation, signals, (numbers) => {
    const [n, p] = numbers.shape;
    if (numbers.ndim !== 2 || n < 2) {
      throw new RangeError(
        `${operation}: expected [N,P] with N of at least 2, got ${formatShape(numbers.shape)}`,
      );
    }
    const out = allocate([p, p]);
    requireFinite(operation, launch.correlation(out, numbers));
    return out;
  });
}

/** A signal holds NaN or Infinity; `column` says which. */
export class NonFiniteSignalError extends NonFiniteError {
  constructor(
    operation: string,
    readonly column: number,
  ) {
    super(`${operation}: column ${column} holds NaN or Infinity`);
  }
}

function requireFinite(operation: string, badColumn: number): void {
  if (badColumn >= 0) throw new NonFiniteSignalError(operation, badColumn);
}

/**
 * correlation() of samples that come in batches: `batch(i)` gives [n,P] for i = 0, 1, ... below `count`. What a batch
 * makes is freed before the next. Memory O(P^2).
 */
export function batchedCorrelation(count: number, batch: (i: number) => Tensor): Tensor {
  const first = scope(() => batch(0));
  const sums = new launch.CorrelationSums(first.shape[1]);
  const add = (signals: Tensor) => withFloat32("correlation", signals, (numbers) => sums.add(numbers));
  try {
    add(first);
    for (let i = 1; i < count; i++) scope(() => add(batch(i)));
    const out = allocate([first.shape[1], first.shape[1]]);
    requireFinite("correlation", sums.finish(out));
    return out;
  } finally {
    sums.release();
  }
}

/** The connectome of activation signals [N,P]: |Pearson correlation| in [0, 1] with a zero diagonal, [P,P]. */
export function connectome(signals: Tensor): Tensor {
  return scope(() => connectomeOf(correlationOf("connectome", signals)));
}

/** |rho| in [0, 1] with a zero diagonal. */
export function connectomeOf(rho: Tensor): Tensor {
  const [p] = rho.shape;
  const out = allocate([p, p]);
  launch.connectome(out, rho);
  return out;
}
