// Elementwise functions of one contiguous array, and their gradients: NAME_grad_f32(out, g, s, n) writes g * f', where
// the saved array s is the input x or the result y of the forward kernel, as each gradient says. out may be x, g or s.
import { copysign, cos, erf, exp, expm1Negative, log, log1p, powAbs, sigmoid, sin, tanh } from "./math";

// An operation is a class whose method is resolved at compile time; a and b are its parameters, in every lane.

/** out = Op(x, a, b). Four vectors a step are for operations as cheap as their loads and stores. */
// @ts-ignore: decorator
@inline
function map<Op>(vectors: i32, out: usize, x: usize, n: i32, a: f32 = 0, b: f32 = 0): void {
  const op = changetype<Op>(0);
  const va = f32x4.splat(a);
  const vb = f32x4.splat(b);
  const end = out + (<usize>n << 2);
  const lastVector = end - (<usize>(n & 3) << 2);
  if (vectors == 4) {
    for (const last = end - (<usize>(n & 15) << 2); out != last; out += 64, x += 64) {
      const y0 = op.v(v128.load(x), va, vb);
      const y1 = op.v(v128.load(x, 16), va, vb);
      const y2 = op.v(v128.load(x, 32), va, vb);
      const y3 = op.v(v128.load(x, 48), va, vb);
      v128.store(out, y0);
      v128.store(out, y1, 16);
      v128.store(out, y2, 32);
      v128.store(out, y3, 48);
    }
  }
  for (; out != lastVector; out += 16, x += 16) v128.store(out, op.v(v128.load(x), va, vb));
  for (; out != end; out += 4, x += 4) v128.store32_lane(out, op.v(v128.load32_zero(x), va, vb), 0);
}

// @ts-ignore: decorator
@unmanaged class Neg { @inline v(x: v128, a: v128, b: v128): v128 { return f32x4.neg(x); } }
export function neg_f32(out: usize, x: usize, n: i32): void { map<Neg>(4, out, x, n); }
// @ts-ignore: decorator
@unmanaged class Exp { @inline v(x: v128, a: v128, b: v128): v128 { return exp(x); } }
export function exp_f32(out: usize, x: usize, n: i32): void { map<Exp>(1, out, x, n); }
@unmanaged class Tanh { @inline v(x: v128, a: v128, b: v128): v128 { return tanh(x); } }
export function tanh_f32(out: usize, x: usize, n: i32): void { map<Tanh>(1, out, x, n); }
