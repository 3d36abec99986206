// The transforms of winograd.ts, four neighbouring tiles at a time (one a lane) or one filter. A tile is
// 4x4; its sixteen positions e lie `step` bytes apart.
import { evens, odds, store_transposed } from "../linear/pack";

/** One row of B^T d B before the rows are combined: to dst + 16 j. */
@inline
function transform_row(dst: usize, src: usize): void {
  const a = v128.load(src);
  const b = v128.load(src, 16);
  const c = v128.load(src, 8);
  const d = v128.load(src, 24);
  const d1 = odds(a, b);
  const d2 = evens(c, d);
  v128.store(dst, f32x4.sub(evens(a, b), d2));
  v128.store(dst, f32x4.add(d1, d2), 16);
  v128.store(dst, f32x4.sub(d2, d1), 32);
  v128.store(dst, f32x4.sub(d1, odds(c, d)), 48);
}

/** B^T d B of four tiles: position e to dst + e * step. src: the corner of the first in the window; rows:
 *  256 bytes. */
export function transform_input(dst: usize, step: usize, src: usize, row_bytes: usize, rows: usize): void {
  transform_row(rows, src);
  transform_row(rows + 64, src + row_bytes);
  transform_row(rows + 128, src + 2 * row_bytes);
  transform_row(rows + 192, src + 3 * row_bytes);
  const step4 = step << 2;
  for (let j: usize = 0; j < 64; j += 16) {
    const r0 = v128.load(rows + j);
    const r1 = v128.load(rows + j, 64);
    const r2 = v128.load(rows + j, 128);
    const r3 = v128.load(rows + j, 192);
    v128.store(dst, f32x4.sub(r0, r2));
    v128.store(dst + step4, f32x4.add(r1, r2));
    v128.store(dst + 2 * step4, f32x4.sub(r2, r1));
    v128.store(dst + 3 * step4, f32x4.sub(r1, r3));
    dst += step;
  }
}

@inline
function store_row(out: usize, even: v128, odd: v128, columns: i32): void {
  const low = v128.shuffle<f32>(even, odd, 0, 4, 1, 5);
  const high = v128.shuffle<f32>(even, odd, 2, 6, 3, 7);
  if (columns >= 8) {
    v128.store(out, low);
    v128.store(out, high, 16);
    return;
  }
  if (columns >= 4) v128.store(out, low);
  const rest = columns >= 4 ? high : low;
  out += <usize>(columns & 4) << 2;
  columns &= 3;
  if (columns > 0) v128.store_lane<f32>(out, rest, 0);
  if (columns > 1) v128.store_lane<f32>(out, rest, 1, 4);
  if (columns > 2) v128.store_lane<f32>(out, rest, 2, 8);
}

@inline
function upper(src: usize, step4: usize): v128 {
  return f32x4.add(f32x4.add(v128.load(src), v128.load(src + step4)), v128.load(src + 2 * step4));
}

@inline
function lower(src: usize, step4: usize): v128 {
  const m1 = v128.load(src + step4);
  return f32x4.sub(f32x4.sub(m1, v128.load(src + 2 * step4)), v128.load(src + 3 * step4));
}

/** A^T m A for four tiles, plus the float at bias unless that is 0: up to two rows of eight pixels.
 *  Position e of m at src + e * step. */
export function transform_output(
  out: usize, out_w: i32, src: usize, step: usize, bias: usize, rows: i32, columns: i32,
): void {
  const b = bias ? v128.load_splat<f32>(bias) : f32x4.splat(0);
  const step4 = step << 2;
  const src2 = src + 2 * step;
  const u1 = upper(src + step, step4);
  const u2 = upper(src2, step4);
  let even = f32x4.add(f32x4.add(upper(src, step4), u1), u2);
  let odd = f32x4.sub(f32x4.sub(u1, u2), upper(src2 + step, step4));
  store_row(out, f32x4.add(even, b), f32x4.add(odd, b), columns);
  if (rows < 2) return;
  const l1 = lower(src + step, step4);
  const l2 = lower(src2, step4);
  even = f32x4.add(f32x4.add(lower(src, step4), l1), l2);
  odd = f32x4.sub(f32x4.sub(l1, l2), lower(src2 + step, step4));
  store_row(out + (<usize>out_w << 2), f32x4.add(even, b), f32x4.add(odd, b), columns);
}

/** A g A^T of four output tiles: position e to dst + e * step. src: the first pixel in the window of g. */
export function transform_gradient(dst: usize, step: usize, src: usize, row_bytes: usize): void {
  const step4 = step << 2;
  let a = v128.load(src);
  let b = v128.load(src, 16);
  const y00 = evens(a, b);
  const y01 = odds(a, b);
  a = v128.load(src + row_bytes);
  b = v128.load(src + row_bytes, 16);
  const y10 = evens(a, b);
  const y11 = odds(a, b);
  spread_column(dst, step4, y00, y10);
  spread_column(dst + step, step4, f32x4.add(y00, y01), f32x4.add(y10, y11));
  spread_column(dst + 2 * step, step4, f32x4.sub(y00, y01), f32x4.sub(y10, y11));
  spread_column(dst + 3 * step, step4, f32x4.neg(y01), f32x4.neg(y11));
}

@inline
function spread_column(dst: usize, step4: usize, y0: v128, y1: v128): void {
  v128.store(dst, y0);
  v128.store(dst + step4, f32x4.add(y0, y1));
  v128.store(dst + 2 * step4, f32x4.sub(y0, y1));
  v128.store(dst + 3 * step4, f32x4.neg(y1));
}

/** G times three elements: four, `step` bytes apart. */
@inline
function expand(dst: usize, step: usize, f0: f32, f1: f32, f2: f32): void {
  store<f32>(dst, f0);
  store<f32>(dst + step, 0.5 * (f0 + f1 + f2));
  store<f32>(dst + 2 * step, 0.5 * (f0 - f1 + f2));
  store<f32>(dst + 3 * step, f2);
}

/** G g G^T of one filter, its nine taps w + t * tap: position e to dst + e * step. */
export function transform_filter(dst: usize, step: usize, w: usize, tap: usize): void {
  const step4 = step << 2;
  for (let x = 0; x < 3; x++, w += tap) {
    const below = w + 3 * tap;
    expand(dst + step * <usize>x, step4, load<f32>(w), load<f32>(below), load<f32>(below + 3 * tap));
  }
  for (let y = 0; y < 4; y++, dst += step4) {
    expand(dst, step, load<f32>(dst), load<f32>(dst + step), load<f32>(dst + 2 * step));
  }
}

/** G^T u G: the nine taps to dst. Position e of u at src + e * step. */
export function restore_filter(dst: usize, src: usize, step: usize): void {
  for (let i = 0; i < 3; i++, dst += 12) {
    const u0 = collect(src, step << 2, i);
    const u1 = collect(src + step, step << 2, i);
    const u2 = collect(src + 2 * step, step << 2, i);
    const u3 = collect(src + 3 * step, step << 2, i);
    store<f32>(dst, u0 + 0.5 * (u1 + u2));
    store<f32>(dst, 0.5 * (u1 - u2), 4);
    store<f32>(dst, 0.5 * (u1 + u2) + u3, 8);
  }
}

/** Row i of G^T times four elements. */
@inline
function collect(src: usize, step: usize, i: i32): f32 {
  const u1 = load<f32>(src + step);
  const u2 = load<f32>(src + 2 * step);
  if (i == 0) return load<f32>(src) + 0.5 * (u1 + u2);
  if (i == 1) return 0.5 * (u1 - u2);
  return 0.5 * (u1 + u2) + load<f32>(src + 3 * step);
}

/** Four tiles of four channels, position after position: channels side by side. */
@inline
export function interleave_tiles(dst: usize, pitch: usize, step: usize, tiles: usize): void {
  for (let e = 0; e < 16; e++, dst += step, tiles += 64) {
    const v0 = v128.load(tiles);
    const v1 = v128.load(tiles, 16);
    const v2 = v128.load(tiles, 32);
    const v3 = v128.load(tiles, 48);
    store_transposed(dst, pitch, v0, v1, v2, v3);
  }
}
