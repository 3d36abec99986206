// Operations on each element. A definition names the forward kernel, the gradient kernel and what that one needs:
// the input x or the output y, whichever gives the shorter formula.

import { type Kernels, kernels } from "../../backend/wasm";
import { record } from "../autograd";
import { binary, contiguous, contiguousCopy } from "../compute";
import { allocate, type DType, requireTensor, type Tensor } from "../tensor";
import { mul, operand } from "./arithmetic";

type ElementKernel = (out: number, x: number, n: number, ...parameters: number[]) => void;
type GradientKernel = (out: number, g: number, saved: number, n: number, ...parameters: number[]) => void;

function apply(kernel: keyof Kernels, x: Tensor, parameters: readonly number[]): Tensor {
  const source = contiguous(x);
  const out = allocate(x.shape);
  (kernels()[kernel] as ElementKernel)(out.ptr, source.ptr, source.size, ...parameters);
  return out;
}

function applyGradient(
  kernel: keyof Kernels,
  g: Tensor,
  saved: Tensor,
  parameters: readonly number[],
): Tensor {
  const [left, right] = [contiguous(g), contiguous(saved)];
  const out = allocate(g.shape);
  (kernels()[kernel] as GradientKernel)(out.ptr, left.ptr, right.ptr, g.size, ...parameters);
  return out;
}

function define(name: string, forward: keyof Kernels, gradient: keyof Kernels, saves: "x" | "y") {
  return (input: Tensor, ...parameters: number[]): Tensor => {
    const x = operand(name, input);
    const y = apply(forward, x, parameters);
    return record(name, y, [x], [saves === "x" ? x : y], (g, [saved]) => [
      applyGradient(gradient, g, saved, parameters),
    ]);
  };
}

/** Steps: piecewise constant, so no gradient flows. */
function defineStep(name: string, forward: keyof Kernels) {
  return (input: Tensor): Tensor => {
    const x = operand(name, input);
    const y = apply(forward, x, []);
    return record(name, y, [x], [], (g) => [binary(name, "sub_f32", g, g)]);
  };
}

export const abs = define("abs", "abs_f32", "abs_grad_f32", "x");
export const square = define("square", "square_f32", "square_grad_f32", "x");
export const sqrt = define("sqrt", "sqrt_f32", "sqrt_grad_f32", "y");
export const rsqrt = define("rsqrt", "rsqrt_f32", "rsqrt_grad_f32", "y");
export const exp = define("exp", "exp_f32", "exp_grad_f32", "y");
export const log = define("log", "log_f32", "log_grad_f32", "x");
export const log1p = define("log1p", "log1p_f32", "log1p_grad_f32", "x");
export const sin = define("sin", "sin_f32", "sin_grad_f32", "x");
export const cos = define("cos", "cos_f32", "cos_grad_f32", "x");
export const tanh = define("tanh", "tanh_f32", "tanh_grad_f32", "y");
export const sigmoid = define("sigmoid", "sigmoid_f32", "sigmoid_grad_f32", "y");
export const erf = define("erf", "erf_f32", "erf_grad_f32", "x");
export const reciprocal = define("reciprocal", "reciprocal_f32", "reciprocal_grad_f32", "y");
export const relu = define("relu", "relu_f32", "relu_grad_f32", "y");
export const gelu = define("gelu", "gelu_f32", "gelu_grad_f32", "x");
export const silu = define("silu", "silu_f32", "silu_grad_f32", "x");
export const softplus = define("softplus", "softplus_f32", "softplus_grad_f32", "x");
// The output has the sign of the input unless the slope is negative, and is needed by what follows anyway.
const leakyReluOf = define("leakyRelu", "leaky_relu_f32", "leaky_relu_grad_f32", "y");
const foldingReluOf = define("leakyRelu", "leaky_relu_f32", "leaky_relu_grad_f32", "x");
const eluOf = define("elu", "elu_f32", "elu_grad_f32", "x");
const clampOf = define("clamp", "clamp_f32", "clamp_grad_f32", "x");
const powScalar = define("pow", "pow_scalar_f32", "pow_scalar_grad_f32", "x");
export const sign = defineStep("sign", "sign_f32");
export const floor = defineStep("floor", "floor_f32");
export const ceil = defineStep("ceil", "ceil_f32");
export const round = defineStep("round", "round_f32");

export function neg(x: Tensor): Tensor {
  return mul(x, -1);
}

export function leakyRelu(x: Tensor, slope = 0.01): Tensor {
  return slope >= 0 ? leakyReluOf(x, slope) : foldingReluOf(x, slope);
}

export function elu(x: Tensor, alpha = 1): Tensor {
  return eluOf(x, alpha);
}

export function clamp(x: Tensor, min: number, max: number): Tensor {
  if (!(min <= max)) throw new RangeError(`clamp: min must not be above max, got ${min} and ${max}`);
  return clampOf(x, min, max);
}

/** x^exponent for a number. */
export function pow(x: Tensor, exponent: number): Tensor {
  if (typeof exponent !== "number")
    throw new TypeError(`pow: the exponent must be a number, got ${typeof exponent}`);
  return powScalar(x, exponent);
}

/** A copy in the graph. */
export function clone(x: Tensor): Tensor {
  requireTensor("clone", x);
  return record("clone", contiguousCopy(x), [x], [], (g) => [g]);
}

/** A copy as another dtype; float32 to int32 truncates towards 0 and leaves the graph. */
export function astype(x: Tensor, dtype: DType): Tensor {
  requireTensor("astype", x);
  if (dtype !== "float32" && dtype !== "int32") {
    throw new TypeError(`astype: dtype must be "float32" or "int32", got ${String(dtype)}`);
  }
  if (dtype === x.dtype) return clone(x);
  const source = contiguous(x);
  const out = allocate(x.shape, dtype);
  const convert = dtype === "float32" ? kernels().convert_i32_f32 : kernels().convert_f32_i32;
  convert(out.ptr, source.ptr, x.size);
  return out;
}
