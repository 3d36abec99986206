// Philox4x32-10, the counter-based generator of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as
// easy as 1, 2, 3" (2011). Each counter gives a block of four 32-bit words; value i of a call takes word i
// mod 4 of block counter + i / 4, whatever n is. A call of n values uses up ceil(n / 4) counters.
import { log, sin_quadrant } from "../array/math";
import { madd } from "../array/simd";

// In memory, as in math.ts: loaded ahead of the rounds they stay in registers.
const MULTIPLIERS = memory.data<u32>([0xd2511f53, 0xcd9e8d57]);
const WEYL = memory.data<u32>([0x9e3779b9, 0xbb67ae85]);

// The words of the last four blocks, word k of block i in lane i of wordk: a function returns only one
// vector.
let word0: v128 = i32x4(0, 0, 0, 0);
let word1: v128 = i32x4(0, 0, 0, 0);
let word2: v128 = i32x4(0, 0, 0, 0);
let word3: v128 = i32x4(0, 0, 0, 0);

@inline
function wide(high: i32, low: i32): u64 {
  return (<u64>high << 32) | <u64><u32>low;
}

/** Computes the four blocks from counter on. Attempt is the third word of the counter. */
function philox(seed: u64, counter: u64, attempt: i32): void {
  let c0 = i32x4.add(i32x4.splat(<i32>counter), i32x4(0, 1, 2, 3));
  const carry = i32x4.lt_u(c0, i32x4.splat(<i32>counter));
  let c1 = i32x4.sub(i32x4.splat(<i32>(counter >> 32)), carry);
  let c2 = i32x4.splat(attempt);
  let c3 = i32x4.splat(0);
  let k0 = i32x4.splat(<i32>seed);
  let k1 = i32x4.splat(<i32>(seed >> 32));
  const m0 = v128.load32_splat(MULTIPLIERS);
  const m1 = v128.load32_splat(MULTIPLIERS, 4);
  const weyl0 = v128.load32_splat(WEYL);
  const weyl1 = v128.load32_splat(WEYL, 4);
  for (let round = 0; round < 10; round++) {
    const a0 = i64x2.extmul_low_i32x4_u(c0, m0);
    const a1 = i64x2.extmul_high_i32x4_u(c0, m0);
    const b0 = i64x2.extmul_low_i32x4_u(c2, m1);
    const b1 = i64x2.extmul_high_i32x4_u(c2, m1);
    c0 = v128.xor(v128.xor(v128.shuffle<i32>(b0, b1, 1, 3, 5, 7), c1), k0);
    c1 = v128.shuffle<i32>(b0, b1, 0, 2, 4, 6);
    c2 = v128.xor(v128.xor(v128.shuffle<i32>(a0, a1, 1, 3, 5, 7), c3), k1);
    c3 = v128.shuffle<i32>(a0, a1, 0, 2, 4, 6);
    k0 = i32x4.add(k0, weyl0);
    k1 = i32x4.add(k1, weyl1);
  }
  word0 = c0;
  word1 = c1;
  word2 = c2;
  word3 = c3;
}

/** Stores the first n elements of v, at most four. */
@inline
function store_first(out: usize, v: v128, n: i32): void {
  if (n >= 4) v128.store(out, v);
  else {
    if (n >= 1) v128.store32_lane(out, v, 0);
    if (n >= 2) v128.store32_lane(out, v, 1, 4);
    if (n >= 3) v128.store32_lane(out, v, 2, 8);
  }
}

/** Fills out with n values. Method v of Op makes them of the words of blocks, whose pairs (0, 1) and (2, 3)
 *  it sees: other is the partner of word, second whether word comes after it. */
@inline
function generate<Op>(out: usize, n: i32, seed: u64, counter: u64, a: f32 = 0, b: f32 = 0): void {
  const op = changetype<Op>(0);
  const va = f32x4.splat(a);
  const vb = f32x4.splat(b);
  for (; n > 0; n -= 16, out += 64, counter += 4) {
    philox(seed, counter, 0);
    const y0 = op.v(word0, word1, false, va, vb);
    const y1 = op.v(word1, word0, true, va, vb);
    const y2 = op.v(word2, word3, false, va, vb);
    const y3 = op.v(word3, word2, true, va, vb);
    // Transposed: the four values of a block lie together.
    const low01 = v128.shuffle<i32>(y0, y1, 0, 4, 1, 5);
    const low23 = v128.shuffle<i32>(y2, y3, 0, 4, 1, 5);
    const high01 = v128.shuffle<i32>(y0, y1, 2, 6, 3, 7);
    const high23 = v128.shuffle<i32>(y2, y3, 2, 6, 3, 7);
    store_first(out, v128.shuffle<i64>(low01, low23, 0, 2), n);
    store_first(out + 16, v128.shuffle<i64>(low01, low23, 1, 3), n - 4);
    store_first(out + 32, v128.shuffle<i64>(high01, high23, 0, 2), n - 8);
    store_first(out + 48, v128.shuffle<i64>(high01, high23, 1, 3), n - 12);
  }
}

/** The upper 24 bits of each word, as float32. */
@inline
function upper24(word: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.shr_u(word, 8));
}
const UNIT_24: f32 = 5.9604645e-8; // 2^-24

@unmanaged class Bits {
  @inline v(word: v128, other: v128, second: bool, a: v128, b: v128): v128 { return word; }
}
/** n words of 32 bits. */
export function random_bits(
  out: usize, n: i32, seed_lo: i32, seed_hi: i32, counter_lo: i32, counter_hi: i32,
): void {
  generate<Bits>(out, n, wide(seed_hi, seed_lo), wide(counter_hi, counter_lo));
}

@unmanaged class Uniform {
  @inline v(word: v128, other: v128, second: bool, low: v128, high: v128): v128 {
    const u = f32x4.mul(upper24(word), f32x4.splat(UNIT_24));
    const y = madd(u, f32x4.sub(high, low), low);
    // What rounds up to high is given to low, which rounding gave half of its share.
    return v128.bitselect(y, low, f32x4.lt(y, high));
  }
}
/** Uniform in [low, high), from 24 bits. */
export function uniform_f32(
  out: usize, n: i32, low: f32, high: f32, seed_lo: i32, seed_hi: i32, counter_lo: i32, counter_hi: i32,
): void {
  generate<Uniform>(out, n, wide(seed_hi, seed_lo), wide(counter_hi, counter_lo), low, high);
}

@unmanaged class Normal {
  @inline v(word: v128, other: v128, second: bool, mean: v128, std: v128): v128 {
    // Box and Muller, 1958. The first word gives the radius, as a number in (0, 1] whose logarithm is finite,
    // the second the angle in units of 2^-32 turns, taken apart into the nearest quarter turn and the rest.
    const u = f32x4.mul(f32x4.add(upper24(second ? other : word), f32x4.splat(1)), f32x4.splat(UNIT_24));
    const radius = f32x4.sqrt(f32x4.mul(f32x4.splat(-2), log(u)));
    const turn = second ? word : other;
    const quadrant = i32x4.shr_u(i32x4.add(turn, i32x4.splat(1 << 29)), 30);
    const rest = f32x4.convert_i32x4_s(i32x4.sub(turn, i32x4.shl(quadrant, 30)));
    const angle = f32x4.mul(rest, f32x4.splat(1.4629181e-9)); // 2 pi / 2^32
    const direction = sin_quadrant(angle, second ? quadrant : i32x4.add(quadrant, i32x4.splat(1)));
    return madd(f32x4.mul(radius, direction), std, mean);
  }
}
/** Normal with the given mean and standard deviation; at most 5.77 standard deviations from the mean. */
export function normal_f32(
  out: usize, n: i32, mean: f32, std: f32, seed_lo: i32, seed_hi: i32, counter_lo: i32, counter_hi: i32,
): void {
  generate<Normal>(out, n, wide(seed_hi, seed_lo), wide(counter_hi, counter_lo), mean, std);
}

@unmanaged class Mask {
  @inline v(word: v128, other: v128, second: bool, threshold: v128, scale: v128): v128 {
    return v128.and(scale, f32x4.ge(upper24(word), threshold));
  }
}
/** 0 with probability p (rounded up to a multiple of 2^-24), else scale. */
export function dropout_mask_f32(
  out: usize, n: i32, p: f32, scale: f32, seed_lo: i32, seed_hi: i32, counter_lo: i32, counter_hi: i32,
): void {
  generate<Mask>(out, n, wide(seed_hi, seed_lo), wide(counter_hi, counter_lo), p / UNIT_24, scale);
}

/** Word i mod 4 of block counter + i / 4 at an attempt after the first. */
function redraw(seed: u64, counter: u64, i: i32, attempt: i32): u32 {
  philox(seed, counter + (i >>> 2), attempt);
  const pair01 = (i & 1) == 0 ? word0 : word1;
  const pair23 = (i & 1) == 0 ? word2 : word3;
  return i32x4.extract_lane((i & 2) == 0 ? pair01 : pair23, 0);
}

/** The integers 0 .. n - 1 in random order, all orders being equally likely: Fisher and Yates from the
 *  front, with Lemire's multiplication and rejection ("Fast random integer generation in an interval",
 *  2019). A rejected word is drawn again in the same place with the next attempt. */
export function permutation_i32(
  out: usize, n: i32, seed_lo: i32, seed_hi: i32, counter_lo: i32, counter_hi: i32,
): void {
  // Place i holds the word of step i until that step.
  random_bits(out, n, seed_lo, seed_hi, counter_lo, counter_hi);
  const seed = wide(seed_hi, seed_lo);
  const counter = wide(counter_hi, counter_lo);
  for (let i = 0; i < n; i++) {
    const range = <u32>(i + 1);
    const at = out + (<usize>i << 2);
    let product = <u64>load<u32>(at) * <u64>range;
    // 2^32 mod range words of the 2^32 are too many.
    for (let attempt = 1; <u32>product < range && <u32>product < (0 - range) % range; attempt++) {
      product = <u64>redraw(seed, counter, i, attempt) * <u64>range;
    }
    const chosen = out + (<usize>(product >> 32) << 2);
    store<i32>(at, load<i32>(chosen));
    store<i32>(chosen, i);
  }
}
