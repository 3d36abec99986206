// Initialisers: they overwrite a tensor in place, outside the graph, and return it. Fans are those of weights laid out
// [out, in, ...kernel], as in PyTorch. Those that draw take a random stream last; default: the global one.

import { checkNumber, checkOptions, checkTensor, describe } from "../core/check";
import { formatShape } from "../core/errors";
import { Generator, type Shape, scope, type Tensor, tensor } from "../core/index";
import { globalGenerator } from "../core/random";
import { sizeOf } from "../core/shape";

/** Inputs and outputs of one unit: extents of axes 1 and 0, times the kernel's size. */
function fans(shape: Shape): { fanIn: number; fanOut: number } {
  if (shape.length < 2) {
    throw new RangeError(`initialiser: fans need a weight of at least 2 axes, got ${formatShape(shape)}`);
  }
  const kernel = sizeOf(shape.slice(2));
  return { fanIn: shape[1] * kernel, fanOut: shape[0] * kernel };
}

function checkGenerator(operation: string, generator: unknown): void {
  if (generator instanceof Generator) return;
  throw new TypeError(`${operation}: generator must be a Generator, got ${describe(generator)}`);
}

/** Uniform in [low, high). Default [0, 1). */
export function uniform(weight: Tensor, low = 0, high = 1, generator = globalGenerator): Tensor {
  checkTensor("uniform", weight, "weight");
  checkGenerator("uniform", generator);
  return scope(() => weight.assign(generator.uniform(weight.shape, low, high)));
}

/** Gaussian. Default mean 0, standard deviation 1. */
export function normal(weight: Tensor, mean = 0, std = 1, generator = globalGenerator): Tensor {
  checkTensor("normal", weight, "weight");
  checkGenerator("normal", generator);
  return scope(() => weight.assign(generator.normal(weight.shape, mean, std)));
}

/** One value everywhere. */
export function constant(weight: Tensor, value: number): Tensor {
  checkTensor("constant", weight, "weight");
  return scope(() => weight.assign(value));
}

/** What follows the layer, for the gain of Kaiming initialisation. */
export type Nonlinearity = "linear" | "sigmoid" | "tanh" | "relu" | "leakyRelu";

/** PyTorch's recommended gains; `slope` is leakyRelu's. */
export function gain(nonlinearity: Nonlinearity, slope = 0.01): number {
  switch (nonlinearity) {
    case "tanh":
      return 5 / 3;
    case "relu":
      return Math.sqrt(2);
    case "leakyRelu":
      return Math.sqrt(2 / (1 + slope * slope));
    case "linear":
    case "sigmoid":
      return 1;
    default:
      throw new RangeError(`gain: unknown nonlinearity ${describe(nonlinearity)}`);
  }
}

/** Options of the Kaiming initialisers. */
export interface KaimingOptions {
  /** Keep the variance of the forward ("fanIn", default) or the backward pass ("fanOut"). */
  mode?: "fanIn" | "fanOut";
  /** Default "leakyRelu" with `slope` 0, as in PyTorch, which is relu. */
  nonlinearity?: Nonlinearity;
  /** Slope of leakyRelu. Default 0. */
  slope?: number;
  /** Default: the global stream. */
  generator?: Generator;
}

function kaimingStd(weight: Tensor, options: KaimingOptions): number {
  checkTensor("kaiming", weight, "weight");
  checkOptions("kaiming", options, ["mode", "nonlinearity", "slope", "generator"]);
  const { mode = "fanIn", nonlinearity = "leakyRelu", slope = 0 } = options;
  return gain(nonlinearity, slope) / Math.sqrt(fans(weight.shape)[mode]);
}

/** U(-b, b) with b = gain sqrt(3 / fan) (He et al. 2015). */
export function kaimingUniform(weight: Tensor, options: KaimingOptions = {}): Tensor {
  const bound = Math.sqrt(3) * kaimingStd(weight, options);
  return uniform(weight, -bound, bound, options.generator);
}

/** N(0, gain^2 / fan) (He et al. 2015). */
export function kaimingNormal(weight: Tensor, options: KaimingOptions = {}): Tensor {
  return normal(weight, 0, kaimingStd(weight, options), options.generator);
}

/** U(-b, b) with b = gain sqrt(6 / (fanIn + fanOut)) (Glorot and Bengio 2010). */
export function xavierUniform(weight: Tensor, gainFactor = 1, generator = globalGenerator): Tensor {
  checkTensor("xavierUniform", weight, "weight");
  checkNumber("xavierUniform", "gainFactor", gainFactor);
  const { fanIn, fanOut } = fans(weight.shape);
  const bound = gainFactor * Math.sqrt(6 / (fanIn + fanOut));
  return uniform(weight, -bound, bound, generator);
}

/** N(0, 2 gain^2 / (fanIn + fanOut)) (Glorot and Bengio 2010). */
export function xavierNormal(weight: Tensor, gainFactor = 1, generator = globalGenerator): Tensor {
  checkTensor("xavierNormal", weight, "weight");
  checkNumber("xavierNormal", "gainFactor", gainFactor);
  const { fanIn, fanOut } = fans(weight.shape);
  return normal(weight, 0, gainFactor * Math.sqrt(2 / (fanIn + fanOut)), generator);
}

/**
 * A random matrix [rows, all else] with orthonormal rows or columns, whichever are fewer, times `gainFactor` (Saxe et
 * al. 2014): Gram-Schmidt on Gaussian vectors in float64, twice, because once leaves rounding errors behind.
 */
export function orthogonal(weight: Tensor, gainFactor = 1, generator = globalGenerator): Tensor {
  checkTensor("orthogonal", weight, "weight");
  checkNumber("orthogonal", "gainFactor", gainFactor);
  checkGenerator("orthogonal", generator);
  if (weight.ndim < 2) {
    throw new RangeError(`orthogonal: needs a weight of at least 2 axes, got ${formatShape(weight.shape)}`);
  }
  const rows = weight.shape[0];
  const columns = sizeOf(weight.shape.slice(1));
  const [count, length] = rows <= columns ? [rows, columns] : [columns, rows];
  return scope(() => {
    const drawn = generator.normal([count, length]).toFloat32Array();
    const vectors = Array.from({ length: count }, (_, i) =>
      Float64Array.from(drawn.subarray(i * length, (i + 1) * length)),
    );
    for (const [i, v] of vectors.entries()) {
      for (const u of [...vectors.slice(0, i), ...vectors.slice(0, i)]) subtract(v, u, dot(u, v));
      const norm = Math.sqrt(dot(v, v));
      for (let k = 0; k < length; k++) v[k] /= norm;
    }
    const values = new Float32Array(count * length);
    for (const [i, v] of vectors.entries()) {
      for (let k = 0; k < length; k++) values[i * length + k] = gainFactor * v[k];
    }
    const matrix = tensor(values, { shape: [count, length] });
    return weight.assign((rows <= columns ? matrix : matrix.T).reshape(weight.shape));
  });
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k] * b[k];
  return sum;
}

/** v -= factor u. */
function subtract(v: Float64Array, u: Float64Array, factor: number): void {
  for (let k = 0; k < v.length; k++) v[k] -= factor * u[k];
}
