// Shapes of operands.

import type { Shape } from "../backend/shape";
import { formatShape } from "./errors";

export {
  broadcastStrides,
  contiguousStrides,
  isContiguous,
  type Shape,
  sameShape,
  sizeOf,
} from "../backend/shape";

/** The shape two operands broadcast to, aligned at the last axis. */
export function broadcastShapes(operation: string, a: Shape, b: Shape): number[] {
  const ndim = Math.max(a.length, b.length);
  const out = new Array<number>(ndim);
  for (let d = 0; d < ndim; d++) {
    const x = a[d - ndim + a.length] ?? 1;
    const y = b[d - ndim + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1) {
      throw new RangeError(
        `${operation}: shapes do not broadcast: ${formatShape(a)} and ${formatShape(b)} (sizes ${x} and ${y})`,
      );
    }
    out[d] = x === 1 ? y : x;
  }
  return out;
}
