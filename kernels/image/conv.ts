// Two-dimensional convolution (cross-correlation, as is usual) of NCHW images as an implicit matrix
// product: panels of the column matrix are packed straight from a zero-padded copy of the image and
// multiplied by the GEMM micro-kernel. Shapes:
//   x[n, c_in, h, w_in], w[c_out, c_in / groups, kh, kw], out[n, c_out, out_h, out_w].
// Pixel (oy, ox) of out and tap (ky, kx) of w meet at row oy stride_h - pad_h + ky dil_h of x, columns
// likewise. Images are computed one by one, each with the same bits in any batch.
import { Convolution, area, ceil_div, floats, floor_div } from "./geometry";
import { WINDOW_SLACK, fill_window, pack_pixels, pack_taps } from "./im2col";
import { pack_rows } from "../linear/pack";
import { correlate_plane, correlate_taps, plane_sum } from "./plane";
import { KC, MR, NR, TILE_BYTES, multiply_panels, round_up } from "../linear/tile";

const FORWARD: i32 = 0;
const GRAD_INPUT: i32 = 1;
const GRAD_WEIGHT: i32 = 2;

/** The plan of a pass: what one group computes with, and the areas of its scratch memory. */
@unmanaged
class Pass extends Convolution {
  /** Channels of the image that is read, rows of the result, taps that meet in one element of it. */
  channels: i32;
  m: i32;
  k: i32;
  /** Extents of the padded image, and where it begins in the image. */
  window_h: i32;
  window_w: i32;
  top: i32;
  left: i32;
  tile: usize;
  panel: usize;
  offsets: usize;
  weight_offsets: usize;
  packed: usize;
  window: usize;
  phase: usize;
}

@inline
function span(outputs: i32, stride: i32, taps: i32, dilation: i32): i32 {
  return (outputs - 1) * stride + (taps - 1) * dilation + 1;
}

/** Plans a pass with its scratch memory from `base` on; returns the end. */
function plan_pass(g: Pass, pass: i32, base: u64): u64 {
  const inputs = g.c_in / g.groups;
  const outputs = g.c_out / g.groups;
  const backward = pass == GRAD_INPUT;
  g.channels = backward ? outputs : inputs;
  g.m = backward ? inputs : outputs;
  g.k = g.channels * g.kh * g.kw;
  if (backward) {
    // Row y of gx and tap ky of w meet at row (y + pad_h - ky dil_h) / stride_h of g, if that is an integer.
    g.top = floor_div(g.pad_h - (g.kh - 1) * g.dil_h, g.stride_h);
    g.left = floor_div(g.pad_w - (g.kw - 1) * g.dil_w, g.stride_w);
    g.window_h = floor_div(g.h - 1 + g.pad_h, g.stride_h) - g.top + 1;
    g.window_w = floor_div(g.w_in - 1 + g.pad_w, g.stride_w) - g.left + 1;
  } else {
    g.top = -g.pad_h;
    g.left = -g.pad_w;
    g.window_h = span(g.out_h, g.stride_h, g.kh, g.dil_h);
    g.window_w = span(g.out_w, g.stride_w, g.kw, g.dil_w);
  }
  const rows = <i64>round_up(g.m, MR);
  const taps = floats(round_up(g.k, NR));
  let at = base;
  g.tile = <usize>at;
  at = area(at, TILE_BYTES);
  g.panel = <usize>at;
  at = area(at, floats(KC * NR));
  g.offsets = <usize>at;
  at = area(at, taps);
  g.weight_offsets = <usize>at;
  at = area(at, taps);
  g.packed = <usize>at;
  at = area(at, floats(rows * <i64>(pass == GRAD_WEIGHT ? KC : g.k)));
  g.window = <usize>at;
  at = area(at, floats(<i64>g.channels * <i64>g.window_h * <i64>g.window_w) + WINDOW_SLACK);
  g.phase = <usize>at;
  if (backward) {
    const grid = <i64>ceil_div(g.h, g.stride_h) * <i64>ceil_div(g.w_in, g.stride_w);
    at = area(at, floats(<i64>g.m * grid));
  }
  return at;
}

/** Bytes of a geometry: the sizes, and room for the plan that a pass makes of them. */
export function conv2d_geometry_bytes(): i32 {
  return <i32>offsetof<Pass>();
}

/** Bytes of scratch, 16-byte aligned, for a pass: 0 forward, 1 gradient of the input, 2 of the weight. */
export function conv2d_scratch_bytes(geometry: usize, pass: i32): f64 {
  return <f64>plan_pass(changetype<Pass>(geometry), pass, 0);
}

@inline
function clear_window(g: Pass): void {
  memory.fill(g.window, 0, <usize>(g.channels * g.window_h * g.window_w) << 2);
}

/** out[n, c_out, out_h, out_w] = x * w, plus bias[c_out] unless that pointer is 0. Images may be shared out. */
export function conv2d_forward_f32(
  out: usize, x: usize, w: usize, bias: usize, n: i32, geometry: usize, scratch: usize,
): void {
  const g = changetype<Pass>(geometry);
  plan_pass(g, FORWARD, scratch);
  const m = g.m;
  const k = g.k;
  const channels = g.channels;
  const pixels = g.out_h * g.out_w;
  if (n * pixels == 0) return;
  tap_offsets(g);
  for (let p = 0; p < k; p++) store<u32>(g.weight_offsets + (<usize>p << 2), p << 2);
  clear_window(g);
  const plane = <usize>(g.h * g.w_in) << 2;
  for (let group = 0; group < g.groups; group++) {
    pack_weights(g.packed, w + (<usize>(group * m * k) << 2), <usize>k << 2, g.weight_offsets, m, k);
    for (let i = 0; i < n; i++) {
      const image = x + plane * <usize>(i * g.c_in + group * channels);
      const c = out + (<usize>pixels << 2) * <usize>(i * g.c_out + group * m);
      fill_window(g.window, image, channels, g.h, g.w_in, g.window_h, g.window_w, g.top, g.left);
      if (bias) spread(c, bias + (<usize>(group * m) << 2), m, pixels);
      multiply_columns(
        g, c, k, g.out_h, g.out_w, <usize>(g.stride_h * g.window_w) << 2, <usize>g.stride_w << 2, bias != 0,
      );
    }
  }
}

/** gx[n, c_in, h, w_in] = the gradient with respect to x for g[n, c_out, out_h, out_w]; as well the forward
 *  pass of the transposed convolution. Pixels of gx that agree modulo the stride see the same taps of w:
 *  each such phase is a convolution of g with stride 1, and no work is spent on the zeros of a dilated g.
 *  Images may be shared out. */
export function conv2d_grad_input_f32(
  gx: usize, gradient: usize, w: usize, n: i32, geometry: usize, scratch: usize,
): void {
  const g = changetype<Pass>(geometry);
  plan_pass(g, GRAD_INPUT, scratch);
  const m = g.m;
  const channels = g.channels;
  const taps = g.kh * g.kw;
  const direct = g.stride_h == 1 && g.stride_w == 1;
  const from_plane = <usize>(g.out_h * g.out_w) << 2;
  const to_plane = <usize>(g.h * g.w_in) << 2;
  clear_window(g);
  for (let group = 0; group < g.groups; group++) {
    for (let y = 0; y < min(g.stride_h, g.h); y++) {
      for (let x = 0; x < min(g.stride_w, g.w_in); x++) {
        const k = phase_offsets(g, y, x);
        const w_group = w + (<usize>(group * channels * m * taps) << 2);
        pack_weights(g.packed, w_group, <usize>taps << 2, g.weight_offsets, m, k);
        for (let i = 0; i < n; i++) {
          const image = gradient + from_plane * <usize>(i * g.c_out + group * channels);
          const to = gx + to_plane * <usize>(i * g.c_in + group * m);
          fill_window(g.window, image, channels, g.out_h, g.out_w, g.window_h, g.window_w, g.top, g.left);
          multiply_columns(
            g, direct ? to : g.phase, k, ceil_div(g.h - y, g.stride_h), ceil_div(g.w_in - x, g.stride_w),
            <usize>g.window_w << 2, 4, false,
          );
          if (!direct) scatter(g, to, y, x);
        }
      }
    }
  }
}

/** Where in window and weight the taps lie that phase (y, x) sees; returns how many they are. */
function phase_offsets(g: Pass, y: i32, x: i32): i32 {
  const taps = g.kh * g.kw;
  let k = 0;
  for (let c = 0; c < g.channels; c++) {
    for (let ky = 0; ky < g.kh; ky++) {
      const dy = y + g.pad_h - ky * g.dil_h;
      if (dy % g.stride_h != 0) continue;
      for (let kx = 0; kx < g.kw; kx++) {
        const dx = x + g.pad_w - kx * g.dil_w;
        if (dx % g.stride_w != 0) continue;
        const row = c * g.window_h + dy / g.stride_h - g.top;
        store<u32>(g.offsets + (<usize>k << 2), (row * g.window_w + dx / g.stride_w - g.left) << 2);
        store<u32>(g.weight_offsets + (<usize>k << 2), (c * g.m * taps + ky * g.kw + kx) << 2);
        k++;
      }
    }
  }
  return k;
}

/** gw[c_out, c_in / groups, kh, kw] = the gradient with respect to w for g[n, c_out, out_h, out_w]: a sum over the
 *  images in their order. */
export function conv2d_grad_weight_f32(
  gw: usize, gradient: usize, x: usize, n: i32, geometry: usize, scratch: usize,
): void {
  const g = changetype<Pass>(geometry);
  plan_pass(g, GRAD_WEIGHT, scratch);
  const m = g.m;
  const k = g.k;
  const channels = g.channels;
  const out_w = g.out_w;
  const pixels = g.out_h * out_w;
  if (n * pixels == 0) {
    memory.fill(gw, 0, <usize>(g.c_out * k) << 2);
    return;
  }
  const row_step = <usize>(g.stride_h * g.window_w) << 2;
  const column_step = <usize>g.stride_w << 2;
  const plane = <usize>(g.h * g.w_in) << 2;
  const panel = g.panel;
  const packed = g.packed;
  const window = g.window;
  tap_offsets(g);
  for (let p = k; p < round_up(k, NR); p++) store<u32>(g.offsets + (<usize>p << 2), 0);
  clear_window(g);
  for (let group = 0; group < g.groups; group++) {
    const c = gw + (<usize>(group * m * k) << 2);
    for (let i = 0; i < n; i++) {
      const image = x + plane * <usize>(i * g.c_in + group * channels);
      const rows = gradient + (<usize>pixels << 2) * <usize>(i * g.c_out + group * m);
      fill_window(window, image, channels, g.h, g.w_in, g.window_h, g.window_w, g.top, g.left);
      if (m == 1) {
        correlate_taps(c, rows, k, window, g.offsets, g.out_h, out_w, row_step, column_step, i > 0);
        continue;
      }
      for (let q = 0; q < pixels; q += KC) {
        const depth = min(KC, pixels - q);
        for (let r = 0; r < m; r += MR) {
          const strip = packed + (<usize>(r * depth) << 2);
          pack_rows(strip, 16, rows + (<usize>(r * pixels + q) << 2), <usize>pixels << 2, m - r, depth);
        }
        for (let p = 0; p < k; p += NR) {
          const taps = g.offsets + (<usize>p << 2);
          pack_taps(panel, taps, window, q / out_w, q % out_w, depth, out_w, row_step, column_step);
          multiply_panels(
            c + (<usize>p << 2), <usize>k << 2, packed, panel, m, min(NR, k - p), depth, i > 0 || q > 0,
            g.tile,
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

/** c[m, grid_h * grid_w] (+)= the packed weights of k taps times the column matrix given by window and offsets. */
function multiply_columns(
  g: Pass, c: usize, k: i32, grid_h: i32, grid_w: i32, row_step: usize, column_step: usize, accumulate: bool,
): void {
  const m = g.m;
  const panel = g.panel;
  let packed = g.packed;
  let offsets = g.offsets;
  if (m == 1) {
    correlate_plane(c, packed, k, g.window, offsets, grid_h, grid_w, row_step, column_step, accumulate);
    return;
  }
  const pixels = grid_h * grid_w;
  let p = 0;
  do {
    const depth = min(KC, k - p);
    let x = 0;
    let row = g.window;
    for (let q = 0; q < pixels; q += NR) {
      const count = min(NR, pixels - q);
      const pixel = row + column_step * <usize>x;
      pack_pixels(panel, offsets, depth, pixel, count, grid_w - x, grid_w, row_step, column_step);
      multiply_panels(
        c + (<usize>q << 2), <usize>pixels << 2, packed, panel, m, count, depth, accumulate || p > 0, g.tile,
      );
      for (x += NR; x >= grid_w; x -= grid_w) row += row_step;
    }
    offsets += <usize>depth << 2;
    packed += <usize>(round_up(m, MR) * depth) << 2;
    p += depth;
  } while (p < k);
}

/** Where in the window the taps of a forward convolution lie, in bytes. */
function tap_offsets(g: Pass): void {
  let offsets = g.offsets;
  for (let c = 0; c < g.channels; c++) {
    for (let ky = 0; ky < g.kh; ky++) {
      for (let kx = 0; kx < g.kw; kx++, offsets += 4) {
        store<u32>(offsets, ((c * g.window_h + ky * g.dil_h) * g.window_w + kx * g.dil_w) << 2);
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

/** Puts phase (y, x) into its places in m planes [h, w]. */
function scatter(g: Pass, planes: usize, y: i32, x: i32): void {
  const step = <usize>g.stride_w << 2;
  let phase = g.phase;
  for (let c = 0; c < g.m; c++) {
    for (let row = y; row < g.h; row += g.stride_h) {
      let to = planes + (<usize>((c * g.h + row) * g.w_in + x) << 2);
      for (let column = x; column < g.w_in; column += g.stride_w, phase += 4, to += step) {
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
