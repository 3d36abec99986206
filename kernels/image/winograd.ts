// 3x3 convolution with stride 1 by Winograd's minimal filtering F(2x2, 3x3) (Lavin & Gray, "Fast Algorithms
// for Convolutional Neural Networks", 2016): 16 multiplications for four outputs in place of 36. Input
// tiles d (4x4, two pixels apart), weights g and output tiles are related by
//   out = A^T [sum over channels of (G g G^T) * (B^T d B)] A    (* elementwise),
// sixteen matrix products, one for each position in the tile, over channels and tiles. The gradient of the
// weights is the transpose of the same relation. It pays from about eight channels on either side. Sums
// pass through differences of pixels: the bits are not those of conv.ts, and an infinite pixel can make all
// outputs of its tiles NaN.
import { fill_window } from "./im2col";
import { MR, NR, TILE_BYTES, multiply_panels, round_up } from "../linear/tile";
import {
  interleave_tiles, restore_filter, transform_filter, transform_gradient, transform_input, transform_output,
} from "./winograd-tile";

const POSITIONS: i32 = 16;
/** Tiles side by side that are transformed at a time, one a lane. */
const LANES: i32 = 4;
/** Keeps the sixteen matrices off one another's cache sets, where powers of two would put them. */
const SKEW: usize = 64;
/** Blocks of LANES tiles that are multiplied at a time: one panel of columns, or, where tiles are summed
 *  over for the gradient of the weights, panels 128 deep. */
const CHUNK: i32 = NR / LANES;
const DEEP_CHUNK: i32 = 32;

/** Bytes of the packed filters at one position. */
@inline
function filter_bytes(m: i32, k: i32): usize {
  return (<usize>(round_up(m, MR) * k) << 2) + SKEW;
}

/** out[n, m, out_h, out_w] = src[n, k, h, w] correlated with filters, transformed and packed, plus bias. */
function correlate(
  out: usize, src: usize, filters: usize, bias: usize, n: i32, k: i32, h: i32, w: i32, m: i32, out_h: i32,
  out_w: i32, pad_h: i32, pad_w: i32, scratch: usize,
): void {
  const rows_m = round_up(m, MR);
  const blocks = (out_w + 2 * LANES - 1) / (2 * LANES);
  const window_h = round_up(out_h, 2) + 2;
  const window_w = blocks * 2 * LANES + 2;
  const row_bytes = <usize>window_w << 2;
  const plane_bytes = row_bytes * <usize>window_h;
  const rows = scratch + TILE_BYTES;
  const products = rows + 256;
  const product_bytes = (<usize>(rows_m * NR) << 2) + SKEW;
  const inputs = products + <usize>POSITIONS * product_bytes;
  const input_bytes = (<usize>(k * NR) << 2) + SKEW;
  const window = inputs + <usize>POSITIONS * input_bytes;
  const per_image = blocks * (window_h / 2 - 1);
  memory.fill(window, 0, plane_bytes * <usize>k);
  for (let first = 0; first < n * per_image; first += CHUNK) {
    const used = min(CHUNK, n * per_image - first);
    for (let j = 0; j < used; j++) {
      const block = (first + j) % per_image;
      if (block == 0) {
        fill_window(window, src, k, h, w, window_h, window_w, -pad_h, -pad_w);
        src += <usize>(k * h * w) << 2;
      }
      let to = inputs + (<usize>j << 4);
      const y = block / blocks * 2;
      const x = block % blocks * 2 * LANES;
      let corner = window + row_bytes * <usize>y + (<usize>x << 2);
      for (let c = 0; c < k; c++, to += 32, corner += plane_bytes) {
        transform_input(to, input_bytes, corner, row_bytes, rows);
      }
    }
    for (let e: usize = 0; e < <usize>POSITIONS; e++) {
      multiply_panels(
        products + e * product_bytes, 32, filters + e * filter_bytes(m, k), inputs + e * input_bytes,
        rows_m, NR, k, false, scratch,
      );
    }
    for (let j = 0; j < used; j++) {
      const image = (first + j) / per_image;
      const block = (first + j) % per_image;
      const y = block / blocks * 2;
      const x = block % blocks * 2 * LANES;
      let from = products + (<usize>j << 4);
      let to = out + (<usize>(out_h * out_w) << 2) * <usize>(image * m) + (<usize>(y * out_w + x) << 2);
      for (let c = 0; c < m; c++, from += 32, to += <usize>(out_h * out_w) << 2) {
        const b = bias ? bias + (<usize>c << 2) : 0;
        transform_output(to, out_w, from, product_bytes, b, out_h - y, out_w - x);
      }
    }
  }
}

/** Transforms and packs filters[m, k] whose element (i, p) lies at w + i * row_step + p * column_step. */
function pack_filters(
  dst: usize, w: usize, row_step: usize, column_step: usize, m: i32, k: i32, flip: bool,
): void {
  const position = filter_bytes(m, k);
  memory.fill(dst, 0, position * <usize>POSITIONS);
  const tap: usize = flip ? <usize>-4 : 4;
  if (flip) w += 32;
  for (let i = 0; i < m; i++) {
    let to = dst + (<usize>((i & ~3) * k + (i & 3)) << 2);
    let from = w + row_step * <usize>i;
    for (let p = 0; p < k; p++, to += 16, from += column_step) transform_filter(to, position, from, tap);
  }
}

/** Bytes of scratch for correlate. */
function correlate_bytes(k: i32, m: i32, out_h: i32, out_w: i32): usize {
  const window = k * (round_up(out_h, 2) + 2) * (round_up(out_w, 2 * LANES) + 2);
  const position = filter_bytes(m, k) + (<usize>((round_up(m, MR) + k) * NR) << 2) + 2 * SKEW;
  return TILE_BYTES + 256 + <usize>POSITIONS * position + (<usize>window << 2);
}

/** Bytes of scratch, 16-byte aligned, for any of the winograd kernels with these arguments. */
export function winograd_scratch_bytes(
  c_in: i32, h: i32, w_in: i32, c_out: i32, pad_h: i32, pad_w: i32,
): i32 {
  const out_h = h + 2 * pad_h - 2;
  const out_w = w_in + 2 * pad_w - 2;
  const forward = correlate_bytes(c_in, c_out, out_h, out_w);
  const grad_input = correlate_bytes(c_out, c_in, h, w_in);
  const rows = round_up(c_out, MR);
  const columns = round_up(c_in, NR);
  const position = (<usize>(rows * columns + (rows + columns) * DEEP_CHUNK * LANES) << 2) + 2 * SKEW;
  const windows = (c_in + c_out) * (round_up(out_h, 2) + 2) * (round_up(out_w, 2 * LANES) + 2);
  const grad_weight = TILE_BYTES + 1280 + <usize>POSITIONS * position + (<usize>windows << 2);
  return <i32>max(max(forward, grad_input), grad_weight);
}

/** out[n, c_out, h + 2 pad_h - 2, w_in + 2 pad_w - 2] = x[n, c_in, h, w_in] correlated with w[c_out, c_in,
 *  3, 3], plus bias[c_out] unless that pointer is 0. An image has the same bits in any batch. */
export function winograd_forward_f32(
  out: usize, x: usize, w: usize, bias: usize, n: i32, c_in: i32, h: i32, w_in: i32, c_out: i32, pad_h: i32,
  pad_w: i32, scratch: usize,
): void {
  const filters = scratch;
  const rest = filters + <usize>POSITIONS * filter_bytes(c_out, c_in);
  pack_filters(filters, w, <usize>(9 * c_in) << 2, 36, c_out, c_in, false);
  correlate(
    out, x, filters, bias, n, c_in, h, w_in, c_out, h + 2 * pad_h - 2, w_in + 2 * pad_w - 2, pad_h, pad_w,
    rest,
  );
}

/** gx[n, c_in, h, w_in] = the gradient with respect to x for g of the shape of the output. */
export function winograd_grad_input_f32(
  gx: usize, g: usize, w: usize, n: i32, c_in: i32, h: i32, w_in: i32, c_out: i32, pad_h: i32, pad_w: i32,
  scratch: usize,
): void {
  const filters = scratch;
  const rest = filters + <usize>POSITIONS * filter_bytes(c_in, c_out);
  pack_filters(filters, w, 36, <usize>(9 * c_in) << 2, c_in, c_out, true);
  correlate(
    gx, g, filters, 0, n, c_out, h + 2 * pad_h - 2, w_in + 2 * pad_w - 2, c_in, h, w_in, 2 - pad_h,
    2 - pad_w, rest,
  );
}

/** gw[c_out, c_in, 3, 3] = the gradient with respect to w for g of the shape of the output. */
export function winograd_grad_weight_f32(
  gw: usize, g: usize, x: usize, n: i32, c_in: i32, h: i32, w_in: i32, c_out: i32, pad_h: i32, pad_w: i32,
  scratch: usize,
): void {
  const out_h = h + 2 * pad_h - 2;
  const out_w = w_in + 2 * pad_w - 2;
  const blocks = (out_w + 2 * LANES - 1) / (2 * LANES);
  const per_image = blocks * ((out_h + 1) / 2);
  if (n * per_image == 0) {
    memory.fill(gw, 0, <usize>(9 * c_out * c_in) << 2);
    return;
  }
  const rows_m = round_up(c_out, MR);
  const columns = round_up(c_in, NR);
  const g_h = round_up(out_h, 2);
  const g_w = blocks * 2 * LANES;
  const x_h = g_h + 2;
  const x_w = g_w + 2;
  const rows = scratch + TILE_BYTES;
  const tiles = rows + 256;
  const sums = tiles + 1024;
  const sum_bytes = <usize>(rows_m * columns) << 2;
  const gradients = sums + <usize>POSITIONS * sum_bytes;
  const gradient_bytes = (<usize>(rows_m * DEEP_CHUNK * LANES) << 2) + SKEW;
  const inputs = gradients + <usize>POSITIONS * gradient_bytes;
  const input_bytes = (<usize>(columns * DEEP_CHUNK * LANES) << 2) + SKEW;
  const x_window = inputs + <usize>POSITIONS * input_bytes;
  const g_window = x_window + (<usize>(c_in * x_h * x_w) << 2);
  memory.fill(x_window, 0, <usize>(c_in * x_h * x_w + c_out * g_h * g_w) << 2);
  for (let first = 0; first < n * per_image; first += DEEP_CHUNK) {
    const used = min(DEEP_CHUNK, n * per_image - first);
    const depth = used * LANES;
    for (let j = 0; j < used; j++) {
      const block = (first + j) % per_image;
      if (block == 0) {
        fill_window(x_window, x, c_in, h, w_in, x_h, x_w, -pad_h, -pad_w);
        fill_window(g_window, g, c_out, out_h, out_w, g_h, g_w, 0, 0);
        x += <usize>(c_in * h * w_in) << 2;
        g += <usize>(c_out * out_h * out_w) << 2;
      }
      const top = block / blocks * 2;
      const left = block % blocks * 2 * LANES;
      const x_corner = x_window + (<usize>(top * x_w + left) << 2);
      for (let c = 0; c < columns; c += 4) {
        for (let i = 0; i < 4; i++) {
          const corner = x_corner + (<usize>(x_h * x_w) << 2) * <usize>min(c + i, c_in - 1);
          transform_input(tiles + (<usize>i << 4), 64, corner, <usize>x_w << 2, rows);
        }
        const to = inputs + (<usize>((c & ~7) * depth + j * LANES * NR + (c & 4)) << 2);
        interleave_tiles(to, 32, input_bytes, tiles);
      }
      const g_corner = g_window + (<usize>(top * g_w + left) << 2);
      for (let c = 0; c < rows_m; c += 4) {
        for (let i = 0; i < 4; i++) {
          const corner = g_corner + (<usize>(g_h * g_w) << 2) * <usize>min(c + i, c_out - 1);
          transform_gradient(tiles + (<usize>i << 4), 64, corner, <usize>g_w << 2);
        }
        interleave_tiles(gradients + (<usize>(c * depth + j * LANES * MR) << 2), 16, gradient_bytes, tiles);
      }
    }
    for (let e: usize = 0; e < <usize>POSITIONS; e++) {
      multiply_panels(
        sums + e * sum_bytes, <usize>columns << 2, gradients + e * gradient_bytes, inputs + e * input_bytes,
        rows_m, columns, depth, first > 0, scratch,
      );
    }
  }
  for (let i = 0; i < c_out; i++) {
    for (let c = 0; c < c_in; c++, gw += 36) {
      restore_filter(gw, sums + (<usize>(i * columns + c) << 2), sum_bytes);
    }
  }
}
