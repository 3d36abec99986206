// Pearson correlation of the columns of samples that come in batches. State: the number of samples (f64, and
// 8 bytes of padding); shift, sum and scale [p] (f64 each); the 4x4 tiles on and above the diagonal of the
// matrix of sums of products (f64), a row of tiles after the other.
import { finish_symmetric } from "./correlation";
import { first_non_finite, inverse_norm, load_pair, set_shift, vector_bytes } from "./deviations";

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
