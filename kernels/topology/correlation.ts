// Pearson correlation of the columns of a matrix X[n, p], and the connectome made of it.
import { first_non_finite, inverse_norm, load_pair, set_shift, vector_bytes } from "./deviations";
import { load_partial } from "../linear/pack";
import { KC, MC, NR, TILE_BYTES, multiply_panels } from "../linear/tile";

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
export function finish_symmetric(rho: usize, scale: usize, p: i32): void {
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
