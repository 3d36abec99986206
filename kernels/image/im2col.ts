// The column matrix of a convolution, one packed panel at a time and never as a whole. Its rows are the
// taps (input channel, kernel row, kernel column), its columns the output pixels. Both index a zero-padded
// copy of the image, the window: tap p of pixel (y, x) is offsets[p] + y * row_step + x * column_step bytes
// from its beginning.
import { interleave } from "../linear/pack";
import { KC, NR } from "../linear/tile";

/** Bytes past the window that packing may read: a panel of eight pixels of which one is inside. */
export const WINDOW_SLACK: usize = 32;

@inline
function copy_floats(dst: usize, src: usize, n: i32): void {
  for (; n >= 4; n -= 4, dst += 16, src += 16) v128.store(dst, v128.load(src));
  for (; n > 0; n--, dst += 4, src += 4) store<f32>(dst, load<f32>(src));
}

/** Copies planes[h, w] into windows[window_h, window_w] whose corner lies at (top, left) of the plane. What
 *  lies outside the plane is not touched: it has been zero from the start. */
export function fill_window(
  window: usize, planes: usize, count: i32, h: i32, w: i32, window_h: i32, window_w: i32, top: i32,
  left: i32,
): void {
  const y_end = min(h, top + window_h);
  const x_begin = max(0, left);
  const width = min(w, left + window_w) - x_begin;
  for (let c = 0; c < count; c++) {
    for (let y = max(0, top); y < y_end; y++) {
      const row = window + (<usize>((y - top) * window_w + x_begin - left) << 2);
      copy_floats(row, planes + (<usize>(y * w + x_begin) << 2), width);
    }
    window += <usize>(window_h * window_w) << 2;
    planes += <usize>(h * w) << 2;
  }
}

/** Packs k rows of `count` (1 to 8) consecutive pixels. pixel: address of the first; in_row: how many of a
 *  grid row are left from it on. Steps in bytes. */
export function pack_pixels(
  dst: usize, offsets: usize, k: i32, pixel: usize, count: i32, in_row: i32, grid_w: i32, row_step: usize,
  column_step: usize,
): void {
  const end = dst + (<usize>k << 5);
  const to_next_row = row_step - column_step * <usize>grid_w;
  if (column_step == 4 && in_row >= count) {
    for (; dst < end; dst += 32, offsets += 4) {
      const src = pixel + load<u32>(offsets);
      v128.store(dst, v128.load(src));
      v128.store(dst, v128.load(src, 16), 16);
    }
    return;
  }
  if (column_step == 4 && in_row + grid_w >= count) {
    const first = i32x4.gt_s(i32x4.splat(in_row), i32x4(0, 1, 2, 3));
    const second = i32x4.gt_s(i32x4.splat(in_row), i32x4(4, 5, 6, 7));
    for (; dst < end; dst += 32, offsets += 4) {
      const src = pixel + load<u32>(offsets);
      const next = src + to_next_row;
      v128.store(dst, v128.bitselect(v128.load(src), v128.load(next), first));
      v128.store(dst, v128.bitselect(v128.load(src, 16), v128.load(next, 16), second), 16);
    }
    return;
  }
  for (let lane = 0; lane < NR; lane++) {
    let to = dst + (<usize>lane << 2);
    for (let tap = offsets; to < end; to += 32, tap += 4) store<f32>(to, load<f32>(pixel + load<u32>(tap)));
    if (lane + 1 < count) {
      pixel += column_step;
      if (--in_row == 0) {
        pixel += to_next_row;
        in_row = grid_w;
      }
    }
  }
}

/** Packs the transpose: `count` consecutive pixels, from (y, x) of the grid on, by eight taps. */
export function pack_taps(
  dst: usize, offsets: usize, window: usize, y: i32, x: i32, count: i32, grid_w: i32, row_step: usize,
  column_step: usize,
): void {
  while (count > 0) {
    const run = min(count, grid_w - x);
    const src = window + row_step * <usize>y + column_step * <usize>x;
    for (let half: usize = 0; half < 32; half += 16) {
      const t0 = src + load<u32>(offsets + half);
      const t1 = src + load<u32>(offsets + half, 4);
      const t2 = src + load<u32>(offsets + half, 8);
      const t3 = src + load<u32>(offsets + half, 12);
      if (column_step == 4) interleave(dst + half, 32, t0, t1, t2, t3, run);
      else interleave_strided(dst + half, column_step, t0, t1, t2, t3, run);
    }
    dst += <usize>run << 5;
    count -= run;
    x = 0;
    y++;
  }
}

function interleave_strided(
  dst: usize, step: usize, t0: usize, t1: usize, t2: usize, t3: usize, k: i32,
): void {
  for (; k > 0; k--) {
    store<f32>(dst, load<f32>(t0));
    store<f32>(dst, load<f32>(t1), 4);
    store<f32>(dst, load<f32>(t2), 8);
    store<f32>(dst, load<f32>(t3), 12);
    dst += 32;
    t0 += step;
    t1 += step;
    t2 += step;
    t3 += step;
  }
}
