// Sorting of float32 by radix: linear time, and the same result whatever the order of equal keys.

const BITS: i32 = 11;
const BUCKETS: i32 = 1 << BITS;
const HISTOGRAM_BYTES: usize = 4 * <usize>BUCKETS;

/** An unsigned integer that is ordered as the float32 of these bits: -0 before +0, NaN at the ends. */
// @ts-ignore: decorator
@inline
function sortable_key(bits: u32): u32 {
  return bits ^ (<u32>(<i32>bits >> 31) | 0x80000000);
}

// @ts-ignore: decorator
@inline
function key_bits(key: u32): u32 {
  return key ^ (<u32>(<i32>~key >> 31) | 0x80000000);
}

/** Turns counts into the position of each bucket's first element, in bytes. */
function to_offsets(histogram: usize): void {
  let total: u32 = 0;
  for (let b: usize = 0; b < HISTOGRAM_BYTES; b += 4) {
    const count = load<u32>(histogram + b);
    store<u32>(histogram + b, total);
    total += count << 2;
  }
}

// @ts-ignore: decorator
@inline
function scatter(out: usize, bucket: usize, value: u32): void {
  const at = load<u32>(bucket);
  store<u32>(bucket, at + 4);
  store<u32>(out + at, value);
}

/** Bytes of scratch that sort_f32 needs for n values. */
export function sort_scratch_bytes(n: i32): usize {
  return (<usize>n << 2) + 3 * HISTOGRAM_BYTES;
}

/** out[n] = x[n] in ascending order, -0 before +0. out and x do not overlap. Three passes over digits of 11
 *  bits, from the least significant one. Fewer than 2^30 values. */
export function sort_f32(out: usize, x: usize, n: i32, scratch: usize): void {
  const other = scratch + 3 * HISTOGRAM_BYTES;
  const low = scratch;
  const middle = low + HISTOGRAM_BYTES;
  const high = middle + HISTOGRAM_BYTES;
  const size = <usize>n << 2;
  memory.fill(scratch, 0, 3 * HISTOGRAM_BYTES);
  for (let at: usize = 0; at < size; at += 4) {
    const key = sortable_key(load<u32>(x + at));
    const in_low = low + (<usize>(key & (BUCKETS - 1)) << 2);
    const in_middle = middle + (<usize>((key >> BITS) & (BUCKETS - 1)) << 2);
    const in_high = high + (<usize>(key >> (2 * BITS)) << 2);
    store<u32>(in_low, load<u32>(in_low) + 1);
    store<u32>(in_middle, load<u32>(in_middle) + 1);
    store<u32>(in_high, load<u32>(in_high) + 1);
  }
  to_offsets(low);
  to_offsets(middle);
  to_offsets(high);
  for (let at: usize = 0; at < size; at += 4) {
    const key = sortable_key(load<u32>(x + at));
    scatter(out, low + (<usize>(key & (BUCKETS - 1)) << 2), key);
  }
  for (let at: usize = 0; at < size; at += 4) {
    const key = load<u32>(out + at);
    scatter(other, middle + (<usize>((key >> BITS) & (BUCKETS - 1)) << 2), key);
  }
  for (let at: usize = 0; at < size; at += 4) {
    const key = load<u32>(other + at);
    scatter(out, high + (<usize>(key >> (2 * BITS)) << 2), key_bits(key));
  }
}
