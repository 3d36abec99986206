// 3x3 convolution with stride 1 by Winograd's minimal filtering F(2x2, 3x3) (Lavin & Gray, "Fast Algorithms
// for Convolutional Neural Networks", 2016): 16 multiplications for four outputs in place of 36. Input
// tiles d (4x4, two pixels apart), weights g and output tiles are related by
//   out = A^T [sum over channels of (G g G^T) * (B^T d B)] A    (* elementwise),
// sixteen matrix products, one for each position in the tile, over channels and tiles. The gradient of the
// weights is the transpose of the same relation. It pays from about eight channels on either side. Sums
// pass through differences of pixels: the bits are not those of conv.ts, and an infinite pixel can make all
// outputs of its tiles NaN.
import { Convolution, area, floats } from "./geometry";
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

/** Tiles of a plane are taken in blocks of LANES side by side. */
@inline
function blocks_of(width: i32): i32 {
  return (width + 2 * LANES - 1) / (2 * LANES);
}

/** The plan of a forward pass or of the gradient of the input: both correlate images of k planes with filters to m. */
@unmanaged
class Correlation extends Convolution {
  k: i32;
  m: i32;
  from_h: i32;
  from_w: i32;
  to_h: i32;
  to_w: i32;
  top: i32;
  left: i32;
  window_h: i32;
  window_w: i32;
  product_bytes: usize;
  input_bytes: usize;
  filters: usize;
  tile: usize;
  rows: usize;
  products: usize;
  inputs: usize;
  window: usize;
}

/** Plans the pass with its scratch memory from `base` on; returns the end. */
function plan_correlation(p: Correlation, backward: bool, base: u64): u64 {
  p.k = backward ? p.c_out : p.c_in;
  p.m = backward ? p.c_in : p.c_out;
  p.from_h = backward ? p.out_h : p.h;
  p.from_w = backward ? p.out_w : p.w_in;
  p.to_h = backward ? p.h : p.out_h;
  p.to_w = backward ? p.w_in : p.out_w;
  p.top = backward ? p.pad_h - 2 : -p.pad_h;
  p.left = backward ? p.pad_w - 2 : -p.pad_w;
  p.window_h = round_up(p.to_h, 2) + 2;
  p.window_w = blocks_of(p.to_w) * 2 * LANES + 2;
  p.product_bytes = (<usize>(round_up(p.m, MR) * NR) << 2) + SKEW;
  p.input_bytes = (<usize>(p.k * NR) << 2) + SKEW;
  let at = base;
  p.filters = <usize>at;
  at = area(at, <u64>POSITIONS * (floats(<i64>round_up(p.m, MR) * <i64>p.k) + SKEW));
  p.tile = <usize>at;
  at = area(at, TILE_BYTES);
  p.rows = <usize>at;
  at = area(at, 256);
  p.products = <usize>at;
  at = area(at, <u64>POSITIONS * p.product_bytes);
  p.inputs = <usize>at;
  at = area(at, <u64>POSITIONS * p.input_bytes);
  p.window = <usize>at;
  return area(at, floats(<i64>p.k * <i64>p.window_h * <i64>p.window_w));
}

/** out[n, m, to_h, to_w] = src[n, k, from_h, from_w] correlated with the filters, transformed and packed, plus bias. */
function correlate(p: Correlation, out: usize, src: usize, bias: usize, n: i32): void {
  const k = p.k;
  const m = p.m;
  const out_h = p.to_h;
  const out_w = p.to_w;
  const rows_m = round_up(m, MR);
  const blocks = blocks_of(out_w);
  const row_bytes = <usize>p.window_w << 2;
  const plane_bytes = row_bytes * <usize>p.window_h;
  const rows = p.rows;
  const products = p.products;
  const product_bytes = p.product_bytes;
  const inputs = p.inputs;
  const input_bytes = p.input_bytes;
  const window = p.window;
  const per_image = blocks * (p.window_h / 2 - 1);
  memory.fill(window, 0, plane_bytes * <usize>k);
  for (let first = 0; first < n * per_image; first += CHUNK) {
    const used = min(CHUNK, n * per_image - first);
    for (let j = 0; j < used; j++) {
      const block = (first + j) % per_image;
      if (block == 0) {
        fill_window(window, src, k, p.from_h, p.from_w, p.window_h, p.window_w, p.top, p.left);
        src += <usize>(k * p.from_h * p.from_w) << 2;
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
        products + e * product_bytes, 32, p.filters + e * filter_bytes(m, k), inputs + e * input_bytes,
        rows_m, NR, k, false, p.tile,
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

/** The plan of the gradient of the weight. */
@unmanaged
class FilterGradient extends Convolution {
  g_h: i32;
  g_w: i32;
  x_h: i32;
  x_w: i32;
  sum_bytes: usize;
  gradient_bytes: usize;
  input_bytes: usize;
  tile: usize;
  rows: usize;
  tiles: usize;
  sums: usize;
  gradients: usize;
  inputs: usize;
  x_window: usize;
  g_window: usize;
}

/** Plans the pass with its scratch memory from `base` on; returns the end. */
function plan_filter_gradient(p: FilterGradient, base: u64): u64 {
  const rows = <i64>round_up(p.c_out, MR);
  const columns = <i64>round_up(p.c_in, NR);
  p.g_h = round_up(p.out_h, 2);
  p.g_w = blocks_of(p.out_w) * 2 * LANES;
  p.x_h = p.g_h + 2;
  p.x_w = p.g_w + 2;
  const sum_bytes = floats(rows * columns);
  const gradient_bytes = floats(rows * DEEP_CHUNK * LANES) + SKEW;
  const input_bytes = floats(columns * DEEP_CHUNK * LANES) + SKEW;
  p.sum_bytes = <usize>sum_bytes;
  p.gradient_bytes = <usize>gradient_bytes;
  p.input_bytes = <usize>input_bytes;
  let at = base;
  p.tile = <usize>at;
  at = area(at, TILE_BYTES);
  p.rows = <usize>at;
  at = area(at, 256);
  p.tiles = <usize>at;
  at = area(at, 1024);
  p.sums = <usize>at;
  at = area(at, <u64>POSITIONS * sum_bytes);
  p.gradients = <usize>at;
  at = area(at, <u64>POSITIONS * gradient_bytes);
  p.inputs = <usize>at;
  at = area(at, <u64>POSITIONS * input_bytes);
  p.x_window = <usize>at;
  at = area(at, floats(<i64>p.c_in * <i64>p.x_h * <i64>p.x_w));
  p.g_window = <usize>at;
  return area(at, floats(<i64>p.c_out * <i64>p.g_h * <i64>p.g_w));
}

/** Bytes of a geometry: the sizes, and room for the plan that a pass makes of them. */
export function winograd_geometry_bytes(): i32 {
  return <i32>max(offsetof<Correlation>(), offsetof<FilterGradient>());
}

/** Bytes of scratch, 16-byte aligned, for a pass: 0 forward, 1 gradient of the input, 2 of the weight. */
export function winograd_scratch_bytes(geometry: usize, pass: i32): f64 {
  if (pass == 2) return <f64>plan_filter_gradient(changetype<FilterGradient>(geometry), 0);
  return <f64>plan_correlation(changetype<Correlation>(geometry), pass == 1, 0);
}

/** out[n, c_out, out_h, out_w] = x[n, c_in, h, w_in] correlated with w[c_out, c_in, 3, 3], plus bias[c_out] unless that
 *  pointer is 0. An image has the same bits in any batch, so images may be shared out. */
export function winograd_forward_f32(
  out: usize, x: usize, w: usize, bias: usize, n: i32, geometry: usize, scratch: usize,
): void {
  const p = changetype<Correlation>(geometry);
  plan_correlation(p, false, scratch);
  pack_filters(p.filters, w, <usize>(9 * p.c_in) << 2, 36, p.c_out, p.c_in, false);
  correlate(p, out, x, bias, n);
}

/** gx[n, c_in, h, w_in] = the gradient with respect to x for g of the shape of the output. Images may be shared out. */
export function winograd_grad_input_f32(
  gx: usize, g: usize, w: usize, n: i32, geometry: usize, scratch: usize,
): void {
  const p = changetype<Correlation>(geometry);
  plan_correlation(p, true, scratch);
  pack_filters(p.filters, w, 36, <usize>(9 * p.c_in) << 2, p.c_in, p.c_out, true);
  correlate(p, gx, g, 0, n);
}

/** gw[c_out, c_in, 3, 3] = the gradient with respect to w for g of the shape of the output: a sum over the images in their
 *  order. */
export function winograd_grad_weight_f32(
  gw: usize, g: usize, x: usize, n: i32, geometry: usize, scratch: usize,
): void {
  const p = changetype<FilterGradient>(geometry);
  plan_filter_gradient(p, scratch);
  const c_in = p.c_in;
  const c_out = p.c_out;
  const out_h = p.out_h;
  const out_w = p.out_w;
  const blocks = blocks_of(out_w);
  const per_image = blocks * ((out_h + 1) / 2);
  if (n * per_image == 0) {
    memory.fill(gw, 0, <usize>(9 * c_out * c_in) << 2);
    return;
  }
  const rows_m = round_up(c_out, MR);
  const columns = round_up(c_in, NR);
  const g_h = p.g_h;
  const g_w = p.g_w;
  const x_h = p.x_h;
  const x_w = p.x_w;
  const rows = p.rows;
  const tiles = p.tiles;
  const sums = p.sums;
  const sum_bytes = p.sum_bytes;
  const gradients = p.gradients;
  const gradient_bytes = p.gradient_bytes;
  const inputs = p.inputs;
  const input_bytes = p.input_bytes;
  const x_window = p.x_window;
  const g_window = p.g_window;
  memory.fill(x_window, 0, <usize>(c_in * x_h * x_w) << 2);
  memory.fill(g_window, 0, <usize>(c_out * g_h * g_w) << 2);
  for (let first = 0; first < n * per_image; first += DEEP_CHUNK) {
    const used = min(DEEP_CHUNK, n * per_image - first);
    const depth = used * LANES;
    for (let j = 0; j < used; j++) {
      const block = (first + j) % per_image;
      if (block == 0) {
        fill_window(x_window, x, c_in, p.h, p.w_in, x_h, x_w, -p.pad_h, -p.pad_w);
        fill_window(g_window, g, c_out, out_h, out_w, g_h, g_w, 0, 0);
        x += <usize>(c_in * p.h * p.w_in) << 2;
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
        rows_m, columns, depth, first > 0, p.tile,
      );
    }
  }
  for (let i = 0; i < c_out; i++) {
    for (let c = 0; c < c_in; c++, gw += 36) {
      restore_filter(gw, sums + (<usize>(i * columns + c) << 2), sum_bytes);
    }
  }
}
