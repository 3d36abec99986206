// Four neighbouring float32, or one of them in the first lane: a loop body written with these does whole vectors and the
// last elements with the same instructions, so an element's bits do not depend on its place. `whole` is a constant
// where the body is inlined.

@inline
export function fetch(p: usize, whole: bool): v128 {
  return whole ? v128.load(p) : v128.load32_zero(p);
}

@inline
export function put(p: usize, x: v128, whole: bool): void {
  if (whole) v128.store(p, x);
  else v128.store32_lane(p, x, 0);
}

@inline
export function splat(x: f64): v128 {
  return f32x4.splat(<f32>x);
}

/** The sum of four float32 lanes, in float64. */
@inline
export function sum_lanes_f64(v: v128): f64 {
  return (
    <f64>f32x4.extract_lane(v, 0) + <f64>f32x4.extract_lane(v, 1) +
    (<f64>f32x4.extract_lane(v, 2) + <f64>f32x4.extract_lane(v, 3))
  );
}

/** The sum of four float32 lanes. */
@inline
export function sum_lanes_f32(v: v128): f32 {
  return (
    f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
  );
}

/** The sum of two float64 lanes. */
@inline
export function sum_pair_f64(v: v128): f64 {
  return f64x2.extract_lane(v, 0) + f64x2.extract_lane(v, 1);
}
