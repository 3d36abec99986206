// Multiplication of packed panels: the 4x8 micro-kernel and the loops right around it (Goto & van de Geijn,
// "Anatomy of High-Performance Matrix Multiplication", 2008; van Zee & van de Geijn, "BLIS", 2015).
import { madd } from "../array/simd";

/** Rows and columns of the micro-kernel's tile. */
export const MR: i32 = 4;
export const NR: i32 = 8;
/** Depth of a packed block, and the unit of summation: sequential within a block, blocks added in order. */
export const KC: i32 = 256;
/** Rows of A and columns of B packed at a time: 128 KiB and 512 KiB, for the second-level cache. */
export const MC: i32 = 128;
export const NC: i32 = 512;
/** Room for a tile that overlaps the edge of C. */
export const TILE_BYTES: usize = 128;

/** The least multiple of `unit` that is not less than n. */
@inline
export function round_up(n: i32, unit: i32): i32 {
  return (n + unit - 1) / unit * unit;
}

@inline
function put(c: usize, v: v128, accumulate: bool): void {
  v128.store(c, accumulate ? f32x4.add(v128.load(c), v) : v);
}

/** c[4, 8] (+)= a[k, 4]^T b[k, 8], panels packed. Eight accumulators, two loads of b and a splat of a at a
 *  time are what stays in V8's registers; unrolling over k or a wider tile spills. */
@inline
function micro_kernel(c: usize, ldc: usize, a: usize, b: usize, k: i32, accumulate: bool): void {
  let c00 = f32x4.splat(0);
  let c01 = f32x4.splat(0);
  let c10 = f32x4.splat(0);
  let c11 = f32x4.splat(0);
  let c20 = f32x4.splat(0);
  let c21 = f32x4.splat(0);
  let c30 = f32x4.splat(0);
  let c31 = f32x4.splat(0);
  for (; k > 0; k--) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const a0 = v128.load_splat<f32>(a);
    c00 = madd(a0, b0, c00);
    c01 = madd(a0, b1, c01);
    const a1 = v128.load_splat<f32>(a, 4);
    c10 = madd(a1, b0, c10);
    c11 = madd(a1, b1, c11);
    const a2 = v128.load_splat<f32>(a, 8);
    c20 = madd(a2, b0, c20);
    c21 = madd(a2, b1, c21);
    const a3 = v128.load_splat<f32>(a, 12);
    c30 = madd(a3, b0, c30);
    c31 = madd(a3, b1, c31);
    a += 16;
    b += 32;
  }
  put(c, c00, accumulate);
  put(c + 16, c01, accumulate);
  c += ldc;
  put(c, c10, accumulate);
  put(c + 16, c11, accumulate);
  c += ldc;
  put(c, c20, accumulate);
  put(c + 16, c21, accumulate);
  c += ldc;
  put(c, c30, accumulate);
  put(c + 16, c31, accumulate);
}

/** The part of a tile that lies inside C. */
function put_edge(c: usize, ldc: usize, tile: usize, rows: i32, columns: i32, accumulate: bool): void {
  for (let i = 0; i < rows; i++) {
    for (let j: usize = 0; j < <usize>columns << 2; j += 4) {
      const v = load<f32>(tile + j);
      store<f32>(c + j, accumulate ? load<f32>(c + j) + v : v);
    }
    c += ldc;
    tile += 4 * <usize>NR;
  }
}

/** c[m, n] (+)= A B for packed A (strips of 4 rows, k deep) and packed B (panels of 8 columns, k deep). ldc
 *  in bytes; tile: TILE_BYTES of scratch. */
export function multiply_panels(
  c: usize, ldc: usize, a: usize, b: usize, m: i32, n: i32, k: i32, accumulate: bool, tile: usize,
): void {
  const a_step = <usize>(k * MR) << 2;
  const b_step = <usize>(k * NR) << 2;
  for (let j = 0; j < n; j += NR) {
    const columns = min(NR, n - j);
    let a_strip = a;
    let c_tile = c + (<usize>j << 2);
    for (let i = 0; i < m; i += MR) {
      const rows = min(MR, m - i);
      if (rows == MR && columns == NR) {
        micro_kernel(c_tile, ldc, a_strip, b, k, accumulate);
      } else {
        micro_kernel(tile, 4 * <usize>NR, a_strip, b, k, false);
        put_edge(c_tile, ldc, tile, rows, columns, accumulate);
      }
      a_strip += a_step;
      c_tile += ldc * <usize>MR;
    }
    b += b_step;
  }
}
