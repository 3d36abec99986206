// What convolution and pooling share: options that are one number or two, and how many windows fit.

import { checkTensor } from "../check";
import { formatShape } from "../errors";
import type { Shape } from "../shape";
import type { Tensor } from "../tensor";

/** One number for both image axes, or [height, width]. */
export type Pair = number | readonly [number, number];

/** The option as [height, width]; every number must be an integer of at least `least`. */
export function pairOf(operation: string, option: string, value: Pair, least: number): [number, number] {
  const pair: readonly number[] = typeof value === "number" ? [value, value] : value;
  if (!Array.isArray(pair) || pair.length !== 2 || !pair.every((n) => Number.isInteger(n) && n >= least)) {
    throw new RangeError(
      `${operation}: ${option} must be an integer of at least ${least}, or two of them, got ${JSON.stringify(value)}`,
    );
  }
  return [pair[0], pair[1]];
}

/** How many windows of `taps` elements, `dilation` apart, fit on an axis of `extent`, padded on both sides. */
export function countWindows(
  operation: string,
  shape: Shape,
  extent: number,
  [taps, stride, padding, dilation]: readonly [number, number, number, number],
): number {
  const span = (taps - 1) * dilation + 1;
  const room = extent + 2 * padding - span;
  if (room < 0) {
    throw new RangeError(
      `${operation}: a window of ${span} does not fit input ${formatShape(shape)}, whose axis of ${extent} ` +
        `is padded by ${padding}`,
    );
  }
  return Math.floor(room / stride) + 1;
}

/** Throws unless x is a batch of images [N,C,H,W]. */
export function requireImages(operation: string, x: Tensor): void {
  checkTensor(operation, x);
  if (x.ndim !== 4) throw new RangeError(`${operation}: expected [N,C,H,W], got ${formatShape(x.extents)}`);
}
