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
import { checkImages, countWindows, type Pair, pairOf } from "./window";

/** Options of {@link Tensor.maxPool2d}. */
export interface PoolingOptions {
  /** Distance between windows. Default: their size. */
  stride?: Pair;
  /** Added on each side, at most half a window. Default 0. */
  padding?: Pair;
}

/** Options of {@link Tensor.avgPool2d}. */
export interface AveragePoolingOptions extends PoolingOptions {
  /** Let the padding count as zeros; else means are taken over what lies inside. Default true. */
  countIncludePad?: boolean;
}

/** Options of {@link Tensor.maxPool1d}. */
export interface SignalPoolingOptions {
  /** Distance between windows. Default: their size. */
  stride?: number;
  /** Added on both sides, at most half a window. Default 0. */
  padding?: number;
}

/** Options of {@link Tensor.avgPool1d}. */
export interface AverageSignalPoolingOptions extends SignalPoolingOptions {
  /** As in {@link AveragePoolingOptions}. */
  countIncludePad?: boolean;
}

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
  options: PoolingOptions,
  known: readonly string[],
): launch.WindowSizes {
  checkImages(operation, x);
  checkOptions(operation, options, known);
  const [kernelHeight, kernelWidth] = pairOf(operation, "the window", size, 1);
  const [strideHeight, strideWidth] = pairOf(operation, "stride", options.stride ?? size, 1);
  const [paddingHeight, paddingWidth] = pairOf(operation, "padding", options.padding ?? 0, 0);
  if (2 * paddingHeight > kernelHeight || 2 * paddingWidth > kernelWidth) {
    throw new RangeError(
      `${operation}: padding [${paddingHeight},${paddingWidth}] is more than half the window ` +
        `[${kernelHeight},${kernelWidth}]`,
    );
  }
  const [n, c, height, width] = x.extents;
  return {
    planes: n * c,
    height,
    width,
    kernelHeight,
    kernelWidth,
    strideHeight,
    strideWidth,
    paddingHeight,
    paddingWidth,
    outHeight: countWindows(operation, x.extents, height, [kernelHeight, strideHeight, paddingHeight, 1]),
    outWidth: countWindows(operation, x.extents, width, [kernelWidth, strideWidth, paddingWidth, 1]),
  };
}

const maxPoolRule: Backward = (g, [indices], { shapes: [shape] }) => {
  const gx = allocate(shape);
  launch.maxPoolGradient(gx, g, indices);
  return [gx];
};

function maxPool2d(input: Tensor, size: Pair, options: PoolingOptions = {}): Tensor {
  const x = operand("maxPool2d", input);
  const windows = windowsOf("maxPool2d", x, size, options, ["stride", "padding"]);
  const [n, c] = x.extents;
  const out = allocate([n, c, windows.outHeight, windows.outWidth]);
  const indices = allocateLike(out, "int32");
  launch.maxPool(out, indices, x, windows);
  return record("maxPool2d", out, [x], [indices], maxPoolRule);
}

function averagePoolRule(windows: launch.WindowSizes, countIncludePad: boolean): Backward {
  return (g, _, { shapes: [shape] }) => {
    const gx = allocate(shape);
    launch.averagePoolGradient(gx, g, windows, countIncludePad);
    return [gx];
  };
}

function avgPool2d(input: Tensor, size: Pair, options: AveragePoolingOptions = {}): Tensor {
  const x = operand("avgPool2d", input);
  const windows = windowsOf("avgPool2d", x, size, options, ["stride", "padding", "countIncludePad"]);
  const { countIncludePad = true } = options;
  const [n, c] = x.extents;
  const out = allocate([n, c, windows.outHeight, windows.outWidth]);
  launch.averagePool(out, x, windows, countIncludePad);
  return record("avgPool2d", out, [x], [], averagePoolRule(windows, countIncludePad));
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
function rowOptions<O extends { stride?: number; padding?: number }>(
  operation: string,
  size: number,
  options: O,
  known: readonly string[],
) {
  checkOptions(operation, options, known);
  checkInteger(operation, "the window", size, { atLeast: 1 });
  const { stride = size, padding = 0 } = options;
  checkInteger(operation, "stride", stride, { atLeast: 1 });
  checkInteger(operation, "padding", padding, { atLeast: 0 });
  return { ...options, stride: [1, stride] as const, padding: [0, padding] as const };
}

function maxPool1d(input: Tensor, size: number, options: SignalPoolingOptions = {}): Tensor {
  const x = asRow("maxPool1d", input);
  return squeeze(maxPool2d(x, [1, size], rowOptions("maxPool1d", size, options, ["stride", "padding"])), 2);
}

function avgPool1d(input: Tensor, size: number, options: AverageSignalPoolingOptions = {}): Tensor {
  const x = asRow("avgPool1d", input);
  const known = ["stride", "padding", "countIncludePad"];
  return squeeze(avgPool2d(x, [1, size], rowOptions("avgPool1d", size, options, known)), 2);
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

function upsample(input: Tensor, scale: Pair, options: UpsampleOptions = {}): Tensor {
  const x = operand("upsample", input);
  checkImages("upsample", x);
  const [sh, sw] = pairOf("upsample", "scale", scale, 1);
  checkOptions("upsample", options, ["mode", "alignCorners"]);
  const { mode = "nearest", alignCorners = false } = options;
  checkChoice("upsample", "mode", mode, ["nearest", "bilinear"]);
  checkBoolean("upsample", "alignCorners", alignCorners);
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
  ...{ maxPool2d, avgPool2d, adaptiveAvgPool2d, maxPool1d, avgPool1d, adaptiveAvgPool1d, upsample },
});
