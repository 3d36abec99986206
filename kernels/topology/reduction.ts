// Persistent homology over Z/2 of any filtered complex by reduction of its boundary matrix, highest dimension
// first: a column that is the pivot of another one is a boundary, so it need not be reduced (Chen & Kerber,
// "Persistent homology computation with a twist", 2011).
import { Arena, DONE, NEEDS_MEMORY, has_room, take } from "./arena";
import { BitTree, make_tree, tree_bytes, tree_flip, tree_greatest } from "./bit-tree";

/** Partner of a cell that has none. */
const NONE: u32 = 0xffffffff;

/** Greatest dimension that is told apart. */
const MAX_DIMENSION: i32 = 255;

@unmanaged
class Reduction extends Arena {
  columns: i32;
  dim: i32; // of the columns being reduced
  column: i32; // the one being reduced, or the next one
  begun: bool; // whether it is in `sum`
  partner: usize; // u32 [columns]: the other cell of the pair
  count: usize; // i32 [columns]: length of the column as far as it has been reduced
  list: usize; // usize [columns]: its rows, u32 ascending
  dimension: usize; // u8 [columns]
  sum: BitTree; // the rows of the column being reduced
}

@inline
function partner_of(r: Reduction, cell: u32): u32 {
  return load<u32>(r.partner + (<usize>cell << 2));
}

@inline
function count_of(r: Reduction, column: u32): i32 {
  return load<i32>(r.count + (<usize>column << 2));
}

@inline
function list_of(r: Reduction, column: u32): usize {
  return load<usize>(r.list + <usize>column * sizeof<usize>());
}

@inline
function dimension_of(r: Reduction, column: u32): i32 {
  return load<u8>(r.dimension + column);
}

/** Adds a column to the sum. */
function add_column(r: Reduction, column: u32): void {
  const list = list_of(r, column);
  for (let i: usize = 0; i < <usize>count_of(r, column); i++) tree_flip(r.sum, load<u32>(list + (i << 2)));
}

/** Bytes of the state before the reduction; what is needed beyond depends on the data. */
export function reduction_state_bytes(columns: i32): f64 {
  return <f64>offsetof<Reduction>() + (9.0 + sizeof<usize>()) * columns + tree_bytes(columns) + 128;
}

/** Fills a new state of reduction_state_bytes, 16-byte aligned. Column j has the indices rows[starts[j]] ...
 *  rows[starts[j + 1] - 1], ascending and below j; i32, which must stay where they are. Returns the first column
 *  whose boundary has a boundary, so that this is no complex, or -1. */
export function reduction_start(state: usize, starts: usize, rows: usize, columns: i32): i32 {
  const r = changetype<Reduction>(state);
  memory.fill(state, 0, offsetof<Reduction>());
  r.columns = columns;
  r.partner = state + offsetof<Reduction>() + 15 & ~15;
  r.count = r.partner + (<usize>columns << 2);
  r.list = r.count + (<usize>columns << 2);
  r.dimension = r.list + <usize>columns * sizeof<usize>();
  const tree = r.dimension + columns + 7 & ~7;
  r.sum = make_tree(tree, columns);
  memory.fill(r.partner, 0xff, <usize>columns << 2);
  let graded = true;
  for (let j = 0; j < columns; j++, starts += 4) {
    const start = load<i32>(starts);
    const count = load<i32>(starts, 4) - start;
    const list = rows + (<usize>start << 2);
    store<i32>(r.count + (<usize>j << 2), count);
    store<usize>(r.list + <usize>j * sizeof<usize>(), list);
    const dim = count > 0 ? dimension_of(r, load<u32>(list)) + 1 : 0;
    for (let i = 0; i < count; i++) {
      const row = load<u32>(list + (<usize>i << 2));
      add_column(r, row);
      if (dimension_of(r, row) + 1 != dim) graded = false;
    }
    if (r.sum.size) return j;
    if (dim > MAX_DIMENSION) graded = false;
    store<u8>(r.dimension + j, min(dim, MAX_DIMENSION));
    r.dim = max(r.dim, dim);
  }
  // Cells may have boundaries from which their dimension cannot be told, as a sphere that is glued to a point
  // has. Then all columns are reduced from left to right, which needs no dimensions.
  if (!graded) {
    for (let j = 0; j < columns; j++) store<u8>(r.dimension + j, count_of(r, j) > 0 ? 1 : 0);
    r.dim = 1;
  }
  return -1;
}

/** Reduces the matrix. Returns DONE, or NEEDS_MEMORY: then it goes on where it was after arena_add. */
export function reduction_run(state: usize): i32 {
  const r = changetype<Reduction>(state);
  for (; r.dim > 0; r.dim--, r.column = 0) {
    for (; r.column < r.columns; r.column++) {
      const column = r.column;
      if (dimension_of(r, column) != r.dim || partner_of(r, column) != NONE) continue;
      if (!reduce(r, column)) return NEEDS_MEMORY;
    }
  }
  return DONE;
}

/** Reduces a column and pairs it with its pivot, if any. False if memory is needed. */
function reduce(r: Reduction, column: u32): bool {
  if (!r.begun) add_column(r, column);
  r.begun = true;
  while (r.sum.size) {
    const pivot = tree_greatest(r.sum);
    const other = partner_of(r, pivot);
    if (other == NONE) {
      if (!store_sum(r, column)) return false;
      store<u32>(r.partner + (<usize>pivot << 2), column);
      store<u32>(r.partner + (<usize>column << 2), pivot);
      break;
    }
    add_column(r, other);
  }
  r.begun = false;
  return true;
}

/** Replaces a column with the sum, which becomes 0. False, with nothing done, if memory is needed. */
function store_sum(r: Reduction, column: u32): bool {
  const count = r.sum.size;
  if (!has_room(r, <usize>(count + 4) << 2)) return false;
  const list = take(r, <usize>count << 2);
  for (let i = count - 1; i >= 0; i--) {
    const row = tree_greatest(r.sum);
    store<u32>(list + (<usize>i << 2), row);
    tree_flip(r.sum, row);
  }
  store<i32>(r.count + (<usize>column << 2), count);
  store<usize>(r.list + <usize>column * sizeof<usize>(), list);
  return true;
}

/** pairs[2 * count] = birth and death of the pairs, ascending by birth, and essential[columns - 2 * count] =
 *  the cells that have no partner, ascending; i32. Returns the number of pairs. */
export function reduction_pairs(pairs: usize, essential: usize, state: usize): i32 {
  const r = changetype<Reduction>(state);
  let count = 0;
  for (let cell = 0; cell < r.columns; cell++) {
    const other = partner_of(r, cell);
    if (other == NONE) {
      store<i32>(essential, cell);
      essential += 4;
    } else if (other > <u32>cell) {
      store<i32>(pairs, cell);
      store<u32>(pairs, other, 4);
      pairs += 8;
      count++;
    }
  }
  return count;
}
