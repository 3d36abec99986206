// The public face of the core.

import "./ops/index";
import { withoutGradients } from "./autograd";
import { checkFunction } from "./check";
import { isThenable, runInScope } from "./memory";
import { isTensor } from "./tensor";

export { type Configuration, configure } from "../backend/wasm";
export { arange, eye, full, linspace, ones, type TensorOptions, tensor, zeros, zerosLike } from "./creation";
export { customOp } from "./custom";
export { DataError, FreedTensorError, NonFiniteError, OutOfMemoryError } from "./errors";
export { type GradcheckOptions, gradcheck } from "./gradcheck";
export { type RuntimeInfo, runtime } from "./memory";
export type { Operand } from "./ops/arithmetic";
export type {
  Convolution1dOptions,
  ConvolutionOptions,
  TransposedConvolution1dOptions,
  TransposedConvolutionOptions,
} from "./ops/convolution";
export type { Histogram, HistogramOptions, Unique } from "./ops/counting";
export { einsum } from "./ops/einsum";
export { where } from "./ops/indexing";
export { concat, meshgrid, stack } from "./ops/layout";
export type { Ordered, SortOptions } from "./ops/order";
export type { PadMode } from "./ops/pad";
export type {
  AveragePoolingOptions,
  AverageSignalPoolingOptions,
  PoolingOptions,
  SignalPoolingOptions,
  UpsampleOptions,
} from "./ops/pooling";
export type { Axes, ReduceOptions, VarianceOptions } from "./ops/reduce";
export type { Pair } from "./ops/window";
export { Generator, type GeneratorState, manualSeed, rand, randn } from "./random";
export type { Shape } from "./shape";
export type { Stateful, StateTree } from "./stateful";
export { type DType, type NestedArray, Tensor } from "./tensor";

/**
 * Runs `body` and frees every tensor made inside, except those it returns (also inside arrays, plain objects, maps and
 * sets), those marked by keep(), and parameters, their gradients and optimizer state. What is returned passes to the
 * enclosing scope. Throws a TypeError when the callback returns a promise.
 */
export function scope<T>(body: () => T): T {
  checkFunction("scope", "the argument", body);
  return runInScope(body, "at the end of its scope()", isTensor);
}

/** Runs `body` without recording operations for backward(). Throws a TypeError when it returns a promise. */
export function noGrad<T>(body: () => T): T {
  checkFunction("noGrad", "the argument", body);
  const result = withoutGradients(body);
  if (isThenable(result))
    throw new TypeError("noGrad: the callback returned a promise; it covers synchronous code only");
  return result;
}
