// Elementwise operations on two operands with broadcasting. The output is contiguous; operands are strided.
// A plan lies in memory: for each dimension, outermost first, three i32: size, stride of a, stride of b (elements;
// 0 broadcasts), followed by room for one i32 counter a dimension.

import { PLAN_ENTRY, Odometer } from "./odometer";
import { atan2 } from "./arc";
import { pow } from "./power";

@unmanaged class Add { @inline v(a: v128, b: v128): v128 { return f32x4.add(a, b); } }
@unmanaged class Sub { @inline v(a: v128, b: v128): v128 { return f32x4.sub(a, b); } }
@unmanaged class Mul { @inline v(a: v128, b: v128): v128 { return f32x4.mul(a, b); } }
@unmanaged class Div { @inline v(a: v128, b: v128): v128 { return f32x4.div(a, b); } }
@unmanaged class Maximum { @inline v(a: v128, b: v128): v128 { return f32x4.max(a, b); } }
@unmanaged class Minimum { @inline v(a: v128, b: v128): v128 { return f32x4.min(a, b); } }

@unmanaged class Atan2 { @inline v(a: v128, b: v128): v128 { return atan2(a, b); } }
@unmanaged class Pow { @inline v(a: v128, b: v128): v128 { return pow(a, b); } }

/** a * b, and 0 where b is 0 even if a is infinite or NaN. */
@unmanaged class Weigh {
  @inline v(a: v128, b: v128): v128 { return v128.andnot(f32x4.mul(a, b), f32x4.eq(b, f32x4.splat(0))); }
}

@inline
function one_where(mask: v128): v128 {
  return v128.and(mask, f32x4.splat(1));
}

@unmanaged class Eq { @inline v(a: v128, b: v128): v128 { return one_where(f32x4.eq(a, b)); } }
@unmanaged class Ne { @inline v(a: v128, b: v128): v128 { return one_where(f32x4.ne(a, b)); } }
@unmanaged class Gt { @inline v(a: v128, b: v128): v128 { return one_where(f32x4.gt(a, b)); } }
@unmanaged class Ge { @inline v(a: v128, b: v128): v128 { return one_where(f32x4.ge(a, b)); } }
@unmanaged class Lt { @inline v(a: v128, b: v128): v128 { return one_where(f32x4.lt(a, b)); } }
@unmanaged class Le { @inline v(a: v128, b: v128): v128 { return one_where(f32x4.le(a, b)); } }

@unmanaged class AddInt { @inline v(a: v128, b: v128): v128 { return i32x4.add(a, b); } }
@unmanaged class SubInt { @inline v(a: v128, b: v128): v128 { return i32x4.sub(a, b); } }
@unmanaged class MulInt { @inline v(a: v128, b: v128): v128 { return i32x4.mul(a, b); } }
@unmanaged class MaximumInt { @inline v(a: v128, b: v128): v128 { return i32x4.max_s(a, b); } }
@unmanaged class MinimumInt { @inline v(a: v128, b: v128): v128 { return i32x4.min_s(a, b); } }
@unmanaged class EqInt { @inline v(a: v128, b: v128): v128 { return one_where(i32x4.eq(a, b)); } }
@unmanaged class GtInt { @inline v(a: v128, b: v128): v128 { return one_where(i32x4.gt_s(a, b)); } }

/** The remainder of the sign of b, which is not 0, through float64, which holds it exactly. */
@unmanaged class RemainderInt {
  @inline v(a: v128, b: v128): v128 {
    const low = remainder_pair(a, b);
    const high = remainder_pair(v128.shuffle<i64>(a, a, 1, 0), v128.shuffle<i64>(b, b, 1, 0));
    return v128.shuffle<i64>(low, high, 0, 2);
  }
}

@inline
function remainder_pair(a: v128, b: v128): v128 {
  const x = f64x2.convert_low_i32x4_s(a);
  const y = f64x2.convert_low_i32x4_s(b);
  return i32x4.trunc_sat_f64x2_s_zero(f64x2.sub(x, f64x2.mul(f64x2.floor(f64x2.div(x, y)), y)));
}

/** One row: strides (1,1), (1,0) and (0,1) run on whole vectors, any other gathers four elements first. */
@inline
function row<T>(out: usize, a: usize, b: usize, n: i32, stride_a: i32, stride_b: i32): void {
  const op = changetype<T>(0);
  const end = out + (<usize>n << 2);
  const vector_end = out + (<usize>(n & ~3) << 2);
  if (stride_a == 1 && stride_b == 1) {
    const unrolled_end = out + (<usize>(n & ~15) << 2);
    while (out < unrolled_end) {
      v128.store(out, op.v(v128.load(a), v128.load(b)));
      v128.store(out, op.v(v128.load(a, 16), v128.load(b, 16)), 16);
      v128.store(out, op.v(v128.load(a, 32), v128.load(b, 32)), 32);
      v128.store(out, op.v(v128.load(a, 48), v128.load(b, 48)), 48);
      out += 64;
      a += 64;
      b += 64;
    }
    while (out < vector_end) {
      v128.store(out, op.v(v128.load(a), v128.load(b)));
      out += 16;
      a += 16;
      b += 16;
    }
  } else if (stride_a == 1 && stride_b == 0) {
    const y = v128.load32_splat(b);
    while (out < vector_end) {
      v128.store(out, op.v(v128.load(a), y));
      out += 16;
      a += 16;
    }
  } else if (stride_a == 0 && stride_b == 1) {
    const x = v128.load32_splat(a);
    while (out < vector_end) {
      v128.store(out, op.v(x, v128.load(b)));
      out += 16;
      b += 16;
    }
  }
  const step_a = <usize>(stride_a << 2);
  const step_b = <usize>(stride_b << 2);
  while (out < end) {
    v128.store32_lane(out, op.v(v128.load32_zero(a), v128.load32_zero(b)), 0);
    out += 4;
    a += step_a;
    b += step_b;
  }
}

/** At rank 0 both operands lie as the output does, and `plan` is the number of elements: small operations need no plan. */
function binary<T>(out: usize, a: usize, b: usize, rank: i32, plan: usize): void {
  let n = <i32>plan;
  let stride_a = 1;
  let stride_b = 1;
  let rows = 1;
  if (rank > 0) {
    const last = plan + <usize>(rank - 1) * PLAN_ENTRY;
    n = load<i32>(last);
    stride_a = load<i32>(last, 4);
    stride_b = load<i32>(last, 8);
    rows = Odometer.start(plan, rank);
  }
  while (rows > 0) {
    row<T>(out, a, b, n, stride_a, stride_b);
    if (--rows == 0) return;
    out += <usize>n << 2;
    const wheel = Odometer.advance(plan, rank);
    a += Odometer.offset(plan, rank, wheel, 4);
    b += Odometer.offset(plan, rank, wheel, 8);
  }
}

export function add_f32(out: usize, a: usize, b: usize, rank: i32, plan: usize): void {
  binary<Add>(out, a, b, rank, plan);
}
export function sub_f32(out: usize, a: usize, b: usize, rank: i32, plan: usize): void {
  binary<Sub>(out, a, b, rank, plan);
}
export function mul_f32(out: usize, a: usize, b: usize, rank: i32, plan: usize): void {
  binary<Mul>(out, a, b, rank, plan);
}
export function div_f32(out: usize, a: usize, b: usize, rank: i32, plan: usize): void {
  binary<Div>(out, a, b, rank, plan);
}
export function atan2_f32(out: usize, a: usize, b: usize, rank: i32, plan: usize): void {
  binary<Atan2>(out, a, b, rank, plan);
}
export function pow_f32(out: usize, a: usize, b: usize, rank: i32, plan: usize): void {
  binary<Pow>(out, a, b, rank, plan);
}
export function weigh_f32(out: usize, a: usize, b: usize, rank: i32, plan: usize): void {
  binary<Weigh>(out, a, b, rank, plan);
}
export function maximum_f32(out: usize, a: usize, b: usize, rank: i32, plan: usize): void {
  binary<Maximum>(out, a, b, rank, plan);
}
export function minimum_f32(out: usize, a: usize, b: usize, rank: i32, plan: usize): void {
  binary<Minimum>(out, a, b, rank, plan);
}
export function eq_f32(out: usize, a: usize, b: usize, rank: i32, plan: usize): void {
  binary<Eq>(out, a, b, rank, plan);
}
export function ne_f32(out: usize, a: usize, b: usize, rank: i32, plan: usize): void {
  binary<Ne>(out, a, b, rank, plan);
}
export function gt_f32(out: usize, a: usize, b: usize, rank: i32, plan: usize): void {
  binary<Gt>(out, a, b, rank, plan);
}
export function ge_f32(out: usize, a: usize, b: usize, rank: i32, plan: usize): void {
  binary<Ge>(out, a, b, rank, plan);
}
export function lt_f32(out: usize, a: usize, b: usize, rank: i32, plan: usize): void {
  binary<Lt>(out, a, b, rank, plan);
}
export function le_f32(out: usize, a: usize, b: usize, rank: i32, plan: usize): void {
  binary<Le>(out, a, b, rank, plan);
}

/** int32: sums, differences and products wrap around; comparisons give float32. */
export function add_i32(out: usize, a: usize, b: usize, rank: i32, plan: usize): void {
  binary<AddInt>(out, a, b, rank, plan);
}
export function sub_i32(out: usize, a: usize, b: usize, rank: i32, plan: usize): void {
  binary<SubInt>(out, a, b, rank, plan);
}
export function mul_i32(out: usize, a: usize, b: usize, rank: i32, plan: usize): void {
  binary<MulInt>(out, a, b, rank, plan);
}
export function maximum_i32(out: usize, a: usize, b: usize, rank: i32, plan: usize): void {
  binary<MaximumInt>(out, a, b, rank, plan);
}
export function minimum_i32(out: usize, a: usize, b: usize, rank: i32, plan: usize): void {
  binary<MinimumInt>(out, a, b, rank, plan);
}
export function remainder_i32(out: usize, a: usize, b: usize, rank: i32, plan: usize): void {
  binary<RemainderInt>(out, a, b, rank, plan);
}
export function eq_i32(out: usize, a: usize, b: usize, rank: i32, plan: usize): void {
  binary<EqInt>(out, a, b, rank, plan);
}
export function gt_i32(out: usize, a: usize, b: usize, rank: i32, plan: usize): void {
  binary<GtInt>(out, a, b, rank, plan);
}

/** y += a * x over n contiguous elements. */
export function axpy_f32(y: usize, x: usize, n: i32, a: f32): void {
  const s = f32x4.splat(a);
  const end = y + (<usize>n << 2);
  const vector_end = y + (<usize>(n & ~3) << 2);
  while (y < vector_end) {
    v128.store(y, f32x4.add(v128.load(y), f32x4.mul(s, v128.load(x))));
    y += 16;
    x += 16;
  }
  while (y < end) {
    store<f32>(y, load<f32>(y) + a * load<f32>(x));
    y += 4;
    x += 4;
  }
}
