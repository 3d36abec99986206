// Many products of one size in one call: calls into WebAssembly and the packing of panels cost more than small products do.

import { gemm_f32 } from "./gemm";

/** Products of no more multiply-adds than this are not packed. */
const SMALL: i32 = 1024;

/** Four columns of a row of the product, or one in lane 0: k terms, one after the other. */
@inline
function dot_columns(a: usize, a_step: usize, b: usize, b_step: usize, k: i32, whole: bool): v128 {
  let sum = f32x4.splat(0);
  for (let p = 0; p < k; p++, a += a_step, b += b_step) {
    sum = f32x4.add(sum, f32x4.mul(v128.load32_splat(a), whole ? v128.load(b) : v128.load32_zero(b)));
  }
  return sum;
}

/** c[m, n] = a times b; steps in bytes from row to row and from column to column. */
function small_product(
  c: usize, a: usize, b: usize, m: i32, n: i32, k: i32, a_row: usize, a_column: usize, b_row: usize, b_column: usize,
): void {
  for (let i = 0; i < m; i++, a += a_row) {
    let j = 0;
    if (b_column == 4) {
      for (; j + 4 <= n; j += 4, c += 16) {
        v128.store(c, dot_columns(a, a_column, b + (<usize>j << 2), b_row, k, true));
      }
    }
    for (; j < n; j++, c += 4) {
      v128.store32_lane(c, dot_columns(a, a_column, b + <usize>j * b_column, b_row, k, false), 0);
    }
  }
}

/** c[i] = a[i] times b[i] for `count` products as gemm_f32 makes them; `step_a` and `step_b` bytes from one operand to the next. */
export function gemm_batch_f32(
  c: usize, a: usize, b: usize, count: i32, step_a: i32, step_b: i32, m: i32, n: i32, k: i32,
  lda: i32, ldb: i32, ta: i32, tb: i32, scratch: usize,
): void {
  const step_c = <usize>(m * n) << 2;
  const is_small = <i64>m * <i64>n * <i64>k <= <i64>SMALL;
  const row_a = <usize>lda << 2;
  const row_b = <usize>ldb << 2;
  for (let i = 0; i < count; i++, c += step_c, a += <usize>step_a, b += <usize>step_b) {
    if (is_small) small_product(c, a, b, m, n, k, ta ? 4 : row_a, ta ? row_a : 4, tb ? 4 : row_b, tb ? row_b : 4);
    else gemm_f32(c, a, b, m, n, k, lda, ldb, n, ta, tb, 0, scratch);
  }
}
