// Vietoris-Rips persistence in dimension 2 and above over Z/2, one dimension after the other: persistent
// cohomology with clearing, an implicit coboundary, apparent and emergent pairs (Bauer, "Ripser: efficient
// computation of Vietoris-Rips persistence barcodes", 2021).
//
// The simplices of an edge are the cliques among the vertices adjacent to both of its ends when it enters.
// Sets of adjacent vertices show apparent pairs (rips-simplices.ts) without a walk through coboundaries, and
// nothing is stored for them; that is nearly all simplices. The first cofacet of the others is often a pivot
// already.
import { DONE, MORE, NEEDS_MEMORY, has_room, take } from "./arena";
import {
  Column, EMPTY, column_drop, column_least, column_push, column_put_back, column_reserve, column_take, taken,
  taken_count,
} from "./column";
import {
  Bar, Rips, add_bar, adjacent_to, edge_at, find_common, first_bar, flip_edge, length_at,
} from "./rips";
import {
  Simplices, apparent_facet, binomial, bits, decode, fill_binomials, fill_ranks, gather, item, next_cofacet,
  set_item,
} from "./rips-simplices";
import { Table, find, insert, make_table, reserve, table_bytes } from "./table";
import { NONE, first_member, intersect, last_member } from "./vertex-set";

/** Returned by rips_cohomology_start where rips_cohomology_fits does not hold. */
const TOO_LARGE: i32 = 3;

@unmanaged
class Cohomology extends Simplices {
  cleared: Table; // the simplices of this dimension that kill classes of the one below
  pivots: Table; // those of the next one, with the column reduced to each: u64 count, then its simplices
  column: Column; // being reduced
  facet: u64; // a single simplex that is to be added to it
  levels: usize; // dim sets: the vertices adjacent to the current edge and to the first vertices chosen
  chosen: usize; // u32 [dim - 1]: vertices of the current simplex besides its edge, descending
  open: bool; // whether the current edge has simplices that have not been dealt with
  reducing: bool; // whether the first of them is being reduced
  done: u64; // the last one that has been dealt with
  slice: i32; // work left to do in this call
}

/** Pairs the column of a simplex with a pivot, or with nothing (EMPTY). False, with nothing done, if memory
 *  is needed. */
function pair(rips: Rips, c: Cohomology, simplex: u64, pivot: u64): bool {
  const pivots = c.pivots;
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
      const block = find(c.pivots, pivot);
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

/** Deals with the simplices that consist of the current edge, the `count` vertices chosen and lower ones, in
 *  descending order. Returns DONE, MORE or NEEDS_MEMORY. */
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
  if (simplex >= c.done || find(c.cleared, simplex)) return DONE;
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

function count_bars(rips: Rips, dim: i32): usize {
  let count: usize = 0;
  for (let bar = first_bar(rips, dim); bar; bar = changetype<Bar>(bar).next) count++;
  return count;
}

/** Inserts the triangles that kill classes in dimension 1 and are in no apparent pair. */
function insert_killing_triangles(rips: Rips, table: Table, shift: u32): void {
  for (let at = first_bar(rips, 1); at; at = changetype<Bar>(at).next) {
    const bar = changetype<Bar>(at);
    if (bar.death != NONE) insert(table, <u64>bar.death << shift | bar.apex, 1);
  }
}

function approximate_binomial(n: i32, k: i32): f64 {
  let count = 1.0;
  for (let i = 0; i < k; i++) count = count * (n - i) / (i + 1);
  return max(count, 0);
}

/** Whether 64 bits suffice for the simplices that homology up to this dimension needs. */
export function rips_cohomology_fits(n: i32, edges: i32, dim: i32): bool {
  for (let k = 1; k <= dim; k++) {
    if (approximate_binomial(n, k) * edges >= 4e18) return false;
  }
  return true;
}

/** Begins with a dimension: 2 after rips_dense_run, then one more at a time. Returns DONE, NEEDS_MEMORY, or
 *  TOO_LARGE (3): rips_cohomology_fits tells that before any work is done. */
export function rips_cohomology_start(state: usize, dim: i32): i32 {
  const rips = changetype<Rips>(state);
  const n = rips.n;
  if (!rips_cohomology_fits(n, rips.edges, dim)) return TOO_LARGE;
  if (!rips.ranks && !fill_ranks(rips)) return NEEDS_MEMORY;

  const list = (<usize>dim << 3) + 31 & ~15;
  const table = <usize>dim * (n + 1) << 3;
  const header = (offsetof<Cohomology>() + 15 & ~15) + offsetof<Column>();
  const size = header + rips.row * dim + 4 * list + table;
  const kills: usize = rips.cohomology ? 0 : count_bars(rips, 1);
  const block = take(rips, size + 16 + table_bytes(kills) + table_bytes(0));
  if (!block) return NEEDS_MEMORY;
  memory.fill(block, 0, size);
  const c = changetype<Cohomology>(block);
  c.dim = dim;
  c.column = changetype<Column>(block + (offsetof<Cohomology>() + 15 & ~15));
  c.levels = block + header;
  c.chosen = c.levels + rips.row * dim;
  c.rest = c.chosen + list;
  c.vertices = c.rest + list;
  c.rows = c.vertices + list;
  c.binomials = c.rows + list;
  fill_binomials(c.binomials, n, dim);
  c.shift = bits(binomial(rips, c, n, dim - 1));
  c.coshift = bits(binomial(rips, c, n, dim));
  c.done = EMPTY;
  const tables = block + size + 15 & ~15;
  c.pivots = make_table(tables, 0);
  if (rips.cohomology) {
    c.cleared = changetype<Cohomology>(rips.cohomology).pivots;
  } else {
    c.cleared = make_table(tables + table_bytes(0), kills);
    insert_killing_triangles(rips, c.cleared, c.shift);
  }
  rips.cohomology = block;
  rips.common = c.levels;
  memory.fill(rips.adjacent, 0, rips.row * n);
  for (rips.rank = 0; rips.rank < rips.edges; rips.rank++) flip_edge(rips);
  return DONE;
}

/** Walks up to `slice` coboundaries and edges. Returns MORE, DONE, or NEEDS_MEMORY: then it goes on where it
 *  was, or a little before, after arena_add. */
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

/** out[vertices ...] = the simplices of the cocycles of the bars in a dimension from 2 to the last one
 *  begun, one cocycle after the other, as i32. */
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
