// The cocycles of living classes of H1: symmetric matrices of bits, row u holding the vertices w for which
// the edge uw is in the cocycle. Most rows are empty, and only the others are stored; an index by vertex
// tells which.
import { has_room, take } from "./arena";
import { Bar, Rips, edge_at, first_vertex, second_vertex } from "./rips";
import { NONE, add_set, flip_bit, has_bit, last_member } from "./vertex-set";

@unmanaged
export class Cocycles {
  groups: usize; // list of groups
  empty: usize; // an empty set
  support: usize; // a set: the vertices that have a row in the cocycle that is going to be added to others
  spare: usize; // list of unused rows
  spares: i32; // its length
}

/** Up to 64 living classes, each a bit of a u64. */
@unmanaged
export class Group {
  next: usize;
  living: u64;
  disturbed: u64;
  bar: usize; // u32 [64]: each class's bar
  odd: usize; // 64 sets: triangles of the current edge that the cocycle meets an odd number of times
  support: usize; // u64 [n]: for each vertex, the classes whose row is not empty
  rows: usize; // u32 [n, 64]: their rows
}

const CLASSES: usize = 64;

@inline
export function bit(c: usize): u64 {
  return <u64>1 << c;
}

@inline
export function has(classes: u64, c: usize): bool {
  return (classes >> c & 1) != 0;
}

function group_bytes(rips: Rips): usize {
  return offsetof<Group>() + 15 + 4 * CLASSES + CLASSES * rips.row + <usize>rips.n * (8 + 4 * CLASSES);
}

export function new_group(rips: Rips, cocycles: Cocycles): usize {
  const block = take(rips, group_bytes(rips));
  if (!block) return 0;
  const group = changetype<Group>(block);
  group.next = cocycles.groups;
  group.living = 0;
  group.disturbed = 0;
  group.bar = (block + offsetof<Group>() + 15) & ~15;
  group.odd = group.bar + 4 * CLASSES;
  group.support = group.odd + CLASSES * rips.row;
  group.rows = group.support + (<usize>rips.n << 3);
  memory.fill(group.support, 0, <usize>rips.n << 3);
  cocycles.groups = block;
  return block;
}

@inline
export function bar_of(group: Group, c: usize): Bar {
  return changetype<Bar>(load<usize>(group.bar + (c << 2)));
}

@inline
export function odd_of(rips: Rips, group: Group, c: usize): usize {
  return group.odd + rips.row * c;
}

@inline
export function supports(group: Group, u: u32): u64 {
  return load<u64>(group.support + (<usize>u << 3));
}

@inline
function set_support(group: Group, u: u32, classes: u64): void {
  store<u64>(group.support + (<usize>u << 3), classes);
}

/** Place of the pointer to a row; it is valid if the class is in supports(group, u). */
@inline
export function row_slot(group: Group, c: usize, u: u32): usize {
  return group.rows + (<usize>u * CLASSES + c << 2);
}

@inline
export function row_of(cocycles: Cocycles, group: Group, c: usize, u: u32): usize {
  return has(supports(group, u), c) ? load<usize>(row_slot(group, c, u)) : cocycles.empty;
}

/** Whether that many rows can be had without asking the host. */
function reserve_rows(rips: Rips, cocycles: Cocycles, count: i32): bool {
  const missing = max(count - cocycles.spares, 0);
  return has_room(rips, <usize>missing * rips.row);
}

/** Gives vertex u a row in the cocycle, its contents undefined. Needs reserve_rows. */
function add_row(rips: Rips, cocycles: Cocycles, group: Group, c: usize, u: u32): usize {
  let row = cocycles.spare;
  if (row) {
    cocycles.spare = load<usize>(row);
    cocycles.spares--;
  } else {
    row = take(rips, rips.row);
  }
  store<usize>(row_slot(group, c, u), row);
  set_support(group, u, supports(group, u) | bit(c));
  return row;
}

export function remove_row(cocycles: Cocycles, group: Group, c: usize, u: u32): void {
  const row = load<usize>(row_slot(group, c, u));
  store<usize>(row, cocycles.spare);
  cocycles.spare = row;
  cocycles.spares++;
  set_support(group, u, supports(group, u) & ~bit(c));
}

/** Sets the bit of vertex w in row u. Needs reserve_rows. */
function set_in_row(rips: Rips, cocycles: Cocycles, group: Group, c: usize, u: u32, w: u32): void {
  let row = row_of(cocycles, group, c, u);
  if (row == cocycles.empty) {
    row = add_row(rips, cocycles, group, c, u);
    memory.fill(row, 0, rips.row);
  }
  if (!has_bit(row, w)) flip_bit(row, w);
}

/** Puts the current edge into a cocycle; false if memory is needed. */
export function set_edge(rips: Rips, cocycles: Cocycles, group: Group, c: usize): bool {
  if (!reserve_rows(rips, cocycles, 2)) return false;
  const edge = edge_at(rips, rips.rank);
  set_in_row(rips, cocycles, group, c, first_vertex(edge), second_vertex(edge));
  set_in_row(rips, cocycles, group, c, second_vertex(edge), first_vertex(edge));
  return true;
}

/** cocycles.support = the vertices that have a row in the cocycle. */
export function find_support(rips: Rips, cocycles: Cocycles, group: Group, c: usize): void {
  memory.fill(cocycles.support, 0, rips.row);
  for (let u = 0; u < rips.n; u++) if (has(supports(group, u), c)) flip_bit(cocycles.support, u);
}

/** Adds cocycle b, of which find_support has found the vertices, to cocycle c; false, with nothing done, if
 *  memory is needed. */
export function add_cocycle(
  rips: Rips, cocycles: Cocycles, to: Group, c: usize, from: Group, b: usize,
): bool {
  const support = cocycles.support;
  let missing = 0;
  for (let u = last_member(support, rips.n); u != NONE; u = last_member(support, u)) {
    missing += i32(!has(supports(to, u), c));
  }
  if (!reserve_rows(rips, cocycles, missing)) return false;
  for (let u = last_member(support, rips.n); u != NONE; u = last_member(support, u)) {
    const source = load<usize>(row_slot(from, b, u));
    if (has(supports(to, u), c)) {
      if (!add_set(load<usize>(row_slot(to, c, u)), source, rips.row)) remove_row(cocycles, to, c, u);
    } else {
      memory.copy(add_row(rips, cocycles, to, c, u), source, rips.row);
    }
  }
  return true;
}
