// Pooling and nearest-neighbour upsampling over planes [h, w]: images times channels of an NCHW tensor.
// Output pixel (oy, ox) covers rows oy sh - ph, dh apart, kh of them, columns likewise; what lies outside the
// plane is left out. Every window meets the plane; the last ones may reach beyond its padding. 2 x 2 windows with stride 2 and no padding have a path of their own, with
// the same bits; its last four outputs of a row may overlap the four before, and are then written twice.
import { evens, odds } from "../linear/pack";
import { load_pixels, plane_sum } from "./plane";

/** Twelve int32 in this order; backend/launch/pool.ts writes them. Planes may be shared out. */
@unmanaged
class Windows {
  h: i32;
  w: i32;
  kh: i32;
  kw: i32;
  sh: i32;
  sw: i32;
  ph: i32;
  pw: i32;
  dh: i32;
  dw: i32;
  oh: i32;
  ow: i32;
}

@inline
function evens_at(src: usize): v128 {
  return evens(v128.load(src), v128.load(src, 16));
}

@inline
function odds_at(src: usize): v128 {
  return odds(v128.load(src), v128.load(src, 16));
}

@inline
function is_halving(g: Windows): bool {
  return (
    g.kh == 2 && g.kw == 2 && g.sh == 2 && g.sw == 2 && g.ph == 0 && g.pw == 0 && g.dh == 1 && g.dw == 1 &&
    2 * g.oh <= g.h && 2 * g.ow <= g.w && g.ow >= 4
  );
}

/** The first of the places from `start`, `step` apart, that is not below 0. */
@inline
function first_inside(start: i32, step: i32): i32 {
  return start >= 0 ? start : start + (step - 1 - start) / step * step;
}

/** What sums over a window are divided by. */
const INSIDE: i32 = 0; // the elements of the plane
const PADDED: i32 = 1; // those and the padding
const NOTHING: i32 = 2;

/** The number of elements of a window that count, along one axis. */
@inline
function counted(start: i32, k: i32, extent: i32, padding: i32, mode: i32): i32 {
  if (mode == NOTHING) return 1;
  return mode == PADDED ? min(start + k, extent + padding) - start : min(start + k, extent) - max(start, 0);
}

/** Where v replaces best: it is greater, or the first NaN. */
@inline
function beats(v: v128, best: v128): v128 {
  return v128.andnot(f32x4.eq(best, best), f32x4.le(v, best));
}

/** out[planes, oh, ow] = the maximum of each window, indices (int32) = its place y * w + x in the plane:
 *  the first one among equals. A NaN is the maximum. */
export function max_pool2d_forward_f32(
  out: usize, indices: usize, x: usize, planes: i32, geometry: usize,
): void {
  const g = changetype<Windows>(geometry);
  const h = g.h;
  const w = g.w;
  const kh = g.kh;
  const kw = g.kw;
  const sh = g.sh;
  const sw = g.sw;
  const ph = g.ph;
  const pw = g.pw;
  const dh = g.dh;
  const dw = g.dw;
  const oh = g.oh;
  const ow = g.ow;
  const span_h = (kh - 1) * dh + 1;
  const span_w = (kw - 1) * dw + 1;
  const halving = is_halving(g);
  for (let plane = 0; plane < planes; plane++, x += <usize>(h * w) << 2) {
    for (let oy = 0; oy < oh; oy++) {
      const y_begin = first_inside(oy * sh - ph, dh);
      const y_end = min(h, oy * sh - ph + span_h);
      let ox = 0;
      if (halving) {
        for (; ox < ow; ox += 4) {
          const first = min(ox, ow - 4);
          const src = x + (<usize>(y_begin * w + 2 * first) << 2);
          const below = src + (<usize>w << 2);
          const place = i32x4.add(i32x4.splat(y_begin * w + 2 * first), i32x4(0, 2, 4, 6));
          let best = evens_at(src);
          let index = place;
          let v = odds_at(src);
          let wins = beats(v, best);
          best = v128.bitselect(v, best, wins);
          index = v128.bitselect(i32x4.add(place, i32x4.splat(1)), index, wins);
          v = evens_at(below);
          wins = beats(v, best);
          best = v128.bitselect(v, best, wins);
          index = v128.bitselect(i32x4.add(place, i32x4.splat(w)), index, wins);
          v = odds_at(below);
          wins = beats(v, best);
          index = v128.bitselect(i32x4.add(place, i32x4.splat(w + 1)), index, wins);
          v128.store(out + (<usize>first << 2), v128.bitselect(v, best, wins));
          v128.store(indices + (<usize>first << 2), index);
        }
      }
      while (ox < ow) {
        // Four windows at a time, or one with only lane 0 in use where a window is cut off.
        const whole = ox * sw >= pw && ox + 4 <= ow && (ox + 3) * sw - pw + span_w <= w;
        const x_begin = first_inside(ox * sw - pw, dw);
        const x_end = min(w, ox * sw - pw + span_w);
        const step = i32x4.mul(i32x4.splat(whole ? sw : 0), i32x4(0, 1, 2, 3));
        const step_bytes = whole ? <usize>sw << 2 : 0;
        let index = i32x4.add(i32x4.splat(y_begin * w + x_begin), step);
        let best = f32x4.splat(-Infinity);
        for (let y = y_begin; y < y_end; y += dh) {
          for (let place = y * w + x_begin; place < y * w + x_end; place += dw) {
            const v = load_pixels(x + (<usize>place << 2), step_bytes, false);
            const wins = beats(v, best);
            best = v128.bitselect(v, best, wins);
            index = v128.bitselect(i32x4.add(i32x4.splat(place), step), index, wins);
          }
        }
        const to = <usize>ox << 2;
        if (whole) {
          v128.store(out + to, best);
          v128.store(indices + to, index);
          ox += 4;
        } else {
          v128.store_lane<f32>(out + to, best, 0);
          v128.store_lane<i32>(indices + to, index, 0);
          ox++;
        }
      }
      out += <usize>ow << 2;
      indices += <usize>ow << 2;
    }
  }
}

/** gx[planes, hw] = g[planes, ohw] added up at the indices that the forward pass left, zero elsewhere. */
export function max_pool2d_backward_f32(
  gx: usize, g: usize, indices: usize, planes: i32, hw: i32, ohw: i32,
): void {
  memory.fill(gx, 0, (<usize>hw << 2) * <usize>planes);
  for (let plane = 0; plane < planes; plane++, gx += <usize>hw << 2) {
    for (let i = 0; i < ohw; i++, g += 4, indices += 4) {
      const to = gx + (<usize>load<u32>(indices) << 2);
      store<f32>(to, load<f32>(to) + load<f32>(g));
    }
  }
}

/** out[planes, oh, ow] = the mean of each window. Elements of the padding count as zeros, or, with
 *  count_include_pad = 0, not at all. */
export function avg_pool2d_forward_f32(
  out: usize, x: usize, planes: i32, geometry: usize, count_include_pad: i32,
): void {
  const g = changetype<Windows>(geometry);
  sum_windows(out, x, planes, g, count_include_pad ? PADDED : INSIDE);
}

/** gx[planes, h, w] = the gradient of avg_pool2d for a gradient [planes, oh, ow]. */
export function avg_pool2d_backward_f32(
  gx: usize, gradient: usize, planes: i32, geometry: usize, count_include_pad: i32,
): void {
  const g = changetype<Windows>(geometry);
  spread_windows(gx, gradient, planes, g, count_include_pad ? PADDED : INSIDE);
}

/** out[planes, oh, ow] = means over bins: rows floor(i h / oh) to ceil((i + 1) h / oh) - 1, columns
 *  likewise. */
export function adaptive_avg_pool2d_forward_f32(
  out: usize, x: usize, planes: i32, h: i32, w: i32, oh: i32, ow: i32,
): void {
  for (let plane = 0; plane < planes; plane++, x += <usize>(h * w) << 2) {
    if (oh == 1 && ow == 1) {
      store<f32>(out, <f32>(plane_sum(x, h * w) / <f64>(h * w)));
      out += 4;
      continue;
    }
    for (let oy = 0; oy < oh; oy++) {
      const y_begin = bin_begin(oy, h, oh);
      const y_end = bin_end(oy, h, oh);
      for (let ox = 0; ox < ow; ox++, out += 4) {
        const x_begin = bin_begin(ox, w, ow);
        const x_end = bin_end(ox, w, ow);
        const sum = sum_of(x, w, y_begin, y_end, x_begin, x_end);
        store<f32>(out, sum / <f32>((y_end - y_begin) * (x_end - x_begin)));
      }
    }
  }
}

/** gx[planes, h, w] = the gradient of adaptive_avg_pool2d for g[planes, oh, ow]. */
export function adaptive_avg_pool2d_backward_f32(
  gx: usize, g: usize, planes: i32, h: i32, w: i32, oh: i32, ow: i32,
): void {
  memory.fill(gx, 0, (<usize>(h * w) << 2) * <usize>planes);
  for (let plane = 0; plane < planes; plane++, gx += <usize>(h * w) << 2) {
    for (let oy = 0; oy < oh; oy++) {
      const y_begin = bin_begin(oy, h, oh);
      const y_end = bin_end(oy, h, oh);
      for (let ox = 0; ox < ow; ox++, g += 4) {
        const x_begin = bin_begin(ox, w, ow);
        const x_end = bin_end(ox, w, ow);
        const v = load<f32>(g) / <f32>((y_end - y_begin) * (x_end - x_begin));
        add_to(gx, w, y_begin, y_end, x_begin, x_end, v);
      }
    }
  }
}

@inline
function bin_begin(i: i32, n: i32, bins: i32): i32 {
  return <i32>(<i64>i * <i64>n / <i64>bins);
}

@inline
function bin_end(i: i32, n: i32, bins: i32): i32 {
  return <i32>(((<i64>i + 1) * <i64>n + <i64>bins - 1) / <i64>bins);
}

/** out[planes, h, w]: pixels of x[planes, oh, ow] repeated over the windows of the geometry, which tile the plane. */
export function upsample_nearest2d_forward_f32(
  out: usize, x: usize, planes: i32, geometry: usize,
): void {
  spread_windows(out, x, planes, changetype<Windows>(geometry), NOTHING);
}

/** gx[planes, oh, ow] = sums over the windows of the gradient [planes, h, w]. */
export function upsample_nearest2d_backward_f32(
  gx: usize, gradient: usize, planes: i32, geometry: usize,
): void {
  sum_windows(gx, gradient, planes, changetype<Windows>(geometry), NOTHING);
}

/** The sum of a rectangle of a plane with rows of w, row by row. */
@inline
function sum_of(plane: usize, w: i32, y_begin: i32, y_end: i32, x_begin: i32, x_end: i32): f32 {
  let sum: f32 = 0;
  for (let y = y_begin; y < y_end; y++) {
    const end = plane + (<usize>(y * w + x_end) << 2);
    let at = plane + (<usize>(y * w + x_begin) << 2);
    for (; at < end; at += 4) sum += load<f32>(at);
  }
  return sum;
}

@inline
function add_to(plane: usize, w: i32, y_begin: i32, y_end: i32, x_begin: i32, x_end: i32, v: f32): void {
  for (let y = y_begin; y < y_end; y++) {
    const end = plane + (<usize>(y * w + x_end) << 2);
    let at = plane + (<usize>(y * w + x_begin) << 2);
    for (; at < end; at += 4) store<f32>(at, load<f32>(at) + v);
  }
}

/** Window sums, divided by the number of elements that count. */
function sum_windows(out: usize, x: usize, planes: i32, g: Windows, mode: i32): void {
  const h = g.h;
  const w = g.w;
  const kh = g.kh;
  const kw = g.kw;
  const sh = g.sh;
  const sw = g.sw;
  const ph = g.ph;
  const pw = g.pw;
  const oh = g.oh;
  const ow = g.ow;
  const halving = is_halving(g);
  for (let plane = 0; plane < planes; plane++, x += <usize>(h * w) << 2) {
    for (let oy = 0; oy < oh; oy++) {
      const y_begin = max(0, oy * sh - ph);
      const y_end = min(h, oy * sh - ph + kh);
      const rows = counted(oy * sh - ph, kh, h, ph, mode);
      let ox = 0;
      if (halving) {
        const count = f32x4.splat(mode == NOTHING ? 1 : 4);
        for (; ox < ow; ox += 4) {
          const first = min(ox, ow - 4);
          const src = x + (<usize>(y_begin * w + 2 * first) << 2);
          const below = src + (<usize>w << 2);
          let sum = f32x4.add(f32x4.splat(0), evens_at(src));
          sum = f32x4.add(f32x4.add(f32x4.add(sum, odds_at(src)), evens_at(below)), odds_at(below));
          v128.store(out + (<usize>first << 2), f32x4.div(sum, count));
        }
      }
      for (; ox < ow; ox++) {
        const x_begin = max(0, ox * sw - pw);
        const x_end = min(w, ox * sw - pw + kw);
        const sum = sum_of(x, w, y_begin, y_end, x_begin, x_end);
        const count = <f32>(<i64>rows * <i64>counted(ox * sw - pw, kw, w, pw, mode));
        store<f32>(out + (<usize>ox << 2), sum / count);
      }
      out += <usize>ow << 2;
    }
  }
}

/** The transpose of sum_windows: every element of the gradient, divided, is added to all of its window in gx. */
function spread_windows(gx: usize, gradient: usize, planes: i32, g: Windows, mode: i32): void {
  const h = g.h;
  const w = g.w;
  const kh = g.kh;
  const kw = g.kw;
  const sh = g.sh;
  const sw = g.sw;
  const ph = g.ph;
  const pw = g.pw;
  const oh = g.oh;
  const ow = g.ow;
  const halving = is_halving(g);
  memory.fill(gx, 0, (<usize>(h * w) << 2) * <usize>planes);
  for (let plane = 0; plane < planes; plane++, gx += <usize>(h * w) << 2) {
    for (let oy = 0; oy < oh; oy++) {
      const y_begin = max(0, oy * sh - ph);
      const y_end = min(h, oy * sh - ph + kh);
      const rows = counted(oy * sh - ph, kh, h, ph, mode);
      let ox = 0;
      if (halving) {
        const count = f32x4.splat(mode == NOTHING ? 1 : 4);
        for (; ox < ow; ox += 4) {
          const first = min(ox, ow - 4);
          const to = gx + (<usize>(y_begin * w + 2 * first) << 2);
          const below = to + (<usize>w << 2);
          const quotient = f32x4.div(v128.load(gradient + (<usize>first << 2)), count);
          const v = f32x4.add(f32x4.splat(0), quotient);
          const low = v128.shuffle<f32>(v, v, 0, 0, 1, 1);
          const high = v128.shuffle<f32>(v, v, 2, 2, 3, 3);
          v128.store(to, low);
          v128.store(to, high, 16);
          v128.store(below, low);
          v128.store(below, high, 16);
        }
      }
      for (; ox < ow; ox++) {
        const x_begin = max(0, ox * sw - pw);
        const x_end = min(w, ox * sw - pw + kw);
        const count = <f32>(<i64>rows * <i64>counted(ox * sw - pw, kw, w, pw, mode));
        add_to(gx, w, y_begin, y_end, x_begin, x_end, load<f32>(gradient + (<usize>ox << 2)) / count);
      }
      gradient += <usize>ow << 2;
    }
  }
}
