import { gemv, gemv_scratch } from "./gemv";
import { pack_columns, pack_rows } from "./pack";
import { KC, MC, MR, NC, NR, TILE_BYTES, multiply_panels, round_up } from "./tile";

/** Up to this many rows or columns, matrix-vector products are faster than packing the large factor. */
const FEW: i32 = 2;

@inline
function place(row: i32, column: i32, row_bytes: usize): usize {
  return row_bytes * <usize>row + (<usize>column << 2);
}

/** Bytes of scratch, 16-byte aligned, that gemm_f32 needs for these sizes. */
export function gemm_scratch_bytes(m: i32, n: i32, k: i32): i32 {
  const depth = min(k, KC);
  if (m <= FEW || n <= FEW) return <i32>gemv_scratch(k);
  return <i32>TILE_BYTES + 4 * depth * (round_up(min(m, MC), MR) + round_up(min(n, NC), NR));
}

/** A block of op(A), m by k, in strips of MR rows; lda in bytes. */
function pack_a(dst: usize, a: usize, lda: usize, m: i32, k: i32, trans: bool): void {
  for (let i = 0; i < m; i += MR) {
    if (trans) pack_columns(dst, 16, a + (<usize>i << 2), lda, m - i, k);
    else pack_rows(dst, 16, a + lda * <usize>i, lda, m - i, k);
    dst += <usize>k << 4;
  }
}

/** A block of op(B), k by n, in panels of NR columns; ldb in bytes. */
function pack_b(dst: usize, b: usize, ldb: usize, n: i32, k: i32, trans: bool): void {
  for (let j = 0; j < n; j += NR) {
    for (let half = 0; half < NR; half += 4) {
      const i = j + half;
      if (trans) pack_rows(dst + (<usize>half << 2), 32, b + ldb * <usize>i, ldb, n - i, k);
      else pack_columns(dst + (<usize>half << 2), 32, b + (<usize>i << 2), ldb, n - i, k);
    }
    dst += <usize>k << 5;
  }
}

/** C[m, n] = op(A) op(B), plus C when `accumulate` is not 0; all row-major float32 with rows `ld*` elements
 *  apart. op(A) is A[m, k], or the transpose of A[k, m] when `trans_a` is not 0; op(B) likewise. C overlaps
 *  neither A nor B. With k = 0 the product is zero.
 *
 *  An element of C is the sum over p of a_ip b_pj, sequential within each block of KC = 256 and the blocks
 *  added in order, whatever m, n, the element's place and the transposes: rows of a batch do not influence
 *  each other's bits, and a product may be split by rows or columns among threads (each with its own
 *  scratch) without changing any. */
export function gemm_f32(
  c: usize, a: usize, b: usize, m: i32, n: i32, k: i32, lda: i32, ldb: i32, ldc: i32,
  trans_a: i32, trans_b: i32, accumulate: i32, scratch: usize,
): void {
  const a_bytes = <usize>lda << 2;
  const b_bytes = <usize>ldb << 2;
  const c_bytes = <usize>ldc << 2;
  if (k <= 0 && accumulate == 0) {
    for (let i = 0; i < m; i++) memory.fill(c + c_bytes * <usize>i, 0, <usize>n << 2);
    return;
  }
  if (n <= FEW) {
    const step: usize = trans_b ? b_bytes : 4;
    for (let j = 0; j < n; j++, b += step, c += 4) {
      gemv(c, c_bytes, a, a_bytes, b, trans_b ? 4 : b_bytes, m, k, trans_a != 0, accumulate != 0, scratch);
    }
    return;
  }
  if (m <= FEW) {
    const step: usize = trans_a ? 4 : a_bytes;
    for (let i = 0; i < m; i++, a += step, c += c_bytes) {
      gemv(c, 4, b, b_bytes, a, trans_a ? a_bytes : 4, n, k, trans_b == 0, accumulate != 0, scratch);
    }
    return;
  }
  const tile = scratch;
  const a_packed = scratch + TILE_BYTES;
  const b_packed = a_packed + (<usize>(min(k, KC) * round_up(min(m, MC), MR)) << 2);
  for (let j = 0; j < n; j += NC) {
    const columns = min(NC, n - j);
    for (let p = 0; p < k; p += KC) {
      const depth = min(KC, k - p);
      const b_block = b + (trans_b ? place(j, p, b_bytes) : place(p, j, b_bytes));
      pack_b(b_packed, b_block, b_bytes, columns, depth, trans_b != 0);
      for (let i = 0; i < m; i += MC) {
        const rows = min(MC, m - i);
        const a_block = a + (trans_a ? place(p, i, a_bytes) : place(i, p, a_bytes));
        pack_a(a_packed, a_block, a_bytes, rows, depth, trans_a != 0);
        multiply_panels(
          c + place(i, j, c_bytes), c_bytes, a_packed, b_packed, rows, columns, depth,
          accumulate != 0 || p > 0, tile,
        );
      }
    }
  }
}
