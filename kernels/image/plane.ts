// Convolution with one output channel a group, depthwise above all: each plane straight from the window,
// where a tile of the matrix product would spend three of its four rows on nothing.
import { sum_lanes_f64 } from "../array/lanes";
import { madd } from "../array/simd";

/** Four floats, `step` bytes apart. */
@inline
export function load_pixels(src: usize, step: usize, contiguous: bool): v128 {
  if (contiguous) return v128.load(src);
  let v = v128.load_zero<f32>(src);
  v = v128.load_lane<f32>(src + step, v, 1);
  v = v128.load_lane<f32>(src + 2 * step, v, 2);
  return v128.load_lane<f32>(src + 3 * step, v, 3);
}

@inline
function correlate(
  out: usize, weights: usize, k: i32, window: usize, offsets: usize, grid_h: i32, grid_w: i32,
  row_step: usize, step: usize, accumulate: bool, contiguous: bool,
): void {
  const end = offsets + (<usize>k << 2);
  const zero = f32x4.splat(0);
  for (let y = 0; y < grid_h; y++, window += row_step) {
    let pixel = window;
    let x = grid_w;
    for (; x >= 16; x -= 16, out += 64, pixel += 16 * step) {
      let s0 = accumulate ? v128.load(out) : zero;
      let s1 = accumulate ? v128.load(out, 16) : zero;
      let s2 = accumulate ? v128.load(out, 32) : zero;
      let s3 = accumulate ? v128.load(out, 48) : zero;
      for (let tap = offsets, w = weights; tap < end; tap += 4, w += 16) {
        const src = pixel + load<u32>(tap);
        const weight = v128.load(w);
        s0 = madd(weight, load_pixels(src, step, contiguous), s0);
        s1 = madd(weight, load_pixels(src + 4 * step, step, contiguous), s1);
        s2 = madd(weight, load_pixels(src + 8 * step, step, contiguous), s2);
        s3 = madd(weight, load_pixels(src + 12 * step, step, contiguous), s3);
      }
      v128.store(out, s0);
      v128.store(out, s1, 16);
      v128.store(out, s2, 32);
      v128.store(out, s3, 48);
    }
    for (; x >= 4; x -= 4, out += 16, pixel += 4 * step) {
      let s = accumulate ? v128.load(out) : zero;
      for (let tap = offsets, w = weights; tap < end; tap += 4, w += 16) {
        s = madd(v128.load(w), load_pixels(pixel + load<u32>(tap), step, contiguous), s);
      }
      v128.store(out, s);
    }
    for (; x > 0; x--, out += 4, pixel += step) {
      let s = accumulate ? v128.load_zero<f32>(out) : zero;
      for (let tap = offsets, w = weights; tap < end; tap += 4, w += 16) {
        s = madd(v128.load(w), v128.load_zero<f32>(pixel + load<u32>(tap)), s);
      }
      v128.store_lane<f32>(out, s, 0);
    }
  }
}

/** out[grid_h, grid_w] (+)= the sum over taps of weights[p] times the pixels at offsets[p] from (y, x) of
 *  the window. Each weight stands in all four lanes. Steps in bytes. */
export function correlate_plane(
  out: usize, weights: usize, k: i32, window: usize, offsets: usize, grid_h: i32, grid_w: i32,
  row_step: usize, column_step: usize, accumulate: bool,
): void {
  if (column_step == 4) {
    correlate(out, weights, k, window, offsets, grid_h, grid_w, row_step, 4, accumulate, true);
  } else {
    correlate(out, weights, k, window, offsets, grid_h, grid_w, row_step, column_step, accumulate, false);
  }
}

@inline
function lane_sum(v: v128): f32 {
  const pairs = f32x4.add(v, v128.shuffle<f32>(v, v, 2, 3, 0, 1));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}

@inline
function project(
  out: usize, g: usize, k: i32, window: usize, offsets: usize, grid_h: i32, grid_w: i32, row_step: usize,
  step: usize, accumulate: bool, contiguous: bool,
): void {
  for (; k > 0; k -= 4, offsets += 16) {
    let s0 = f32x4.splat(0);
    let s1 = f32x4.splat(0);
    let s2 = f32x4.splat(0);
    let s3 = f32x4.splat(0);
    let row = window;
    let gp = g;
    for (let y = 0; y < grid_h; y++, row += row_step) {
      let t0 = row + load<u32>(offsets);
      let t1 = row + load<u32>(offsets, 4);
      let t2 = row + load<u32>(offsets, 8);
      let t3 = row + load<u32>(offsets, 12);
      let x = grid_w;
      for (; x >= 4; x -= 4) {
        const v = v128.load(gp);
        s0 = madd(v, load_pixels(t0, step, contiguous), s0);
        s1 = madd(v, load_pixels(t1, step, contiguous), s1);
        s2 = madd(v, load_pixels(t2, step, contiguous), s2);
        s3 = madd(v, load_pixels(t3, step, contiguous), s3);
        gp += 16;
        t0 += 4 * step;
        t1 += 4 * step;
        t2 += 4 * step;
        t3 += 4 * step;
      }
      for (; x > 0; x--) {
        const v = v128.load_zero<f32>(gp);
        s0 = madd(v, v128.load_zero<f32>(t0), s0);
        s1 = madd(v, v128.load_zero<f32>(t1), s1);
        s2 = madd(v, v128.load_zero<f32>(t2), s2);
        s3 = madd(v, v128.load_zero<f32>(t3), s3);
        gp += 4;
        t0 += step;
        t1 += step;
        t2 += step;
        t3 += step;
      }
    }
    put(out, lane_sum(s0), accumulate);
    if (k > 1) put(out + 4, lane_sum(s1), accumulate);
    if (k > 2) put(out + 8, lane_sum(s2), accumulate);
    if (k > 3) put(out + 12, lane_sum(s3), accumulate);
    out += 16;
  }
}

@inline
function put(out: usize, v: f32, accumulate: bool): void {
  store<f32>(out, accumulate ? load<f32>(out) + v : v);
}

/** out[p] (+)= the sum over pixels of g[grid_h, grid_w] times the pixels at offsets[p] from (y, x) of the
 *  window, for p < k. The table of offsets reaches to a multiple of four. Steps in bytes. */
export function correlate_taps(
  out: usize, g: usize, k: i32, window: usize, offsets: usize, grid_h: i32, grid_w: i32, row_step: usize,
  column_step: usize, accumulate: bool,
): void {
  if (column_step == 4) {
    project(out, g, k, window, offsets, grid_h, grid_w, row_step, 4, accumulate, true);
  } else {
    project(out, g, k, window, offsets, grid_h, grid_w, row_step, column_step, accumulate, false);
  }
}

/** The sum of n elements: in four times four float32 lanes, then in float64. */
export function plane_sum(src: usize, n: i32): f64 {
  let s0 = f32x4.splat(0);
  let s1 = f32x4.splat(0);
  let s2 = f32x4.splat(0);
  let s3 = f32x4.splat(0);
  for (; n >= 16; n -= 16, src += 64) {
    s0 = f32x4.add(s0, v128.load(src));
    s1 = f32x4.add(s1, v128.load(src, 16));
    s2 = f32x4.add(s2, v128.load(src, 32));
    s3 = f32x4.add(s3, v128.load(src, 48));
  }
  s0 = f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
  let total = sum_lanes_f64(s0);
  for (; n > 0; n--, src += 4) total += <f64>load<f32>(src);
  return total;
}
