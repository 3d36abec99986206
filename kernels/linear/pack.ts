// Packing of matrices into strips of four interleaved vectors: the four elements that share an index p
// along the inner dimension lie together, p after p. An A panel of the micro-kernel is one strip, a B panel
// two side by side. Also the shuffles of vectors that other kernels share.

/** Elements 0, 2, 4, 6 of eight. */
@inline
export function evens(a: v128, b: v128): v128 {
  return v128.shuffle<f32>(a, b, 0, 2, 4, 6);
}

/** Elements 1, 3, 5, 7 of eight. */
@inline
export function odds(a: v128, b: v128): v128 {
  return v128.shuffle<f32>(a, b, 1, 3, 5, 7);
}

/** The columns of the matrix with rows v0 to v3, `pitch` bytes apart. */
@inline
export function store_transposed(dst: usize, pitch: usize, v0: v128, v1: v128, v2: v128, v3: v128): void {
  const lo01 = v128.shuffle<f32>(v0, v1, 0, 4, 1, 5);
  const hi01 = v128.shuffle<f32>(v0, v1, 2, 6, 3, 7);
  const lo23 = v128.shuffle<f32>(v2, v3, 0, 4, 1, 5);
  const hi23 = v128.shuffle<f32>(v2, v3, 2, 6, 3, 7);
  v128.store(dst, v128.shuffle<f64>(lo01, lo23, 0, 2));
  dst += pitch;
  v128.store(dst, v128.shuffle<f64>(lo01, lo23, 1, 3));
  dst += pitch;
  v128.store(dst, v128.shuffle<f64>(hi01, hi23, 0, 2));
  dst += pitch;
  v128.store(dst, v128.shuffle<f64>(hi01, hi23, 1, 3));
}

/** dst[p * pitch + i] = the p-th element of row i, for i < 4, p < k. pitch in bytes. */
export function interleave(
  dst: usize, pitch: usize, r0: usize, r1: usize, r2: usize, r3: usize, k: i32,
): void {
  for (; k >= 4; k -= 4) {
    store_transposed(dst, pitch, v128.load(r0), v128.load(r1), v128.load(r2), v128.load(r3));
    dst += pitch << 2;
    r0 += 16;
    r1 += 16;
    r2 += 16;
    r3 += 16;
  }
  for (; k > 0; k--) {
    store<f32>(dst, load<f32>(r0));
    store<f32>(dst, load<f32>(r1), 4);
    store<f32>(dst, load<f32>(r2), 8);
    store<f32>(dst, load<f32>(r3), 12);
    dst += pitch;
    r0 += 4;
    r1 += 4;
    r2 += 4;
    r3 += 4;
  }
}

/** dst[p * pitch + i] = src[min(i, count - 1) * ld + p] for i < 4, p < k: rows of src, transposed. A strip
 *  with fewer than four rows repeats the last one: what comes of it is never written out. (count may even
 *  be below 1: the second strip of a panel can lie wholly beyond the edge.) pitch and ld in bytes. */
export function pack_rows(dst: usize, pitch: usize, src: usize, ld: usize, count: i32, k: i32): void {
  const r1 = src + ld * <usize>min(1, count - 1);
  const r2 = src + ld * <usize>min(2, count - 1);
  const r3 = src + ld * <usize>min(3, count - 1);
  interleave(dst, pitch, src + ld * <usize>min(0, count - 1), r1, r2, r3, k);
}

/** dst[p * pitch + i] = src[p * ld + i] for i < 4, p < k: columns of src; those from count on are zero.
 *  pitch and ld in bytes. */
export function pack_columns(dst: usize, pitch: usize, src: usize, ld: usize, count: i32, k: i32): void {
  if (count >= 4) {
    for (; k > 0; k--) {
      v128.store(dst, v128.load(src));
      dst += pitch;
      src += ld;
    }
    return;
  }
  for (; k > 0; k--) {
    v128.store(dst, load_partial(src, count));
    dst += pitch;
    src += ld;
  }
}

/** The first `count` (0 to 4) floats at ptr, then zeros; reads no further. */
@inline
export function load_partial(ptr: usize, count: i32): v128 {
  if (count >= 4) return v128.load(ptr);
  if (count == 3) return v128.load_lane<f32>(ptr + 8, v128.load_zero<f64>(ptr), 2);
  if (count == 2) return v128.load_zero<f64>(ptr);
  return count == 1 ? v128.load_zero<f32>(ptr) : f32x4.splat(0);
}
