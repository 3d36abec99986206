// 3x3 convolution with stride 1 by Winograd's minimal filtering F(2x2, 3x3) (Lavin & Gray, "Fast Algorithms for
// Convolutional Neural Networks", 2016): 16 multiplications for four outputs in place of 36. Input tiles d (4x4, two
// pixels apart), weights g and output tiles are related by
//   out = A^T [sum over channels of (G g G^T) * (B^T d B)] A    (* elementwise),
// sixteen matrix products, one for each position in the tile, over channels and tiles. The gradient of the weights is
// the transpose of the same relation. It pays from about eight channels on either side. Sums pass through differences
// of pixels: the bits are not those of conv.ts, and an infinite pixel can make all outputs of its tiles NaN.
import { fill_window } from "./im2col";
import { store_transposed } from "./pack";
import { MR, NR, TILE_BYTES, multiply_panels, round_up } from "./tile";

const POSITIONS: i32 = 16;
/** Tiles side by side that are transformed at a time, one a lane. */
const LANES: i32 = 4;
/** Keeps the sixteen matrices off one another's cache sets, where powers of two would put them. */
const SKEW: usize = 64;
/** Blocks of LANES tiles that are multiplied at a time: a panel, or for the weights as deep as a packed block. */
const CHUNK: i32 = NR / LANES;
const DEEP_CHUNK: i32 = 32;

// @ts-ignore: decorator
@inline
function evens(a: v128, b: v128): v128 {
  return v128.shuffle<f32>(a, b, 0, 2, 4, 6);
}

// @ts-ignore: decorator
@inline
function odds(a: v128, b: v128): v128 {
  return v128.shuffle<f32>(a, b, 1, 3, 5, 7);
}

/** Bytes of the packed filters at one position. */
// @ts-ignore: decorator
@inline
function filter_bytes(m: i32, k: i32): usize {
  return (<usize>(round_up(m, MR) * k) << 2) + SKEW;
}

/** One row of B^T d B before the rows are combined: to dst + 16 j. */
// @ts-ignore: decorator
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

/** B^T d B of four tiles: position e to dst + e * step. src: the corner of the first in the window; rows: 256 bytes. */
function transform_input(dst: usize, step: usize, src: usize, row_bytes: usize, rows: usize): void {
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

// @ts-ignore: decorator
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

// @ts-ignore: decorator
@inline
function upper(src: usize, step4: usize): v128 {
  return f32x4.add(f32x4.add(v128.load(src), v128.load(src + step4)), v128.load(src + 2 * step4));
}

// @ts-ignore: decorator
@inline
function lower(src: usize, step4: usize): v128 {
  return f32x4.sub(f32x4.sub(v128.load(src + step4), v128.load(src + 2 * step4)), v128.load(src + 3 * step4));
}

/** A^T m A + bias for four tiles: up to two rows of eight pixels. Position e of m at src + e * step. */
function transform_output(
  out: usize, out_w: i32, src: usize, step: usize, bias: v128, rows: i32, columns: i32,
): void {
  const step4 = step << 2;
  const src2 = src + 2 * step;
  const u1 = upper(src + step, step4);
  const u2 = upper(src2, step4);
  let even = f32x4.add(f32x4.add(upper(src, step4), u1), u2);
  let odd = f32x4.sub(f32x4.sub(u1, u2), upper(src2 + step, step4));
  store_row(out, f32x4.add(even, bias), f32x4.add(odd, bias), columns);
  if (rows < 2) return;
  const l1 = lower(src + step, step4);
  const l2 = lower(src2, step4);
  even = f32x4.add(f32x4.add(lower(src, step4), l1), l2);
  odd = f32x4.sub(f32x4.sub(l1, l2), lower(src2 + step, step4));
  store_row(out + (<usize>out_w << 2), f32x4.add(even, bias), f32x4.add(odd, bias), columns);
}

/** A g A^T of four output tiles: position e to dst + e * step. src: the first pixel in the window of g. */
function transform_gradient(dst: usize, step: usize, src: usize, row_bytes: usize): void {
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

// @ts-ignore: decorator
@inline
function spread_column(dst: usize, step4: usize, y0: v128, y1: v128): void {
  v128.store(dst, y0);
  v128.store(dst + step4, f32x4.add(y0, y1));
  v128.store(dst + 2 * step4, f32x4.sub(y0, y1));
  v128.store(dst + 3 * step4, f32x4.neg(y1));
}

/** G times three elements: four, `step` bytes apart. */
// @ts-ignore: decorator
@inline
function expand(dst: usize, step: usize, f0: f32, f1: f32, f2: f32): void {
  store<f32>(dst, f0);
  store<f32>(dst + step, 0.5 * (f0 + f1 + f2));
  store<f32>(dst + 2 * step, 0.5 * (f0 - f1 + f2));
  store<f32>(dst + 3 * step, f2);
}

/** G g G^T of one filter, its nine taps w + t * tap: position e to dst + e * step. */
function transform_filter(dst: usize, step: usize, w: usize, tap: usize): void {
  const step4 = step << 2;
  for (let x = 0; x < 3; x++, w += tap) {
    const below = w + 3 * tap;
    expand(dst + step * <usize>x, step4, load<f32>(w), load<f32>(below), load<f32>(below + 3 * tap));
  }
  for (let y = 0; y < 4; y++, dst += step4) {
    expand(dst, step, load<f32>(dst), load<f32>(dst + step), load<f32>(dst + 2 * step));
  }
}

/** out[n, m, out_h, out_w] = src[n, k, h, w] correlated with filters that have been transformed and packed. */
function correlate(
  out: usize, src: usize, filters: usize, bias: usize, n: i32, k: i32, h: i32, w: i32, m: i32, out_h: i32, out_w: i32,
  pad_h: i32, pad_w: i32, scratch: usize,
): void {
  const rows_m = round_up(m, MR);
  const blocks = (out_w + 2 * LANES - 1) / (2 * LANES);
  const window_h = round_up(out_h, 2) + 2;
  const window_w = blocks * 2 * LANES + 2;
  const row_bytes = <usize>window_w << 2;
  const plane_bytes = row_bytes * <usize>window_h;
  const rows = scratch + TILE_BYTES;
  const products = rows + 256;
  const product_bytes = (<usize>(rows_m * CHUNK) << 4) + SKEW;
  const inputs = products + <usize>POSITIONS * product_bytes;
  const panel_bytes = <usize>(k * NR) << 2;
  const input_bytes = panel_bytes * <usize>(CHUNK / 2) + SKEW;
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
      let to = inputs + panel_bytes * <usize>(j >> 1) + (<usize>(j & 1) << 4);
      let corner = window + row_bytes * <usize>(block / blocks * 2) + (<usize>(block % blocks * 2 * LANES) << 2);
      for (let c = 0; c < k; c++, to += 32, corner += plane_bytes) {
        transform_input(to, input_bytes, corner, row_bytes, rows);
      }
    }
    for (let e: usize = 0; e < <usize>POSITIONS; e++) {
      multiply_panels(
        products + e * product_bytes, CHUNK << 4, filters + e * filter_bytes(m, k), inputs + e * input_bytes,
        rows_m, round_up(used * LANES, NR), k, false, scratch,
      );
    }
    for (let j = 0; j < used; j++) {
      const image = (first + j) / per_image;
      const block = (first + j) % per_image;
      const y = block / blocks * 2;
      const x = block % blocks * 2 * LANES;
      let from = products + (<usize>j << 4);
      let to = out + (<usize>(out_h * out_w) << 2) * <usize>(image * m) + (<usize>(y * out_w + x) << 2);
      for (let c = 0; c < m; c++, from += CHUNK << 4, to += <usize>(out_h * out_w) << 2) {
        const b = bias ? v128.load_splat<f32>(bias + (<usize>c << 2)) : f32x4.splat(0);
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
export function winograd_scratch_bytes(c_in: i32, h: i32, w_in: i32, c_out: i32, pad_h: i32, pad_w: i32): i32 {
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

/** out[n, c_out, h + 2 pad_h - 2, w_in + 2 pad_w - 2] = x[n, c_in, h, w_in] correlated with w[c_out, c_in, 3, 3], plus
 *  bias[c_out] unless that pointer is 0. An image has the same bits in any batch. */
export function winograd_forward_f32(
  out: usize, x: usize, w: usize, bias: usize, n: i32, c_in: i32, h: i32, w_in: i32, c_out: i32, pad_h: i32,
  pad_w: i32, scratch: usize,
): void {
  const filters = scratch;
  const rest = filters + <usize>POSITIONS * filter_bytes(c_out, c_in);
  pack_filters(filters, w, <usize>(9 * c_in) << 2, 36, c_out, c_in, false);
  correlate(
    out, x, filters, bias, n, c_in, h, w_in, c_out, h + 2 * pad_h - 2, w_in + 2 * pad_w - 2, pad_h, pad_w, rest,
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
    gx, g, filters, 0, n, c_out, h + 2 * pad_h - 2, w_in + 2 * pad_w - 2, c_in, h, w_in, 2 - pad_h, 2 - pad_w, rest,
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

/** Four tiles of four channels, position after position: channels side by side. */
// @ts-ignore: decorator
@inline
function interleave_tiles(dst: usize, pitch: usize, step: usize, tiles: usize): void {
  for (let e = 0; e < POSITIONS; e++, dst += step, tiles += 64) {
    const v0 = v128.load(tiles);
    const v1 = v128.load(tiles, 16);
    const v2 = v128.load(tiles, 32);
    const v3 = v128.load(tiles, 48);
    store_transposed(dst, pitch, v0, v1, v2, v3);
  }
}

/** G^T u G: the nine taps to dst. Position e of u at src + e * step. */
function restore_filter(dst: usize, src: usize, step: usize): void {
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
// @ts-ignore: decorator
@inline
function collect(src: usize, step: usize, i: i32): f32 {
  const u1 = load<f32>(src + step);
  const u2 = load<f32>(src + 2 * step);
  if (i == 0) return load<f32>(src) + 0.5 * (u1 + u2);
  if (i == 1) return 0.5 * (u1 - u2);
  return 0.5 * (u1 + u2) + load<f32>(src + 3 * step);
}
