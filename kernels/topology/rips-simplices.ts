// Simplices of a Vietoris-Rips filtration from dimension 2 on, and their cofacets.
//
// A d-simplex is a u64: the rank of its longest edge, then the number of its other d - 1 vertices r0 < r1 <
// ... in the combinatorial number system, sum of binomial(r_i, i + 1). Simplices are in the order of the
// filtration as these integers are. The last facet and the first cofacet of a simplex have its longest edge,
// if any facet or cofacet does:
//
// - the first cofacet of (edge, R) is (edge, R + x) for the first vertex x adjacent to all of (edge, R);
// - the last facet of (edge, S) is (edge, S without its first vertex).
//
// Two simplices that are this to each other are an apparent pair.
import { take } from "./arena";
import { EMPTY } from "./column";
import { Rips, edge_at, first_vertex, second_vertex } from "./rips";
import { NONE } from "./vertex-set";

@unmanaged
export class Simplices {
  dim: i32;
  shift: u32; // bits of a simplex below the rank of its edge,
  coshift: u32; // and of a cofacet
  binomials: usize; // u64 [dim, n + 1]: binomial(v, k) for k = 1 ...
  rest: usize; // u32 [dim]: vertices of a simplex besides its edge, ascending
  vertices: usize; // u32 [dim + 1]: all of them, ascending
  rows: usize; // usize [dim + 1]: their rows of ranks
}

@inline
export function binomial(rips: Rips, s: Simplices, v: u32, k: u32): u64 {
  return load<u64>(s.binomials + (<usize>(k - 1) * (rips.n + 1) + v << 3));
}

@inline
export function item(list: usize, i: i32): u32 {
  return load<u32>(list + (<usize>i << 2));
}

@inline
export function set_item(list: usize, i: i32, value: u32): void {
  store<u32>(list + (<usize>i << 2), value);
}

/** Bytes of a row of ranks, whole vectors. */
@inline
function rank_pitch(rips: Rips): usize {
  return (<usize>rips.n << 2) + 15 & ~15;
}

@inline
export function bits(x: u64): u32 {
  return 64 - <u32>clz(x);
}

/** rest[size] = the vertices numbered `index`, ascending. */
export function decode(rips: Rips, s: Simplices, index: u64, size: i32): void {
  let above = <u32>rips.n;
  for (let k = size; k > 0; k--) {
    // The greatest vertex below `above` with binomial(vertex, k) <= index.
    let low: u32 = 0;
    while (above - low > 1) {
      const middle = low + above >> 1;
      if (binomial(rips, s, middle, k) <= index) low = middle;
      else above = middle;
    }
    set_item(s.rest, k - 1, low);
    index -= binomial(rips, s, low, k);
    above = low;
  }
}

/** vertices[size + 2] = the ends of the edge and rest[size], ascending. */
export function gather(vertices: usize, edge: u32, rest: usize, size: i32): void {
  let u = first_vertex(edge);
  const v = second_vertex(edge);
  let count = 0;
  for (let i = 0; i < size; i++) {
    const r = item(rest, i);
    for (; u < r; u = u == v ? NONE : v) set_item(vertices, count++, u);
    set_item(vertices, count++, r);
  }
  for (; u != NONE; u = u == v ? NONE : v) set_item(vertices, count++, u);
}

/** rows[dim + 1] = the rows of ranks of vertices[dim + 1]. */
function gather_rows(rips: Rips, s: Simplices): void {
  const pitch = rank_pitch(rips);
  for (let i = 0; i <= s.dim; i++) {
    store<usize>(s.rows + <usize>i * sizeof<usize>(), rips.ranks + pitch * item(s.vertices, i));
  }
}

@inline
function row_at(s: Simplices, i: i32): usize {
  return load<usize>(s.rows + <usize>i * sizeof<usize>());
}

/** Greatest ranks of the edges from four vertices to those of a simplex, which has three at least. */
@inline
function greatest_ranks(s: Simplices, a: usize, b: usize, d: usize, at: usize): v128 {
  let greatest = i32x4.max_u(v128.load(a + at), i32x4.max_u(v128.load(b + at), v128.load(d + at)));
  for (let i = 3; i <= s.dim; i++) greatest = i32x4.max_u(greatest, v128.load(row_at(s, i) + at));
  return greatest;
}

/** The first cofacet of a simplex after `last`, or EMPTY. */
export function next_cofacet(rips: Rips, s: Simplices, simplex: u64, last: u64): u64 {
  const size = s.dim - 1;
  const rank = <u32>(simplex >> s.shift);
  const last_rank = <u32>(last >> s.coshift);
  decode(rips, s, simplex & ((<u64>1 << s.shift) - 1), size);
  gather(s.vertices, edge_at(rips, rank), s.rest, size);
  gather_rows(rips, s);
  let cofacet = EMPTY;
  if (last_rank <= rank) cofacet = next_of_same_rank(rips, s, rank, last);
  else if (joins_with(rips, s, last_rank)) cofacet = cofacet_with(rips, s, last_rank);
  if (cofacet != EMPTY && cofacet > last) return cofacet;
  const longest = next_rank(rips, s, max(rank, last_rank) + 1);
  return longest == NONE ? EMPTY : cofacet_with(rips, s, longest);
}

/** The number of x and the vertices of the rest, which grows with x. */
function index_with(rips: Rips, s: Simplices, x: u32): u64 {
  let index: u64 = 0;
  let place = 1;
  for (let i = 0; i < s.dim - 1; i++) {
    const r = item(s.rest, i);
    if (r >= x && place == i + 1) index += binomial(rips, s, x, place++);
    index += binomial(rips, s, r, place++);
  }
  return place == s.dim ? index + binomial(rips, s, x, place) : index;
}

/** The first cofacet after `last` with the same longest edge as the simplex, or EMPTY. */
function next_of_same_rank(rips: Rips, s: Simplices, rank: u32, last: u64): u64 {
  const base = <u64>rank << s.coshift;
  let x = 0;
  for (let end = rips.n; x < end; ) {
    const middle = x + end >> 1;
    if ((base | index_with(rips, s, middle)) > last) end = middle;
    else x = middle + 1;
  }
  const limit = i32x4.splat(rank);
  const a = row_at(s, 0);
  const b = row_at(s, 1);
  const d = row_at(s, 2);
  let candidates = -1 << (x & 3); // vertices of the block of four that are not too low
  for (x &= ~3; x < rips.n; x += 4) {
    const greatest = greatest_ranks(s, a, b, d, <usize>x << 2);
    const found = i32x4.bitmask(i32x4.lt_u(greatest, limit)) & candidates;
    if (found) return base | index_with(rips, s, x + ctz(found));
    candidates = -1;
  }
  return EMPTY;
}

/** Whether an edge of a rank above the simplex is the longest one of a cofacet. */
function joins_with(rips: Rips, s: Simplices, rank: u32): bool {
  const edge = edge_at(rips, rank);
  const u = first_vertex(edge);
  const v = second_vertex(edge);
  let to_u: u32 = 0;
  let to_v: u32 = 0;
  for (let i = 0; i <= s.dim; i++) {
    to_u = max(to_u, item(row_at(s, i), u));
    to_v = max(to_v, item(row_at(s, i), v));
  }
  return to_u == rank || to_v == rank;
}

/** The cofacet whose longest edge, of a rank above the simplex, joins a new vertex to one of its vertices:
 *  what is left is the simplex without the latter. */
function cofacet_with(rips: Rips, s: Simplices, rank: u32): u64 {
  const edge = edge_at(rips, rank);
  let index: u64 = 0;
  let place = 1;
  for (let i = 0; i <= s.dim; i++) {
    const vertex = item(s.vertices, i);
    if (vertex == first_vertex(edge) || vertex == second_vertex(edge)) continue;
    index += binomial(rips, s, vertex, place++);
  }
  return <u64>rank << s.coshift | index;
}

/** The least rank from `from` on at which a vertex joins the simplex, or NONE. */
function next_rank(rips: Rips, s: Simplices, from: u32): u32 {
  const a = row_at(s, 0);
  const b = row_at(s, 1);
  const d = row_at(s, 2);
  // Subtraction makes ranks below `from` the greatest ones.
  const origin = i32x4.splat(from);
  let nearest = i32x4.splat(-1);
  for (let at: usize = 0; at < <usize>rips.n << 2; at += 16) {
    nearest = i32x4.min_u(nearest, i32x4.sub(greatest_ranks(s, a, b, d, at), origin));
  }
  nearest = i32x4.min_u(nearest, v128.shuffle<i32>(nearest, nearest, 2, 3, 0, 1));
  nearest = i32x4.min_u(nearest, v128.shuffle<i32>(nearest, nearest, 1, 0, 3, 2));
  const distance = <u32>i32x4.extract_lane(nearest, 0);
  return from < <u32>rips.edges && distance < <u32>rips.edges - from ? from + distance : NONE;
}

/** The facet that a simplex of one dimension more is an apparent pair with, or EMPTY. */
export function apparent_facet(rips: Rips, s: Simplices, cofacet: u64): u64 {
  const rank = <u32>(cofacet >> s.coshift);
  decode(rips, s, cofacet & ((<u64>1 << s.coshift) - 1), s.dim);
  gather(s.vertices, edge_at(rips, rank), s.rest + 4, s.dim - 1);
  gather_rows(rips, s);
  const first = item(s.rest, 0);
  const limit = i32x4.splat(rank);
  const a = row_at(s, 0);
  const b = row_at(s, 1);
  const d = row_at(s, 2);
  for (let x = 0; <u32>x <= first; x += 4) {
    const greatest = greatest_ranks(s, a, b, d, <usize>x << 2);
    const adjacent = i32x4.bitmask(i32x4.lt_u(greatest, limit));
    if (!adjacent) continue;
    if (<u32>(x + ctz(adjacent)) != first) return EMPTY;
    let index: u64 = 0;
    for (let i = 1; i < s.dim; i++) index += binomial(rips, s, item(s.rest, i), i);
    return <u64>rank << s.shift | index;
  }
  return EMPTY;
}

/** Ranks of all edges as a matrix; false if memory is needed. */
export function fill_ranks(rips: Rips): bool {
  const pitch = rank_pitch(rips);
  const ranks = take(rips, pitch * rips.n);
  if (!ranks) return false;
  memory.fill(ranks, 0xff, pitch * rips.n);
  for (let r = 0; r < rips.edges; r++) {
    const edge = edge_at(rips, r);
    const u = first_vertex(edge);
    const v = second_vertex(edge);
    store<u32>(ranks + pitch * u + (<usize>v << 2), r);
    store<u32>(ranks + pitch * v + (<usize>u << 2), r);
  }
  rips.ranks = ranks;
  return true;
}

/** binomials[k - 1, v] = binomial(v, k) for k = 1 ... dim and v = 0 ... n. */
export function fill_binomials(binomials: usize, n: i32, dim: i32): void {
  const row = <usize>(n + 1) << 3;
  for (let k = 0; k < dim; k++, binomials += row) {
    store<u64>(binomials, 0);
    for (let v: usize = 8; v < row; v += 8) {
      const rest = k > 0 ? load<u64>(binomials - row + v - 8) : 1;
      store<u64>(binomials + v, load<u64>(binomials + v - 8) + rest);
    }
  }
}
