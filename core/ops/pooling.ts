// Pooling and upsampling of images [N,C,H,W].

import * as launch from "../../backend/launch/pool";
import { type Backward, record } from "../autograd";
import { checkOptions, checkShape } from "../check";
import { formatShape } from "../errors";
import { allocate, allocateLike, defineMethods, type Tensor } from "../tensor";
import { operand } from "./arithmetic";
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

function upsample(input: Tensor, scale: Pair): Tensor {
  const x = operand("upsample", input);
  checkImages("upsample", x);
  const [sh, sw] = pairOf("upsample", "scale", scale, 1);
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
  /** Repeats each pixel `scale` times (an integer, or [height, width]): nearest-neighbour upsampling. */
  upsample(scale: Pair): Tensor;
}

declare module "../tensor" {
  interface Tensor extends PoolingMethods {}
}

defineMethods<PoolingMethods>({ maxPool2d, avgPool2d, adaptiveAvgPool2d, upsample });
