// The sizes of a convolution, as the caller writes them into memory, and the plan that a pass makes of them: what it
// computes with, and where in the scratch memory each of its areas lies.

/** Sixteen int32 in this order; backend/launch/convolution.ts writes them. */
@unmanaged
export class Convolution {
  c_in: i32;
  h: i32;
  w_in: i32;
  c_out: i32;
  kh: i32;
  kw: i32;
  stride_h: i32;
  stride_w: i32;
  pad_h: i32;
  pad_w: i32;
  dil_h: i32;
  dil_w: i32;
  groups: i32;
  out_h: i32;
  out_w: i32;
  reserved: i32;
}

/** Lays areas out one after the other. From address 0 on, the end is the number of bytes needed; 64 bits hold any sum. */
@inline
export function area(at: u64, bytes: u64): u64 {
  return (at + bytes + 15) & ~15;
}

/** Bytes of `count` float32. */
@inline
export function floats(count: i64): u64 {
  return <u64>count << 2;
}

/** a / b for non-negative a, rounded up, without passing 32 bits. */
@inline
export function ceil_div(a: i32, b: i32): i32 {
  return a > 0 ? (a - 1) / b + 1 : 0;
}

@inline
export function floor_div(a: i32, b: i32): i32 {
  return (a >= 0 ? a : a - b + 1) / b;
}
