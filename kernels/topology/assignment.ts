// The exact p-Wasserstein distance between persistence diagrams, as an assignment problem.
//
// Every point of the smaller diagram (a row) goes either to a point of the larger one (a column) or to its
// own projection on the diagonal; columns left over go to theirs. Rows are assigned one after another along
// shortest augmenting paths (Jonker & Volgenant, Computing 38, 1987). A row's diagonal is a free column of
// its own, so it only bounds the path, and no (n + m) x (n + m) matrix exists. No n x m matrix either: costs
// are computed whenever a row is scanned, and only for the blocks of neighbouring columns whose bounding box
// is near enough to matter. Memory is linear in n + m.
import {
  BarPair, bar_pair_bytes, birth_gap, birth_of, cancel_shared, cluster_bars, death_of, longest_bar, sort_by_length,
  sort_pair,
} from "./diagram";
import { f64At, i32At, set_f64, set_i32 } from "../array/elements";

const BLOCK = 32;
const BLOCK_BYTES: usize = BLOCK * 8;
const NONE = -1;

/** The problem and where its arrays lie in the scratch memory; f64 unless said otherwise. */
@unmanaged class Problem {
  chebyshev: bool;
  exponent: f64; // cost = ground ^ exponent; ground: the squared Euclidean or the Chebyshev distance
  root: bool; // the same power as a square root, if any,
  factors: i32; // times the ground this often; -1: it has no such form
  unit: f64; // coordinates are divided by it, a power of 2, so that high powers neither vanish nor overflow

  row_birth: usize;
  row_death: usize;
  row_diagonal: usize; // cost of the way to the diagonal
  row_column: usize; // i32: the column a row is assigned to, or NONE

  birth: usize; // columns, padded to whole blocks
  death: usize;
  price: usize; // dual variable minus the cost of the way to the diagonal
  distance: usize; // from the root of the search; Infinity: not reached, -Infinity: settled, or padding
  previous: usize; // i32: the row a column was reached from
  column_row: usize; // i32: the row assigned to a column, or NONE

  blocks: i32; // padded to an even number
  min_birth: usize; // bounding boxes
  max_birth: usize;
  min_death: usize;
  max_death: usize;
  min_price: usize;
  nearest: usize; // least distance at which the row being scanned can reach a column of the block

  frontier: usize; // i32: columns reached, not settled
  frontier_size: i32;
  settled: usize; // i32: columns in the order they were settled in
  settled_distance: usize;
  settled_size: i32;
  bound: f64; // length of the shortest path found;
  end_row: i32; // it ends at the diagonal of this row,
  end_column: i32; // unless it ends at this free column
}

/** Cost of two edges, (dx, dy) apart. Powers p = 1, 2, 3, ... are products, of a square root at most. */
@inline function edge_cost(at: Problem, dx: v128, dy: v128): v128 {
  const ground = at.chebyshev
    ? f64x2.pmax(f64x2.abs(dx), f64x2.abs(dy))
    : f64x2.add(f64x2.mul(dx, dx), f64x2.mul(dy, dy));
  if (at.factors < 0) {
    const low = Math.pow(f64x2.extract_lane(ground, 0), at.exponent);
    return f64x2.replace_lane(f64x2.splat(low), 1, Math.pow(f64x2.extract_lane(ground, 1), at.exponent));
  }
  let power = at.root ? f64x2.sqrt(ground) : ground;
  for (let i = at.factors; i > 0; i--) power = f64x2.mul(power, ground);
  return power;
}

function pair_cost(at: Problem, row: i32, column: i32): f64 {
  const dx = f64x2.splat(f64At(at.birth, column) - f64At(at.row_birth, row));
  const dy = f64x2.splat(f64At(at.death, column) - f64At(at.row_death, row));
  return f64x2.extract_lane(edge_cost(at, dx, dy), 0);
}

/** Cost of the way to the diagonal; its nearest point has the middle of the bar twice, in both metrics. */
function diagonal_cost(at: Problem, birth: f64, death: f64): f64 {
  const half = f64x2.splat(0.5 * (death - birth));
  return f64x2.extract_lane(edge_cost(at, half, half), 0);
}

@inline function outside(x: v128, low: v128, high: v128): v128 {
  return f64x2.pmax(f64x2.pmax(f64x2.sub(low, x), f64x2.sub(x, high)), f64x2.splat(0));
}

/** Reaches columns from a row; an edge adds its cost and the column's price to `base`. */
function scan_row(at: Problem, row: i32, base: f64): void {
  const birth = f64x2.splat(f64At(at.row_birth, row));
  const death = f64x2.splat(f64At(at.row_death, row));
  const bases = f64x2.splat(base);
  const blocks = at.blocks;
  for (let i: usize = 0; i < <usize>blocks << 3; i += 16) {
    const dx = outside(birth, v128.load(at.min_birth + i), v128.load(at.max_birth + i));
    const dy = outside(death, v128.load(at.min_death + i), v128.load(at.max_death + i));
    const costs = edge_cost(at, dx, dy);
    v128.store(at.nearest + i, f64x2.add(bases, f64x2.add(costs, v128.load(at.min_price + i))));
  }
  for (let block = 0; block < blocks; block++) {
    if (f64At(at.nearest, block) < at.bound) scan_block(at, row, birth, death, bases, block);
  }
}

function scan_block(at: Problem, row: i32, birth: v128, death: v128, bases: v128, block: i32): void {
  const start = <usize>block * BLOCK_BYTES;
  let bounds = f64x2.splat(at.bound);
  for (let i = start; i < start + BLOCK_BYTES; i += 16) {
    const dx = f64x2.sub(v128.load(at.birth + i), birth);
    const dy = f64x2.sub(v128.load(at.death + i), death);
    const costs = edge_cost(at, dx, dy);
    const reached = f64x2.add(bases, f64x2.add(costs, v128.load(at.price + i)));
    if (!v128.any_true(f64x2.lt(reached, f64x2.pmin(v128.load(at.distance + i), bounds)))) continue;
    const column = <i32>(i >> 3);
    reach(at, row, column, f64x2.extract_lane(reached, 0));
    reach(at, row, column + 1, f64x2.extract_lane(reached, 1));
    bounds = f64x2.splat(at.bound);
  }
}

function reach(at: Problem, row: i32, column: i32, distance: f64): void {
  const before = f64At(at.distance, column);
  if (distance >= before || distance >= at.bound) return;
  set_i32(at.previous, column, row);
  if (i32At(at.column_row, column) == NONE) {
    at.bound = distance;
    at.end_column = column;
    return;
  }
  set_f64(at.distance, column, distance);
  if (before == Infinity) set_i32(at.frontier, at.frontier_size++, column);
}

/** Takes the nearest column out of the frontier and forgets those beyond the bound; NONE if none is left. */
function take_nearest(at: Problem): i32 {
  const frontier = at.frontier;
  let nearest = NONE;
  let least = at.bound;
  for (let k = 0; k < at.frontier_size; ) {
    const column = i32At(frontier, k);
    const distance = f64At(at.distance, column);
    if (distance >= at.bound) {
      set_f64(at.distance, column, Infinity);
      set_i32(frontier, k, i32At(frontier, --at.frontier_size));
      continue;
    }
    if (distance < least) {
      least = distance;
      nearest = k;
    }
    k++;
  }
  if (nearest == NONE) return NONE;
  const column = i32At(frontier, nearest);
  set_i32(frontier, nearest, i32At(frontier, --at.frontier_size));
  return column;
}

/** Finds the shortest augmenting path from an unassigned row. */
function search(at: Problem, root: i32): void {
  at.bound = 0;
  at.end_row = root;
  at.end_column = NONE;
  at.frontier_size = 0;
  at.settled_size = 0;
  scan_row(at, root, -f64At(at.row_diagonal, root));
  for (let column = take_nearest(at); column != NONE; column = take_nearest(at)) {
    const distance = f64At(at.distance, column);
    set_f64(at.settled_distance, at.settled_size, distance);
    set_i32(at.settled, at.settled_size++, column);
    set_f64(at.distance, column, -Infinity);
    const row = i32At(at.column_row, column);
    const base = distance - f64At(at.price, column) - pair_cost(at, row, column);
    const to_diagonal = base + f64At(at.row_diagonal, row);
    if (to_diagonal < at.bound) {
      at.bound = to_diagonal;
      at.end_row = row;
      at.end_column = NONE;
    }
    scan_row(at, row, base);
  }
}

function update_min_price(at: Problem, block: i32): void {
  let least: f64 = Infinity;
  for (let j = block * BLOCK; j < (block + 1) * BLOCK; j++) least = min(least, f64At(at.price, j));
  set_f64(at.min_price, block, least);
}

/** Raises the prices of the settled columns, so that no edge is cheaper than free, and flips the path. */
function augment(at: Problem): void {
  for (let k = 0; k < at.settled_size; k++) {
    const column = i32At(at.settled, k);
    set_f64(at.price, column, f64At(at.price, column) + (at.bound - f64At(at.settled_distance, k)));
    set_f64(at.distance, column, Infinity);
    update_min_price(at, column / BLOCK);
  }
  let column = at.end_column;
  if (column == NONE) {
    column = i32At(at.row_column, at.end_row);
    set_i32(at.row_column, at.end_row, NONE);
  }
  while (column != NONE) {
    const row = i32At(at.previous, column);
    const released = i32At(at.row_column, row);
    set_i32(at.row_column, row, column);
    set_i32(at.column_row, column, row);
    column = released;
  }
}

@inline function block_count(columns: i32): i32 {
  return ((columns + BLOCK - 1) / BLOCK + 1) & ~1;
}

/** Carves the arrays out of the scratch memory. */
function lay_out(at: Problem, rows: i32, columns: i32, scratch: usize): void {
  const per_row = <usize>((rows + 1) & ~1) << 3;
  const per_block = <usize>block_count(columns) << 3;
  const per_column = per_block * BLOCK;
  at.blocks = block_count(columns);
  at.birth = scratch;
  at.death = at.birth + per_column;
  at.price = at.death + per_column;
  at.distance = at.price + per_column;
  at.settled_distance = at.distance + per_column;
  at.min_birth = at.settled_distance + per_column;
  at.max_birth = at.min_birth + per_block;
  at.min_death = at.max_birth + per_block;
  at.max_death = at.min_death + per_block;
  at.min_price = at.max_death + per_block;
  at.nearest = at.min_price + per_block;
  at.row_birth = at.nearest + per_block;
  at.row_death = at.row_birth + per_row;
  at.row_diagonal = at.row_death + per_row;
  at.previous = at.row_diagonal + per_row;
  at.column_row = at.previous + per_column / 2;
  at.frontier = at.column_row + per_column / 2;
  at.settled = at.frontier + per_column / 2;
  at.row_column = at.settled + per_column / 2;
}

function fill_rows(at: Problem, bars: usize, rows: i32): void {
  for (let i = 0; i < rows; i++) {
    const bar = load<u64>(bars + (<usize>i << 3));
    const birth = birth_of(bar) / at.unit;
    const death = death_of(bar) / at.unit;
    set_f64(at.row_birth, i, birth);
    set_f64(at.row_death, i, death);
    set_f64(at.row_diagonal, i, diagonal_cost(at, birth, death));
    set_i32(at.row_column, i, NONE);
  }
}

/** Padding repeats the last column, so that it changes no bounding box. */
function fill_columns(at: Problem, bars: usize, columns: i32): void {
  for (let j = 0; j < at.blocks * BLOCK; j++) {
    const bar = load<u64>(bars + (<usize>min(j, columns - 1) << 3));
    const birth = birth_of(bar) / at.unit;
    const death = death_of(bar) / at.unit;
    set_f64(at.birth, j, birth);
    set_f64(at.death, j, death);
    set_f64(at.price, j, -diagonal_cost(at, birth, death));
    set_f64(at.distance, j, j < columns ? Infinity : -Infinity);
    set_i32(at.column_row, j, NONE);
  }
  for (let block = 0; block < at.blocks; block++) {
    let min_birth: f64 = Infinity;
    let max_birth: f64 = -Infinity;
    let min_death: f64 = Infinity;
    let max_death: f64 = -Infinity;
    for (let j = block * BLOCK; j < (block + 1) * BLOCK; j++) {
      min_birth = min(min_birth, f64At(at.birth, j));
      max_birth = max(max_birth, f64At(at.birth, j));
      min_death = min(min_death, f64At(at.death, j));
      max_death = max(max_death, f64At(at.death, j));
    }
    set_f64(at.min_birth, block, min_birth);
    set_f64(at.max_birth, block, max_birth);
    set_f64(at.min_death, block, min_death);
    set_f64(at.max_death, block, max_death);
    update_min_price(at, block);
  }
}

/** Total cost of an optimal assignment between the finite bars. */
function assign(at: Problem, pair: BarPair, scratch: usize): f64 {
  const rows = pair.n;
  const columns = pair.m;
  sort_by_length(pair.a, rows, scratch); // the long bars decide most: fewer are moved again
  cluster_bars(pair.b, columns, BLOCK, scratch);
  lay_out(at, rows, columns, scratch);
  fill_rows(at, pair.a, rows);
  fill_columns(at, pair.b, columns);
  for (let i = 0; i < rows; i++) {
    search(at, i);
    augment(at);
  }
  let total: f64 = 0;
  for (let i = 0; i < rows; i++) {
    const j = i32At(at.row_column, i);
    total += j == NONE ? f64At(at.row_diagonal, i) : pair_cost(at, i, j);
  }
  for (let j = 0; j < columns; j++) {
    if (i32At(at.column_row, j) == NONE) total += diagonal_cost(at, f64At(at.birth, j), f64At(at.death, j));
  }
  return total;
}

const HEADER: usize = (offsetof<Problem>() + 15) & ~15;

/** Scratch of `wasserstein_f32`, in bytes. */
export function wasserstein_scratch_bytes(n: i32, m: i32): usize {
  const per_block = <usize>block_count(max(n, m)) << 3;
  const per_row = <usize>(min(n, m) + 1) << 3;
  return bar_pair_bytes(n, m) + HEADER + 7 * BLOCK * per_block + 6 * per_block + 4 * per_row;
}

/**
 * The p-Wasserstein distance between two diagrams of n and m bars ([birth, death] pairs of float32), p >= 1.
 * Ground metric: Chebyshev (L-infinity) or else Euclidean; the diagonal is (death - birth) / 2 or / sqrt(2)
 * away. Bars of length 0 count for nothing. Infinite bars are matched by the rank of their births; different
 * numbers of them give Infinity.
 */
export function wasserstein_f32(
  a: usize, n: i32, b: usize, m: i32, p: f64, chebyshev: bool, scratch: usize,
): f64 {
  const pair = sort_pair(a, n, b, m, scratch);
  if (pair.infinite < 0) return Infinity;
  // By the triangle inequality shared bars may stay where they are if p = 1; else only equal diagrams may.
  if (p == 1) cancel_shared(pair);

  let scale = pair.equal ? 0 : max(longest_bar(pair.a, pair.n), longest_bar(pair.b, pair.m));
  for (let i = 0; i < pair.infinite; i++) scale = max(scale, birth_gap(pair, i));
  if (scale == 0) return 0;

  const at = changetype<Problem>(pair.end);
  at.unit = reinterpret<f64>(reinterpret<u64>(scale) & 0x7ff0000000000000);
  at.chebyshev = chebyshev;
  at.exponent = chebyshev ? p : 0.5 * p;
  const whole = Math.floor(at.exponent);
  at.root = at.exponent - whole == 0.5;
  at.factors = at.exponent > 16 || !(at.root || at.exponent == whole) ? -1 : <i32>whole - (at.root ? 0 : 1);

  let total: f64 = 0;
  for (let i = 0; i < pair.infinite; i++) {
    const gap = f64x2.splat(birth_gap(pair, i) / at.unit);
    total += f64x2.extract_lane(edge_cost(at, gap, f64x2.splat(0)), 0);
  }
  if (!pair.equal) total += assign(at, pair, pair.end + HEADER);
  return at.unit * (p == 1 ? total : p == 2 ? Math.sqrt(total) : Math.pow(total, 1 / p));
}
