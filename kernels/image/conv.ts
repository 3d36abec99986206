// Two-dimensional convolution (cross-correlation, as is usual) of NCHW images as an implicit matrix
// product: panels of the column matrix are packed straight from a zero-padded copy of the image and
// multiplied by the GEMM micro-kernel. Shapes:
//   x[n, c_in, h, w_in], w[c_out, c_in / groups, kh, kw], out[n, c_out, out_h, out_w].
// Pixel (oy, ox) of out and tap (ky, kx) of w meet at row oy stride_h - pad_h + ky dil_h of x, columns
// likewise. Images are computed one by one, each with the same bits in any batch.
import { WINDOW_SLACK, fill_window, pack_pixels, pack_taps } from "./im2col";
import { pack_rows } from "../linear/pack";
import { correlate_plane, correlate_taps, plane_sum } from "./plane";
import { KC, MR, NR, TILE_BYTES, multiply_panels, round_up } from "../linear/tile";

@inline
function span(outputs: i32, stride: i32, taps: i32, dilation: i32): i32 {
  return (outputs - 1) * stride + (taps - 1) * dilation + 1;
}

@inline
function floor_div(a: i32, b: i32): i32 {
  return (a >= 0 ? a : a - b + 1) / b;
}

@inline
function align(bytes: usize): usize {
  return (bytes + 15) & ~15;
}

/** Bytes of scratch, 16-byte aligned, for any of the conv2d kernels with these arguments. */
export function conv2d_scratch_bytes(
  c_in: i32, h: i32, w_in: i32, c_out: i32, kh: i32, kw: i32, stride_h: i32, stride_w: i32,
  pad_h: i32, pad_w: i32, dil_h: i32, dil_w: i32, groups: i32, out_h: i32, out_w: i32,
): i32 {
  const inputs = c_in / groups;
  const outputs = c_out / groups;
  const k = max(inputs, outputs) * kh * kw;
  const w_packed = max(round_up(outputs, MR) * inputs, round_up(inputs, MR) * outputs) * kh * kw;
  const packed = max(w_packed, round_up(outputs, MR) * KC);
  const x_window = inputs * span(out_h, stride_h, kh, dil_h) * span(out_w, stride_w, kw, dil_w);
  const g_h = floor_div(h - 1 + pad_h, stride_h) - floor_div(pad_h - (kh - 1) * dil_h, stride_h) + 1;
  const g_w = floor_div(w_in - 1 + pad_w, stride_w) - floor_div(pad_w - (kw - 1) * dil_w, stride_w) + 1;
  const phase = inputs * ((h + stride_h - 1) / stride_h) * ((w_in + stride_w - 1) / stride_w);
  const images = max(x_window, outputs * g_h * g_w + phase);
  const alignment = 16;
  const floats = KC * NR + 2 * round_up(k, NR) + packed + images;
  return <i32>TILE_BYTES + (floats << 2) + <i32>WINDOW_SLACK + alignment;
}

/** out[n, c_out, out_h, out_w] = x * w, plus bias[c_out] unless that pointer is 0. */
export function conv2d_forward_f32(
  out: usize, x: usize, w: usize, bias: usize, n: i32, c_in: i32, h: i32, w_in: i32, c_out: i32, kh: i32,
  kw: i32, stride_h: i32, stride_w: i32, pad_h: i32, pad_w: i32, dil_h: i32, dil_w: i32, groups: i32,
  out_h: i32, out_w: i32, scratch: usize,
): void {
  const channels = c_in / groups;
  const m = c_out / groups;
  const k = channels * kh * kw;
  const pixels = out_h * out_w;
  if (n * pixels == 0) return;
  const window_h = span(out_h, stride_h, kh, dil_h);
  const window_w = span(out_w, stride_w, kw, dil_w);
  const panel = scratch + TILE_BYTES;
  const offsets = panel + (<usize>KC << 5);
  const weight_offsets = offsets + (<usize>round_up(k, NR) << 2);
  const packed = weight_offsets + (<usize>round_up(k, NR) << 2);
  const window = packed + (<usize>(round_up(m, MR) * k) << 2);
  tap_offsets(offsets, channels, kh, kw, dil_h, dil_w, window_h, window_w);
  for (let p = 0; p < k; p++) store<u32>(weight_offsets + (<usize>p << 2), p << 2);
  memory.fill(window, 0, <usize>(channels * window_h * window_w) << 2);
  for (let group = 0; group < groups; group++) {
    pack_weights(packed, w + (<usize>(group * m * k) << 2), <usize>k << 2, weight_offsets, m, k);
    for (let i = 0; i < n; i++) {
      const image = x + (<usize>(h * w_in) << 2) * <usize>(i * c_in + group * channels);
      const c = out + (<usize>pixels << 2) * <usize>(i * c_out + group * m);
      fill_window(window, image, channels, h, w_in, window_h, window_w, -pad_h, -pad_w);
      if (bias) spread(c, bias + (<usize>(group * m) << 2), m, pixels);
      multiply_columns(
        c, packed, m, k, window, offsets, out_h, out_w, <usize>(stride_h * window_w) << 2,
        <usize>stride_w << 2, bias != 0, panel, scratch,
      );
    }
  }
}

/** gx[n, c_in, h, w_in] = the gradient with respect to x for g[n, c_out, out_h, out_w]; as well the forward
 *  pass of the transposed convolution. Pixels of gx that agree modulo the stride see the same taps of w:
 *  each such phase is a convolution of g with stride 1, and no work is spent on the zeros of a dilated g. */
export function conv2d_grad_input_f32(
  gx: usize, g: usize, w: usize, n: i32, c_in: i32, h: i32, w_in: i32, c_out: i32, kh: i32, kw: i32,
  stride_h: i32, stride_w: i32, pad_h: i32, pad_w: i32, dil_h: i32, dil_w: i32, groups: i32, out_h: i32,
  out_w: i32, scratch: usize,
): void {
  const channels = c_out / groups;
  const m = c_in / groups;
  const taps = kh * kw;
  // Row y of gx and tap ky of w meet at row (y + pad_h - ky dil_h) / stride_h of g, if that is an integer.
  const top = floor_div(pad_h - (kh - 1) * dil_h, stride_h);
  const left = floor_div(pad_w - (kw - 1) * dil_w, stride_w);
  const window_h = floor_div(h - 1 + pad_h, stride_h) - top + 1;
  const window_w = floor_div(w_in - 1 + pad_w, stride_w) - left + 1;
  const direct = stride_h == 1 && stride_w == 1;
  const panel = scratch + TILE_BYTES;
  const offsets = panel + (<usize>KC << 5);
  const weight_offsets = offsets + (<usize>round_up(channels * taps, NR) << 2);
  const packed = weight_offsets + (<usize>round_up(channels * taps, NR) << 2);
  const window = packed + (<usize>(round_up(m, MR) * channels * taps) << 2);
  const phase = align(window + (<usize>(channels * window_h * window_w) << 2) + WINDOW_SLACK);
  memory.fill(window, 0, <usize>(channels * window_h * window_w) << 2);
  for (let group = 0; group < groups; group++) {
    for (let y = 0; y < min(stride_h, h); y++) {
      for (let x = 0; x < min(stride_w, w_in); x++) {
        const grid_h = (h - y + stride_h - 1) / stride_h;
        const grid_w = (w_in - x + stride_w - 1) / stride_w;
        let k = 0;
        for (let co = 0; co < channels; co++) {
          for (let ky = 0; ky < kh; ky++) {
            const dy = y + pad_h - ky * dil_h;
            if (dy % stride_h != 0) continue;
            for (let kx = 0; kx < kw; kx++) {
              const dx = x + pad_w - kx * dil_w;
              if (dx % stride_w != 0) continue;
              const row = co * window_h + dy / stride_h - top;
              store<u32>(offsets + (<usize>k << 2), (row * window_w + dx / stride_w - left) << 2);
              store<u32>(weight_offsets + (<usize>k << 2), (co * m * taps + ky * kw + kx) << 2);
              k++;
            }
          }
        }
        const w_group = w + (<usize>(group * channels * m * taps) << 2);
        pack_weights(packed, w_group, <usize>taps << 2, weight_offsets, m, k);
        for (let i = 0; i < n; i++) {
          const image = g + (<usize>(out_h * out_w) << 2) * <usize>(i * c_out + group * channels);
          const to = gx + (<usize>(h * w_in) << 2) * <usize>(i * c_in + group * m);
          fill_window(window, image, channels, out_h, out_w, window_h, window_w, top, left);
          multiply_columns(
            direct ? to : phase, packed, m, k, window, offsets, grid_h, grid_w, <usize>window_w << 2, 4,
            false, panel, scratch,
          );
          if (!direct) scatter(to, phase, m, h, w_in, y, x, stride_h, stride_w);
        }
      }
    }
  }
}

/** gw[c_out, c_in / groups, kh, kw] = the gradient with respect to w for g[n, c_out, out_h, out_w]. */
export function conv2d_grad_weight_f32(
  gw: usize, g: usize, x: usize, n: i32, c_in: i32, h: i32, w_in: i32, c_out: i32, kh: i32, kw: i32,
  stride_h: i32, stride_w: i32, pad_h: i32, pad_w: i32, dil_h: i32, dil_w: i32, groups: i32, out_h: i32,
  out_w: i32, scratch: usize,
): void {
  const channels = c_in / groups;
  const m = c_out / groups;
  const k = channels * kh * kw;
  const pixels = out_h * out_w;
  if (n * pixels == 0) {
    memory.fill(gw, 0, <usize>(c_out * k) << 2);
    return;
  }
  const window_h = span(out_h, stride_h, kh, dil_h);
  const window_w = span(out_w, stride_w, kw, dil_w);
  const row_step = <usize>(stride_h * window_w) << 2;
  const column_step = <usize>stride_w << 2;
  const panel = scratch + TILE_BYTES;
  const offsets = panel + (<usize>KC << 5);
  const packed = offsets + (<usize>round_up(k, NR) << 2);
  const window = packed + (<usize>(round_up(m, MR) * KC) << 2);
  tap_offsets(offsets, channels, kh, kw, dil_h, dil_w, window_h, window_w);
  for (let p = k; p < round_up(k, NR); p++) store<u32>(offsets + (<usize>p << 2), 0);
  memory.fill(window, 0, <usize>(channels * window_h * window_w) << 2);
  for (let group = 0; group < groups; group++) {
    const c = gw + (<usize>(group * m * k) << 2);
    for (let i = 0; i < n; i++) {
      const image = x + (<usize>(h * w_in) << 2) * <usize>(i * c_in + group * channels);
      const rows = g + (<usize>pixels << 2) * <usize>(i * c_out + group * m);
      fill_window(window, image, channels, h, w_in, window_h, window_w, -pad_h, -pad_w);
      if (m == 1) {
        correlate_taps(c, rows, k, window, offsets, out_h, out_w, row_step, column_step, i > 0);
        continue;
      }
      for (let q = 0; q < pixels; q += KC) {
        const depth = min(KC, pixels - q);
        for (let r = 0; r < m; r += MR) {
          const strip = packed + (<usize>(r * depth) << 2);
          pack_rows(strip, 16, rows + (<usize>(r * pixels + q) << 2), <usize>pixels << 2, m - r, depth);
        }
        for (let p = 0; p < k; p += NR) {
          const taps = offsets + (<usize>p << 2);
          pack_taps(panel, taps, window, q / out_w, q % out_w, depth, out_w, row_step, column_step);
          multiply_panels(
            c + (<usize>p << 2), <usize>k << 2, packed, panel, m, min(NR, k - p), depth, i > 0 || q > 0,
            scratch,
          );
        }
      }
    }
  }
}

/** gb[c] = the sum of g[n, c, hw] over images and pixels: in planes float32 lanes, over planes float64. */
export function conv_bias_grad_f32(gb: usize, g: usize, n: i32, c: i32, hw: i32): void {
  for (let channel = 0; channel < c; channel++) {
    let total: f64 = 0;
    for (let i = 0; i < n; i++) total += plane_sum(g + (<usize>hw << 2) * <usize>(i * c + channel), hw);
    store<f32>(gb + (<usize>channel << 2), <f32>total);
  }
}

/** c[m, grid_h * grid_w] (+)= the packed weights times the column matrix given by window and offsets. */
function multiply_columns(
  c: usize, packed: usize, m: i32, k: i32, window: usize, offsets: usize, grid_h: i32, grid_w: i32,
  row_step: usize, column_step: usize, accumulate: bool, panel: usize, tile: usize,
): void {
  if (m == 1) {
    correlate_plane(c, packed, k, window, offsets, grid_h, grid_w, row_step, column_step, accumulate);
    return;
  }
  const pixels = grid_h * grid_w;
  let p = 0;
  do {
    const depth = min(KC, k - p);
    let x = 0;
    let row = window;
    for (let q = 0; q < pixels; q += NR) {
      const count = min(NR, pixels - q);
      const pixel = row + column_step * <usize>x;
      pack_pixels(panel, offsets, depth, pixel, count, grid_w - x, grid_w, row_step, column_step);
      multiply_panels(
        c + (<usize>q << 2), <usize>pixels << 2, packed, panel, m, count, depth, accumulate || p > 0, tile,
      );
      for (x += NR; x >= grid_w; x -= grid_w) row += row_step;
    }
    offsets += <usize>depth << 2;
    packed += <usize>(round_up(m, MR) * depth) << 2;
    p += depth;
  } while (p < k);
}

/** Where in the window the taps of a forward convolution lie, in bytes. */
function tap_offsets(
  offsets: usize, channels: i32, kh: i32, kw: i32, dil_h: i32, dil_w: i32, window_h: i32, window_w: i32,
): void {
  for (let c = 0; c < channels; c++) {
    for (let ky = 0; ky < kh; ky++) {
      for (let kx = 0; kx < kw; kx++, offsets += 4) {
        store<u32>(offsets, ((c * window_h + ky * dil_h) * window_w + kx * dil_w) << 2);
      }
    }
  }
}

/** c[i, :] = bias[i]. */
function spread(c: usize, bias: usize, m: i32, pixels: i32): void {
  for (; m > 0; m--, bias += 4) {
    const v = v128.load_splat<f32>(bias);
    let j = pixels;
    for (; j >= 4; j -= 4, c += 16) v128.store(c, v);
    for (; j > 0; j--, c += 4) v128.store_lane<f32>(c, v, 0);
  }
}

/** Puts phase (y, x) of m planes [h, w] into its places. */
function scatter(
  planes: usize, phase: usize, m: i32, h: i32, w: i32, y: i32, x: i32, stride_h: i32, stride_w: i32,
): void {
  const step = <usize>stride_w << 2;
  for (let c = 0; c < m; c++) {
    for (let row = y; row < h; row += stride_h) {
      let to = planes + (<usize>((c * h + row) * w + x) << 2);
      for (let column = x; column < w; column += stride_w, phase += 4, to += step) {
        store<f32>(to, load<f32>(phase));
      }
    }
  }
}

/** Packs the matrix with element (i, p) at w + i * row_step + offsets[p]: blocks of KC columns, in each
 *  strips of MR rows. */
function pack_weights(dst: usize, w: usize, row_step: usize, offsets: usize, m: i32, k: i32): void {
  for (let p = 0; p < k; p += KC) {
    const depth = min(KC, k - p);
    for (let i = 0; i < round_up(m, MR); i++) {
      const row = w + row_step * <usize>min(i, m - 1);
      let to = dst + (<usize>((i & ~3) * depth + (i & 3)) << 2);
      for (let e: usize = 0; e < <usize>depth << 2; e += 4, to += 16) {
        store<f32>(to, load<f32>(row + load<u32>(offsets + e)));
      }
    }
    offsets += <usize>depth << 2;
    dst += <usize>(round_up(m, MR) * depth) << 2;
  }
}
