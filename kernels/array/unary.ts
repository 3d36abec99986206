// Elementwise functions of one array of n float32, with the special values and ties of PyTorch, each beside
// its gradient: NAME_grad_f32(out, g, s, n) writes g * f'. The array s that was saved for it is the forward
// kernel's input x or its result y, whichever gives f' sooner, and is named so. out may be one of the
// inputs.
import { copysign, cos, erf, exp, expm1Negative, log, log1p, sigmoid, sin, tanh } from "./math";
import { map, map_gradient } from "./map";

@inline
function splat(a: f32): v128 {
  return f32x4.splat(a);
}

@inline
function positive(x: v128): v128 {
  return f32x4.gt(x, splat(0));
}

@unmanaged class Neg { @inline v(x: v128, a: v128, b: v128): v128 { return f32x4.neg(x); } }
export function neg_f32(out: usize, x: usize, n: i32): void { map<Neg>(4, out, x, n); }

@inline
function sign(x: v128): v128 {
  const nonzero = v128.or(f32x4.lt(x, splat(0)), positive(x));
  return v128.bitselect(copysign(splat(1), x), x, nonzero);
}

@unmanaged class Abs { @inline v(x: v128, a: v128, b: v128): v128 { return f32x4.abs(x); } }
export function abs_f32(out: usize, x: usize, n: i32): void { map<Abs>(4, out, x, n); }
@unmanaged class AbsGrad {
  @inline v(g: v128, x: v128, a: v128, b: v128): v128 { return f32x4.mul(g, sign(x)); }
}
/** 0 at 0. */
export function abs_grad_f32(out: usize, g: usize, x: usize, n: i32): void {
  map_gradient<AbsGrad>(out, g, x, n);
}

@unmanaged class Sign { @inline v(x: v128, a: v128, b: v128): v128 { return sign(x); } }
/** -1, 0 or 1; NaN of NaN. */
export function sign_f32(out: usize, x: usize, n: i32): void { map<Sign>(4, out, x, n); }

@unmanaged class Square { @inline v(x: v128, a: v128, b: v128): v128 { return f32x4.mul(x, x); } }
export function square_f32(out: usize, x: usize, n: i32): void { map<Square>(4, out, x, n); }
@unmanaged class SquareGrad {
  @inline v(g: v128, x: v128, a: v128, b: v128): v128 { return f32x4.mul(g, f32x4.add(x, x)); }
}
export function square_grad_f32(out: usize, g: usize, x: usize, n: i32): void {
  map_gradient<SquareGrad>(out, g, x, n);
}

@unmanaged class Sqrt { @inline v(x: v128, a: v128, b: v128): v128 { return f32x4.sqrt(x); } }
export function sqrt_f32(out: usize, x: usize, n: i32): void { map<Sqrt>(4, out, x, n); }
@unmanaged class SqrtGrad {
  @inline v(g: v128, y: v128, a: v128, b: v128): v128 { return f32x4.div(g, f32x4.add(y, y)); }
}
export function sqrt_grad_f32(out: usize, g: usize, y: usize, n: i32): void {
  map_gradient<SqrtGrad>(out, g, y, n);
}

@unmanaged class Rsqrt {
  @inline v(x: v128, a: v128, b: v128): v128 { return f32x4.div(splat(1), f32x4.sqrt(x)); }
}
/** 1 / sqrt(x) */
export function rsqrt_f32(out: usize, x: usize, n: i32): void { map<Rsqrt>(4, out, x, n); }
@unmanaged class RsqrtGrad {
  @inline v(g: v128, y: v128, a: v128, b: v128): v128 {
    return f32x4.mul(f32x4.mul(splat(-0.5), g), f32x4.mul(f32x4.mul(y, y), y));
  }
}
export function rsqrt_grad_f32(out: usize, g: usize, y: usize, n: i32): void {
  map_gradient<RsqrtGrad>(out, g, y, n);
}

@unmanaged class Reciprocal { @inline v(x: v128, a: v128, b: v128): v128 { return f32x4.div(splat(1), x); } }
/** 1 / x */
export function reciprocal_f32(out: usize, x: usize, n: i32): void { map<Reciprocal>(4, out, x, n); }
@unmanaged class ReciprocalGrad {
  @inline v(g: v128, y: v128, a: v128, b: v128): v128 { return f32x4.neg(f32x4.mul(g, f32x4.mul(y, y))); }
}
export function reciprocal_grad_f32(out: usize, g: usize, y: usize, n: i32): void {
  map_gradient<ReciprocalGrad>(out, g, y, n);
}

@unmanaged class Floor { @inline v(x: v128, a: v128, b: v128): v128 { return f32x4.floor(x); } }
export function floor_f32(out: usize, x: usize, n: i32): void { map<Floor>(4, out, x, n); }

@unmanaged class Ceil { @inline v(x: v128, a: v128, b: v128): v128 { return f32x4.ceil(x); } }
export function ceil_f32(out: usize, x: usize, n: i32): void { map<Ceil>(4, out, x, n); }

@unmanaged class Round { @inline v(x: v128, a: v128, b: v128): v128 { return f32x4.nearest(x); } }
/** Ties to even. */
export function round_f32(out: usize, x: usize, n: i32): void { map<Round>(4, out, x, n); }

@unmanaged class Exp { @inline v(x: v128, a: v128, b: v128): v128 { return exp(x); } }
export function exp_f32(out: usize, x: usize, n: i32): void { map<Exp>(1, out, x, n); }
@unmanaged class ExpGrad { @inline v(g: v128, y: v128, a: v128, b: v128): v128 { return f32x4.mul(g, y); } }
export function exp_grad_f32(out: usize, g: usize, y: usize, n: i32): void {
  map_gradient<ExpGrad>(out, g, y, n);
}

@unmanaged class Log { @inline v(x: v128, a: v128, b: v128): v128 { return log(x); } }
export function log_f32(out: usize, x: usize, n: i32): void { map<Log>(1, out, x, n); }
@unmanaged class LogGrad { @inline v(g: v128, x: v128, a: v128, b: v128): v128 { return f32x4.div(g, x); } }
export function log_grad_f32(out: usize, g: usize, x: usize, n: i32): void {
  map_gradient<LogGrad>(out, g, x, n);
}

@unmanaged class Log1p { @inline v(x: v128, a: v128, b: v128): v128 { return log1p(x); } }
/** log(1 + x) */
export function log1p_f32(out: usize, x: usize, n: i32): void { map<Log1p>(1, out, x, n); }
@unmanaged class Log1pGrad {
  @inline v(g: v128, x: v128, a: v128, b: v128): v128 { return f32x4.div(g, f32x4.add(splat(1), x)); }
}
export function log1p_grad_f32(out: usize, g: usize, x: usize, n: i32): void {
  map_gradient<Log1pGrad>(out, g, x, n);
}

/** e^x - 1 */
@inline
function expm1(x: v128): v128 {
  const zero = splat(0);
  const rising = f32x4.gt(x, zero);
  const e = expm1Negative(v128.bitselect(f32x4.neg(x), x, rising));
  // For x > 0 it is -expm1(-x) e^x.
  return v128.bitselect(f32x4.mul(f32x4.neg(e), exp(x)), e, rising);
}

@unmanaged class Expm1 { @inline v(x: v128, a: v128, b: v128): v128 { return expm1(x); } }
export function expm1_f32(out: usize, x: usize, n: i32): void { map<Expm1>(1, out, x, n); }
@unmanaged class Expm1Grad {
  @inline v(g: v128, y: v128, a: v128, b: v128): v128 { return f32x4.mul(g, f32x4.add(y, splat(1))); }
}
export function expm1_grad_f32(out: usize, g: usize, y: usize, n: i32): void {
  map_gradient<Expm1Grad>(out, g, y, n);
}

/** From here on e^-|x| does not show beside e^|x|, which may overflow where half of it does not. */
const HYPERBOLIC_LARGE: f32 = 20;
const LN2: f32 = 0.6931472;

/** (t + t / (t + 1)) / 2 with t = expm1(|x|), which keeps the digits of small x. */
@inline
function sinh(x: v128): v128 {
  const a = f32x4.abs(x);
  const t = expm1(a);
  const small = f32x4.mul(splat(0.5), f32x4.add(t, f32x4.div(t, f32x4.add(t, splat(1)))));
  const large = f32x4.gt(a, splat(HYPERBOLIC_LARGE));
  return copysign(v128.bitselect(exp(f32x4.sub(a, splat(LN2))), small, large), x);
}

@inline
function cosh(x: v128): v128 {
  const a = f32x4.abs(x);
  const e = exp(a);
  const small = f32x4.mul(splat(0.5), f32x4.add(e, f32x4.div(splat(1), e)));
  return v128.bitselect(exp(f32x4.sub(a, splat(LN2))), small, f32x4.gt(a, splat(HYPERBOLIC_LARGE)));
}

@unmanaged class Sinh { @inline v(x: v128, a: v128, b: v128): v128 { return sinh(x); } }
export function sinh_f32(out: usize, x: usize, n: i32): void { map<Sinh>(1, out, x, n); }
@unmanaged class SinhGrad { @inline v(g: v128, x: v128, a: v128, b: v128): v128 { return f32x4.mul(g, cosh(x)); } }
export function sinh_grad_f32(out: usize, g: usize, x: usize, n: i32): void {
  map_gradient<SinhGrad>(out, g, x, n);
}
@unmanaged class Cosh { @inline v(x: v128, a: v128, b: v128): v128 { return cosh(x); } }
export function cosh_f32(out: usize, x: usize, n: i32): void { map<Cosh>(1, out, x, n); }
@unmanaged class CoshGrad { @inline v(g: v128, x: v128, a: v128, b: v128): v128 { return f32x4.mul(g, sinh(x)); } }
export function cosh_grad_f32(out: usize, g: usize, x: usize, n: i32): void {
  map_gradient<CoshGrad>(out, g, x, n);
}

@unmanaged class Sin { @inline v(x: v128, a: v128, b: v128): v128 { return sin(x); } }
export function sin_f32(out: usize, x: usize, n: i32): void { map<Sin>(1, out, x, n); }
@unmanaged class SinGrad {
  @inline v(g: v128, x: v128, a: v128, b: v128): v128 { return f32x4.mul(g, cos(x)); }
}
export function sin_grad_f32(out: usize, g: usize, x: usize, n: i32): void {
  map_gradient<SinGrad>(out, g, x, n);
}

@unmanaged class Cos { @inline v(x: v128, a: v128, b: v128): v128 { return cos(x); } }
export function cos_f32(out: usize, x: usize, n: i32): void { map<Cos>(1, out, x, n); }
@unmanaged class CosGrad {
  @inline v(g: v128, x: v128, a: v128, b: v128): v128 { return f32x4.neg(f32x4.mul(g, sin(x))); }
}
export function cos_grad_f32(out: usize, g: usize, x: usize, n: i32): void {
  map_gradient<CosGrad>(out, g, x, n);
}

@unmanaged class Tanh { @inline v(x: v128, a: v128, b: v128): v128 { return tanh(x); } }
export function tanh_f32(out: usize, x: usize, n: i32): void { map<Tanh>(1, out, x, n); }
@unmanaged class TanhGrad {
  @inline v(g: v128, y: v128, a: v128, b: v128): v128 {
    return f32x4.mul(g, f32x4.sub(splat(1), f32x4.mul(y, y)));
  }
}
export function tanh_grad_f32(out: usize, g: usize, y: usize, n: i32): void {
  map_gradient<TanhGrad>(out, g, y, n);
}

@unmanaged class Sigmoid { @inline v(x: v128, a: v128, b: v128): v128 { return sigmoid(x); } }
/** 1 / (1 + e^-x) */
export function sigmoid_f32(out: usize, x: usize, n: i32): void { map<Sigmoid>(1, out, x, n); }
@unmanaged class SigmoidGrad {
  @inline v(g: v128, y: v128, a: v128, b: v128): v128 {
    return f32x4.mul(g, f32x4.mul(f32x4.sub(splat(1), y), y));
  }
}
export function sigmoid_grad_f32(out: usize, g: usize, y: usize, n: i32): void {
  map_gradient<SigmoidGrad>(out, g, y, n);
}

@unmanaged class Erf { @inline v(x: v128, a: v128, b: v128): v128 { return erf(x); } }
export function erf_f32(out: usize, x: usize, n: i32): void { map<Erf>(1, out, x, n); }
@unmanaged class ErfGrad {
  @inline v(g: v128, x: v128, a: v128, b: v128): v128 {
    return f32x4.mul(g, f32x4.mul(splat(1.12837917), exp(f32x4.neg(f32x4.mul(x, x)))));
  }
}
/** f' = 2 / sqrt(pi) e^(-x^2) */
export function erf_grad_f32(out: usize, g: usize, x: usize, n: i32): void {
  map_gradient<ErfGrad>(out, g, x, n);
}

@unmanaged class Relu {
  @inline v(x: v128, a: v128, b: v128): v128 { return v128.andnot(x, f32x4.lt(x, splat(0))); }
}
/** max(x, 0); NaN stays NaN. */
export function relu_f32(out: usize, x: usize, n: i32): void { map<Relu>(4, out, x, n); }
@unmanaged class ReluGrad {
  @inline v(g: v128, s: v128, a: v128, b: v128): v128 { return v128.andnot(g, f32x4.le(s, splat(0))); }
}
/** s may be x or y; where it is NaN the gradient passes. */
export function relu_grad_f32(out: usize, g: usize, s: usize, n: i32): void {
  map_gradient<ReluGrad>(out, g, s, n);
}

@unmanaged class LeakyRelu {
  @inline v(x: v128, a: v128, b: v128): v128 { return v128.bitselect(x, f32x4.mul(a, x), positive(x)); }
}
/** x above 0, slope * x elsewhere. */
export function leaky_relu_f32(out: usize, x: usize, n: i32, slope: f32): void {
  map<LeakyRelu>(4, out, x, n, slope);
}
@unmanaged class LeakyReluGrad {
  @inline v(g: v128, x: v128, a: v128, b: v128): v128 {
    return v128.bitselect(g, f32x4.mul(a, g), positive(x));
  }
}
export function leaky_relu_grad_f32(out: usize, g: usize, x: usize, n: i32, slope: f32): void {
  map_gradient<LeakyReluGrad>(out, g, x, n, slope);
}

@unmanaged class Elu {
  @inline v(x: v128, a: v128, b: v128): v128 {
    return v128.bitselect(x, f32x4.mul(a, expm1Negative(x)), positive(x));
  }
}
/** x above 0, alpha * (e^x - 1) elsewhere (Clevert et al., 2016). */
export function elu_f32(out: usize, x: usize, n: i32, alpha: f32): void { map<Elu>(1, out, x, n, alpha); }
@unmanaged class EluGrad {
  @inline v(g: v128, x: v128, a: v128, b: v128): v128 {
    return v128.bitselect(g, f32x4.mul(g, f32x4.mul(a, exp(x))), positive(x));
  }
}
export function elu_grad_f32(out: usize, g: usize, x: usize, n: i32, alpha: f32): void {
  map_gradient<EluGrad>(out, g, x, n, alpha);
}

/** Beyond this the bell is 0 in float32. */
const BELL_REACH: f32 = 16;

/** exp(-x^2 / 2) with the digits that rounding x^2 would lose: x = h + l, h of 12 bits, x^2 = h^2 + l (x + h). */
@inline
function normal_bell(x: v128): v128 {
  const within = f32x4.pmax(f32x4.pmin(x, splat(BELL_REACH)), splat(-BELL_REACH));
  const h = v128.and(within, i32x4.splat(~0xfff));
  const r = f32x4.mul(splat(-0.5), f32x4.mul(f32x4.sub(within, h), f32x4.add(within, h)));
  const one = splat(1);
  // |r| < 0.13: the series of e^r.
  let rest = f32x4.add(f32x4.mul(r, splat(0.041666668)), splat(0.16666667));
  rest = f32x4.add(f32x4.mul(r, rest), splat(0.5));
  rest = f32x4.add(f32x4.mul(r, rest), one);
  rest = f32x4.add(f32x4.mul(r, rest), one);
  return f32x4.mul(exp(f32x4.mul(splat(-0.5), f32x4.mul(h, h))), rest);
}

/** Polynomial in 1 / (1 + 0.3 a), fitted to Phi(-a) exp(a^2 / 2) with the same relative accuracy for 0 <= a <= 14.5. */
const TAIL = memory.data<f32>([
  0.0384075716, -0.169308305, 0.228953421, -0.0768414438, 0.142766431, 0.0945854038, 0.121945374, 0.119484194,
  7.3731444e-06,
]);

/** Distribution function of the standard normal of x whose bell is known: both tails keep their digits. */
@inline
function normal_cdf(x: v128, bell: v128): v128 {
  const one = splat(1);
  const t = f32x4.div(one, f32x4.add(one, f32x4.mul(splat(0.3), f32x4.abs(x))));
  let q = v128.load32_splat(TAIL);
  for (let i: usize = 4; i <= 32; i += 4) q = f32x4.add(f32x4.mul(q, t), v128.load32_splat(TAIL + i));
  const tail = f32x4.mul(bell, q);
  return v128.bitselect(tail, f32x4.sub(one, tail), f32x4.lt(x, splat(0)));
}

@unmanaged class Gelu {
  @inline v(x: v128, a: v128, b: v128): v128 { return f32x4.mul(x, normal_cdf(x, normal_bell(x))); }
}
/** x times the normal distribution function (Hendrycks and Gimpel, 2016). */
export function gelu_f32(out: usize, x: usize, n: i32): void { map<Gelu>(1, out, x, n); }
@unmanaged class GeluGrad {
  @inline v(g: v128, x: v128, a: v128, b: v128): v128 {
    const bell = normal_bell(x);
    const density = f32x4.mul(splat(0.39894228), bell);
    return f32x4.mul(g, f32x4.add(normal_cdf(x, bell), f32x4.mul(x, density)));
  }
}
export function gelu_grad_f32(out: usize, g: usize, x: usize, n: i32): void {
  map_gradient<GeluGrad>(out, g, x, n);
}

@unmanaged class Silu { @inline v(x: v128, a: v128, b: v128): v128 { return f32x4.mul(x, sigmoid(x)); } }
/** x sigmoid(x) */
export function silu_f32(out: usize, x: usize, n: i32): void { map<Silu>(1, out, x, n); }
@unmanaged class SiluGrad {
  @inline v(g: v128, x: v128, a: v128, b: v128): v128 {
    const s = sigmoid(x);
    const one = splat(1);
    return f32x4.mul(g, f32x4.mul(s, f32x4.add(one, f32x4.mul(x, f32x4.sub(one, s)))));
  }
}
export function silu_grad_f32(out: usize, g: usize, x: usize, n: i32): void {
  map_gradient<SiluGrad>(out, g, x, n);
}

/** Up from here softplus is x, as in PyTorch. */
const SOFTPLUS_LINEAR: f32 = 20;

@unmanaged class Softplus {
  @inline v(x: v128, a: v128, b: v128): v128 {
    return v128.bitselect(x, log1p(exp(x)), f32x4.gt(x, splat(SOFTPLUS_LINEAR)));
  }
}
/** log(1 + e^x) */
export function softplus_f32(out: usize, x: usize, n: i32): void { map<Softplus>(1, out, x, n); }
@unmanaged class SoftplusGrad {
  @inline v(g: v128, x: v128, a: v128, b: v128): v128 {
    return v128.bitselect(g, f32x4.mul(g, sigmoid(x)), f32x4.gt(x, splat(SOFTPLUS_LINEAR)));
  }
}
export function softplus_grad_f32(out: usize, g: usize, x: usize, n: i32): void {
  map_gradient<SoftplusGrad>(out, g, x, n);
}

@unmanaged class Clamp {
  @inline v(x: v128, a: v128, b: v128): v128 { return f32x4.pmin(f32x4.pmax(x, a), b); }
}
/** min(max(x, lo), hi); NaN stays NaN. */
export function clamp_f32(out: usize, x: usize, n: i32, lo: f32, hi: f32): void {
  map<Clamp>(4, out, x, n, lo, hi);
}
@unmanaged class ClampGrad {
  @inline v(g: v128, x: v128, a: v128, b: v128): v128 {
    return v128.and(g, v128.and(f32x4.ge(x, a), f32x4.le(x, b)));
  }
}
/** 1 on the bounds too. */
export function clamp_grad_f32(out: usize, g: usize, x: usize, n: i32, lo: f32, hi: f32): void {
  map_gradient<ClampGrad>(out, g, x, n, lo, hi);
}

@unmanaged class FromInt { @inline v(x: v128, a: v128, b: v128): v128 { return f32x4.convert_i32x4_s(x); } }
/** float32 of int32, rounded to nearest. */
export function convert_i32_f32(out: usize, x: usize, n: i32): void { map<FromInt>(4, out, x, n); }

@unmanaged class ToInt { @inline v(x: v128, a: v128, b: v128): v128 { return i32x4.trunc_sat_f32x4_s(x); } }
/** int32 of float32, truncated; what is out of range gives the nearest int32, NaN gives 0. */
export function convert_f32_i32(out: usize, x: usize, n: i32): void { map<ToInt>(4, out, x, n); }
