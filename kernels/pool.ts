// Pooling and nearest-neighbour upsampling over planes [h, w]: images times channels of an NCHW tensor. Output pixel
// (oy, ox) covers rows oy sh - ph to oy sh - ph + kh - 1, columns likewise; what lies outside the plane is left out.
// 2 x 2 windows with stride 2 and no padding have a path of their own, with the same bits.
import { plane_sum } from "./plane";

// @ts-ignore: decorator
@inline
function evens(src: usize): v128 {
  return v128.shuffle<f32>(v128.load(src), v128.load(src, 16), 0, 2, 4, 6);
}

// @ts-ignore: decorator
@inline
function odds(src: usize): v128 {
  return v128.shuffle<f32>(v128.load(src), v128.load(src, 16), 1, 3, 5, 7);
}

// @ts-ignore: decorator
@inline
function is_halving(kh: i32, kw: i32, sh: i32, sw: i32, ph: i32, pw: i32): bool {
  return kh == 2 && kw == 2 && sh == 2 && sw == 2 && ph == 0 && pw == 0;
}

/** Where v replaces best: it is greater, or the first NaN. */
// @ts-ignore: decorator
@inline
function beats(v: v128, best: v128): v128 {
  return v128.andnot(f32x4.eq(best, best), f32x4.le(v, best));
}

/** out[planes, oh, ow] = the maximum of each window, indices (int32) = its place y * w + x in the plane: the first one
 *  among equals. A NaN is the maximum. Every window has to meet the plane: ph <= kh / 2, pw <= kw / 2. */
export function max_pool2d_forward_f32(
  out: usize, indices: usize, x: usize, planes: i32, h: i32, w: i32, kh: i32, kw: i32, sh: i32, sw: i32,
  ph: i32, pw: i32, oh: i32, ow: i32,
): void {
  const halving = is_halving(kh, kw, sh, sw, ph, pw);
  for (let plane = 0; plane < planes; plane++, x += <usize>(h * w) << 2) {
    for (let oy = 0; oy < oh; oy++) {
      const y_begin = max(0, oy * sh - ph);
      const y_end = min(h, oy * sh - ph + kh);
      let ox = 0;
      if (halving) {
        let place = i32x4.add(i32x4.splat(y_begin * w), i32x4(0, 2, 4, 6));
        for (; ox + 4 <= ow; ox += 4, out += 16, indices += 16) {
          const src = x + (<usize>(y_begin * w + 2 * ox) << 2);
          const below = src + (<usize>w << 2);
          let best = evens(src);
          let index = place;
          let v = odds(src);
          let wins = beats(v, best);
          best = v128.bitselect(v, best, wins);
          index = v128.bitselect(i32x4.add(place, i32x4.splat(1)), index, wins);
          v = evens(below);
          wins = beats(v, best);
          best = v128.bitselect(v, best, wins);
          index = v128.bitselect(i32x4.add(place, i32x4.splat(w)), index, wins);
          v = odds(below);
          wins = beats(v, best);
          v128.store(out, v128.bitselect(v, best, wins));
          v128.store(indices, v128.bitselect(i32x4.add(place, i32x4.splat(w + 1)), index, wins));
          place = i32x4.add(place, i32x4.splat(8));
        }
      }
      for (; ox < ow; ox++, out += 4, indices += 4) {
        const x_begin = max(0, ox * sw - pw);
        const x_end = min(w, ox * sw - pw + kw);
        let index = y_begin * w + x_begin;
        let best = load<f32>(x + (<usize>index << 2));
        for (let y = y_begin; y < y_end; y++) {
          for (let place = y * w + x_begin; place < y * w + x_end; place++) {
            const v = load<f32>(x + (<usize>place << 2));
            if (!(v <= best) && best == best) {
              best = v;
              index = place;
            }
          }
        }
        store<f32>(out, best);
        store<i32>(indices, index);
      }
    }
  }
}

/** gx[planes, hw] = g[planes, ohw] added up at the indices that the forward pass left, zero elsewhere. */
export function max_pool2d_backward_f32(gx: usize, g: usize, indices: usize, planes: i32, hw: i32, ohw: i32): void {
  memory.fill(gx, 0, (<usize>hw << 2) * <usize>planes);
  for (let plane = 0; plane < planes; plane++, gx += <usize>hw << 2) {
    for (let i = 0; i < ohw; i++, g += 4, indices += 4) {
      const to = gx + (<usize>load<u32>(indices) << 2);
      store<f32>(to, load<f32>(to) + load<f32>(g));
    }
  }
}

/** out[planes, oh, ow] = the mean of each window. Elements of the padding count as zeros, or, with count_include_pad = 0,
 *  not at all. */
export function avg_pool2d_forward_f32(
  out: usize, x: usize, planes: i32, h: i32, w: i32, kh: i32, kw: i32, sh: i32, sw: i32, ph: i32, pw: i32,
  oh: i32, ow: i32, count_include_pad: i32,
): void {
  const divisor = count_include_pad ? <f32>(kh * kw) : 0;
  sum_windows(out, x, planes, h, w, kh, kw, sh, sw, ph, pw, oh, ow, divisor);
}

/** gx[planes, h, w] = the gradient of avg_pool2d for g[planes, oh, ow]. */
export function avg_pool2d_backward_f32(
  gx: usize, g: usize, planes: i32, h: i32, w: i32, kh: i32, kw: i32, sh: i32, sw: i32, ph: i32, pw: i32,
  oh: i32, ow: i32, count_include_pad: i32,
): void {
  const divisor = count_include_pad ? <f32>(kh * kw) : 0;
  spread_windows(gx, g, planes, h, w, kh, kw, sh, sw, ph, pw, oh, ow, divisor);
}

/** out[planes, oh, ow] = means over the bins floor(i h / oh) <= y < ceil((i + 1) h / oh), columns likewise. */
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
        store<f32>(out, sum_of(x, w, y_begin, y_end, x_begin, x_end) / <f32>((y_end - y_begin) * (x_end - x_begin)));
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

// @ts-ignore: decorator
@inline
function bin_begin(i: i32, n: i32, bins: i32): i32 {
  return i * n / bins;
}

// @ts-ignore: decorator
@inline
function bin_end(i: i32, n: i32, bins: i32): i32 {
  return ((i + 1) * n + bins - 1) / bins;
}

/** out[planes, h * scale_h, w * scale_w]: every pixel of x[planes, h, w] repeated scale_h by scale_w times. */
export function upsample_nearest2d_forward_f32(
  out: usize, x: usize, planes: i32, h: i32, w: i32, scale_h: i32, scale_w: i32,
): void {
  spread_windows(
    out, x, planes, h * scale_h, w * scale_w, scale_h, scale_w, scale_h, scale_w, 0, 0, h, w, 1,
  );
}

/** gx[planes, h, w] = sums of the blocks of g[planes, h * scale_h, w * scale_w]. */
export function upsample_nearest2d_backward_f32(
  gx: usize, g: usize, planes: i32, h: i32, w: i32, scale_h: i32, scale_w: i32,
): void {
  sum_windows(gx, g, planes, h * scale_h, w * scale_w, scale_h, scale_w, scale_h, scale_w, 0, 0, h, w, 1);
}

/** The sum of a rectangle of a plane with rows of w, row by row. */
// @ts-ignore: decorator
@inline
function sum_of(plane: usize, w: i32, y_begin: i32, y_end: i32, x_begin: i32, x_end: i32): f32 {
  let sum: f32 = 0;
  for (let y = y_begin; y < y_end; y++) {
    for (let place = y * w + x_begin; place < y * w + x_end; place++) sum += load<f32>(plane + (<usize>place << 2));
  }
  return sum;
}

// @ts-ignore: decorator
@inline
function add_to(plane: usize, w: i32, y_begin: i32, y_end: i32, x_begin: i32, x_end: i32, v: f32): void {
  for (let y = y_begin; y < y_end; y++) {
    for (let place = y * w + x_begin; place < y * w + x_end; place++) {
      const to = plane + (<usize>place << 2);
      store<f32>(to, load<f32>(to) + v);
    }
  }
}

/** Window sums over divisor, or over the number of elements inside the plane where divisor is 0. */
function sum_windows(
  out: usize, x: usize, planes: i32, h: i32, w: i32, kh: i32, kw: i32, sh: i32, sw: i32, ph: i32, pw: i32,
  oh: i32, ow: i32, divisor: f32,
): void {
  const halving = is_halving(kh, kw, sh, sw, ph, pw);
  for (let plane = 0; plane < planes; plane++, x += <usize>(h * w) << 2) {
    for (let oy = 0; oy < oh; oy++) {
      const y_begin = max(0, oy * sh - ph);
      const y_end = min(h, oy * sh - ph + kh);
      let ox = 0;
      if (halving) {
        for (; ox + 4 <= ow; ox += 4, out += 16) {
          const src = x + (<usize>(y_begin * w + 2 * ox) << 2);
          const below = src + (<usize>w << 2);
          let sum = f32x4.add(f32x4.splat(0), evens(src));
          sum = f32x4.add(f32x4.add(f32x4.add(sum, odds(src)), evens(below)), odds(below));
          v128.store(out, f32x4.div(sum, f32x4.splat(divisor == 0 ? 4 : divisor)));
        }
      }
      for (; ox < ow; ox++, out += 4) {
        const x_begin = max(0, ox * sw - pw);
        const x_end = min(w, ox * sw - pw + kw);
        const sum = sum_of(x, w, y_begin, y_end, x_begin, x_end);
        store<f32>(out, sum / (divisor == 0 ? <f32>((y_end - y_begin) * (x_end - x_begin)) : divisor));
      }
    }
  }
}

/** The transpose of sum_windows: every element of g, divided, is added to all of its window in gx. */
function spread_windows(
  gx: usize, g: usize, planes: i32, h: i32, w: i32, kh: i32, kw: i32, sh: i32, sw: i32, ph: i32, pw: i32,
  oh: i32, ow: i32, divisor: f32,
): void {
  const halving = is_halving(kh, kw, sh, sw, ph, pw);
  memory.fill(gx, 0, (<usize>(h * w) << 2) * <usize>planes);
  for (let plane = 0; plane < planes; plane++, gx += <usize>(h * w) << 2) {
    for (let oy = 0; oy < oh; oy++) {
      const y_begin = max(0, oy * sh - ph);
      const y_end = min(h, oy * sh - ph + kh);
      let ox = 0;
      if (halving) {
        for (; ox + 4 <= ow; ox += 4, g += 16) {
          const to = gx + (<usize>(y_begin * w + 2 * ox) << 2);
          const below = to + (<usize>w << 2);
          const v = f32x4.add(f32x4.splat(0), f32x4.div(v128.load(g), f32x4.splat(divisor == 0 ? 4 : divisor)));
          const low = v128.shuffle<f32>(v, v, 0, 0, 1, 1);
          const high = v128.shuffle<f32>(v, v, 2, 2, 3, 3);
          v128.store(to, low);
          v128.store(to, high, 16);
          v128.store(below, low);
          v128.store(below, high, 16);
        }
      }
      for (; ox < ow; ox++, g += 4) {
        const x_begin = max(0, ox * sw - pw);
        const x_end = min(w, ox * sw - pw + kw);
        const v = load<f32>(g) / (divisor == 0 ? <f32>((y_end - y_begin) * (x_end - x_begin)) : divisor);
        add_to(gx, w, y_begin, y_end, x_begin, x_end, v);
      }
    }
  }
}
