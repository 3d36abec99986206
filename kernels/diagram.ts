// Persistence diagrams in canonical form, for the distances between them. They come in as [birth, death]
// pairs of float32. Bars of length 0 are dropped, bars that never die are kept apart, and each kind is
// sorted by birth, then death: no distance depends on the order of the bars, and swapping two diagrams
// cannot change a bit. A sorted bar is one u64: the order-preserving bits of the birth above the death's.

@inline function orderedBits(x: f32): u32 {
  const bits = reinterpret<u32>(x + 0); // -0 becomes +0
  return bits ^ (<u32>(<i32>bits >> 31) | 0x80000000);
}

@inline function orderedValue(bits: u32): f64 {
  return reinterpret<f32>(bits ^ (<u32>(<i32>~bits >> 31) | 0x80000000));
}

@inline export function birthOf(bar: u64): f64 {
  return orderedValue(<u32>(bar >> 32));
}

@inline export function deathOf(bar: u64): f64 {
  return orderedValue(<u32>bar);
}

/** Sorts n u64 ascending by bottom-up merging; scratch holds another n. */
export function sortKeys(keys: usize, n: i32, scratch: usize): void {
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
        const takeLeft =
          left < middle && (right >= end || load<u64>(from + left) <= load<u64>(from + right));
        store<u64>(to + at, load<u64>(from + (takeLeft ? left : right)));
        if (takeLeft) left += 8;
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
function sortBars(bars: usize, diagram: usize, n: i32, infinite: bool, scratch: usize): i32 {
  let count = 0;
  for (let i = 0; i < n; i++) {
    const birth = load<f32>(diagram + (<usize>i << 3));
    const death = load<f32>(diagram + (<usize>i << 3), 4);
    if (birth == death || (death == Infinity) != infinite) continue;
    store<u64>(bars + (<usize>count << 3), (<u64>orderedBits(birth) << 32) | <u64>orderedBits(death));
    count++;
  }
  sortKeys(bars, count, scratch);
  return count;
}

/** Orders lists of sorted bars by size, then lexicographically: negative, 0 (equal) or positive. */
function compareBars(a: usize, n: i32, b: usize, m: i32): i32 {
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
  infiniteA: usize; // u64
  infiniteB: usize;
  infinite: i32; // how many infinite bars each has, -1 if the numbers differ
  end: usize; // of the memory in use
}

/** Memory of a BarPair with its bars, in bytes. */
export function barPairBytes(n: i32, m: i32): usize {
  return (offsetof<BarPair>() + (<usize>n << 3) + (<usize>m << 3) + 15) & ~15;
}

/** Sorts two diagrams into the memory at `to`; beyond its end 8 bytes a bar of the larger are scratch. */
export function sortPair(a: usize, n: i32, b: usize, m: i32, to: usize): BarPair {
  const pair = changetype<BarPair>(to);
  const end = to + barPairBytes(n, m);
  const barsA = to + offsetof<BarPair>();
  const barsB = barsA + (<usize>n << 3);
  const finiteA = sortBars(barsA, a, n, false, end);
  const finiteB = sortBars(barsB, b, m, false, end);
  pair.infiniteA = barsA + (<usize>finiteA << 3);
  pair.infiniteB = barsB + (<usize>finiteB << 3);
  const infinite = sortBars(pair.infiniteA, a, n, true, end);
  pair.infinite = sortBars(pair.infiniteB, b, m, true, end) == infinite ? infinite : -1;
  const order = compareBars(barsA, finiteA, barsB, finiteB);
  pair.a = order > 0 ? barsB : barsA;
  pair.n = order > 0 ? finiteB : finiteA;
  pair.b = order > 0 ? barsA : barsB;
  pair.m = order > 0 ? finiteA : finiteB;
  pair.equal = order == 0;
  pair.end = end;
  return pair;
}

/** Distance of the i-th infinite bars by birth: on a line, matching by rank is optimal for every p. */
export function birthGap(pair: BarPair, i: i32): f64 {
  const offset = <usize>i << 3;
  return abs(birthOf(load<u64>(pair.infiniteA + offset)) - birthOf(load<u64>(pair.infiniteB + offset)));
}

/** Removes the finite bars that both diagrams have, one for one. */
export function cancelShared(pair: BarPair): void {
  const endA = pair.a + (<usize>pair.n << 3);
  const endB = pair.b + (<usize>pair.m << 3);
  let fromA = pair.a;
  let fromB = pair.b;
  let toA = fromA;
  let toB = fromB;
  while (fromA < endA && fromB < endB) {
    const x = load<u64>(fromA);
    const y = load<u64>(fromB);
    if (x < y) {
      store<u64>(toA, x);
      toA += 8;
    } else if (y < x) {
      store<u64>(toB, y);
      toB += 8;
    }
    if (x <= y) fromA += 8;
    if (y <= x) fromB += 8;
  }
  memory.copy(toA, fromA, endA - fromA);
  memory.copy(toB, fromB, endB - fromB);
  const shared = <i32>((fromA - toA) >> 3);
  pair.n -= shared;
  pair.m -= shared;
}

/** The longest finite bar. */
export function longestBar(bars: usize, n: i32): f64 {
  let longest: f64 = 0;
  for (let i: usize = 0; i < <usize>n << 3; i += 8) {
    const bar = load<u64>(bars + i);
    longest = max(longest, abs(deathOf(bar) - birthOf(bar)));
  }
  return longest;
}

/**
 * Reorders bars so that every run of `leaf` of them lies close together: a kd-tree, built in place by
 * sorting along the wider side of the bounding box and cutting at a multiple of `leaf` near the middle.
 */
export function clusterBars(bars: usize, n: i32, leaf: i32, scratch: usize): void {
  if (n <= leaf) return;
  const end = bars + (<usize>n << 3);
  let minBirth: f64 = Infinity;
  let maxBirth: f64 = -Infinity;
  let minDeath: f64 = Infinity;
  let maxDeath: f64 = -Infinity;
  for (let at = bars; at < end; at += 8) {
    const bar = load<u64>(at);
    minBirth = min(minBirth, birthOf(bar));
    maxBirth = max(maxBirth, birthOf(bar));
    minDeath = min(minDeath, deathOf(bar));
    maxDeath = max(maxDeath, deathOf(bar));
  }
  // Rotated by half a word, the death is on top and decides the order.
  const half = maxDeath - minDeath > maxBirth - minBirth ? 32 : 0;
  for (let at = bars; at < end; at += 8) store<u64>(at, rotl(load<u64>(at), half));
  sortKeys(bars, n, scratch);
  for (let at = bars; at < end; at += 8) store<u64>(at, rotr(load<u64>(at), half));
  const cut = ((n >> 1) + leaf - 1) / leaf * leaf;
  clusterBars(bars, cut, leaf, scratch);
  clusterBars(bars + (<usize>cut << 3), n - cut, leaf, scratch);
}

/** Sorts bars by length, the longest first. */
export function sortByLength(bars: usize, n: i32, scratch: usize): void {
  const keys = scratch;
  const sorted = scratch + (<usize>n << 3);
  for (let i = 0; i < n; i++) {
    const bar = load<u64>(bars + (<usize>i << 3));
    const length = orderedBits(<f32>abs(deathOf(bar) - birthOf(bar)));
    store<u64>(keys + (<usize>i << 3), (<u64>~length << 32) | <u64>i);
  }
  sortKeys(keys, n, sorted);
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
