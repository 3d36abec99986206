// Running sums, products and extremes of rows [rows, n]. Sums and products run in float64.

/** Running sums of each row; from the end to the start when `reverse`. */
export function cumsum_f32(out: usize, x: usize, rows: i32, n: i32, reverse: i32): void {
  for (let r = 0; r < rows; r++) {
    let total: f64 = 0;
    for (let i = 0; i < n; i++) {
      const o = <usize>(reverse ? n - 1 - i : i) << 2;
      total += <f64>load<f32>(x + o);
      store<f32>(out + o, <f32>total);
    }
    out += <usize>n << 2;
    x += <usize>n << 2;
  }
}

/** Running sums of int32, which wrap around. */
export function cumsum_i32(out: usize, x: usize, rows: i32, n: i32): void {
  for (let r = 0; r < rows; r++) {
    let total = 0;
    for (let i = 0; i < n; i++, out += 4, x += 4) {
      total += load<i32>(x);
      store<i32>(out, total);
    }
  }
}

/** Running products of each row. */
export function cumprod_f32(out: usize, x: usize, rows: i32, n: i32): void {
  for (let r = 0; r < rows; r++) {
    let product: f64 = 1;
    for (let i = 0; i < n; i++, out += 4, x += 4) {
      product *= <f64>load<f32>(x);
      store<f32>(out, <f32>product);
    }
  }
}

/** gx[i] = x[0] ... x[i-1] s[i] with s[i] = g[i] + x[i+1] s[i+1]: linear, and exact where elements are zero. `products` is
 *  scratch of n float64. */
export function cumprod_grad_f32(gx: usize, g: usize, x: usize, rows: i32, n: i32, products: usize): void {
  const bytes = <usize>n << 2;
  for (let r = 0; r < rows; r++, g += bytes, gx += bytes, x += bytes) {
    let product: f64 = 1;
    for (let i = <usize>0; i < bytes; i += 4) {
      store<f64>(products + (i << 1), product);
      product *= <f64>load<f32>(x + i);
    }
    let sum: f64 = 0;
    for (let i = bytes; i > 0; ) {
      i -= 4;
      sum += <f64>load<f32>(g + i);
      store<f32>(gx + i, <f32>(load<f64>(products + (i << 1)) * sum));
      sum *= <f64>load<f32>(x + i);
    }
  }
}

/** out (int32) = where the last of the largest, or smallest, elements up to each one stands; a NaN stays. */
@inline
function running_best<T>(out: usize, x: usize, rows: i32, n: i32, smallest: bool): void {
  for (let r = 0; r < rows; r++) {
    let at = 0;
    let best = load<T>(x);
    for (let i = 0; i < n; i++, out += 4, x += 4) {
      const v = load<T>(x);
      if (best == best && !(smallest ? v > best : v < best)) {
        best = v;
        at = i;
      }
      store<i32>(out, at);
    }
  }
}

export function cummax_positions_f32(out: usize, x: usize, rows: i32, n: i32): void {
  running_best<f32>(out, x, rows, n, false);
}
export function cummin_positions_f32(out: usize, x: usize, rows: i32, n: i32): void {
  running_best<f32>(out, x, rows, n, true);
}
