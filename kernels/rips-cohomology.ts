// Vietoris-Rips persistence in dimension 2 and above over Z/2, one dimension after the other: persistent cohomology
// with clearing, an implicit coboundary, apparent and emergent pairs (Bauer, "Ripser: efficient computation of
// Vietoris-Rips persistence barcodes", 2021).
//
// A d-simplex is a u64: the rank of its longest edge, then the number of its other d - 1 vertices r0 < r1 < ... in the
// combinatorial number system, sum of binomial(r_i, i + 1). Simplices are in the order of the filtration as these
// integers are. The last facet and the first cofacet of a simplex have its longest edge, if any facet or cofacet does:
//
// - the first cofacet of (edge, R) is (edge, R + x) for the first vertex x adjacent to all of (edge, R);
// - the last facet of (edge, S) is (edge, S without its first vertex).
//
// Two simplices that are this to each other are an apparent pair. Sets of adjacent vertices show such pairs without a
// walk through coboundaries, and nothing is stored for them; that is nearly all simplices.
import { DONE, MORE, NEEDS_MEMORY, has_room, take } from "./arena";
import {
  Column, EMPTY, column_drop, column_least, column_push, column_put_back, column_reserve, column_take, taken, taken_count,
} from "./column";
import {
  Bar, NONE, Rips, add_bar, adjacent_to, edge_at, find_common, first_bar, first_member, first_vertex, flip_edge,
  intersect, last_member, length_at, second_vertex,
} from "./rips";
import { Table, find, insert, make_table, reserve } from "./table";

/** Returned when the simplices of a dimension cannot be numbered with 64 bits. */
const TOO_LARGE: i32 = 3;

@unmanaged
class Cohomology {
  dim: i32;
  shift: u32; // bits of a simplex below the rank of its edge,
  coshift: u32; // and of a simplex of one dimension more
  binomials: usize; // u64 [dim, n + 1]: binomial(v, k) for k = 1 ...
  cleared: usize; // table of the simplices of this dimension that kill classes of the one below
  pivots: usize; // table of those of the next one, with the column reduced to each: u64 count, then its simplices
  levels: usize; // dim sets: the vertices adjacent to the current edge and to the first vertices chosen
  chosen: usize; // u32 [dim - 1]: vertices of the current simplex besides its edge, descending
  open: bool; // whether the current edge has simplices to be dealt with
  done: u64; // the last simplex that has been dealt with
  slice: i32; // work left to do in this call
  reducing: bool; // whether the column of the simplex after it is being reduced
  column: Column;
  facet: u64; // a single simplex to be added
  rest: usize; // u32 [dim]: vertices of a simplex besides its edge, ascending
  vertices: usize; // u32 [dim + 1]: all of them, ascending
  rows: usize; // usize [dim + 1]: their rows of ranks
}

// @ts-ignore: decorator
@inline
function binomial(rips: Rips, c: Cohomology, v: u32, k: u32): u64 {
  return load<u64>(c.binomials + (<usize>(k - 1) * (rips.n + 1) + v << 3));
}

// @ts-ignore: decorator
@inline
function item(list: usize, i: i32): u32 {
  return load<u32>(list + (<usize>i << 2));
}

// @ts-ignore: decorator
@inline
function set_item(list: usize, i: i32, value: u32): void {
  store<u32>(list + (<usize>i << 2), value);
}

/** Bytes of a row of ranks, whole vectors. */
// @ts-ignore: decorator
@inline
function rank_pitch(rips: Rips): usize {
  return (<usize>rips.n << 2) + 15 & ~15;
}

// @ts-ignore: decorator
@inline
function bits(x: u64): u32 {
  return 64 - <u32>clz(x);
}

function approximate_binomial(n: i32, k: i32): f64 {
  let count = 1.0;
  for (let i = 0; i < k; i++) count = count * (n - i) / (i + 1);
  return max(count, 0);
}

/** rest[size] = the vertices numbered `index`, ascending. */
function decode(rips: Rips, c: Cohomology, index: u64, size: i32): void {
  let above = <u32>rips.n;
  for (let k = size; k > 0; k--) {
    // The greatest vertex below `above` with binomial(vertex, k) <= index.
    let low: u32 = 0;
    while (above - low > 1) {
      const middle = low + above >> 1;
      if (binomial(rips, c, middle, k) <= index) low = middle;
      else above = middle;
    }
    set_item(c.rest, k - 1, low);
    index -= binomial(rips, c, low, k);
    above = low;
  }
}

/** vertices[size + 2] = the ends of the edge and rest[size], ascending. */
function gather(vertices: usize, edge: u32, rest: usize, size: i32): void {
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
function gather_rows(rips: Rips, c: Cohomology): void {
  const pitch = rank_pitch(rips);
  for (let i = 0; i <= c.dim; i++) {
    store<usize>(c.rows + <usize>i * sizeof<usize>(), rips.ranks + pitch * item(c.vertices, i));
  }
}

// @ts-ignore: decorator
@inline
function row_at(c: Cohomology, i: i32): usize {
  return load<usize>(c.rows + <usize>i * sizeof<usize>());
}

/** Greatest ranks of the edges from four vertices to those of a simplex, which has three at least. */
// @ts-ignore: decorator
@inline
function greatest_ranks(c: Cohomology, a: usize, b: usize, d: usize, at: usize): v128 {
  let greatest = i32x4.max_u(v128.load(a + at), i32x4.max_u(v128.load(b + at), v128.load(d + at)));
  for (let i = 3; i <= c.dim; i++) greatest = i32x4.max_u(greatest, v128.load(row_at(c, i) + at));
  return greatest;
}

/** The first cofacet of a simplex after `last`, or EMPTY. */
function next_cofacet(rips: Rips, c: Cohomology, simplex: u64, last: u64): u64 {
  const size = c.dim - 1;
  const rank = <u32>(simplex >> c.shift);
  const lastRank = <u32>(last >> c.coshift);
  decode(rips, c, simplex & ((<u64>1 << c.shift) - 1), size);
  gather(c.vertices, edge_at(rips, rank), c.rest, size);
  gather_rows(rips, c);
  let cofacet = EMPTY;
  if (lastRank <= rank) cofacet = next_of_same_rank(rips, c, rank, last);
  else if (joins_with(rips, c, lastRank)) cofacet = cofacet_with(rips, c, lastRank);
  if (cofacet != EMPTY && cofacet > last) return cofacet;
  const longest = next_rank(rips, c, max(rank, lastRank) + 1);
  return longest == NONE ? EMPTY : cofacet_with(rips, c, longest);
}

/** The number of x and the vertices of the rest, which grows with x. */
function index_with(rips: Rips, c: Cohomology, x: u32): u64 {
  let index: u64 = 0;
  let place = 1;
  for (let i = 0; i < c.dim - 1; i++) {
    const r = item(c.rest, i);
    if (r >= x && place == i + 1) index += binomial(rips, c, x, place++);
    index += binomial(rips, c, r, place++);
  }
  return place == c.dim ? index + binomial(rips, c, x, place) : index;
}

/** The first cofacet after `last` with the same longest edge as the simplex, or EMPTY. */
function next_of_same_rank(rips: Rips, c: Cohomology, rank: u32, last: u64): u64 {
  const base = <u64>rank << c.coshift;
  let x = 0;
  for (let end = rips.n; x < end; ) {
    const middle = x + end >> 1;
    if ((base | index_with(rips, c, middle)) > last) end = middle;
    else x = middle + 1;
  }
  const limit = i32x4.splat(rank);
  const a = row_at(c, 0);
  const b = row_at(c, 1);
  const d = row_at(c, 2);
  let candidates = -1 << (x & 3); // vertices of the block of four that are not too low
  for (x &= ~3; x < rips.n; x += 4) {
    const greatest = greatest_ranks(c, a, b, d, <usize>x << 2);
    const found = i32x4.bitmask(i32x4.lt_u(greatest, limit)) & candidates;
    if (found) return base | index_with(rips, c, x + ctz(found));
    candidates = -1;
  }
  return EMPTY;
}

/** Whether an edge of a rank above the simplex is the longest one of a cofacet. */
function joins_with(rips: Rips, c: Cohomology, rank: u32): bool {
  const edge = edge_at(rips, rank);
  const u = first_vertex(edge);
  const v = second_vertex(edge);
  let toU: u32 = 0;
  let toV: u32 = 0;
  for (let i = 0; i <= c.dim; i++) {
    toU = max(toU, item(row_at(c, i), u));
    toV = max(toV, item(row_at(c, i), v));
  }
  return toU == rank || toV == rank;
}

/** The cofacet whose longest edge, of a rank above the simplex, joins a new vertex to one of its vertices: what is left
 *  is the simplex without the latter. */
function cofacet_with(rips: Rips, c: Cohomology, rank: u32): u64 {
  const edge = edge_at(rips, rank);
  let index: u64 = 0;
  let place = 1;
  for (let i = 0; i <= c.dim; i++) {
    const vertex = item(c.vertices, i);
    if (vertex != first_vertex(edge) && vertex != second_vertex(edge)) index += binomial(rips, c, vertex, place++);
  }
  return <u64>rank << c.coshift | index;
}

/** The least rank from `from` on at which a vertex joins the simplex, or NONE. */
function next_rank(rips: Rips, c: Cohomology, from: u32): u32 {
  const a = row_at(c, 0);
  const b = row_at(c, 1);
  const d = row_at(c, 2);
  // Subtraction makes ranks below `from` the greatest ones.
  const origin = i32x4.splat(from);
  let nearest = i32x4.splat(-1);
  for (let at: usize = 0; at < <usize>rips.n << 2; at += 16) {
    nearest = i32x4.min_u(nearest, i32x4.sub(greatest_ranks(c, a, b, d, at), origin));
  }
  nearest = i32x4.min_u(nearest, v128.shuffle<i32>(nearest, nearest, 2, 3, 0, 1));
  nearest = i32x4.min_u(nearest, v128.shuffle<i32>(nearest, nearest, 1, 0, 3, 2));
  const distance = <u32>i32x4.extract_lane(nearest, 0);
  return from < <u32>rips.edges && distance < <u32>rips.edges - from ? from + distance : NONE;
}

/** The facet that a simplex of one dimension more is an apparent pair with, or EMPTY. */
function apparent_facet(rips: Rips, c: Cohomology, cofacet: u64): u64 {
  const rank = <u32>(cofacet >> c.coshift);
  decode(rips, c, cofacet & ((<u64>1 << c.coshift) - 1), c.dim);
  gather(c.vertices, edge_at(rips, rank), c.rest + 4, c.dim - 1);
  gather_rows(rips, c);
  const first = item(c.rest, 0);
  const limit = i32x4.splat(rank);
  for (let x = 0; <u32>x <= first; x += 4) {
    const adjacent = i32x4.bitmask(i32x4.lt_u(greatest_ranks(c, row_at(c, 0), row_at(c, 1), row_at(c, 2), <usize>x << 2), limit));
    if (!adjacent) continue;
    if (<u32>(x + ctz(adjacent)) != first) return EMPTY;
    let index: u64 = 0;
    for (let i = 1; i < c.dim; i++) index += binomial(rips, c, item(c.rest, i), i);
    return <u64>rank << c.shift | index;
  }
  return EMPTY;
}

/** Pairs the column of a simplex with a pivot, or with nothing (EMPTY). False, with nothing done, if memory is needed. */
function pair(rips: Rips, c: Cohomology, simplex: u64, pivot: u64): bool {
  const pivots = changetype<Table>(c.pivots);
  const column = c.column;
  const birth = <u32>(simplex >> c.shift);
  const death = pivot == EMPTY ? NONE : <u32>(pivot >> c.coshift);
  if (!reserve(rips, pivots) || !has_room(rips, 64 + (column.end << 3))) return false;
  const block = take(rips, 8 + (column.end << 3));
  let at = block + 8;
  while (column.size) {
    column_take(column);
    for (; taken_count(column); at += 8) store<u64>(at, column_drop(column));
  }
  store<u64>(block, <u64>(at - block - 8) >> 3);
  if (death == NONE || length_at(rips, birth) < length_at(rips, death)) {
    const bar = changetype<Bar>(add_bar(rips, c.dim, birth));
    bar.death = death;
    bar.cocycle = block;
  }
  if (pivot != EMPTY) insert(pivots, pivot, block);
  return true;
}

/** Reduces the column. Returns DONE, or MORE or NEEDS_MEMORY if it has to be called again. */
function reduce(rips: Rips, c: Cohomology, simplex: u64): i32 {
  const column = c.column;
  while (c.slice > 0) {
    const pivot = column_least(column);
    if (pivot == EMPTY) return pair(rips, c, simplex, EMPTY) ? DONE : NEEDS_MEMORY;
    column_take(column);
    let count: usize = 0; // of simplices to be added, so that the pivot cancels
    let from: usize = 0;
    if (taken_count(column) & 1) {
      const block = find(changetype<Table>(c.pivots), pivot);
      if (block) {
        count = <usize>load<u64>(block);
        from = block + 8;
      } else {
        c.facet = apparent_facet(rips, c, pivot);
        if (c.facet == EMPTY) {
          while (taken_count(column)) column_put_back(column, pivot);
          return pair(rips, c, simplex, pivot) ? DONE : NEEDS_MEMORY;
        }
        count = 1;
        from = changetype<usize>(c) + offsetof<Cohomology>("facet");
      }
      if (!column_reserve(rips, column, count)) {
        while (taken_count(column)) column_put_back(column, pivot);
        return NEEDS_MEMORY;
      }
    }
    c.slice -= <i32>(taken_count(column) + count);
    while (taken_count(column)) column_put_back(column, next_cofacet(rips, c, taken(column).simplex, pivot));
    for (; count > 0; count--, from += 8) {
      const added = load<u64>(from);
      column_push(column, next_cofacet(rips, c, added, pivot), added);
    }
  }
  return MORE;
}

/** Deals with the simplices that consist of the current edge, the `count` vertices chosen and lower ones, in descending
 *  order. Returns DONE, MORE or NEEDS_MEMORY. */
function enumerate(rips: Rips, c: Cohomology, count: i32): i32 {
  const candidates = c.levels + rips.row * count;
  const first = first_member(candidates, rips.row);
  if (count == c.dim - 1) return visit(rips, c, first);
  let x = last_member(candidates, count > 0 ? item(c.chosen, count - 1) : rips.n);
  for (; x != NONE; x = last_member(candidates, x)) {
    // With the first candidate as its last vertex, the simplex is the cofacet of an apparent pair.
    if (count == c.dim - 2 && x == first) break;
    set_item(c.chosen, count, x);
    intersect(candidates + rips.row, candidates, adjacent_to(rips, x), rips.row);
    const status = enumerate(rips, c, count + 1);
    if (status != DONE) return status;
  }
  return DONE;
}

/** Deals with the current simplex. apex: the first vertex adjacent to all of it, or NONE. */
function visit(rips: Rips, c: Cohomology, apex: u32): i32 {
  const size = c.dim - 1;
  if (apex < item(c.chosen, size - 1)) return DONE; // the facet of an apparent pair
  let simplex = <u64>rips.rank << c.shift;
  for (let i = 0; i < size; i++) simplex += binomial(rips, c, item(c.chosen, i), size - i);
  if (simplex >= c.done || find(changetype<Table>(c.cleared), simplex)) return DONE;
  if (!c.reducing) {
    if (!column_reserve(rips, c.column, 1)) return NEEDS_MEMORY;
    column_push(c.column, next_cofacet(rips, c, simplex, (<u64>rips.rank << c.coshift) - 1), simplex);
    c.reducing = true;
  }
  const status = reduce(rips, c, simplex);
  if (status == DONE) {
    c.reducing = false;
    c.done = simplex;
  }
  return status;
}

/** Ranks of all edges as a matrix; false if memory is needed. */
function fill_ranks(rips: Rips): bool {
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

/** The triangles that kill classes in dimension 1 and are in no apparent pair; 0 if memory is needed. */
function killing_triangles(rips: Rips, shift: u32): usize {
  let count: usize = 0;
  for (let bar = first_bar(rips, 1); bar; bar = changetype<Bar>(bar).next) count++;
  const table = make_table(rips, count);
  if (!table) return 0;
  for (let at = first_bar(rips, 1); at; at = changetype<Bar>(at).next) {
    const bar = changetype<Bar>(at);
    if (bar.death != NONE) insert(changetype<Table>(table), <u64>bar.death << shift | bar.apex, 1);
  }
  return table;
}

/** binomials[k - 1, v] = binomial(v, k) for k = 1 ... dim and v = 0 ... n. */
function fill_binomials(binomials: usize, n: i32, dim: i32): void {
  const row = <usize>(n + 1) << 3;
  for (let k = 0; k < dim; k++, binomials += row) {
    store<u64>(binomials, 0);
    for (let v: usize = 8; v < row; v += 8) {
      const rest = k > 0 ? load<u64>(binomials - row + v - 8) : 1;
      store<u64>(binomials + v, load<u64>(binomials + v - 8) + rest);
    }
  }
}

/** Begins with a dimension: 2 after rips_dense_run, then one more at a time. Returns DONE, NEEDS_MEMORY, or TOO_LARGE
 *  (3) if the simplices of the next dimension cannot be numbered with 64 bits. */
export function rips_cohomology_start(state: usize, dim: i32): i32 {
  const rips = changetype<Rips>(state);
  const n = rips.n;
  for (let k = 1; k <= dim; k++) {
    if (approximate_binomial(n, k) * rips.edges >= 4e18) return TOO_LARGE;
  }
  if (!rips.ranks && !fill_ranks(rips)) return NEEDS_MEMORY;

  const list = (<usize>dim << 3) + 31 & ~15;
  const table = <usize>dim * (n + 1) << 3;
  const size = (offsetof<Cohomology>() + 15 & ~15) + rips.row * dim + 4 * list + table;
  const block = take(rips, size);
  if (!block) return NEEDS_MEMORY;
  memory.fill(block, 0, size);
  const c = changetype<Cohomology>(block);
  c.dim = dim;
  c.levels = (block + offsetof<Cohomology>() + 15) & ~15;
  c.chosen = c.levels + rips.row * dim;
  c.rest = c.chosen + list;
  c.vertices = c.rest + list;
  c.rows = c.vertices + list;
  c.binomials = c.rows + list;
  fill_binomials(c.binomials, n, dim);
  c.shift = bits(binomial(rips, c, n, dim - 1));
  c.coshift = bits(binomial(rips, c, n, dim));
  c.done = EMPTY;
  const last = changetype<Cohomology>(rips.cohomology);
  c.cleared = rips.cohomology ? last.pivots : killing_triangles(rips, c.shift);
  c.pivots = make_table(rips, 0);
  const column = take(rips, offsetof<Column>());
  if (!c.cleared || !c.pivots || !column) return NEEDS_MEMORY;
  memory.fill(column, 0, offsetof<Column>());
  c.column = changetype<Column>(column);
  rips.cohomology = block;
  rips.common = c.levels;
  memory.fill(rips.adjacent, 0, rips.row * n);
  for (rips.rank = 0; rips.rank < rips.edges; rips.rank++) flip_edge(rips);
  return DONE;
}

/** Walks up to `slice` coboundaries and edges. Returns MORE, DONE, or NEEDS_MEMORY: then it goes on where it was, or a
 *  little before, after arena_add. */
export function rips_cohomology_run(state: usize, slice: i32): i32 {
  const rips = changetype<Rips>(state);
  const c = changetype<Cohomology>(rips.cohomology);
  c.slice = slice;
  while (true) {
    if (c.open) {
      const status = enumerate(rips, c, 0);
      if (status != DONE) return status;
      c.open = false;
    }
    if (rips.rank == 0) return DONE;
    if (c.slice-- <= 0) return MORE;
    rips.rank--;
    flip_edge(rips);
    c.open = find_common(rips);
  }
}

/** out[vertices ...] = the simplices of the cocycles of the bars in a dimension from 2 to the last one begun, one
 *  cocycle after the other, as i32. */
export function rips_cohomology_cocycles(out: usize, state: usize, dim: i32): void {
  const rips = changetype<Rips>(state);
  const c = changetype<Cohomology>(rips.cohomology);
  const shift = bits(binomial(rips, c, rips.n, dim - 1));
  for (let bar = first_bar(rips, dim); bar; bar = changetype<Bar>(bar).next) {
    const column = changetype<Bar>(bar).cocycle;
    const end = column + 8 + (<usize>load<u64>(column) << 3);
    for (let at = column + 8; at < end; at += 8) {
      const simplex = load<u64>(at);
      decode(rips, c, simplex & ((<u64>1 << shift) - 1), dim - 1);
      gather(out, edge_at(rips, <u32>(simplex >> shift)), c.rest, dim - 1);
      out += <usize>(dim + 1) << 2;
    }
  }
}
