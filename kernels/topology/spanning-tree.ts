// Persistent homology of a complete weighted graph (Songdechakraiwut & Chung, arXiv 2012.00675): a component
// is born with each edge of the maximum spanning tree, a cycle dies with each of the others.
import { sort_f32, sort_scratch_bytes } from "../array/sort";

@inline
function edge_count(p: i32): i32 {
  return <i32>(<i64>p * (p - 1) / 2);
}

/** all[p (p - 1) / 2] = the upper triangle of m[p, p], row by row. Returns the first row with a weight that
 *  is NaN or infinite, or -1. */
function copy_upper(all: usize, m: usize, p: i32): i32 {
  for (let i = 0; i < p - 1; i++) {
    const row = m + (<usize>p * <usize>i << 2);
    // Only NaN and infinite values leave something other than 0 when multiplied by 0.
    let zeros = f32x4.splat(0);
    let j = i + 1;
    for (; j + 4 <= p; j += 4, all += 16) {
      const weights = v128.load(row + (<usize>j << 2));
      zeros = f32x4.add(zeros, f32x4.mul(weights, f32x4.splat(0)));
      v128.store(all, weights);
    }
    for (; j < p; j++, all += 4) {
      const weight = v128.load32_zero(row + (<usize>j << 2));
      zeros = f32x4.add(zeros, f32x4.mul(weight, f32x4.splat(0)));
      v128.store32_lane(all, weight, 0);
    }
    if (v128.any_true(f32x4.ne(zeros, f32x4.splat(0)))) return i;
  }
  return -1;
}

/** best[j] = the heavier of it and the given edge, for a vertex outside the tree. */
@inline
function relax(best: usize, limit: usize, edge: usize): void {
  store<f32>(best, max(load<f32>(best), min(load<f32>(edge), load<f32>(limit))));
}

/** The first index at which best[padded] is largest. */
function argmax(best: usize, padded: i32): i32 {
  let heaviest = v128.load(best);
  for (let at: usize = 16; at < <usize>padded << 2; at += 16) {
    heaviest = f32x4.max(heaviest, v128.load(best + at));
  }
  const pairs = f32x4.max(heaviest, v128.shuffle<f32>(heaviest, heaviest, 2, 3, 0, 1));
  const top = f32x4.max(pairs, v128.shuffle<f32>(pairs, pairs, 1, 0, 3, 2));
  let at: usize = 0;
  while (!v128.any_true(f32x4.eq(v128.load(best + at), top))) at += 16;
  return <i32>(at >> 2) + ctz(i32x4.bitmask(f32x4.eq(v128.load(best + at), top)));
}

/** tree[p - 1] = the edge weights of a maximum spanning tree of the upper triangle of m[p, p], in the order
 *  in which Prim's algorithm finds them. best: the heaviest edge from the tree to each vertex outside,
 *  -Infinity for those inside; limit: -Infinity for vertices in the tree, else Infinity; both [p] rounded up
 *  to a multiple of 4. */
function spanning_tree(tree: usize, m: usize, p: i32, best: usize, limit: usize): void {
  const padded = (p + 3) & -4;
  const size = <usize>p << 2;
  for (let at: usize = 0; at < <usize>padded << 2; at += 4) {
    store<f32>(best + at, -Infinity);
    store<f32>(limit + at, at < size ? Infinity : -Infinity);
  }
  let u = 0;
  for (let count = 1; count < p; count++) {
    const from = <usize>u << 2;
    store<f32>(best + from, -Infinity);
    store<f32>(limit + from, -Infinity);
    for (let at: usize = 0; at < from; at += 4) relax(best + at, limit + at, m + size * (at >> 2) + from);
    const row = m + size * <usize>u;
    let at = from + 4;
    for (; at < size && (at & 15) != 0; at += 4) relax(best + at, limit + at, row + at);
    for (; at + 16 <= size; at += 16) {
      const weights = f32x4.min(v128.load(row + at), v128.load(limit + at));
      v128.store(best + at, f32x4.max(v128.load(best + at), weights));
    }
    for (; at < size; at += 4) relax(best + at, limit + at, row + at);
    u = argmax(best, padded);
    store<f32>(tree, load<f32>(best + (<usize>u << 2)));
    tree += 4;
  }
}

/** Bytes of scratch, 16-byte aligned, that graph_persistence_f32 needs. */
export function graph_persistence_scratch_bytes(p: i32): usize {
  const edges = <usize>edge_count(p) + 4 << 2;
  return 3 * (<usize>(p + 3) & -4) * 4 + 2 * edges + sort_scratch_bytes(edge_count(p));
}

/** births[p - 1] = the weights of the maximum spanning tree of the complete graph with the symmetric weights
 *  m[p, p], deaths[p (p - 1) / 2 - (p - 1)] = the other weights; both ascending. Reads the part of m above
 *  the diagonal. Returns -1, or the first row with a NaN or infinite weight; births and deaths are then
 *  undefined. */
export function graph_persistence_f32(births: usize, deaths: usize, m: usize, p: i32, scratch: usize): i32 {
  const vector = (<usize>(p + 3) & -4) << 2;
  const edges = edge_count(p);
  const best = scratch;
  const limit = best + vector;
  const tree = limit + vector;
  const all = tree + vector;
  const sorted = all + (<usize>(edges + 3 & -4) << 2);
  const rest = sorted + (<usize>(edges + 3 & -4) << 2);
  const bad = copy_upper(all, m, p);
  if (bad >= 0) return bad;
  spanning_tree(tree, m, p, best, limit);
  sort_f32(births, tree, max(p - 1, 0), rest);
  sort_f32(sorted, all, edges, rest);
  // Which of several equal edges are in the tree does not matter: the births are taken out as a multiset.
  let taken = 0;
  for (let i: usize = 0; i < <usize>edges << 2; i += 4) {
    const bits = load<u32>(sorted + i);
    if (taken < p - 1 && bits == load<u32>(births + (<usize>taken << 2))) {
      taken++;
    } else {
      store<u32>(deaths, bits);
      deaths += 4;
    }
  }
  return -1;
}
