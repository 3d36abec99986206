// The operations as methods of Tensor: the public face of core/ops/. Shapes below are examples; binary operations
// broadcast; `axis` may be negative; int32 operands are converted to float32 before arithmetic.

import { backward } from "./autograd";
import { assertAlive } from "./memory";
import type { Operand } from "./ops/arithmetic";
import * as arithmetic from "./ops/arithmetic";
import type {
  Convolution1dOptions,
  ConvolutionOptions,
  TransposedConvolutionOptions,
} from "./ops/convolution";
import * as convolution from "./ops/convolution";
import * as elementwise from "./ops/elementwise";
import * as indexing from "./ops/indexing";
import * as layout from "./ops/layout";
import * as linear from "./ops/matmul";
import type { AveragePoolingOptions, PoolingOptions } from "./ops/pooling";
import * as pooling from "./ops/pooling";
import type { Axes, ReduceOptions } from "./ops/reduce";
import * as reduce from "./ops/reduce";
import type { Pair } from "./ops/window";
import type { Shape } from "./shape";
import { type DType, Tensor } from "./tensor";

declare module "./tensor" {
  interface Tensor {
    /** The transpose of a matrix, as a view; all axes reversed for more. */
    readonly T: Tensor;

    /**
     * Computes the gradient of this tensor by every leaf it depends on and adds it to their `grad`.
     * @param gradient d(objective)/d(this), of the same shape. Default: 1, for a tensor of one element.
     * @param options.retainGraph keep what backward needs, so that it can run again. Default false.
     */
    backward(gradient?: Tensor, options?: { retainGraph?: boolean }): void;

    /** a + b. */
    add(b: Operand): Tensor;
    /** a - b. */
    sub(b: Operand): Tensor;
    /** a * b, element by element. */
    mul(b: Operand): Tensor;
    /** a / b; division by 0 gives Infinity or NaN as IEEE says. */
    div(b: Operand): Tensor;
    /** The larger of both; equal elements share the gradient; NaN wins. */
    maximum(b: Operand): Tensor;
    /** The smaller of both; equal elements share the gradient; NaN wins. */
    minimum(b: Operand): Tensor;
    /** 1 where a = b, else 0, float32; no gradient. So for ne, gt, ge, lt, le. */
    eq(b: Operand): Tensor;
    ne(b: Operand): Tensor;
    gt(b: Operand): Tensor;
    ge(b: Operand): Tensor;
    lt(b: Operand): Tensor;
    le(b: Operand): Tensor;

    /** a^exponent for a number; NaN for negative a and a fractional exponent. */
    pow(exponent: number): Tensor;
    neg(): Tensor;
    /** |a|; the gradient at 0 is 0. */
    abs(): Tensor;
    /** -1, 0 or 1; the gradient is 0. */
    sign(): Tensor;
    square(): Tensor;
    sqrt(): Tensor;
    /** 1 / sqrt(a). */
    rsqrt(): Tensor;
    /** e^a, within 2 ulp. */
    exp(): Tensor;
    /** Natural logarithm, within 2 ulp. */
    log(): Tensor;
    /** log(1 + a), accurate near 0. */
    log1p(): Tensor;
    sin(): Tensor;
    cos(): Tensor;
    tanh(): Tensor;
    /** 1 / (1 + e^-a). */
    sigmoid(): Tensor;
    /** The error function. */
    erf(): Tensor;
    floor(): Tensor;
    ceil(): Tensor;
    /** To the nearest integer, halves to even. */
    round(): Tensor;
    /** 1 / a. */
    reciprocal(): Tensor;
    /** Clips to [min, max]; the gradient is 1 inside and on the bounds. */
    clamp(min: number, max: number): Tensor;

    /** max(a, 0); the gradient at 0 is 0. */
    relu(): Tensor;
    /** a where positive, else slope * a. Default slope 0.01. */
    leakyRelu(slope?: number): Tensor;
    /** a where positive, else alpha (e^a - 1). Default alpha 1. */
    elu(alpha?: number): Tensor;
    /** a Phi(a), exact through erf (Hendrycks and Gimpel 2016). */
    gelu(): Tensor;
    /** a sigmoid(a). */
    silu(): Tensor;
    /** log(1 + e^a); a itself above 20. */
    softplus(): Tensor;

    /** Sum over the axes (all by default). */
    sum(axis?: Axes, options?: ReduceOptions): Tensor;
    /** Mean over the axes (all by default). */
    mean(axis?: Axes, options?: ReduceOptions): Tensor;
    /** Variance, divided by n - correction. Default correction 1 (unbiased). */
    var(axis?: Axes, options?: ReduceOptions & { correction?: number }): Tensor;
    /** Square root of the variance. */
    std(axis?: Axes, options?: ReduceOptions & { correction?: number }): Tensor;
    /** Largest values; equal ones share the gradient; NaN wins. */
    max(axis?: Axes, options?: ReduceOptions): Tensor;
    /** Smallest values; equal ones share the gradient; NaN wins. */
    min(axis?: Axes, options?: ReduceOptions): Tensor;
    /** int32 position of the first largest element along an axis, or in the flattened tensor. */
    argmax(axis?: number, options?: ReduceOptions): Tensor;
    /** int32 position of the first smallest element along an axis, or in the flattened tensor. */
    argmin(axis?: number, options?: ReduceOptions): Tensor;
    /** Product over the axes (all by default). */
    prod(axis?: Axes, options?: ReduceOptions): Tensor;
    /** Euclidean norm over the axes (all by default); the gradient at 0 is 0. */
    norm(axis?: Axes, options?: ReduceOptions): Tensor;
    /** Running sums along an axis. */
    cumsum(axis: number): Tensor;
    /** e^a / sum(e^a) along an axis, safe for large elements. */
    softmax(axis: number): Tensor;
    /** log(softmax), without its loss of accuracy. */
    logSoftmax(axis: number): Tensor;
    /** log(sum(e^a)) over the axes (all by default), safe for large elements. */
    logSumExp(axis?: Axes, options?: ReduceOptions): Tensor;

    /**
     * Matrix product, [m,k] x [k,n] -> [m,n]. Leading axes are a batch and broadcast; a vector on the left is a row,
     * on the right a column, and its axis is dropped.
     */
    matmul(b: Tensor): Tensor;

    /** The same elements in another shape; one extent may be -1. A view of contiguous tensors, else a copy. */
    reshape(shape: Shape): Tensor;
    /** reshape([-1]). */
    flatten(): Tensor;
    /** Drops the axis if its extent is 1, or all such axes. A view. */
    squeeze(axis?: number): Tensor;
    /** A new axis of extent 1. A view. */
    unsqueeze(axis: number): Tensor;
    /** Swaps two axes. A view. */
    transpose(a: number, b: number): Tensor;
    /** Axes in another order. A view. */
    permute(axes: readonly number[]): Tensor;
    /** Repeats axes of extent 1 without copying; -1 leaves an extent. A view. */
    expand(shape: Shape): Tensor;
    /** Elements start, start + step, ... before `end` (default: to the end) along an axis. A view. */
    slice(axis: number, start: number, end?: number, step?: number): Tensor;
    /** Elements at int32 indices [n] along an axis. A copy. */
    indexSelect(axis: number, indices: Tensor): Tensor;
    /** out[i][j] = a[i][indices[i][j]] for axis 1; int32 indices of as many axes as a. A copy. */
    gather(axis: number, indices: Tensor): Tensor;
    /** Zeros (or `value`) around: [before, after] for each axis from the first. A copy. */
    pad(widths: readonly (readonly [number, number])[], value?: number): Tensor;
    /** Reverses an axis. A copy. */
    flip(axis: number): Tensor;
    /** Tiles counts[d] times along each axis. A copy. */
    repeat(counts: readonly number[]): Tensor;
    /** Pieces of at most `size` elements along an axis (default 0). Views. */
    split(size: number, axis?: number): Tensor[];

    /**
     * Cross-correlation of images [N,Cin,H,W] with a weight [Cout,Cin/groups,kh,kw], plus a bias [Cout]: a new
     * [N,Cout,H',W'], H' = floor((H + 2 padding - dilation (kh - 1) - 1) / stride) + 1. 3x3 kernels with stride 1 and
     * at least 8 channels run as Winograd's F(2x2, 3x3), where Infinity may turn into NaN in its neighbours too.
     */
    conv2d(weight: Tensor, bias?: Tensor | null, options?: ConvolutionOptions): Tensor;
    /** conv2d for signals [N,Cin,L] and a weight [Cout,Cin/groups,k]. */
    conv1d(weight: Tensor, bias?: Tensor | null, options?: Convolution1dOptions): Tensor;
    /**
     * The transpose (gradient) of conv2d: images [N,Cin,H,W], weight [Cin,Cout/groups,kh,kw] and bias [Cout] give
     * [N,Cout,H',W'], H' = (H - 1) stride - 2 padding + dilation (kh - 1) + outputPadding + 1.
     */
    convTranspose2d(weight: Tensor, bias?: Tensor | null, options?: TransposedConvolutionOptions): Tensor;
    /** Largest element of each window of images [N,C,H,W]; the first of equal ones has the gradient; NaN wins. */
    maxPool2d(size: Pair, options?: PoolingOptions): Tensor;
    /** Mean of each window of images [N,C,H,W]. */
    avgPool2d(size: Pair, options?: AveragePoolingOptions): Tensor;
    /** Means over as many windows as `size` says, as even as may be, of images [N,C,H,W]: a new [N,C,...size]. */
    adaptiveAvgPool2d(size: Pair): Tensor;
    /** Repeats each pixel `scale` times (an integer, or [height, width]): nearest-neighbour upsampling. */
    upsample(scale: Pair): Tensor;

    /** The same data outside the graph. A view. */
    detach(): Tensor;
    /** A copy in the graph. */
    clone(): Tensor;
    /** A copy as another dtype; float32 to int32 truncates and leaves the graph. */
    astype(dtype: DType): Tensor;
    /** Overwrites the elements in place, outside the graph, with a tensor of the same shape or a number. */
    assign(values: Tensor | number): this;
  }
}

type Operation = (x: Tensor, ...rest: never[]) => unknown;

const { add, sub, mul, div, maximum, minimum, eq, ne, gt, ge, lt, le } = arithmetic;
const { sum, mean, variance, std, max, min, argmax, argmin, prod, norm } = reduce;
const { cumsum, softmax, logSoftmax, logSumExp } = reduce;
const { reshape, flatten, squeeze, unsqueeze, transpose, permute, expand, slice, pad, flip, repeat } = layout;
const { split, detach, assign } = layout;
const { conv1d, conv2d, convTranspose2d } = convolution;

const methods: Record<string, Operation> = {
  ...{ add, sub, mul, div, maximum, minimum, eq, ne, gt, ge, lt, le },
  ...elementwise,
  ...{ sum, mean, var: variance, std, max, min, argmax, argmin, prod, norm },
  ...{ cumsum, softmax, logSoftmax, logSumExp },
  matmul: linear.matmul,
  ...{ reshape, flatten, squeeze, unsqueeze, transpose, permute, expand, slice, pad, flip, repeat },
  ...{ split, detach, assign },
  indexSelect: indexing.indexSelect,
  gather: indexing.gather,
  ...{ conv1d, conv2d, convTranspose2d },
  ...pooling,
};

for (const [name, operation] of Object.entries(methods)) {
  Object.defineProperty(Tensor.prototype, name, {
    value(this: Tensor, ...rest: never[]) {
      return operation(this, ...rest);
    },
    writable: true,
    configurable: true,
  });
}

Object.defineProperties(Tensor.prototype, {
  T: {
    get(this: Tensor) {
      return permute(
        this,
        this.shape.map((_, d) => this.ndim - 1 - d),
      );
    },
  },
  backward: {
    value(this: Tensor, gradient?: Tensor, options: { retainGraph?: boolean } = {}) {
      assertAlive(this, "backward");
      backward(this, gradient, options.retainGraph ?? false);
    },
  },
});
