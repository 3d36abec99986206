// Softmax and what is computed with it, over the rows of a contiguous [rows, n].

import { sum_lanes_f32 } from "./lanes";
import { exp, log } from "./math";
import { max_f32 } from "./reduce";

@inline
function row_max(x: usize, n: i32, scratch: usize): f32 {
  max_f32(scratch, x, 1, n, 1);
  return load<f32>(scratch);
}

/** out = exp(x - shift) when out is not 0; returns the sum. */
@inline
function exp_sum(out: usize, x: usize, n: i32, shift: f32): f32 {
  const s = f32x4.splat(shift);
  let sum = f32x4.splat(0);
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    const e = exp(f32x4.sub(v128.load(x + (<usize>i << 2)), s));
    if (out != 0) v128.store(out + (<usize>i << 2), e);
    sum = f32x4.add(sum, e);
  }
  let total = sum_lanes_f32(sum);
  for (; i < n; i++) {
    const e = exp(f32x4.sub(v128.load32_zero(x + (<usize>i << 2)), s));
    if (out != 0) v128.store32_lane(out + (<usize>i << 2), e, 0);
    total += f32x4.extract_lane(e, 0);
  }
  return total;
}

@inline
function log1(x: f32): f32 {
  return f32x4.extract_lane(log(f32x4.splat(x)), 0);
}

/** log(sum(exp(x))) of one row; the largest element is taken out first, infinite ones need no exp at all. */
@inline
function row_log_sum_exp(x: usize, n: i32, scratch: usize): f32 {
  const largest = row_max(x, n, scratch);
  if (abs(largest) == f32.POSITIVE_INFINITY) return largest;
  return largest + log1(exp_sum(0, x, n, largest));
}

export function softmax_f32(out: usize, x: usize, rows: i32, n: i32): void {
  const bytes = <usize>n << 2;
  for (let r = 0; r < rows; r++) {
    const factor = f32x4.splat(1 / exp_sum(out, x, n, row_max(x, n, out)));
    let i = 0;
    for (; i + 4 <= n; i += 4) {
      const o = out + (<usize>i << 2);
      v128.store(o, f32x4.mul(v128.load(o), factor));
    }
    for (; i < n; i++) {
      const o = out + (<usize>i << 2);
      v128.store32_lane(o, f32x4.mul(v128.load32_zero(o), factor), 0);
    }
    out += bytes;
    x += bytes;
  }
}

/** gx = y * (g - sum(g * y)) a row. */
export function softmax_grad_f32(gx: usize, g: usize, y: usize, rows: i32, n: i32): void {
  const bytes = <usize>n << 2;
  for (let r = 0; r < rows; r++) {
    let dot: f64 = 0;
    for (let i = <usize>0; i < bytes; i += 4) dot += <f64>load<f32>(g + i) * <f64>load<f32>(y + i);
    const d = <f32>dot;
    for (let i = <usize>0; i < bytes; i += 4) store<f32>(gx + i, load<f32>(y + i) * (load<f32>(g + i) - d));
    gx += bytes;
    g += bytes;
    y += bytes;
  }
}

export function log_softmax_f32(out: usize, x: usize, rows: i32, n: i32): void {
  const bytes = <usize>n << 2;
  for (let r = 0; r < rows; r++) {
    const largest = row_max(x, n, out);
    // Two subtractions: x - largest is exact enough, largest + log(sum) would lose the small terms.
    const rest = log1(exp_sum(0, x, n, largest));
    for (let i = <usize>0; i < bytes; i += 4) store<f32>(out + i, load<f32>(x + i) - largest - rest);
    out += bytes;
    x += bytes;
  }
}

/** gx = g - exp(y) * sum(g) a row. */
export function log_softmax_grad_f32(gx: usize, g: usize, y: usize, rows: i32, n: i32): void {
  const bytes = <usize>n << 2;
  for (let r = 0; r < rows; r++) {
    let sum: f64 = 0;
    for (let i = <usize>0; i < bytes; i += 4) sum += <f64>load<f32>(g + i);
    const s = f32x4.splat(<f32>sum);
    let i = <usize>0;
    for (; i + 16 <= bytes; i += 16) {
      v128.store(gx + i, f32x4.sub(v128.load(g + i), f32x4.mul(exp(v128.load(y + i)), s)));
    }
    for (; i < bytes; i += 4) {
      v128.store32_lane(gx + i, f32x4.sub(v128.load32_zero(g + i), f32x4.mul(exp(v128.load32_zero(y + i)), s)), 0);
    }
    gx += bytes;
    g += bytes;
    y += bytes;
  }
}

export function log_sum_exp_f32(out: usize, x: usize, rows: i32, n: i32): void {
  for (let r = 0; r < rows; r++) {
    store<f32>(out, row_log_sum_exp(x, n, out));
    out += 4;
    x += <usize>n << 2;
  }
}

/**
 * Cross-entropy of logits [rows, n] with int32 labels [rows] and label smoothing e:
 * loss = lse - (1 - e) x[label] - e mean(x). Also writes lse [rows], which the gradient needs.
 * Rows labelled `ignore` get loss 0. Returns the first row whose label is outside [0, n), or -1.
 */
export function cross_entropy_f32(
  loss: usize, lse: usize, x: usize, labels: usize, rows: i32, n: i32, smoothing: f32, ignore: i32,
): i32 {
  for (let r = 0; r < rows; r++) {
    const label = load<i32>(labels);
    if (label == ignore) {
      store<f32>(loss, 0);
      store<f32>(lse, 0);
    } else {
      if (<u32>label >= <u32>n) return r;
      const l = row_log_sum_exp(x, n, lse);
      store<f32>(lse, l);
      let smooth: f32 = 0;
      if (smoothing != 0) {
        let sum: f64 = 0;
        for (let i = 0; i < n; i++) sum += <f64>load<f32>(x + (<usize>i << 2));
        smooth = smoothing * (l - <f32>(sum / <f64>n));
      }
      store<f32>(loss, (1 - smoothing) * (l - load<f32>(x + (<usize>label << 2))) + smooth);
    }
    loss += 4;
    lse += 4;
    labels += 4;
    x += <usize>n << 2;
  }
  return -1;
}

/** gx = g[r] * (softmax(x) - (1 - e) onehot - e / n) a row; g advances by `step_g` elements a row (0: one for all). */
export function cross_entropy_grad_f32(
  gx: usize, g: usize, step_g: i32, lse: usize, x: usize, labels: usize, rows: i32, n: i32, smoothing: f32, ignore: i32,
): void {
  const bytes = <usize>n << 2;
  const even = f32x4.splat(smoothing / <f32>n);
  for (let r = 0; r < rows; r++) {
    const label = load<i32>(labels);
    if (label == ignore) {
      memory.fill(gx, 0, bytes);
    } else {
      const factor = load<f32>(g);
      const scale = f32x4.splat(factor);
      const shift = f32x4.splat(load<f32>(lse));
      let i = <usize>0;
      for (; i + 16 <= bytes; i += 16) {
        const p = exp(f32x4.sub(v128.load(x + i), shift));
        v128.store(gx + i, f32x4.mul(scale, f32x4.sub(p, even)));
      }
      for (; i < bytes; i += 4) {
        const p = exp(f32x4.sub(v128.load32_zero(x + i), shift));
        v128.store32_lane(gx + i, f32x4.mul(scale, f32x4.sub(p, even)), 0);
      }
      const at = gx + (<usize>label << 2);
      store<f32>(at, load<f32>(at) - factor * (1 - smoothing));
    }
    g += <usize>(step_g << 2);
    lse += 4;
    labels += 4;
    gx += bytes;
    x += bytes;
  }
}
