// Sorting by radix: linear time, stable, three passes over digits of 11 bits from the least significant one.

const BITS: u32 = 11;
const BUCKETS: u32 = 1 << BITS;
const HISTOGRAM_BYTES: usize = 4 * <usize>BUCKETS;

/** Bytes of scratch for the histograms of radix_sort. */
export const RADIX_BYTES: usize = 3 * HISTOGRAM_BYTES;

/** Place of a record's digit in a histogram: digit `pass` of its upper 32 bits. */
@inline
function bucket<T extends number>(record: T, pass: u32): usize {
  const key = sizeof<T>() == 8 ? <u32>(<u64>record >> 32) : <u32>record;
  return <usize>(key >> (BITS * pass) & (BUCKETS - 1)) << 2;
}

function scatter<T extends number>(out: usize, x: usize, n: i32, histogram: usize, pass: u32): void {
  let start: u32 = 0;
  for (let b: usize = 0; b < HISTOGRAM_BYTES; b += 4) {
    const count = load<u32>(histogram + b);
    store<u32>(histogram + b, start);
    start += count;
  }
  for (let i = 0; i < n; i++, x += sizeof<T>()) {
    const record = load<T>(x);
    const slot = histogram + bucket<T>(record, pass);
    const at = load<u32>(slot);
    store<u32>(slot, at + 1);
    store<T>(out + <usize>at * sizeof<T>(), record);
  }
}

/** out[n] = x[n] in ascending order of the upper 32 bits of the records (u32 or u64), equal ones in the
 *  order they had. Overwrites x. */
export function radix_sort<T extends number>(out: usize, x: usize, n: i32, scratch: usize): void {
  memory.fill(scratch, 0, RADIX_BYTES);
  for (let i = 0; i < n; i++) {
    const record = load<T>(x + <usize>i * sizeof<T>());
    for (let pass: u32 = 0; pass < 3; pass++) {
      const slot = scratch + HISTOGRAM_BYTES * pass + bucket<T>(record, pass);
      store<u32>(slot, load<u32>(slot) + 1);
    }
  }
  scatter<T>(out, x, n, scratch, 0);
  scatter<T>(x, out, n, scratch + HISTOGRAM_BYTES, 1);
  scatter<T>(out, x, n, scratch + 2 * HISTOGRAM_BYTES, 2);
}

/** Bytes of scratch that sort_f32 needs for n values. */
export function sort_scratch_bytes(n: i32): usize {
  return RADIX_BYTES + (<usize>n << 2);
}

/** out[n] = x[n] in ascending order, -0 before +0. x may be out. */
export function sort_f32(out: usize, x: usize, n: i32, scratch: usize): void {
  const keys = scratch + RADIX_BYTES;
  for (let at: usize = 0; at < <usize>n << 2; at += 4) {
    const bits = load<u32>(x + at);
    store<u32>(keys + at, bits ^ (<u32>(<i32>bits >> 31) | 0x80000000));
  }
  radix_sort<u32>(out, keys, n, scratch);
  for (let at: usize = 0; at < <usize>n << 2; at += 4) {
    const key = load<u32>(out + at);
    store<u32>(out + at, key ^ (<u32>(<i32>~key >> 31) | 0x80000000));
  }
}
