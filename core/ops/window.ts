// What convolution and pooling share: options that are one number or two, and how many windows fit.

import { checkInteger, checkTensor, describe, MAX_INTEGER } from "../check";
import { formatShape } from "../errors";
import type { Shape } from "../shape";
import type { Tensor } from "../tensor";

/** One number for both image axes, or [height, width]. */
export type Pair = number | readonly [number, number];

/** The option as [height, width]; every number must be an integer of at least `least`. */
export function pairOf(operation: string, option: string, value: Pair, least: number): [number, number] {
  const pair: unknown = typeof value === "number" ? [value, value] : value;
  const fits = (n: unknown) => Number.isInteger(n) && (n as number) >= least && (n as number) <= MAX_INTEGER;
  if (!Array.isArray(pair) || pair.length !== 2 || !pair.every(fits)) {
    throw new RangeError(
      `${operation}: ${option} must be an integer of at least ${least}, or two of them, got ${describe(value)}` +
        ((Array.isArray(pair) ? pair : []).some((n) => typeof n === "number" && n > MAX_INTEGER)
          ? `; the largest is ${MAX_INTEGER}`
          : ""),
    );
  }
  return [pair[0], pair[1]];
}

/**
 * How many windows of `taps` elements, `dilation` apart, fit on an axis of `extent`, padded on both sides; with `ceil` also
 * one that reaches beyond, if it does not start there.
 */
export function countWindows(
  operation: string,
  shape: Shape,
  extent: number,
  [taps, stride, padding, dilation]: readonly [number, number, number, number],
  ceil = false,
): number {
  const span = (taps - 1) * dilation + 1;
  const padded = extent + 2 * padding;
  checkInteger(operation, "the padded extent", padded);
  if (padded < span) {
    throw new RangeError(
      `${operation}: a window of ${span} does not fit input ${formatShape(shape)}, whose axis of ${extent} ` +
        `is padded by ${padding}`,
    );
  }
  const room = (padded - span) / stride;
  if (!ceil) return Math.floor(room) + 1;
  const steps = Math.min(Math.ceil(room), Math.ceil((extent + padding) / stride) - 1);
  checkInteger(operation, "the end of the last window", steps * stride + span);
  return steps + 1;
}

/** Throws unless x is a batch of images [N,C,H,W]. */
export function checkImages(operation: string, x: Tensor): void {
  checkTensor(operation, x);
  if (x.ndim !== 4) throw new RangeError(`${operation}: expected [N,C,H,W], got ${formatShape(x.extents)}`);
}
