// The exact p-Wasserstein distance between persistence diagrams, as an assignment problem.
//
// Every point of the smaller diagram (a row) goes either to a point of the larger one (a column) or to its
// own projection on the diagonal; columns left over go to theirs. Rows are assigned one after another along
// shortest augmenting paths (Jonker & Volgenant, Computing 38, 1987). A row's diagonal is a free column of
// its own, so it only bounds the path, and no (n + m) x (n + m) matrix exists. No n x m matrix either: costs
// are computed whenever a row is scanned, and only for the blocks of neighbouring columns whose bounding box
// is near enough to matter. Memory is linear in n + m.
import {
  BarPair, barPairBytes, birthGap, birthOf, cancelShared, clusterBars, deathOf, longestBar, sortByLength,
  sortPair,
} from "./diagram";
import { f64At, i32At, setF64, setI32 } from "./elements";

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

  rowBirth: usize;
  rowDeath: usize;
  rowDiagonal: usize; // cost of the way to the diagonal
  rowColumn: usize; // i32: the column a row is assigned to, or NONE

  birth: usize; // columns, padded to whole blocks
  death: usize;
  price: usize; // dual variable minus the cost of the way to the diagonal
  distance: usize; // from the root of the search; Infinity: not reached, -Infinity: settled, or padding
  previous: usize; // i32: the row a column was reached from
  columnRow: usize; // i32: the row assigned to a column, or NONE

  blocks: i32; // padded to an even number
  minBirth: usize; // bounding boxes
  maxBirth: usize;
  minDeath: usize;
  maxDeath: usize;
  minPrice: usize;
  nearest: usize; // least distance at which the row being scanned can reach a column of the block

  frontier: usize; // i32: columns reached, not settled
  frontierSize: i32;
  settled: usize; // i32: columns in the order they were settled in
  settledDistance: usize;
  settledSize: i32;
  bound: f64; // length of the shortest path found;
  endRow: i32; // it ends at the diagonal of this row,
  endColumn: i32; // unless it ends at this free column
}

/** Cost of two edges, (dx, dy) apart. Powers p = 1, 2, 3, ... are products, of a square root at most. */
@inline function edgeCost(at: Problem, dx: v128, dy: v128): v128 {
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

function pairCost(at: Problem, row: i32, column: i32): f64 {
  const dx = f64x2.splat(f64At(at.birth, column) - f64At(at.rowBirth, row));
  const dy = f64x2.splat(f64At(at.death, column) - f64At(at.rowDeath, row));
  return f64x2.extract_lane(edgeCost(at, dx, dy), 0);
}

/** Cost of the way to the diagonal; its nearest point has the middle of the bar twice, in both metrics. */
function diagonalCost(at: Problem, birth: f64, death: f64): f64 {
  const half = f64x2.splat(0.5 * (death - birth));
  return f64x2.extract_lane(edgeCost(at, half, half), 0);
}

@inline function outside(x: v128, low: v128, high: v128): v128 {
  return f64x2.pmax(f64x2.pmax(f64x2.sub(low, x), f64x2.sub(x, high)), f64x2.splat(0));
}

/** Reaches columns from a row; an edge adds its cost and the column's price to `base`. */
function scanRow(at: Problem, row: i32, base: f64): void {
  const birth = f64x2.splat(f64At(at.rowBirth, row));
  const death = f64x2.splat(f64At(at.rowDeath, row));
  const bases = f64x2.splat(base);
  const blocks = at.blocks;
  for (let i: usize = 0; i < <usize>blocks << 3; i += 16) {
    const dx = outside(birth, v128.load(at.minBirth + i), v128.load(at.maxBirth + i));
    const dy = outside(death, v128.load(at.minDeath + i), v128.load(at.maxDeath + i));
    const costs = edgeCost(at, dx, dy);
    v128.store(at.nearest + i, f64x2.add(bases, f64x2.add(costs, v128.load(at.minPrice + i))));
  }
  for (let block = 0; block < blocks; block++) {
    if (f64At(at.nearest, block) < at.bound) scanBlock(at, row, birth, death, bases, block);
  }
}

function scanBlock(at: Problem, row: i32, birth: v128, death: v128, bases: v128, block: i32): void {
  const start = <usize>block * BLOCK_BYTES;
  let bounds = f64x2.splat(at.bound);
  for (let i = start; i < start + BLOCK_BYTES; i += 16) {
    const dx = f64x2.sub(v128.load(at.birth + i), birth);
    const dy = f64x2.sub(v128.load(at.death + i), death);
    const costs = edgeCost(at, dx, dy);
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
  setI32(at.previous, column, row);
  if (i32At(at.columnRow, column) == NONE) {
    at.bound = distance;
    at.endColumn = column;
    return;
  }
  setF64(at.distance, column, distance);
  if (before == Infinity) setI32(at.frontier, at.frontierSize++, column);
}

/** Takes the nearest column out of the frontier and forgets those beyond the bound; NONE if none is left. */
function takeNearest(at: Problem): i32 {
  const frontier = at.frontier;
  let nearest = NONE;
  let least = at.bound;
  for (let k = 0; k < at.frontierSize; ) {
    const column = i32At(frontier, k);
    const distance = f64At(at.distance, column);
    if (distance >= at.bound) {
      setF64(at.distance, column, Infinity);
      setI32(frontier, k, i32At(frontier, --at.frontierSize));
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
  setI32(frontier, nearest, i32At(frontier, --at.frontierSize));
  return column;
}

/** Finds the shortest augmenting path from an unassigned row. */
function search(at: Problem, root: i32): void {
  at.bound = 0;
  at.endRow = root;
  at.endColumn = NONE;
  at.frontierSize = 0;
  at.settledSize = 0;
  scanRow(at, root, -f64At(at.rowDiagonal, root));
  for (let column = takeNearest(at); column != NONE; column = takeNearest(at)) {
    const distance = f64At(at.distance, column);
    setF64(at.settledDistance, at.settledSize, distance);
    setI32(at.settled, at.settledSize++, column);
    setF64(at.distance, column, -Infinity);
    const row = i32At(at.columnRow, column);
    const base = distance - f64At(at.price, column) - pairCost(at, row, column);
    const toDiagonal = base + f64At(at.rowDiagonal, row);
    if (toDiagonal < at.bound) {
      at.bound = toDiagonal;
      at.endRow = row;
      at.endColumn = NONE;
    }
    scanRow(at, row, base);
  }
}

function updateMinPrice(at: Problem, block: i32): void {
  let least: f64 = Infinity;
  for (let j = block * BLOCK; j < (block + 1) * BLOCK; j++) least = min(least, f64At(at.price, j));
  setF64(at.minPrice, block, least);
}

/** Raises the prices of the settled columns, so that no edge is cheaper than free, and flips the path. */
function augment(at: Problem): void {
  for (let k = 0; k < at.settledSize; k++) {
    const column = i32At(at.settled, k);
    setF64(at.price, column, f64At(at.price, column) + (at.bound - f64At(at.settledDistance, k)));
    setF64(at.distance, column, Infinity);
    updateMinPrice(at, column / BLOCK);
  }
  let column = at.endColumn;
  if (column == NONE) {
    column = i32At(at.rowColumn, at.endRow);
    setI32(at.rowColumn, at.endRow, NONE);
  }
  while (column != NONE) {
    const row = i32At(at.previous, column);
    const released = i32At(at.rowColumn, row);
    setI32(at.rowColumn, row, column);
    setI32(at.columnRow, column, row);
    column = released;
  }
}

@inline function blockCount(columns: i32): i32 {
  return ((columns + BLOCK - 1) / BLOCK + 1) & ~1;
}

/** Carves the arrays out of the scratch memory. */
function layOut(at: Problem, rows: i32, columns: i32, scratch: usize): void {
  const perRow = <usize>((rows + 1) & ~1) << 3;
  const perBlock = <usize>blockCount(columns) << 3;
  const perColumn = perBlock * BLOCK;
  at.blocks = blockCount(columns);
  at.birth = scratch;
  at.death = at.birth + perColumn;
  at.price = at.death + perColumn;
  at.distance = at.price + perColumn;
  at.settledDistance = at.distance + perColumn;
  at.minBirth = at.settledDistance + perColumn;
  at.maxBirth = at.minBirth + perBlock;
  at.minDeath = at.maxBirth + perBlock;
  at.maxDeath = at.minDeath + perBlock;
  at.minPrice = at.maxDeath + perBlock;
  at.nearest = at.minPrice + perBlock;
  at.rowBirth = at.nearest + perBlock;
  at.rowDeath = at.rowBirth + perRow;
  at.rowDiagonal = at.rowDeath + perRow;
  at.previous = at.rowDiagonal + perRow;
  at.columnRow = at.previous + perColumn / 2;
  at.frontier = at.columnRow + perColumn / 2;
  at.settled = at.frontier + perColumn / 2;
  at.rowColumn = at.settled + perColumn / 2;
}

function fillRows(at: Problem, bars: usize, rows: i32): void {
  for (let i = 0; i < rows; i++) {
    const bar = load<u64>(bars + (<usize>i << 3));
    const birth = birthOf(bar) / at.unit;
    const death = deathOf(bar) / at.unit;
    setF64(at.rowBirth, i, birth);
    setF64(at.rowDeath, i, death);
    setF64(at.rowDiagonal, i, diagonalCost(at, birth, death));
    setI32(at.rowColumn, i, NONE);
  }
}

/** Padding repeats the last column, so that it changes no bounding box. */
function fillColumns(at: Problem, bars: usize, columns: i32): void {
  for (let j = 0; j < at.blocks * BLOCK; j++) {
    const bar = load<u64>(bars + (<usize>min(j, columns - 1) << 3));
    const birth = birthOf(bar) / at.unit;
    const death = deathOf(bar) / at.unit;
    setF64(at.birth, j, birth);
    setF64(at.death, j, death);
    setF64(at.price, j, -diagonalCost(at, birth, death));
    setF64(at.distance, j, j < columns ? Infinity : -Infinity);
    setI32(at.columnRow, j, NONE);
  }
  for (let block = 0; block < at.blocks; block++) {
    let minBirth: f64 = Infinity;
    let maxBirth: f64 = -Infinity;
    let minDeath: f64 = Infinity;
    let maxDeath: f64 = -Infinity;
    for (let j = block * BLOCK; j < (block + 1) * BLOCK; j++) {
      minBirth = min(minBirth, f64At(at.birth, j));
      maxBirth = max(maxBirth, f64At(at.birth, j));
      minDeath = min(minDeath, f64At(at.death, j));
      maxDeath = max(maxDeath, f64At(at.death, j));
    }
    setF64(at.minBirth, block, minBirth);
    setF64(at.maxBirth, block, maxBirth);
    setF64(at.minDeath, block, minDeath);
    setF64(at.maxDeath, block, maxDeath);
    updateMinPrice(at, block);
  }
}

/** Total cost of an optimal assignment between the finite bars. */
function assign(at: Problem, pair: BarPair, scratch: usize): f64 {
  const rows = pair.n;
  const columns = pair.m;
  sortByLength(pair.a, rows, scratch); // the long bars decide most: fewer are moved again
  clusterBars(pair.b, columns, BLOCK, scratch);
  layOut(at, rows, columns, scratch);
  fillRows(at, pair.a, rows);
  fillColumns(at, pair.b, columns);
  for (let i = 0; i < rows; i++) {
    search(at, i);
    augment(at);
  }
  let total: f64 = 0;
  for (let i = 0; i < rows; i++) {
    const j = i32At(at.rowColumn, i);
    total += j == NONE ? f64At(at.rowDiagonal, i) : pairCost(at, i, j);
  }
  for (let j = 0; j < columns; j++) {
    if (i32At(at.columnRow, j) == NONE) total += diagonalCost(at, f64At(at.birth, j), f64At(at.death, j));
  }
  return total;
}

const HEADER: usize = (offsetof<Problem>() + 15) & ~15;

/** Scratch of `wasserstein_f32`, in bytes. */
export function wasserstein_scratch_bytes(n: i32, m: i32): usize {
  const perBlock = <usize>blockCount(max(n, m)) << 3;
  const perRow = <usize>(min(n, m) + 1) << 3;
  return barPairBytes(n, m) + HEADER + 7 * BLOCK * perBlock + 6 * perBlock + 4 * perRow;
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
  const pair = sortPair(a, n, b, m, scratch);
  if (pair.infinite < 0) return Infinity;
  // By the triangle inequality shared bars may stay where they are if p = 1; else only equal diagrams may.
  if (p == 1) cancelShared(pair);

  let scale = pair.equal ? 0 : max(longestBar(pair.a, pair.n), longestBar(pair.b, pair.m));
  for (let i = 0; i < pair.infinite; i++) scale = max(scale, birthGap(pair, i));
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
    const gap = f64x2.splat(birthGap(pair, i) / at.unit);
    total += f64x2.extract_lane(edgeCost(at, gap, f64x2.splat(0)), 0);
  }
  if (!pair.equal) total += assign(at, pair, pair.end + HEADER);
  return at.unit * (p == 1 ? total : p == 2 ? Math.sqrt(total) : Math.pow(total, 1 / p));
}
