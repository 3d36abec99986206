// Pooling and upsampling of images [N,C,H,W].

import * as launch from "../../backend/launch/pool";
import { type Backward, record } from "../autograd";
import { checkBoolean, checkChoice, checkInteger, checkOptions, checkShape } from "../check";
import { tensor } from "../creation";
import { formatShape } from "../errors";
import { allocate, allocateLike, defineMethods, type Tensor } from "../tensor";
import { operand } from "./arithmetic";
import { squeeze, transpose, unsqueeze } from "./layout";
import { matmul } from "./matmul";
import type { Ordered } from "./order";
import { checkImages, countWindows, type Pair, pairOf } from "./window";

/** What all windows have; `Size` is that of one, or of both axes. */
interface WindowOptions<Size> {
  /** Distance between windows. Default: their size. */
  stride?: Size;
  /** Added on each side, at most half a window. Default 0. */
  padding?: Size;
  /** Also a last window that reaches beyond the padding, unless it would start there. Default false. */
  ceilMode?: boolean;
}

interface MaxWindowOptions<Size> extends WindowOptions<Size> {
  /** Distance between the elements of a window. Default 1. */
  dilation?: Size;
}

interface AverageWindowOptions<Size> extends WindowOptions<Size> {
  /** Let the padding count as zeros; else means are taken over what lies inside. Default true. */
  countIncludePad?: boolean;
}

/** Options of {@link Tensor.maxPool2d}. */
export interface PoolingOptions extends MaxWindowOptions<Pair> {}
/** Options of {@link Tensor.avgPool2d}. */
export interface AveragePoolingOptions extends AverageWindowOptions<Pair> {}
/** Options of {@link Tensor.maxPool1d}. */
export interface SignalPoolingOptions extends MaxWindowOptions<number> {}
/** Options of {@link Tensor.avgPool1d}. */
export interface AverageSignalPoolingOptions extends AverageWindowOptions<number> {}

/** What an operation of windows, or a layer of them, may be told. */
export const MAX_POOLING = ["stride", "padding", "dilation", "ceilMode"];
export const AVERAGE_POOLING = ["stride", "padding", "ceilMode", "countIncludePad"];

/** Options of {@link Tensor.upsample}. */
export interface UpsampleOptions {
  /** Repeat pixels, or interpolate between them along both axes. Default "nearest". */
  mode?: "nearest" | "bilinear";
  /** Bilinear: corner pixels stay corners; else pixels are areas, as in PyTorch. Default false. */
  alignCorners?: boolean;
}

function windowsOf(
  operation: string,
  x: Tensor,
  size: Pair,
  options: PoolingOptions & AveragePoolingOptions,
  known: readonly string[],
): launch.WindowSizes {
  checkImages(operation, x);
  checkOptions(operation, options, known);
  const { ceilMode = false } = options;
  checkBoolean(operation, "ceilMode", ceilMode);
  const kernel = pairOf(operation, "the window", size, 1);
  const stride = pairOf(operation, "stride", options.stride ?? size, 1);
  const padding = pairOf(operation, "padding", options.padding ?? 0, 0);
  const dilation = pairOf(operation, "dilation", options.dilation ?? 1, 1);
  const spans = kernel.map((taps, d) => (taps - 1) * dilation[d] + 1);
  if (spans.some((span, d) => 2 * padding[d] > span)) {
    throw new RangeError(
      `${operation}: padding [${padding.join(",")}] is more than half the window [${spans.join(",")}]`,
    );
  }
  const [n, c, ...extents] = x.extents;
  const [outHeight, outWidth] = extents.map((extent, d) => {
    const window = [kernel[d], stride[d], padding[d], dilation[d]] as const;
    return countWindows(operation, x.extents, extent, window, ceilMode);
  });
  return {
    planes: n * c,
    height: extents[0],
    width: extents[1],
    kernelHeight: kernel[0],
    kernelWidth: kernel[1],
    strideHeight: stride[0],
    strideWidth: stride[1],
    paddingHeight: padding[0],
    paddingWidth: padding[1],
    dilationHeight: dilation[0],
    dilationWidth: dilation[1],
    outHeight,
    outWidth,
  };
}

const maxPoolRule: Backward = (g, [indices], { shapes: [shape] }) => {
  const gx = allocate(shape);
  launch.maxPoolGradient(gx, g, indices);
  return [gx];
};

/** Throws where a window that starts in the padding steps over the whole axis: there is no largest element. */
function checkWindowsMeet(x: Tensor, w: launch.WindowSizes): void {
  for (const [extent, stride, padding, dilation] of [
    [w.height, w.strideHeight, w.paddingHeight, w.dilationHeight],
    [w.width, w.strideWidth, w.paddingWidth, w.dilationWidth],
  ]) {
    if (dilation <= extent || extent === 0) continue;
    for (let start = -padding; start < 0; start += stride) {
      if (start + Math.ceil(-start / dilation) * dilation < extent) continue;
      throw new RangeError(
        `maxPool2d: a window whose elements are ${dilation} apart sees nothing but padding on an axis of ${extent} ` +
          `of ${formatShape(x.extents)}`,
      );
    }
  }
}

function maxPool2dWithIndices(input: Tensor, size: Pair, options: PoolingOptions = {}): Ordered {
  const x = operand("maxPool2d", input);
  const windows = windowsOf("maxPool2d", x, size, options, MAX_POOLING);
  const [n, c] = x.extents;
  const out = allocate([n, c, windows.outHeight, windows.outWidth]);
  checkWindowsMeet(x, windows);
  const indices = allocateLike(out, "int32");
  launch.maxPool(out, indices, x, windows);
  return { values: record("maxPool2d", out, [x], [indices], maxPoolRule, windows), indices };
}

const maxPool2d = (x: Tensor, size: Pair, options?: PoolingOptions) =>
  maxPool2dWithIndices(x, size, options).values;

function averagePoolRule(windows: launch.WindowSizes, countIncludePad: boolean): Backward {
  return (g, _, { shapes: [shape] }) => {
    const gx = allocate(shape);
    launch.averagePoolGradient(gx, g, windows, countIncludePad);
    return [gx];
  };
}

function avgPool2d(input: Tensor, size: Pair, options: AveragePoolingOptions = {}): Tensor {
  const x = operand("avgPool2d", input);
  const windows = windowsOf("avgPool2d", x, size, options, AVERAGE_POOLING);
  const { countIncludePad = true } = options;
  const [n, c] = x.extents;
  const out = allocate([n, c, windows.outHeight, windows.outWidth]);
  launch.averagePool(out, x, windows, countIncludePad);
  return record("avgPool2d", out, [x], [], averagePoolRule(windows, countIncludePad), {
    ...windows,
    countIncludePad,
  });
}

const adaptiveRule: Backward = (g, _, { shapes: [shape] }) => {
  const gx = allocate(shape);
  launch.adaptiveAveragePoolGradient(gx, g);
  return [gx];
};

function adaptiveAvgPool2d(input: Tensor, size: Pair): Tensor {
  const x = operand("adaptiveAvgPool2d", input);
  checkImages("adaptiveAvgPool2d", x);
  const [oh, ow] = pairOf("adaptiveAvgPool2d", "the output size", size, 1);
  const [n, c, h, w] = x.extents;
  if (h * w === 0) {
    throw new RangeError(`adaptiveAvgPool2d: nothing to average in shape ${formatShape(x.extents)}`);
  }
  const out = allocate([n, c, oh, ow]);
  launch.adaptiveAveragePool(out, x);
  return record("adaptiveAvgPool2d", out, [x], [], adaptiveRule);
}

const upsampleRule: Backward = (g, _, { shapes: [shape] }) => {
  const gx = allocate(shape);
  launch.upsampleNearestGradient(gx, g);
  return [gx];
};

/** A signal [N,C,L] as an image of one row. */
function asRow(operation: string, input: Tensor): Tensor {
  const x = operand(operation, input);
  if (x.ndim !== 3) throw new RangeError(`${operation}: expected [N,C,L], got ${formatShape(x.extents)}`);
  return unsqueeze(x, 2);
}

/** Options of a row from those of a signal: nothing happens along the other axis. */
function rowOptions(
  operation: string,
  size: number,
  options: SignalPoolingOptions & AverageSignalPoolingOptions,
  known: readonly string[],
) {
  checkOptions(operation, options, known);
  checkInteger(operation, "the window", size, { atLeast: 1 });
  const { stride = size, padding = 0, dilation = 1, ...others } = options;
  checkInteger(operation, "stride", stride, { atLeast: 1 });
  checkInteger(operation, "padding", padding, { atLeast: 0 });
  checkInteger(operation, "dilation", dilation, { atLeast: 1 });
  const row = { ...others, stride: [1, stride] as const, padding: [0, padding] as const };
  return { row, dilation: [1, dilation] as const };
}

function maxPool1d(input: Tensor, size: number, options: SignalPoolingOptions = {}): Tensor {
  const x = asRow("maxPool1d", input);
  const { row, dilation } = rowOptions("maxPool1d", size, options, MAX_POOLING);
  return squeeze(maxPool2d(x, [1, size], { ...row, dilation }), 2);
}

function avgPool1d(input: Tensor, size: number, options: AverageSignalPoolingOptions = {}): Tensor {
  const x = asRow("avgPool1d", input);
  return squeeze(avgPool2d(x, [1, size], rowOptions("avgPool1d", size, options, AVERAGE_POOLING).row), 2);
}

function adaptiveAvgPool1d(input: Tensor, size: number): Tensor {
  checkInteger("adaptiveAvgPool1d", "the output size", size, { atLeast: 1 });
  return squeeze(adaptiveAvgPool2d(asRow("adaptiveAvgPool1d", input), [1, size]), 2);
}

/** [to, from]: how much of each element goes into each of the interpolated ones. */
function interpolation(from: number, to: number, alignCorners: boolean): Tensor {
  const weights = new Float32Array(from * to);
  for (let i = 0; i < to; i++) {
    const at = alignCorners
      ? (i * (from - 1)) / Math.max(to - 1, 1)
      : Math.max(((i + 0.5) * from) / to - 0.5, 0);
    const below = Math.min(Math.floor(at), from - 1);
    const above = Math.min(below + 1, from - 1);
    weights[i * from + below] += 1 - (at - below);
    weights[i * from + above] += at - below;
  }
  return tensor(weights, { shape: [to, from] });
}

/** The options, checked, with their defaults. */
export function checkUpsampling(operation: string, options: UpsampleOptions): Required<UpsampleOptions> {
  checkOptions(operation, options, ["mode", "alignCorners"]);
  const { mode = "nearest", alignCorners = false } = options;
  checkChoice(operation, "mode", mode, ["nearest", "bilinear"]);
  checkBoolean(operation, "alignCorners", alignCorners);
  return { mode, alignCorners };
}

function upsample(input: Tensor, scale: Pair, options: UpsampleOptions = {}): Tensor {
  const x = operand("upsample", input);
  checkImages("upsample", x);
  const [sh, sw] = pairOf("upsample", "scale", scale, 1);
  const { mode, alignCorners } = checkUpsampling("upsample", options);
  if (mode === "bilinear") {
    const [, , height, width] = x.extents;
    const rows = interpolation(height, checkShape("upsample", [height * sh])[0], alignCorners);
    const columns = interpolation(width, checkShape("upsample", [width * sw])[0], alignCorners);
    return matmul(rows, matmul(x, transpose(columns, 0, 1)));
  }
  const [n, c, h, w] = x.extents;
  const out = allocate(checkShape("upsample", [n, c, h * sh, w * sw]));
  launch.upsampleNearest(out, x);
  return record("upsample", out, [x], [], upsampleRule);
}

export interface PoolingMethods {
  /** Largest element of each window of images [N,C,H,W]; the first of equal ones has the gradient; NaN wins. */
  maxPool2d(size: Pair, options?: PoolingOptions): Tensor;
  /** maxPool2d, and where in its plane, y W + x, each maximum stands (int32). */
  maxPool2dWithIndices(size: Pair, options?: PoolingOptions): Ordered;
  /** Mean of each window of images [N,C,H,W]. */
  avgPool2d(size: Pair, options?: AveragePoolingOptions): Tensor;
  /** Means over as many windows as `size` says, as even as may be, of images [N,C,H,W]: a new [N,C,...size]. */
  adaptiveAvgPool2d(size: Pair): Tensor;
  /** maxPool2d for signals [N,C,L]. */
  maxPool1d(size: number, options?: SignalPoolingOptions): Tensor;
  /** avgPool2d for signals [N,C,L]. */
  avgPool1d(size: number, options?: AverageSignalPoolingOptions): Tensor;
  /** adaptiveAvgPool2d for signals [N,C,L]: [N,C,size]. */
  adaptiveAvgPool1d(size: number): Tensor;
  /** Enlarges images `scale` times (an integer, or [height, width]), by repeating pixels or between them. */
  upsample(scale: Pair, options?: UpsampleOptions): Tensor;
}

declare module "../tensor" {
  interface Tensor extends PoolingMethods {}
}

defineMethods<PoolingMethods>({
  ...{
    maxPool2d,
    maxPool2dWithIndices,
    avgPool2d,
    adaptiveAvgPool2d,
    maxPool1d,
    avgPool1d,
    adaptiveAvgPool1d,
    upsample,
  },
});
