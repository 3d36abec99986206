// Moving 32-bit elements between strided layouts, whatever their type. Plans as in odometer.ts: the first stride is
// the output's, the second the input's; both may be 0 or negative.

import { PLAN_ENTRY, Odometer } from "./odometer";

@inline
function copy_row(out: usize, x: usize, n: i32, stride_out: i32, stride_x: i32): void {
  if (stride_out == 1 && stride_x == 1) {
    memory.copy(out, x, <usize>n << 2);
    return;
  }
  const step_out = <usize>(stride_out << 2);
  const step_x = <usize>(stride_x << 2);
  let i = 0;
  if (stride_out == 1) {
    for (; i + 4 <= n; i += 4) {
      let v = v128.load32_splat(x);
      v = v128.load32_lane(x + step_x, v, 1);
      v = v128.load32_lane(x + step_x * 2, v, 2);
      v = v128.load32_lane(x + step_x * 3, v, 3);
      v128.store(out, v);
      out += 16;
      x += step_x * 4;
    }
  }
  for (; i < n; i++) {
    store<i32>(out, load<i32>(x));
    out += step_out;
    x += step_x;
  }
}

/** out[...] = x[...] over a plan. */
export function copy_strided_32(out: usize, x: usize, rank: i32, plan: usize): void {
  const last = plan + <usize>(rank - 1) * PLAN_ENTRY;
  const n = load<i32>(last);
  const stride_out = load<i32>(last, 4);
  const stride_x = load<i32>(last, 8);
  let rows = Odometer.start(plan, rank);
  while (rows-- > 0) {
    copy_row(out, x, n, stride_out, stride_x);
    const moved = Odometer.advance(plan, rank);
    out += Odometer.offset(plan, rank, moved, 4);
    x += Odometer.offset(plan, rank, moved, 8);
  }
}

/** A block of 4 x 4: rows at `source` become columns at `target`. */
@inline
function transpose_block(target: usize, step_out: usize, source: usize, step_x: usize): void {
  const r0 = v128.load(source);
  const r1 = v128.load(source + step_x);
  const r2 = v128.load(source + step_x * 2);
  const r3 = v128.load(source + step_x * 3);
  const t0 = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5);
  const t1 = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7);
  const t2 = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5);
  const t3 = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7);
  v128.store(target, v128.shuffle<i64>(t0, t2, 0, 2));
  v128.store(target + step_out, v128.shuffle<i64>(t0, t2, 1, 3));
  v128.store(target + step_out * 2, v128.shuffle<i64>(t1, t3, 0, 2));
  v128.store(target + step_out * 3, v128.shuffle<i64>(t1, t3, 1, 3));
}

/** `blocks` x 4 rows of x from row i on, four columns at a time. */
@inline
function transpose_rows(out: usize, x: usize, i: i32, blocks: i32, block_columns: i32, step_out: usize, step_x: usize): void {
  let source = x + <usize>i * step_x;
  let target = out + (<usize>i << 2);
  for (let j = 0; j < block_columns; j += 4) {
    for (let b = 0; b < blocks; b++) {
      transpose_block(target + (<usize>b << 4), step_out, source + (<usize>b << 2) * step_x, step_x);
    }
    source += 16;
    target += step_out << 2;
  }
}

/** The transpose of a contiguous [rows, columns] matrix; out is [columns, rows]. */
export function transpose_32(out: usize, x: usize, rows: i32, columns: i32): void {
  const step_x = <usize>columns << 2;
  const step_out = <usize>rows << 2;
  const block_rows = rows & ~3;
  const block_columns = columns & ~3;
  let i = 0;
  // Rows of the output that lie a power of two apart push each other out of the cache: whole lines are written at once.
  if ((step_out & 1023) == 0) {
    for (; i + 16 <= rows; i += 16) transpose_rows(out, x, i, 4, block_columns, step_out, step_x);
  }
  for (; i < block_rows; i += 4) transpose_rows(out, x, i, 1, block_columns, step_out, step_x);
  for (i = 0; i < rows; i++) {
    for (let j = i < block_rows ? block_columns : 0; j < columns; j++) {
      store<i32>(out + <usize>j * step_out + (<usize>i << 2), load<i32>(x + <usize>i * step_x + (<usize>j << 2)));
    }
  }
}

/** out[i] = condition[i] != 0 ? a[i] : b[i] over n contiguous elements, whatever the type of a and b. */
export function where_32(out: usize, condition: usize, a: usize, b: usize, n: i32): void {
  const zero = f32x4.splat(0);
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    const o = <usize>i << 2;
    v128.store(out + o, v128.bitselect(v128.load(a + o), v128.load(b + o), f32x4.ne(v128.load(condition + o), zero)));
  }
  for (; i < n; i++) {
    const o = <usize>i << 2;
    store<i32>(out + o, load<f32>(condition + o) != 0 ? load<i32>(a + o) : load<i32>(b + o));
  }
}
