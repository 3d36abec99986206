// Pearson correlation of the columns of a matrix X[n, p], and the connectome made of it.
//
// Deviations are taken from the first sample, in float64. That keeps a column of equal values exactly at
// zero, and the variance sum(d^2) - sum(d)^2 / n cannot cancel by more than a factor of n + 1: the first
// sample's own distance from the mean is part of the variance. (Shifted data: Chan, Golub & LeVeque, The
// American Statistician 37, 1983.)
import { load_partial } from "./pack";
import { KC, MC, NR, TILE_BYTES, multiply_panels } from "./tile";

/** A column whose standard deviation is at most this share of its mean is rounding noise, so constant. */
const NOISE: f64 = 1.0 / 16777216;

/** Bytes of a float64 for each column, rounded up to whole strips of 4. */
// @ts-ignore: decorator
@inline
function vector_bytes(p: i32): usize {
  return <usize>((p + 3) & -4) << 3;
}

/** Two columns as float64; zeros where there are fewer. */
// @ts-ignore: decorator
@inline
function load_pair(x: usize, count: i32): v128 {
  return f64x2.promote_low_f32x4(load_partial(x, min(count, 2)));
}

/** 1 / ||x - mean|| of a column, given sums of its deviations d from `shift`; 0 for a constant column. */
function inverse_norm(n: f64, shift: f64, sum: f64, squares: f64): f64 {
  const mean = sum / n;
  const variation = squares - sum * mean;
  const noise = (shift + mean) * NOISE;
  return variation > n * noise * noise ? 1 / sqrt(variation) : 0;
}

/** Index of the first value in sums[p] that is NaN or infinite, or -1. */
function first_non_finite(sums: usize, p: i32): i32 {
  for (let j = 0; j < p; j++) {
    if (!isFinite(load<f64>(sums + (<usize>j << 3)))) return j;
  }
  return -1;
}

/** shift[p] = the first row of x, as float64. */
function set_shift(shift: usize, x: usize, p: i32): void {
  for (let j: usize = 0; j < <usize>p; j++) store<f64>(shift + (j << 3), load<f32>(x + (j << 2)));
}

/** sums[p] and squares[p]: of the deviations from shift[p], in float64. */
function moments(sums: usize, squares: usize, shift: usize, x: usize, n: i32, p: i32): void {
  const row = <usize>p << 2;
  for (let j = 0; j < p; j += 2) {
    v128.store(sums + (<usize>j << 3), f64x2.splat(0));
    v128.store(squares + (<usize>j << 3), f64x2.splat(0));
  }
  let i = 0;
  for (; i + 4 <= n; i += 4, x += 4 * row) {
    for (let j = 0; j < p; j += 2) {
      const at = x + (<usize>j << 2);
      const at64 = <usize>j << 3;
      const count = p - j;
      const origin = v128.load(shift + at64);
      const d0 = f64x2.sub(load_pair(at, count), origin);
      const d1 = f64x2.sub(load_pair(at + row, count), origin);
      const d2 = f64x2.sub(load_pair(at + 2 * row, count), origin);
      const d3 = f64x2.sub(load_pair(at + 3 * row, count), origin);
      const sum = f64x2.add(f64x2.add(d0, d1), f64x2.add(d2, d3));
      const q01 = f64x2.add(f64x2.mul(d0, d0), f64x2.mul(d1, d1));
      const q23 = f64x2.add(f64x2.mul(d2, d2), f64x2.mul(d3, d3));
      v128.store(sums + at64, f64x2.add(v128.load(sums + at64), sum));
      v128.store(squares + at64, f64x2.add(v128.load(squares + at64), f64x2.add(q01, q23)));
    }
  }
  for (; i < n; i++, x += row) {
    for (let j = 0; j < p; j += 2) {
      const at64 = <usize>j << 3;
      const d = f64x2.sub(load_pair(x + (<usize>j << 2), p - j), v128.load(shift + at64));
      v128.store(sums + at64, f64x2.add(v128.load(sums + at64), d));
      v128.store(squares + at64, f64x2.add(v128.load(squares + at64), f64x2.mul(d, d)));
    }
  }
}

/** Standardised columns of `k` rows of x as strips of 4 columns (a) and as panels of 8 (b), each k deep; what
 *  is past the last column is zero, as mean and scale are there. */
function pack_standardised(a: usize, b: usize, x: usize, mean: usize, scale: usize, p: i32, k: i32): void {
  const row = <usize>p << 2;
  const strip = <usize>k << 4;
  // A few rows at a time: whole cache lines of x are used while they are near, and so are those of the
  // strips.
  for (let i = 0; i < k; i += 8) {
    const rows = min(8, k - i);
    for (let j = 0; j < p; j += 4) {
      const at64 = <usize>j << 3;
      const mean01 = v128.load(mean + at64);
      const mean23 = v128.load(mean + at64, 16);
      const scale01 = v128.load(scale + at64);
      const scale23 = v128.load(scale + at64, 16);
      let from = x + (<usize>j << 2);
      let to_a = a + strip * <usize>(j >> 2) + (<usize>i << 4);
      let to_b = b + 2 * strip * <usize>(j >> 3) + (<usize>i << 5) + (<usize>(j & 4) << 2);
      for (let r = 0; r < rows; r++) {
        const v = load_partial(from, p - j);
        const v01 = f64x2.promote_low_f32x4(v);
        const v23 = f64x2.promote_low_f32x4(v128.shuffle<f64>(v, v, 1, 1));
        const z01 = f32x4.demote_f64x2_zero(f64x2.mul(f64x2.sub(v01, mean01), scale01));
        const z23 = f32x4.demote_f64x2_zero(f64x2.mul(f64x2.sub(v23, mean23), scale23));
        const z = v128.shuffle<f64>(z01, z23, 0, 2);
        v128.store(to_a, z);
        v128.store(to_b, z);
        from += row;
        to_a += 16;
        to_b += 32;
      }
    }
    x += row * <usize>rows;
  }
}

/** Clips the upper triangle of rho[p, p], mirrors it, and sets the diagonal: 1, or 0 where scale is 0. */
function finish_symmetric(rho: usize, scale: usize, p: i32): void {
  const row = <usize>p << 2;
  // Square blocks, so that the columns written stay in the cache.
  for (let ib = 0; ib < p; ib += 16) {
    for (let jb = ib; jb < p; jb += 16) {
      for (let i = ib; i < min(ib + 16, p); i++) {
        for (let j = max(jb, i + 1); j < min(jb + 16, p); j++) {
          const upper = rho + row * <usize>i + (<usize>j << 2);
          const value = min<f32>(1, max<f32>(-1, load<f32>(upper)));
          store<f32>(upper, value);
          store<f32>(rho + row * <usize>j + (<usize>i << 2), value);
        }
      }
    }
  }
  for (let i = 0; i < p; i++) {
    store<f32>(rho + (row + 4) * <usize>i, load<f64>(scale + (<usize>i << 3)) == 0 ? 0 : 1);
  }
}

/** Bytes of scratch, 16-byte aligned, that correlation_f32 needs. */
export function correlation_scratch_bytes(n: i32, p: i32): usize {
  const columns = <usize>((p + NR - 1) & -NR);
  return 3 * vector_bytes(p) + 2 * (columns * <usize>min(n, KC) << 2) + TILE_BYTES;
}

/** out[p, p] = Pearson correlations of the columns of x[n, p], clipped to [-1, 1], the diagonal exactly 1. A
 *  constant column (all values equal, or a standard deviation below 2^-24 of the mean) has 0 with every
 *  column, itself included. Means and variances are summed in float64, the products of standardised columns
 *  in float32. Returns -1, or the index of the first column with a NaN or infinite value; out is then
 *  undefined. */
export function correlation_f32(out: usize, x: usize, n: i32, p: i32, scratch: usize): i32 {
  const vector = vector_bytes(p);
  const shift = scratch;
  const mean = shift + vector; // sums until the moments are known
  const scale = mean + vector; // squares until then
  const tile = scale + vector;
  const a = tile + TILE_BYTES;
  const b = a + (<usize>((p + NR - 1) & -NR) * <usize>min(n, KC) << 2);

  if (n > 0) set_shift(shift, x, p);
  moments(mean, scale, shift, x, n, p);
  const bad = first_non_finite(mean, p);
  if (bad >= 0) return bad;
  memory.fill(mean + (<usize>p << 3), 0, vector - (<usize>p << 3));
  memory.fill(scale + (<usize>p << 3), 0, vector - (<usize>p << 3));
  for (let j: usize = 0; j < <usize>p << 3; j += 8) {
    const origin = n > 0 ? load<f64>(shift + j) : 0;
    store<f64>(scale + j, inverse_norm(n, origin, load<f64>(mean + j), load<f64>(scale + j)));
    store<f64>(mean + j, origin + load<f64>(mean + j) / n);
  }

  const ldc = <usize>p << 2;
  if (n == 0) memory.fill(out, 0, ldc * <usize>p);
  for (let k = 0; k < n; k += KC) {
    const depth = min(KC, n - k);
    pack_standardised(a, b, x + ldc * <usize>k, mean, scale, p, depth);
    for (let i = 0; i < p; i += MC) {
      const strips = a + (<usize>(i * depth) << 2);
      for (let j = i; j < p; j += NR) {
        const rows = min(MC, min(j + NR, p) - i);
        const columns = min(NR, p - j);
        const panel = b + (<usize>(j * depth) << 2);
        const c = out + ldc * <usize>i + (<usize>j << 2);
        multiply_panels(c, ldc, strips, panel, rows, columns, depth, k > 0, tile);
      }
    }
  }
  finish_symmetric(out, scale, p);
  return -1;
}

/** out[p, p] = |rho| clipped to [0, 1], with a zero diagonal. out may be rho. */
export function connectome_f32(out: usize, rho: usize, p: i32): void {
  const size = <usize>p * <usize>p << 2;
  const one = f32x4.splat(1);
  let at: usize = 0;
  for (; at + 16 <= size; at += 16) v128.store(out + at, f32x4.min(f32x4.abs(v128.load(rho + at)), one));
  for (; at < size; at += 4) store<f32>(out + at, min<f32>(abs(load<f32>(rho + at)), 1));
  for (let i = 0; i < p; i++) store<f32>(out + ((<usize>p + 1) * <usize>i << 2), 0);
}

// The same correlations from samples that come in batches. State: the number of samples (f64, and 8 bytes of
// padding); shift, sum and scale [p] (f64 each); the 4x4 tiles on and above the diagonal of the matrix of
// sums of products (f64), a row of tiles after the other.

/** Rows of a batch that are packed at a time. */
const DEPTH: i32 = 64;

/** Bytes of the state of a correlation over batches. The caller zeroes it before the first batch. */
export function correlation_state_bytes(p: i32): usize {
  const tiles = <usize>((p + 3) >> 2);
  return 16 + 3 * vector_bytes(p) + (tiles * (tiles + 1) / 2 << 7);
}

/** Bytes of scratch, 16-byte aligned, that correlation_update_f32 needs. */
export function correlation_update_scratch_bytes(p: i32): usize {
  return <usize>((p + 3) & -4) * <usize>DEPTH << 3;
}

/** Deviations of k rows of x from shift[p] as strips of 4 columns (f64), k deep, zero past the last column;
 *  sums[p] += their sums. */
function pack_deviations(strips: usize, sums: usize, shift: usize, x: usize, p: i32, k: i32): void {
  for (let j = 0; j < (p + 3 & -4); j += 2) {
    const at64 = <usize>j << 3;
    const origin = v128.load(shift + at64);
    let sum = v128.load(sums + at64);
    let from = x + (<usize>j << 2);
    let to = strips + (<usize>((j >> 2) * k) << 5) + (<usize>(j & 2) << 3);
    for (let i = 0; i < k; i++) {
      const d = f64x2.sub(load_pair(from, p - j), origin);
      sum = f64x2.add(sum, d);
      v128.store(to, d);
      from += <usize>p << 2;
      to += 32;
    }
    v128.store(sums + at64, sum);
  }
}

/** tile[4, 4] += a[k, 4]^T b[k, 4], all float64. */
function multiply_strips(tile: usize, a: usize, b: usize, k: i32): void {
  let c00 = v128.load(tile);
  let c01 = v128.load(tile, 16);
  let c10 = v128.load(tile, 32);
  let c11 = v128.load(tile, 48);
  let c20 = v128.load(tile, 64);
  let c21 = v128.load(tile, 80);
  let c30 = v128.load(tile, 96);
  let c31 = v128.load(tile, 112);
  for (; k > 0; k--) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const a0 = v128.load_splat<f64>(a);
    c00 = f64x2.add(c00, f64x2.mul(a0, b0));
    c01 = f64x2.add(c01, f64x2.mul(a0, b1));
    const a1 = v128.load_splat<f64>(a, 8);
    c10 = f64x2.add(c10, f64x2.mul(a1, b0));
    c11 = f64x2.add(c11, f64x2.mul(a1, b1));
    const a2 = v128.load_splat<f64>(a, 16);
    c20 = f64x2.add(c20, f64x2.mul(a2, b0));
    c21 = f64x2.add(c21, f64x2.mul(a2, b1));
    const a3 = v128.load_splat<f64>(a, 24);
    c30 = f64x2.add(c30, f64x2.mul(a3, b0));
    c31 = f64x2.add(c31, f64x2.mul(a3, b1));
    a += 32;
    b += 32;
  }
  v128.store(tile, c00);
  v128.store(tile, c01, 16);
  v128.store(tile, c10, 32);
  v128.store(tile, c11, 48);
  v128.store(tile, c20, 64);
  v128.store(tile, c21, 80);
  v128.store(tile, c30, 96);
  v128.store(tile, c31, 112);
}

/** Adds the samples x[n, p] to the state. Products are exact in float64 and summed there. */
export function correlation_update_f32(state: usize, x: usize, n: i32, p: i32, scratch: usize): void {
  if (n == 0) return;
  const vector = vector_bytes(p);
  const shift = state + 16;
  const sums = shift + vector;
  const seen = load<f64>(state);
  if (seen == 0) set_shift(shift, x, p);
  store<f64>(state, seen + n);
  const tiles = (p + 3) >> 2;
  for (let i = 0; i < n; i += DEPTH) {
    const depth = min(DEPTH, n - i);
    pack_deviations(scratch, sums, shift, x + (<usize>p * <usize>i << 2), p, depth);
    let tile = sums + 2 * vector;
    const strip = <usize>depth << 5;
    for (let r: usize = 0; r < <usize>tiles; r++) {
      for (let c = r; c < <usize>tiles; c++) {
        multiply_strips(tile, scratch + r * strip, scratch + c * strip, depth);
        tile += 128;
      }
    }
  }
}

/** out[p, p] = correlations of the samples seen so far, as correlation_f32 defines them. The state may be
 *  updated further. Returns -1, or the index of the first column with a NaN or infinite value; out is then
 *  undefined. */
export function correlation_finish_f32(out: usize, state: usize, p: i32): i32 {
  const n = max<f64>(load<f64>(state), 1);
  const vector = vector_bytes(p);
  const shift = state + 16;
  const sums = shift + vector;
  const scale = sums + vector;
  const cross = scale + vector;
  const bad = first_non_finite(sums, p);
  if (bad >= 0) return bad;
  const tiles = (p + 3) >> 2;
  let diagonal = cross;
  for (let j = 0; j < p; j++) {
    const at = <usize>j << 3;
    const squares = load<f64>(diagonal + (<usize>(j & 3) * 40));
    store<f64>(scale + at, inverse_norm(n, load<f64>(shift + at), load<f64>(sums + at), squares));
    if ((j & 3) == 3) diagonal += <usize>(tiles - (j >> 2)) << 7;
  }
  let tile = cross;
  for (let ib = 0; ib < p; ib += 4) {
    for (let jb = ib; jb < p; jb += 4, tile += 128) {
      for (let i = ib; i < min(ib + 4, p); i++) {
        const at_i = <usize>i << 3;
        const mean_i = load<f64>(sums + at_i) / n;
        const scale_i = load<f64>(scale + at_i);
        for (let j = max(jb, i + 1); j < min(jb + 4, p); j++) {
          const at_j = <usize>j << 3;
          const product = load<f64>(tile + (<usize>((i - ib) * 4 + j - jb) << 3));
          const covariation = product - mean_i * load<f64>(sums + at_j);
          const rho = <f32>(covariation * scale_i * load<f64>(scale + at_j));
          store<f32>(out + (<usize>p * <usize>i + <usize>j << 2), rho);
        }
      }
    }
  }
  finish_symmetric(out, scale, p);
  return -1;
}
