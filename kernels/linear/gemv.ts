// Matrix-vector products, summed as the tiles of a general product are: sequentially within each KC block
// of the inner dimension, blocks added in order. So every element has the bits that gemm_f32 gives it in a
// wider product.
import { KC } from "./tile";
import { madd } from "../array/simd";

// Elements of y summed at a time: those of A^T x stay in the first-level cache while rows of A pass over
// them, those of A x are as many as sum in registers, each row of A being read from end to end.
const COLUMNS: i32 = 1024;
const ROWS: i32 = 16;

/** Bytes of scratch for an inner dimension of k. */
export function gemv_scratch(k: i32): usize {
  return <usize>(COLUMNS + k) << 2;
}

/** y (+)= A x or A^T x for y[m], x[k] with strides; all strides in bytes. trans: A is stored [k, m]. */
export function gemv(
  y: usize, y_step: usize, a: usize, lda: usize, x: usize, x_step: usize, m: i32, k: i32, trans: bool,
  accumulate: bool, scratch: usize,
): void {
  const sums = scratch;
  if (x_step != 4) {
    const packed = scratch + (<usize>COLUMNS << 2);
    for (let p = 0; p < k; p++, x += x_step) store<f32>(packed + (<usize>p << 2), load<f32>(x));
    x = packed;
  }
  const strip = trans ? COLUMNS : ROWS;
  for (let i = 0; i < m; i += strip) {
    const count = min(strip, m - i);
    for (let p = 0; p < k; p += KC) {
      const depth = min(KC, k - p);
      const x_block = x + (<usize>p << 2);
      if (trans) sum_columns(sums, a + lda * <usize>p + (<usize>i << 2), lda, x_block, count, depth);
      else sum_rows(sums, a + lda * <usize>i + (<usize>p << 2), lda, x_block, count, depth);
      put_strided(y + y_step * <usize>i, y_step, sums, count, accumulate || p > 0);
    }
  }
}

function put_strided(y: usize, y_step: usize, sums: usize, n: i32, accumulate: bool): void {
  if (y_step == 4) {
    for (; n >= 4; n -= 4, y += 16, sums += 16) {
      const v = v128.load(sums);
      v128.store(y, accumulate ? f32x4.add(v128.load(y), v) : v);
    }
  }
  for (; n > 0; n--, y += y_step, sums += 4) {
    const v = load<f32>(sums);
    store<f32>(y, accumulate ? load<f32>(y) + v : v);
  }
}

/** sums[j] = sum over p of x[p] a[p * lda + j] for j < n. Four rows of a at a time pass over the sums. */
function sum_columns(sums: usize, a: usize, lda: usize, x: usize, n: i32, k: i32): void {
  memory.fill(sums, 0, <usize>n << 2);
  for (; k >= 4; k -= 4) {
    const x0 = v128.load_splat<f32>(x);
    const x1 = v128.load_splat<f32>(x, 4);
    const x2 = v128.load_splat<f32>(x, 8);
    const x3 = v128.load_splat<f32>(x, 12);
    let a0 = a;
    let s = sums;
    let j = n;
    for (; j >= 4; j -= 4) {
      const a2 = a0 + 2 * lda;
      let sum = madd(v128.load(a0), x0, v128.load(s));
      sum = madd(v128.load(a0 + lda), x1, sum);
      sum = madd(v128.load(a2), x2, sum);
      v128.store(s, madd(v128.load(a2 + lda), x3, sum));
      a0 += 16;
      s += 16;
    }
    for (; j > 0; j--) {
      let sum = madd(v128.load_zero<f32>(a0), x0, v128.load_zero<f32>(s));
      sum = madd(v128.load_zero<f32>(a0 + lda), x1, sum);
      sum = madd(v128.load_zero<f32>(a0 + 2 * lda), x2, sum);
      v128.store_lane<f32>(s, madd(v128.load_zero<f32>(a0 + 3 * lda), x3, sum), 0);
      a0 += 4;
      s += 4;
    }
    a += 4 * lda;
    x += 16;
  }
  for (; k > 0; k--) {
    const x0 = v128.load_splat<f32>(x);
    for (let j: usize = 0; j < <usize>n << 2; j += 4) {
      v128.store_lane<f32>(sums + j, madd(v128.load_zero<f32>(a + j), x0, v128.load_zero<f32>(sums + j)), 0);
    }
    a += lda;
    x += 4;
  }
}

/** sum + four columns of four rows of a, in order, times x[0..3]. */
@inline
function fold_rows(
  sum: v128, r0: usize, r1: usize, r2: usize, r3: usize, x0: v128, x1: v128, x2: v128, x3: v128,
): v128 {
  const v0 = v128.load(r0);
  const v1 = v128.load(r1);
  const v2 = v128.load(r2);
  const v3 = v128.load(r3);
  const lo01 = v128.shuffle<f32>(v0, v1, 0, 4, 1, 5);
  const lo23 = v128.shuffle<f32>(v2, v3, 0, 4, 1, 5);
  sum = madd(v128.shuffle<f64>(lo01, lo23, 0, 2), x0, sum);
  sum = madd(v128.shuffle<f64>(lo01, lo23, 1, 3), x1, sum);
  const hi01 = v128.shuffle<f32>(v0, v1, 2, 6, 3, 7);
  const hi23 = v128.shuffle<f32>(v2, v3, 2, 6, 3, 7);
  sum = madd(v128.shuffle<f64>(hi01, hi23, 0, 2), x2, sum);
  return madd(v128.shuffle<f64>(hi01, hi23, 1, 3), x3, sum);
}

/** sum + one column of four rows, times x[0]. */
@inline
function fold_column(sum: v128, r0: usize, r1: usize, r2: usize, r3: usize, x: usize): v128 {
  let v = v128.load_zero<f32>(r0);
  v = v128.load_lane<f32>(r1, v, 1);
  v = v128.load_lane<f32>(r2, v, 2);
  v = v128.load_lane<f32>(r3, v, 3);
  return madd(v, v128.load_splat<f32>(x), sum);
}

/** sums[i] = sum over p of a[i * lda + p] x[p] for i < m, m at most ROWS. Lanes are rows, so that the sum
 *  over p stays sequential. */
function sum_rows(sums: usize, a: usize, lda: usize, x: usize, m: i32, k: i32): void {
  const end4 = x + (<usize>(k & ~3) << 2);
  const end = x + (<usize>k << 2);
  const lda2 = lda << 1;
  const lda3 = lda2 + lda;
  if (m == ROWS) {
    let s0 = f32x4.splat(0);
    let s1 = f32x4.splat(0);
    let s2 = f32x4.splat(0);
    let s3 = f32x4.splat(0);
    let g0 = a;
    let g1 = a + 4 * lda;
    let g2 = a + 8 * lda;
    let g3 = a + 12 * lda;
    let xp = x;
    while (xp < end4) {
      const x0 = v128.load_splat<f32>(xp);
      const x1 = v128.load_splat<f32>(xp, 4);
      const x2 = v128.load_splat<f32>(xp, 8);
      const x3 = v128.load_splat<f32>(xp, 12);
      s0 = fold_rows(s0, g0, g0 + lda, g0 + lda2, g0 + lda3, x0, x1, x2, x3);
      s1 = fold_rows(s1, g1, g1 + lda, g1 + lda2, g1 + lda3, x0, x1, x2, x3);
      s2 = fold_rows(s2, g2, g2 + lda, g2 + lda2, g2 + lda3, x0, x1, x2, x3);
      s3 = fold_rows(s3, g3, g3 + lda, g3 + lda2, g3 + lda3, x0, x1, x2, x3);
      g0 += 16;
      g1 += 16;
      g2 += 16;
      g3 += 16;
      xp += 16;
    }
    while (xp < end) {
      s0 = fold_column(s0, g0, g0 + lda, g0 + lda2, g0 + lda3, xp);
      s1 = fold_column(s1, g1, g1 + lda, g1 + lda2, g1 + lda3, xp);
      s2 = fold_column(s2, g2, g2 + lda, g2 + lda2, g2 + lda3, xp);
      s3 = fold_column(s3, g3, g3 + lda, g3 + lda2, g3 + lda3, xp);
      g0 += 4;
      g1 += 4;
      g2 += 4;
      g3 += 4;
      xp += 4;
    }
    v128.store(sums, s0);
    v128.store(sums, s1, 16);
    v128.store(sums, s2, 32);
    v128.store(sums, s3, 48);
    return;
  }
  for (; m > 0; m -= 4) {
    // Rows past the last one repeat it; their sums fall beyond the m that are read.
    const step1 = lda * <usize>min(1, m - 1);
    const step2 = lda * <usize>min(2, m - 1);
    const step3 = lda * <usize>min(3, m - 1);
    let s = f32x4.splat(0);
    let g = a;
    let xp = x;
    for (; xp < end4; xp += 16, g += 16) {
      s = fold_rows(
        s, g, g + step1, g + step2, g + step3, v128.load_splat<f32>(xp), v128.load_splat<f32>(xp, 4),
        v128.load_splat<f32>(xp, 8), v128.load_splat<f32>(xp, 12),
      );
    }
    for (; xp < end; xp += 4, g += 4) s = fold_column(s, g, g + step1, g + step2, g + step3, xp);
    v128.store(sums, s);
    a += 4 * lda;
    sums += 16;
  }
}
