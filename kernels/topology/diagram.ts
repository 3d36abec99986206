// Persistence diagrams in canonical form, for the distances between them. They come in as [birth, death]
// pairs of float32. Bars of length 0 are dropped, bars that never die are kept apart, and each kind is
// sorted by birth, then death: no distance depends on the order of the bars, and swapping two diagrams
// cannot change a bit. A sorted bar is one u64: the order-preserving bits of the birth above the death's.

@inline function ordered_bits(x: f32): u32 {
  const bits = reinterpret<u32>(x + 0); // -0 becomes +0
  return bits ^ (<u32>(<i32>bits >> 31) | 0x80000000);
}

@inline function ordered_value(bits: u32): f64 {
  return reinterpret<f32>(bits ^ (<u32>(<i32>~bits >> 31) | 0x80000000));
}

@inline export function birth_of(bar: u64): f64 {
  return ordered_value(<u32>(bar >> 32));
}

@inline export function death_of(bar: u64): f64 {
  return ordered_value(<u32>bar);
}

/** Sorts n u64 ascending by bottom-up merging; scratch holds another n. */
export function sort_keys(keys: usize, n: i32, scratch: usize): void {
  const bytes = <usize>n << 3;
  let from = keys;
  let to = scratch;
  for (let run: usize = 8; run < bytes; run <<= 1) {
    for (let start: usize = 0; start < bytes; start += run << 1) {
      const middle = min(start + run, bytes);
      const end = min(middle + run, bytes);
      let left = start;
      let right = middle;
      for (let at = start; at < end; at += 8) {
        const take_left =
          left < middle && (right >= end || load<u64>(from + left) <= load<u64>(from + right));
        store<u64>(to + at, load<u64>(from + (take_left ? left : right)));
        if (take_left) left += 8;
        else right += 8;
      }
    }
    const swap = from;
    from = to;
    to = swap;
  }
  if (from != keys) memory.copy(keys, from, bytes);
}

/** Writes the finite bars off the diagonal, or else the infinite ones, sorted; returns their number. */
function sort_bars(bars: usize, diagram: usize, n: i32, infinite: bool, scratch: usize): i32 {
  let count = 0;
  for (let i = 0; i < n; i++) {
    const birth = load<f32>(diagram + (<usize>i << 3));
    const death = load<f32>(diagram + (<usize>i << 3), 4);
    if (birth == death || (death == Infinity) != infinite) continue;
    store<u64>(bars + (<usize>count << 3), (<u64>ordered_bits(birth) << 32) | <u64>ordered_bits(death));
    count++;
  }
  sort_keys(bars, count, scratch);
  return count;
}

/** Orders lists of sorted bars by size, then lexicographically: negative, 0 (equal) or positive. */
function compare_bars(a: usize, n: i32, b: usize, m: i32): i32 {
  if (n != m) return n - m;
  for (let i: usize = 0; i < <usize>n << 3; i += 8) {
    const x = load<u64>(a + i);
    const y = load<u64>(b + i);
    if (x != y) return x < y ? -1 : 1;
  }
  return 0;
}

/** Two sorted diagrams: a is the one with fewer finite bars, or the first in lexicographical order. */
@unmanaged export class BarPair {
  a: usize; // u64: finite bars
  n: i32;
  b: usize;
  m: i32;
  equal: bool; // the finite bars are the same
  infinite_a: usize; // u64
  infinite_b: usize;
  infinite: i32; // how many infinite bars each has, -1 if the numbers differ
  end: usize; // of the memory in use
}

/** Memory of a BarPair with its bars, in bytes. */
export function bar_pair_bytes(n: i32, m: i32): usize {
  return (offsetof<BarPair>() + (<usize>n << 3) + (<usize>m << 3) + 15) & ~15;
}

/** Sorts two diagrams into the memory at `to`; beyond its end 8 bytes a bar of the larger are scratch. */
export function sort_pair(a: usize, n: i32, b: usize, m: i32, to: usize): BarPair {
  const pair = changetype<BarPair>(to);
  const end = to + bar_pair_bytes(n, m);
  const bars_a = to + offsetof<BarPair>();
  const bars_b = bars_a + (<usize>n << 3);
  const finite_a = sort_bars(bars_a, a, n, false, end);
  const finite_b = sort_bars(bars_b, b, m, false, end);
  pair.infinite_a = bars_a + (<usize>finite_a << 3);
  pair.infinite_b = bars_b + (<usize>finite_b << 3);
  const infinite = sort_bars(pair.infinite_a, a, n, true, end);
  pair.infinite = sort_bars(pair.infinite_b, b, m, true, end) == infinite ? infinite : -1;
  const order = compare_bars(bars_a, finite_a, bars_b, finite_b);
  pair.a = order > 0 ? bars_b : bars_a;
  pair.n = order > 0 ? finite_b : finite_a;
  pair.b = order > 0 ? bars_a : bars_b;
  pair.m = order > 0 ? finite_a : finite_b;
  pair.equal = order == 0;
  pair.end = end;
  return pair;
}

/** Distance of the i-th infinite bars by birth: on a line, matching by rank is optimal for every p. */
export function birth_gap(pair: BarPair, i: i32): f64 {
  const offset = <usize>i << 3;
  return abs(birth_of(load<u64>(pair.infinite_a + offset)) - birth_of(load<u64>(pair.infinite_b + offset)));
}

/** Removes the finite bars that both diagrams have, one for one. */
export function cancel_shared(pair: BarPair): void {
  const end_a = pair.a + (<usize>pair.n << 3);
  const end_b = pair.b + (<usize>pair.m << 3);
  let from_a = pair.a;
  let from_b = pair.b;
  let to_a = from_a;
  let to_b = from_b;
  while (from_a < end_a && from_b < end_b) {
    const x = load<u64>(from_a);
    const y = load<u64>(from_b);
    if (x < y) {
      store<u64>(to_a, x);
      to_a += 8;
    } else if (y < x) {
      store<u64>(to_b, y);
      to_b += 8;
    }
    if (x <= y) from_a += 8;
    if (y <= x) from_b += 8;
  }
  memory.copy(to_a, from_a, end_a - from_a);
  memory.copy(to_b, from_b, end_b - from_b);
  const shared = <i32>((from_a - to_a) >> 3);
  pair.n -= shared;
  pair.m -= shared;
}

/** The longest finite bar. */
export function longest_bar(bars: usize, n: i32): f64 {
  let longest: f64 = 0;
  for (let i: usize = 0; i < <usize>n << 3; i += 8) {
    const bar = load<u64>(bars + i);
    longest = max(longest, abs(death_of(bar) - birth_of(bar)));
  }
  return longest;
}

/**
 * Reorders bars so that every run of `leaf` of them lies close together: a kd-tree, built in place by
 * sorting along the wider side of the bounding box and cutting at a multiple of `leaf` near the middle.
 */
export function cluster_bars(bars: usize, n: i32, leaf: i32, scratch: usize): void {
  if (n <= leaf) return;
  const end = bars + (<usize>n << 3);
  let min_birth: f64 = Infinity;
  let max_birth: f64 = -Infinity;
  let min_death: f64 = Infinity;
  let max_death: f64 = -Infinity;
  for (let at = bars; at < end; at += 8) {
    const bar = load<u64>(at);
    min_birth = min(min_birth, birth_of(bar));
    max_birth = max(max_birth, birth_of(bar));
    min_death = min(min_death, death_of(bar));
    max_death = max(max_death, death_of(bar));
  }
  // Rotated by half a word, the death is on top and decides the order.
  const half = max_death - min_death > max_birth - min_birth ? 32 : 0;
  for (let at = bars; at < end; at += 8) store<u64>(at, rotl(load<u64>(at), half));
  sort_keys(bars, n, scratch);
  for (let at = bars; at < end; at += 8) store<u64>(at, rotr(load<u64>(at), half));
  const cut = ((n >> 1) + leaf - 1) / leaf * leaf;
  cluster_bars(bars, cut, leaf, scratch);
  cluster_bars(bars + (<usize>cut << 3), n - cut, leaf, scratch);
}

/** Sorts bars by length, the longest first. */
export function sort_by_length(bars: usize, n: i32, scratch: usize): void {
  const keys = scratch;
  const sorted = scratch + (<usize>n << 3);
  for (let i = 0; i < n; i++) {
    const bar = load<u64>(bars + (<usize>i << 3));
    const length = ordered_bits(<f32>abs(death_of(bar) - birth_of(bar)));
    store<u64>(keys + (<usize>i << 3), (<u64>~length << 32) | <u64>i);
  }
  sort_keys(keys, n, sorted);
  for (let i: usize = 0; i < <usize>n << 3; i += 8) {
    store<u64>(sorted + i, load<u64>(bars + (<usize>load<u32>(keys + i) << 3)));
  }
  memory.copy(bars, sorted, <usize>n << 3);
}

/** Index of the first bar without a distance (a birth not finite, a death NaN or -Infinity), or -1. */
export function diagram_invalid_bar_f32(diagram: usize, n: i32): i32 {
  for (let i = 0; i < n; i++) {
    const birth = load<f32>(diagram + (<usize>i << 3));
    const death = load<f32>(diagram + (<usize>i << 3), 4);
    if (!isFinite(birth) || isNaN(death) || death == -Infinity) return i;
  }
  return -1;
}
