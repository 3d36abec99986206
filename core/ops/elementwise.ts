// Operations on each element. A definition names the forward kernel, the gradient kernel and what that one needs:
// the input x or the output y, whichever gives the shorter formula.

import { convert } from "../../backend/launch/copy";
import { type PairKernel, pairwise, type UnaryKernel, unary } from "../../backend/launch/elementwise";
import { type Backward, record } from "../autograd";
import { checkChoice, checkOptions, checkTensor, describe } from "../check";
import { binary, contiguousCopy, minus, over, plus, scalar, times } from "../compute";
import { allocateLike, type DType, defineMethods, isTensor, type Tensor } from "../tensor";
import { add, isInt32, maximum, minimum, mul, type Operand, operand, sub, weigh } from "./arithmetic";

/** sqrt(2 / pi) */
const SQRT_2_OVER_PI = 0.7978845608028654;

function define(name: string, forward: UnaryKernel, gradient: PairKernel, saves: "x" | "y") {
  return (input: Tensor, ...parameters: number[]): Tensor => {
    const x = operand(name, input);
    for (const parameter of parameters) {
      if (typeof parameter !== "number") {
        throw new TypeError(`${name}: expected a number, got ${describe(parameter)}`);
      }
    }
    const y = allocateLike(x);
    unary(forward, y, x, parameters);
    return record(name, y, [x], [saves === "x" ? x : y], elementRule(gradient, parameters), parameters);
  };
}

/** Apart from define()'s function, so that the rule closes over nothing but these. */
function elementRule(kernel: PairKernel, parameters: readonly number[]): Backward {
  return (g, [saved]) => {
    const out = allocateLike(g);
    pairwise(kernel, out, g, saved, parameters);
    return [out];
  };
}

const zeroRule: Backward = (g) => [binary("sub", "sub_f32", g, g)];

/** Steps: piecewise constant, so no gradient flows. */
function defineStep(name: string, forward: UnaryKernel) {
  return (input: Tensor): Tensor => {
    const x = operand(name, input);
    const y = allocateLike(x);
    unary(forward, y, x);
    return record(name, y, [x], [], zeroRule);
  };
}

/** An operation that keeps int32: `whole` says how it goes there. */
function keepingIntegers<Options extends unknown[]>(
  float: (x: Tensor, ...options: Options) => Tensor,
  whole: (x: Tensor, ...options: Options) => Tensor | null,
) {
  return (x: Tensor, ...options: Options): Tensor =>
    (isTensor(x) && x.dtype === "int32" ? whole(x, ...options) : null) ?? float(x, ...options);
}

const abs = keepingIntegers(define("abs", "abs_f32", "abs_grad_f32", "x"), (x) => maximum(x, neg(x)));
const square = keepingIntegers(define("square", "square_f32", "square_grad_f32", "x"), (x) => mul(x, x));
const sqrt = define("sqrt", "sqrt_f32", "sqrt_grad_f32", "y");
const rsqrt = define("rsqrt", "rsqrt_f32", "rsqrt_grad_f32", "y");
const exp = define("exp", "exp_f32", "exp_grad_f32", "y");
const log = define("log", "log_f32", "log_grad_f32", "x");
const expm1 = define("expm1", "expm1_f32", "expm1_grad_f32", "y");
const exp2 = define("exp2", "exp2_f32", "exp2_grad_f32", "y");
const log2 = define("log2", "log2_f32", "log2_grad_f32", "x");
const log10 = define("log10", "log10_f32", "log10_grad_f32", "x");
const sinh = define("sinh", "sinh_f32", "sinh_grad_f32", "x");
const cosh = define("cosh", "cosh_f32", "cosh_grad_f32", "x");
const log1p = define("log1p", "log1p_f32", "log1p_grad_f32", "x");
const sin = define("sin", "sin_f32", "sin_grad_f32", "x");
const cos = define("cos", "cos_f32", "cos_grad_f32", "x");
const atan = define("atan", "atan_f32", "atan_grad_f32", "x");
const asin = define("asin", "asin_f32", "asin_grad_f32", "x");
const acos = define("acos", "acos_f32", "acos_grad_f32", "x");
const tanh = define("tanh", "tanh_f32", "tanh_grad_f32", "y");
const sigmoid = define("sigmoid", "sigmoid_f32", "sigmoid_grad_f32", "y");
const erf = define("erf", "erf_f32", "erf_grad_f32", "x");
const reciprocal = define("reciprocal", "reciprocal_f32", "reciprocal_grad_f32", "y");
const relu = define("relu", "relu_f32", "relu_grad_f32", "y");
const exactGelu = define("gelu", "gelu_f32", "gelu_grad_f32", "x");
const silu = define("silu", "silu_f32", "silu_grad_f32", "x");
const softplus = define("softplus", "softplus_f32", "softplus_grad_f32", "x");
// The output has the sign of the input unless the slope is negative, and is needed by what follows anyway.
const leakyReluOf = define("leakyRelu", "leaky_relu_f32", "leaky_relu_grad_f32", "y");
const foldingReluOf = define("leakyRelu", "leaky_relu_f32", "leaky_relu_grad_f32", "x");
const eluOf = define("elu", "elu_f32", "elu_grad_f32", "x");
const clampOf = define("clamp", "clamp_f32", "clamp_grad_f32", "x");
const powOf = define("pow", "pow_scalar_f32", "pow_scalar_grad_f32", "x");
const sign = keepingIntegers(defineStep("sign", "sign_f32"), (x) => minimum(maximum(x, -1), 1));
const floor = keepingIntegers(defineStep("floor", "floor_f32"), clone);
const ceil = keepingIntegers(defineStep("ceil", "ceil_f32"), clone);
const round = keepingIntegers(defineStep("round", "round_f32"), clone);

function negated(x: Tensor): Tensor {
  const out = allocateLike(x);
  unary("neg_f32", out, x);
  return out;
}

const negRule: Backward = (g) => [negated(g)];

const neg: (input: Tensor) => Tensor = keepingIntegers(
  (input) => {
    const x = operand("neg", input);
    return record("neg", negated(x), [x], [], negRule);
  },
  (x) => sub(0, x),
);

function leakyRelu(x: Tensor, slope = 0.01): Tensor {
  if (typeof slope !== "number")
    throw new TypeError(`leakyRelu: slope must be a number, got ${describe(slope)}`);
  return slope >= 0 ? leakyReluOf(x, slope) : foldingReluOf(x, slope);
}

function elu(x: Tensor, alpha = 1): Tensor {
  return eluOf(x, alpha);
}

const clampAny = keepingIntegers(clampOf, (x, min, max) =>
  isInt32(min) && isInt32(max) ? minimum(maximum(x, min), max) : null,
);

function clamp(x: Tensor, min: number, max: number): Tensor {
  for (const [name, bound] of Object.entries({ min, max })) {
    if (typeof bound === "number" && !Number.isNaN(bound)) continue;
    throw new TypeError(`clamp: ${name} must be a number, got ${describe(bound)}`);
  }
  return clampAny(x, min, max);
}

/** x^p of tensors; the gradient by x is 0 where p is, that by p where x is 0 and p is not below, as in PyTorch. */
const powRule: Backward = (g, [x, p, y], { needs }) => {
  const byBase = () => weigh(times(g, binary("pow", "pow_f32", x, minus(p, scalar(1)))), p);
  const byExponent = () => {
    const log = allocateLike(x);
    unary("log_f32", log, x);
    const flat = times(binary("pow", "eq_f32", x, scalar(0)), binary("pow", "ge_f32", p, scalar(0)));
    return weigh(times(g, times(y, log)), minus(scalar(1), flat));
  };
  return [needs[0] ? byBase() : null, needs[1] ? byExponent() : null];
};

function pow(input: Tensor, exponent: Operand): Tensor {
  if (typeof exponent === "number") return powOf(input, exponent);
  const [x, p] = [operand("pow", input), operand("pow", exponent)];
  const y = binary("pow", "pow_f32", x, p);
  return record("pow", y, [x, p], [x, p, y], powRule);
}

const atan2Rule: Backward = (g, [y, x], { needs }) => {
  const scaled = over(g, plus(times(x, x), times(y, y)));
  return [needs[0] ? times(scaled, x) : null, needs[1] ? times(scaled, negated(y)) : null];
};

function atan2(input: Tensor, abscissa: Operand): Tensor {
  const [y, x] = [operand("atan2", input), operand("atan2", abscissa)];
  return record("atan2", binary("atan2", "atan2_f32", y, x), [y, x], [y, x], atan2Rule);
}

/** Comparisons with itself: no gradient. */
function whereNaN(input: Tensor): Tensor {
  const x = operand("isNaN", input);
  return binary("isNaN", "ne_f32", x, x);
}

function whereFinite(input: Tensor): Tensor {
  const x = operand("isFinite", input);
  return binary("isFinite", "eq_f32", minus(x, x), scalar(0));
}

function gelu(input: Tensor, options: { approximate?: "none" | "tanh" } = {}): Tensor {
  checkOptions("gelu", options, ["approximate"]);
  const { approximate = "none" } = options;
  checkChoice("gelu", "approximate", approximate, ["none", "tanh"]);
  if (approximate === "none") return exactGelu(input);
  const x = operand("gelu", input);
  const inner = mul(mul(x, SQRT_2_OVER_PI), add(mul(square(x), 0.044715), 1));
  return mul(mul(x, 0.5), add(tanh(inner), 1));
}

const passRule: Backward = (g) => [g];

function clone(x: Tensor): Tensor {
  checkTensor("clone", x);
  return record("clone", contiguousCopy(x), [x], [], passRule);
}

function astype(x: Tensor, dtype: DType): Tensor {
  checkTensor("astype", x);
  checkChoice("astype", "dtype", dtype, ["float32", "int32"]);
  if (dtype === x.dtype) return clone(x);
  const out = allocateLike(x, dtype);
  convert(out, x);
  return out;
}

export interface ElementwiseMethods {
  /** a^exponent for a number or a tensor, broadcasting; NaN for negative a and a fractional exponent. */
  pow(exponent: Operand): Tensor;
  /** -a. */
  neg(): Tensor;
  /** |a|; the gradient at 0 is 0. */
  abs(): Tensor;
  /** -1, 0 or 1; the gradient is 0. */
  sign(): Tensor;
  /** a^2. */
  square(): Tensor;
  /** The square root; NaN for negative a. */
  sqrt(): Tensor;
  /** 1 / sqrt(a). */
  rsqrt(): Tensor;
  /** e^a, within 2 ulp. */
  exp(): Tensor;
  /** Natural logarithm, within 2 ulp. */
  log(): Tensor;
  /** e^a - 1, accurate near 0. */
  expm1(): Tensor;
  /** 2^a. */
  exp2(): Tensor;
  /** The logarithm to base 2, exact for powers of 2. */
  log2(): Tensor;
  /** The logarithm to base 10, exact for powers of 10. */
  log10(): Tensor;
  /** Hyperbolic sine. */
  sinh(): Tensor;
  /** Hyperbolic cosine. */
  cosh(): Tensor;
  /** 1 where a is NaN, else 0; no gradient. */
  isNaN(): Tensor;
  /** 1 where a is neither NaN nor infinite, else 0; no gradient. */
  isFinite(): Tensor;
  /** log(1 + a), accurate near 0. */
  log1p(): Tensor;
  /** Sine of radians. */
  sin(): Tensor;
  /** Cosine of radians. */
  cos(): Tensor;
  /** The angle in [-pi/2, pi/2] whose tangent is a. */
  atan(): Tensor;
  /** The angle in [-pi/2, pi/2] whose sine is a; NaN outside [-1, 1]. */
  asin(): Tensor;
  /** The angle in [0, pi] whose cosine is a; NaN outside [-1, 1]. */
  acos(): Tensor;
  /** The angle in [-pi, pi] of the points (x, a). */
  atan2(x: Operand): Tensor;
  /** Hyperbolic tangent. */
  tanh(): Tensor;
  /** 1 / (1 + e^-a). */
  sigmoid(): Tensor;
  /** The error function. */
  erf(): Tensor;
  /** To the integer below; the gradient is 0. */
  floor(): Tensor;
  /** To the integer above; the gradient is 0. */
  ceil(): Tensor;
  /** To the nearest integer, halves to even; the gradient is 0. */
  round(): Tensor;
  /** 1 / a. */
  reciprocal(): Tensor;
  /** Clips to [min, max]; max wins where min is above it. The gradient is 1 inside and on the bounds. */
  clamp(min: number, max: number): Tensor;
  /** max(a, 0); the gradient at 0 is 0. */
  relu(): Tensor;
  /** a where positive, else slope * a. Default slope 0.01. */
  leakyRelu(slope?: number): Tensor;
  /** a where positive, else alpha (e^a - 1). Default alpha 1. */
  elu(alpha?: number): Tensor;
  /** a Phi(a), through erf, or by the tanh formula of the same paper (Hendrycks and Gimpel 2016). */
  gelu(options?: { approximate?: "none" | "tanh" }): Tensor;
  /** a sigmoid(a). */
  silu(): Tensor;
  /** log(1 + e^a); a itself above 20. */
  softplus(): Tensor;
  /** A copy in the graph. */
  clone(): Tensor;
  /** A copy as another dtype; float32 to int32 truncates and leaves the graph. */
  astype(dtype: DType): Tensor;
}

declare module "../tensor" {
  interface Tensor extends ElementwiseMethods {}
}

defineMethods<ElementwiseMethods>({
  ...{ atan, asin, acos, atan2 },
  ...{ expm1, exp2, log2, log10, sinh, cosh, isNaN: whereNaN, isFinite: whereFinite },
  ...{ pow, neg, abs, sign, square, sqrt, rsqrt, exp, log, log1p, sin, cos, tanh, sigmoid, erf },
  ...{ floor, ceil, round, reciprocal, clamp, relu, leakyRelu, elu, gelu, silu, softplus, clone, astype },
});
