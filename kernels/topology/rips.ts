// The Vietoris-Rips filtration of a distance matrix: its edges in order of length. Edges of equal length are
// put in order too (by their vertices), so that from here on everything is decided by the rank of an edge, an
// integer, and no two edges are equal. A simplex enters with its longest edge.
import { Arena, take } from "./arena";
import { RADIX_BYTES, radix_sort } from "../array/sort";
import { NONE, flip_bit, intersect, row_bytes } from "./vertex-set";

/** Followed by a list of bars for each dimension. */
@unmanaged
export class Rips extends Arena {
  distances: usize; // f32 [n, n]
  n: i32;
  edges: i32; // number of edges up to the threshold
  edge: usize; // u32 [edges]: i << 16 | j with i < j, ascending by length
  row: usize; // bytes of a set of vertices, one bit each
  adjacent: usize; // n sets: the vertices that share with this one an edge that has entered
  common: usize; // a set: the vertices adjacent to both ends of the current edge
  rank: i32; // of the current edge
  keep_cocycles: bool;
  ranks: usize; // u32 [n, n rounded up to 4]: rank of each edge, or NONE; for dimension 2 and above
  dense: usize; // state of dimensions 0 and 1 (rips-dense.ts)
  cohomology: usize; // state of the dimension above them that is being computed (rips-cohomology.ts)
}

@unmanaged
class BarList {
  first: usize;
  last: usize;
}

/** A persistence pair. */
@unmanaged
export class Bar {
  next: usize;
  birth: u32; // ranks of edges; components are born before all edges, at NONE,
  death: u32; // and what never dies does so at NONE
  apex: u32; // dimension 1: the triangle that kills the class is this vertex and the edge `death`
  cocycle: usize; // u32 count, padding to 8 bytes, then that many simplices as their dimension encodes them
}

@inline
export function first_vertex(edge: u32): u32 {
  return edge >> 16;
}

@inline
export function second_vertex(edge: u32): u32 {
  return edge & 0xffff;
}

@inline
export function edge_at(rips: Rips, rank: u32): u32 {
  return load<u32>(rips.edge + (<usize>rank << 2));
}

@inline
export function adjacent_to(rips: Rips, vertex: u32): usize {
  return rips.adjacent + rips.row * vertex;
}

/** Enters or removes the current edge. */
export function flip_edge(rips: Rips): void {
  const edge = edge_at(rips, rips.rank);
  const u = first_vertex(edge);
  const v = second_vertex(edge);
  flip_bit(adjacent_to(rips, u), v);
  flip_bit(adjacent_to(rips, v), u);
}

/** Sets `common` for the current edge; returns whether it has a member. */
export function find_common(rips: Rips): bool {
  const edge = edge_at(rips, rips.rank);
  const u = adjacent_to(rips, first_vertex(edge));
  return intersect(rips.common, u, adjacent_to(rips, second_vertex(edge)), rips.row);
}

@inline
function bars_of(rips: Rips, dim: i32): BarList {
  return changetype<BarList>(changetype<usize>(rips) + offsetof<Rips>() + offsetof<BarList>() * <usize>dim);
}

/** Appends a bar that lives for ever so far, or returns 0 if the arena needs memory. */
export function add_bar(rips: Rips, dim: i32, birth: u32): usize {
  const block = take(rips, offsetof<Bar>());
  if (!block) return 0;
  const bar = changetype<Bar>(block);
  bar.next = 0;
  bar.birth = birth;
  bar.death = NONE;
  bar.cocycle = 0;
  const bars = bars_of(rips, dim);
  if (bars.first) changetype<Bar>(bars.last).next = block;
  else bars.first = block;
  bars.last = block;
  return block;
}

@inline
export function first_bar(rips: Rips, dim: i32): usize {
  return bars_of(rips, dim).first;
}

/** Length of an edge. */
export function length_at(rips: Rips, rank: u32): f32 {
  const edge = edge_at(rips, rank);
  return load<f32>(rips.distances + (<usize>first_vertex(edge) * rips.n + second_vertex(edge) << 2));
}

function birth_of(rips: Rips, bar: Bar): f32 {
  return bar.birth == NONE ? 0 : length_at(rips, bar.birth);
}

function death_of(rips: Rips, bar: Bar): f32 {
  return bar.death == NONE ? Infinity : length_at(rips, bar.death);
}

/** Whether a bar is longer than 0. */
export function is_proper(rips: Rips, bar: Bar): bool {
  return birth_of(rips, bar) < death_of(rips, bar);
}

/** The first row of d[n, n] that has something else than a zero diagonal and symmetric distances of at least
 *  0 (also infinite ones: no edge); -1 if there is none. */
export function rips_check_f32(d: usize, n: i32): i32 {
  for (let i = 0; i < n; i++) {
    const row = d + (<usize>i * n << 2);
    if (load<f32>(row + (<usize>i << 2)) != 0) return i;
    for (let j = 0; j < i; j++) {
      const distance = load<f32>(row + (<usize>j << 2));
      if (!(distance >= 0) || distance != load<f32>(d + (<usize>j * n + i << 2))) return i;
    }
  }
  return -1;
}

/** min over i of max over j of d[i, j]. From this length on a vertex is adjacent to all others, and nothing
 *  is born or dies. */
export function rips_enclosing_radius_f32(d: usize, n: i32): f32 {
  let radius: f32 = n > 1 ? Infinity : 0;
  for (let i = 0; i < n; i++) {
    let farthest: f32 = 0;
    for (let j = 0; j < n; j++, d += 4) farthest = max(farthest, load<f32>(d));
    radius = min(radius, farthest);
  }
  return radius;
}

@inline
function is_edge(distance: f32, threshold: f32): bool {
  return distance <= threshold && distance < Infinity;
}

/** Number of finite distances of at most `threshold` above the diagonal of d[n, n]. */
export function rips_edge_count_f32(d: usize, n: i32, threshold: f32): i32 {
  let count = 0;
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) count += i32(is_edge(load<f32>(d + (<usize>i * n + j << 2)), threshold));
  }
  return count;
}

/** Bytes of the state before anything is computed; what is needed beyond depends on the data. */
export function rips_state_bytes(n: i32, edges: i32, max_dim: i32): f64 {
  const fixed = offsetof<Rips>() + offsetof<BarList>() * <usize>(max_dim + 1) + RADIX_BYTES + 64;
  return <f64>fixed + <f64>row_bytes(n) * (n + 1) + 20.0 * edges;
}

/** Fills a new state of rips_state_bytes, 16-byte aligned, for d[n, n] with `edges` = rips_edge_count_f32. d
 *  must stay where it is. n is at most 32767. */
export function rips_start_f32(
  state: usize, d: usize, n: i32, edges: i32, threshold: f32, max_dim: i32, keep_cocycles: i32,
): void {
  const rips = changetype<Rips>(state);
  const lists = offsetof<BarList>() * <usize>(max_dim + 1);
  const row = row_bytes(n);
  memory.fill(state, 0, offsetof<Rips>() + lists);
  rips.distances = d;
  rips.n = n;
  rips.edges = edges;
  rips.keep_cocycles = keep_cocycles != 0;
  rips.row = row;
  rips.common = (state + offsetof<Rips>() + lists + 15) & ~15;
  rips.adjacent = rips.common + row;
  rips.edge = rips.adjacent + row * n;
  memory.fill(rips.adjacent, 0, row * n);

  const sorted = (rips.edge + (<usize>edges << 2) + 15) & ~15;
  const unsorted = sorted + (<usize>edges << 3);
  const histograms = unsorted + (<usize>edges << 3);
  let at = unsorted;
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) {
      const distance = load<f32>(d + (<usize>i * n + j << 2));
      if (!is_edge(distance, threshold)) continue;
      // The bits of floats that are not negative are in order; a negative zero loses its sign.
      const key = reinterpret<u32>(distance) & 0x7fffffff;
      store<u64>(at, <u64>key << 32 | <u64>(i << 16 | j));
      at += 8;
    }
  }
  radix_sort<u64>(sorted, unsorted, edges, histograms);
  for (let r: usize = 0; r < <usize>edges; r++) {
    store<u32>(rips.edge + (r << 2), load<u32>(sorted + (r << 3)));
  }
  rips.free = sorted;
  rips.end = histograms + RADIX_BYTES & ~15;
}

/** Rank of the edge that is being dealt with, out of those of rips_edge_count_f32. */
export function rips_rank(state: usize): i32 {
  return changetype<Rips>(state).rank;
}

/** Number of bars longer than 0 in this dimension. */
export function rips_bar_count(state: usize, dim: i32): i32 {
  const rips = changetype<Rips>(state);
  let count = 0;
  for (let bar = first_bar(rips, dim); bar; bar = changetype<Bar>(bar).next) {
    count += i32(is_proper(rips, changetype<Bar>(bar)));
  }
  return count;
}

/** out[count, 2] = birth and death of the bars of this dimension that are longer than 0. */
export function rips_bars_f32(out: usize, state: usize, dim: i32): void {
  const rips = changetype<Rips>(state);
  for (let at = first_bar(rips, dim); at; at = changetype<Bar>(at).next) {
    const bar = changetype<Bar>(at);
    if (!is_proper(rips, bar)) continue;
    store<f32>(out, birth_of(rips, bar));
    store<f32>(out, death_of(rips, bar), 4);
    out += 8;
  }
}

/** out[count] = number of simplices in the cocycle of each of these bars. Returns the sum. */
export function rips_cocycle_sizes(out: usize, state: usize, dim: i32): i32 {
  const rips = changetype<Rips>(state);
  let total: u32 = 0;
  for (let at = first_bar(rips, dim); at; at = changetype<Bar>(at).next) {
    const bar = changetype<Bar>(at);
    if (!is_proper(rips, bar)) continue;
    const size = load<u32>(bar.cocycle);
    store<u32>(out, size);
    total += size;
    out += 4;
  }
  return total;
}
