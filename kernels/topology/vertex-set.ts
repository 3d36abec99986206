// Sets of vertices: a bit for each, in rows of whole vectors. `row` is their length in bytes.

/** "No vertex" and "no edge". */
export const NONE: u32 = 0xffffffff;

/** Bytes of a set of n vertices. */
@inline
export function row_bytes(n: i32): usize {
  return (<usize>n + 127 & ~127) >> 3;
}

@inline
export function has_bit(set: usize, i: u32): bool {
  return (<u32>load<u8>(set + (i >> 3)) >> (i & 7) & 1) != 0;
}

@inline
export function flip_bit(set: usize, i: u32): void {
  store<u8>(set + (i >> 3), <u32>load<u8>(set + (i >> 3)) ^ 1 << (i & 7));
}

/** out = the intersection of two sets. Returns whether it has a member. */
export function intersect(out: usize, a: usize, b: usize, row: usize): bool {
  let any = i64x2.splat(0);
  for (let at: usize = 0; at < row; at += 16) {
    const both = v128.and(v128.load(a + at), v128.load(b + at));
    any = v128.or(any, both);
    v128.store(out + at, both);
  }
  return v128.any_true(any);
}

/** set = the sum of it and another set: what is in one of them only. Returns whether it has a member. */
export function add_set(set: usize, other: usize, row: usize): bool {
  let any = i64x2.splat(0);
  for (let at: usize = 0; at < row; at += 16) {
    const sum = v128.xor(v128.load(set + at), v128.load(other + at));
    any = v128.or(any, sum);
    v128.store(set + at, sum);
  }
  return v128.any_true(any);
}

/** The least member of a set, or NONE. */
export function first_member(set: usize, row: usize): u32 {
  for (let at: usize = 0; at < row; at += 8) {
    const bits = load<u64>(set + at);
    if (bits) return <u32>(at << 3) + <u32>ctz(bits);
  }
  return NONE;
}

/** The greatest member of a set below a vertex, or NONE. */
export function last_member(set: usize, below: u32): u32 {
  let at = <usize>(below >> 6) << 3;
  let bits = below & 63 ? load<u64>(set + at) & ((<u64>1 << (below & 63)) - 1) : 0;
  while (!bits) {
    if (!at) return NONE;
    at -= 8;
    bits = load<u64>(set + at);
  }
  return <u32>(at << 3) + 63 - <u32>clz(bits);
}

/** Number of members. */
export function count_members(set: usize, row: usize): usize {
  let count: u64 = 0;
  for (let at: usize = 0; at < row; at += 8) count += popcnt(load<u64>(set + at));
  return <usize>count;
}
