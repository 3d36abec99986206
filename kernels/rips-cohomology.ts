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
import { DONE, MORE, NEEDS_MEMORY, take } from "./arena";
import { EMPTY, Heap, heap_pop, heap_push, heap_reserve } from "./heap";
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
  chain: Heap; // the coboundary that is being reduced
  column: Heap; // the simplices it is the coboundary of
  rest: usize; // u32 [dim]: vertices of a simplex besides its edge, ascending
  vertices: usize; // u32 [dim + 2]: all of them, ascending
  without: usize; // u64 [dim + 2]: for each, the number of the others
  joins: usize; // u32 [n, padded]: rank at which each vertex joins the simplex
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
function ranks_of(rips: Rips, vertex: u32): usize {
  return rips.ranks + rank_pitch(rips) * vertex;
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

/** Greatest rank of the edges from the vertices x ... x + 3 to each of vertices[dim + 1]. */
// @ts-ignore: decorator
@inline
function greatest_ranks(rips: Rips, c: Cohomology, x: usize): v128 {
  let greatest = i32x4.splat(0);
  for (let i = 0; i <= c.dim; i++) {
    greatest = i32x4.max_u(greatest, v128.load(ranks_of(rips, item(c.vertices, i)) + (x << 2)));
  }
  return greatest;
}

/** Adds a simplex to the column and its coboundary to the chain. False if memory is needed. */
function add_simplex(rips: Rips, c: Cohomology, simplex: u64): bool {
  if (!heap_reserve(rips, c.chain, rips.n) || !heap_reserve(rips, c.column, 1)) return false;
  heap_push(c.column, simplex);
  c.slice--;
  const size = c.dim - 1;
  const rank = <u32>(simplex >> c.shift);
  decode(rips, c, simplex & ((<u64>1 << c.shift) - 1), size);
  gather(c.vertices, edge_at(rips, rank), c.rest, size);
  for (let x: usize = 0; x < <usize>rips.n; x += 4) v128.store(c.joins + (x << 2), greatest_ranks(rips, c, x));
  // Cofacets with another longest edge, which x and the vertex y make, consist of that and all but y.
  for (let y = 0; y <= c.dim; y++) {
    let index: u64 = 0;
    for (let i = 0; i <= c.dim; i++) {
      if (i != y) index += binomial(rips, c, item(c.vertices, i), i < y ? i + 1 : i);
    }
    store<u64>(c.without + (<usize>y << 3), index);
  }
  // Those with the same one have x in addition to the rest: the vertices before it keep their places.
  let index: u64 = 0;
  for (let i = 0; i < size; i++) index += binomial(rips, c, item(c.rest, i), i + 2);
  let place = 0;
  for (let x: u32 = 0; x < <u32>rips.n; x++) {
    const join = item(c.joins, x);
    if (place < size && item(c.rest, place) == x) {
      index += binomial(rips, c, x, place + 1) - binomial(rips, c, x, place + 2);
      place++;
    } else if (join < rank) {
      heap_push(c.chain, <u64>rank << c.coshift | index + binomial(rips, c, x, place + 1));
    } else if (join != NONE) {
      const edge = edge_at(rips, join);
      const y = first_vertex(edge) ^ second_vertex(edge) ^ x;
      let i = 0;
      while (item(c.vertices, i) != y) i++;
      heap_push(c.chain, <u64>join << c.coshift | load<u64>(c.without + (<usize>i << 3)));
    }
  }
  return true;
}

/** The facet that a simplex of one dimension more is an apparent pair with, or EMPTY. */
function apparent_facet(rips: Rips, c: Cohomology, cofacet: u64): u64 {
  const rank = <u32>(cofacet >> c.coshift);
  decode(rips, c, cofacet & ((<u64>1 << c.coshift) - 1), c.dim);
  gather(c.vertices, edge_at(rips, rank), c.rest + 4, c.dim - 1);
  const first = item(c.rest, 0);
  const limit = i32x4.splat(rank);
  for (let x: usize = 0; x <= first; x += 4) {
    const adjacent = i32x4.bitmask(i32x4.lt_u(greatest_ranks(rips, c, x), limit));
    if (!adjacent) continue;
    if (<u32>x + ctz(adjacent) != first) return EMPTY;
    let index: u64 = 0;
    for (let i = 1; i < c.dim; i++) index += binomial(rips, c, item(c.rest, i), i);
    return <u64>rank << c.shift | index;
  }
  return EMPTY;
}

/** The simplex that vertex x makes with the current one, with the same longest edge. */
function first_cofacet(rips: Rips, c: Cohomology, simplex: u64, x: u32): u64 {
  let index: u64 = 0;
  let place = c.dim;
  for (let i = 0; i < c.dim - 1; i++) {
    const r = item(c.chosen, i);
    if (r < x && place + i == c.dim) index += binomial(rips, c, x, place--);
    index += binomial(rips, c, r, place--);
  }
  if (place == 1) index += x;
  return simplex >> c.shift << c.coshift | index;
}

/** Stores what is left of the column when equal simplices have cancelled; 0 if memory is needed. Overwrites the chain. */
function store_column(rips: Rips, c: Cohomology): usize {
  const block = take(rips, 8 + (c.column.size << 3));
  if (!block) return 0;
  let at = block + 8;
  while (true) {
    const simplex = heap_pop(c.column);
    if (simplex == EMPTY) break;
    store<u64>(at, simplex);
    at += 8;
  }
  store<u64>(block, <u64>(at - block >> 3) - 1);
  return block;
}

/** Pairs the column with a pivot, or with nothing (EMPTY). False if memory is needed. */
function pair(rips: Rips, c: Cohomology, simplex: u64, pivot: u64): bool {
  const pivots = changetype<Table>(c.pivots);
  if (!reserve(rips, pivots)) return false;
  const column = store_column(rips, c);
  if (!column) return false;
  const birth = <u32>(simplex >> c.shift);
  const death = pivot == EMPTY ? NONE : <u32>(pivot >> c.coshift);
  if (death == NONE || length_at(rips, birth) < length_at(rips, death)) {
    const block = add_bar(rips, c.dim, birth);
    if (!block) return false;
    const bar = changetype<Bar>(block);
    bar.death = death;
    bar.cocycle = column;
  }
  if (pivot != EMPTY) insert(pivots, pivot, column);
  return true;
}

/** Reduces the coboundary of the current simplex. apex: the first vertex adjacent to all of it, or NONE. False if memory
 *  is needed; then it has to be reduced again. */
function reduce(rips: Rips, c: Cohomology, simplex: u64, apex: u32): bool {
  const pivots = changetype<Table>(c.pivots);
  c.chain.size = 0;
  c.column.size = 0;
  if (apex != NONE) {
    const cofacet = first_cofacet(rips, c, simplex, apex);
    if (!find(pivots, cofacet) && apparent_facet(rips, c, cofacet) == EMPTY) {
      if (!heap_reserve(rips, c.column, 1)) return false;
      heap_push(c.column, simplex);
      return pair(rips, c, simplex, cofacet);
    }
  }
  if (!add_simplex(rips, c, simplex)) return false;
  while (true) {
    const pivot = heap_pop(c.chain);
    if (pivot == EMPTY) return pair(rips, c, simplex, EMPTY);
    const column = find(pivots, pivot);
    const facet = column ? EMPTY : apparent_facet(rips, c, pivot);
    if (!column && facet == EMPTY) return pair(rips, c, simplex, pivot);
    heap_push(c.chain, pivot);
    if (!column) {
      if (!add_simplex(rips, c, facet)) return false;
      continue;
    }
    const end = column + 8 + (<usize>load<u64>(column) << 3);
    for (let at = column + 8; at < end; at += 8) {
      if (!add_simplex(rips, c, load<u64>(at))) return false;
    }
  }
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
  if (c.slice <= 0) return MORE;
  if (!reduce(rips, c, simplex, apex)) return NEEDS_MEMORY;
  c.done = simplex;
  return DONE;
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

  const pitch = rank_pitch(rips);
  const list = (<usize>dim << 3) + 31 & ~15;
  const table = <usize>dim * (n + 1) << 3;
  const size = (offsetof<Cohomology>() + 15 & ~15) + 2 * offsetof<Heap>() + rips.row * dim + 4 * list + pitch + table;
  const block = take(rips, size + 32);
  if (!block) return NEEDS_MEMORY;
  memory.fill(block, 0, size);
  const c = changetype<Cohomology>(block);
  c.dim = dim;
  c.chain = changetype<Heap>(block + offsetof<Cohomology>());
  c.column = changetype<Heap>(block + offsetof<Cohomology>() + offsetof<Heap>());
  c.levels = (block + offsetof<Cohomology>() + 2 * offsetof<Heap>() + 15) & ~15;
  c.joins = c.levels + rips.row * dim;
  c.chosen = c.joins + pitch;
  c.rest = c.chosen + list;
  c.vertices = c.rest + list;
  c.without = c.vertices + list;
  c.binomials = c.without + list;
  fill_binomials(c.binomials, n, dim);
  c.shift = bits(binomial(rips, c, n, dim - 1));
  c.coshift = bits(binomial(rips, c, n, dim));
  c.done = EMPTY;
  const last = changetype<Cohomology>(rips.cohomology);
  c.cleared = rips.cohomology ? last.pivots : killing_triangles(rips, c.shift);
  c.pivots = make_table(rips, 0);
  if (!c.cleared || !c.pivots) return NEEDS_MEMORY;
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
