// Deviations of samples from the first one, in float64, and what variances are made of. That keeps a column
// of equal values exactly at zero, and the variance sum(d^2) - sum(d)^2 / n cannot cancel by more than a
// factor of n + 1: the first sample's own distance from the mean is part of the variance. (Shifted data:
// Chan, Golub & LeVeque, The American Statistician 37, 1983.)
import { load_partial } from "../linear/pack";

/** A column whose standard deviation is at most this share of its mean is rounding noise, so constant. */
const NOISE: f64 = 1.0 / 16777216;

/** Bytes of a float64 for each column, rounded up to whole strips of 4. */
@inline
export function vector_bytes(p: i32): usize {
  return <usize>((p + 3) & -4) << 3;
}

/** Two columns as float64; zeros where there are fewer. */
@inline
export function load_pair(x: usize, count: i32): v128 {
  return f64x2.promote_low_f32x4(load_partial(x, min(count, 2)));
}

/** 1 / ||x - mean|| of a column, given sums of its deviations d from `shift`; 0 for a constant column. */
export function inverse_norm(n: f64, shift: f64, sum: f64, squares: f64): f64 {
  const mean = sum / n;
  const variation = squares - sum * mean;
  const noise = (shift + mean) * NOISE;
  return variation > n * noise * noise ? 1 / sqrt(variation) : 0;
}

/** Index of the first value in sums[p] that is NaN or infinite, or -1. */
export function first_non_finite(sums: usize, p: i32): i32 {
  for (let j = 0; j < p; j++) {
    if (!isFinite(load<f64>(sums + (<usize>j << 3)))) return j;
  }
  return -1;
}

/** shift[p] = the first row of x, as float64. */
export function set_shift(shift: usize, x: usize, p: i32): void {
  for (let j: usize = 0; j < <usize>p; j++) store<f64>(shift + (j << 3), load<f32>(x + (j << 2)));
}
