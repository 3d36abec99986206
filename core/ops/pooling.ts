// Pooling and upsampling of images [N,C,H,W].

import { kernels } from "../../backend/wasm";
import { record } from "../autograd";
import { contiguous } from "../compute";
import { formatShape } from "../errors";
import { allocate, allocateLike, defineMethods, type Tensor } from "../tensor";
import { operand } from "./arithmetic";
import { countWindows, type Pair, pairOf, requireImages } from "./window";

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

/** Windows as the kernels take them, after the number of planes: h, w, kh, kw, sh, sw, ph, pw, oh, ow. */
type Windows = readonly [number, number, number, number, number, number, number, number, number, number];

function windowsOf(operation: string, x: Tensor, size: Pair, options: PoolingOptions): Windows {
  requireImages(operation, x);
  const [kh, kw] = pairOf(operation, "the window", size, 1);
  const [sh, sw] = pairOf(operation, "stride", options.stride ?? size, 1);
  const [ph, pw] = pairOf(operation, "padding", options.padding ?? 0, 0);
  if (2 * ph > kh || 2 * pw > kw) {
    throw new RangeError(`${operation}: padding [${ph},${pw}] is more than half the window [${kh},${kw}]`);
  }
  const [, , h, w] = x.extents;
  const oh = countWindows(operation, x.extents, h, [kh, sh, ph, 1]);
  const ow = countWindows(operation, x.extents, w, [kw, sw, pw, 1]);
  return [h, w, kh, kw, sh, sw, ph, pw, oh, ow];
}

export function maxPool2d(input: Tensor, size: Pair, options: PoolingOptions = {}): Tensor {
  const x = operand("maxPool2d", input);
  const windows = windowsOf("maxPool2d", x, size, options);
  const [n, c, h, w] = x.extents;
  const [oh, ow] = windows.slice(8);
  const out = allocate([n, c, oh, ow]);
  const indices = allocateLike(out, "int32");
  kernels().max_pool2d_forward_f32(out.ptr, indices.ptr, contiguous(x).ptr, n * c, ...windows);
  return record("maxPool2d", out, [x], [indices], (g, [chosen]) => {
    const gx = allocateLike(x);
    kernels().max_pool2d_backward_f32(gx.ptr, contiguous(g).ptr, chosen.ptr, n * c, h * w, oh * ow);
    return [gx];
  });
}

export function avgPool2d(input: Tensor, size: Pair, options: AveragePoolingOptions = {}): Tensor {
  const x = operand("avgPool2d", input);
  const windows = windowsOf("avgPool2d", x, size, options);
  const countPadding = Number(options.countIncludePad ?? true);
  const [n, c] = x.extents;
  const out = allocate([n, c, windows[8], windows[9]]);
  kernels().avg_pool2d_forward_f32(out.ptr, contiguous(x).ptr, n * c, ...windows, countPadding);
  return record("avgPool2d", out, [x], [], (g) => {
    const gx = allocateLike(x);
    kernels().avg_pool2d_backward_f32(gx.ptr, contiguous(g).ptr, n * c, ...windows, countPadding);
    return [gx];
  });
}

export function adaptiveAvgPool2d(input: Tensor, size: Pair): Tensor {
  const x = operand("adaptiveAvgPool2d", input);
  requireImages("adaptiveAvgPool2d", x);
  const [oh, ow] = pairOf("adaptiveAvgPool2d", "the output size", size, 1);
  const [n, c, h, w] = x.extents;
  if (h * w === 0) {
    throw new RangeError(`adaptiveAvgPool2d: nothing to average in shape ${formatShape(x.extents)}`);
  }
  const out = allocate([n, c, oh, ow]);
  kernels().adaptive_avg_pool2d_forward_f32(out.ptr, contiguous(x).ptr, n * c, h, w, oh, ow);
  return record("adaptiveAvgPool2d", out, [x], [], (g) => {
    const gx = allocateLike(x);
    kernels().adaptive_avg_pool2d_backward_f32(gx.ptr, contiguous(g).ptr, n * c, h, w, oh, ow);
    return [gx];
  });
}

export function upsample(input: Tensor, scale: Pair): Tensor {
  const x = operand("upsample", input);
  requireImages("upsample", x);
  const [sh, sw] = pairOf("upsample", "scale", scale, 1);
  const [n, c, h, w] = x.extents;
  const out = allocate([n, c, h * sh, w * sw]);
  kernels().upsample_nearest2d_forward_f32(out.ptr, contiguous(x).ptr, n * c, h, w, sh, sw);
  return record("upsample", out, [x], [], (g) => {
    const gx = allocateLike(x);
    kernels().upsample_nearest2d_backward_f32(gx.ptr, contiguous(g).ptr, n * c, h, w, sh, sw);
    return [gx];
  });
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
