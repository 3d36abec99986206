// Vietoris-Rips persistence in dimensions 0 and 1 over Z/2: persistent cohomology in the order of the filtration (de Silva,
// Morozov & Vejdemo-Johansson, "Persistent cohomology and circular coordinates", 2011; Dey, Fan & Wang, "Computing
// topological persistence for simplicial maps", 2014).
//
// Every living class of H1 is kept as a cocycle: a set of edges that each triangle so far meets an even number of times.
// It is stored as n rows of bits, row u holding the vertices w for which the edge uw is in the cocycle. When an edge uv
// enters, its triangles are those with the vertices w adjacent to both ends, and the sum of rows u and v, restricted to
// those w, shows at once all triangles the cocycle meets an odd number of times. So no triangle is ever stored.
//
// - No such w and two components: they merge, and uv belongs to no cocycle.
// - No such w otherwise: a class is born, the cocycle {uv}.
// - Else the first triangle kills the class of uv at once, which sets uv in a cocycle so that this triangle meets it an
//   even number of times. A cocycle that another triangle still meets an odd number of times is disturbed: the youngest
//   one disturbed by a triangle dies and is added to the others that this triangle disturbs.
//
// Triangles with the same longest edge are in the order of their third vertex. Most rows are empty: only others are stored.
import { DONE, MORE, NEEDS_MEMORY, has_room, take } from "./arena";
import {
  Bar, NONE, Rips, add_bar, adjacent_to, edge_at, find_common, first_bar, first_member, first_vertex, flip_bit,
  flip_edge, has_bit, is_proper, last_member, second_vertex,
} from "./rips";

@unmanaged
class Dense {
  parent: usize; // u32 [n]: forest of the components
  empty: usize; // an empty set
  support: usize; // a set: the vertices that have a row in the cocycle of the class that is dying
  groups: usize; // list of groups of classes
  spare: usize; // list of unused rows
  spares: i32; // its length
  disturbed: bool; // whether the current edge disturbs classes that have not been dealt with
}

/** Up to 64 living classes: one bit of a u64 each. Followed by the arrays below. */
@unmanaged
class Group {
  next: usize;
  living: u64;
  disturbed: u64;
  bar: usize; // u32 [64]: each class's bar
  odd: usize; // 64 sets: third vertices of the current edge's triangles that the cocycle meets an odd number of times
  support: usize; // u64 [n]: for each vertex, the classes whose row is not empty
  rows: usize; // u32 [n, 64]: their rows
}

const CLASSES: usize = 64;

// @ts-ignore: decorator
@inline
function bit(c: usize): u64 {
  return <u64>1 << c;
}

// @ts-ignore: decorator
@inline
function has(classes: u64, c: usize): bool {
  return (classes >> c & 1) != 0;
}

function group_bytes(rips: Rips): usize {
  return offsetof<Group>() + 15 + 4 * CLASSES + CLASSES * rips.row + <usize>rips.n * (8 + 4 * CLASSES);
}

function new_group(rips: Rips, dense: Dense): usize {
  const block = take(rips, group_bytes(rips));
  if (!block) return 0;
  const group = changetype<Group>(block);
  group.next = dense.groups;
  group.living = 0;
  group.disturbed = 0;
  group.bar = (block + offsetof<Group>() + 15) & ~15;
  group.odd = group.bar + 4 * CLASSES;
  group.support = group.odd + CLASSES * rips.row;
  group.rows = group.support + (<usize>rips.n << 3);
  memory.fill(group.support, 0, <usize>rips.n << 3);
  dense.groups = block;
  return block;
}

// @ts-ignore: decorator
@inline
function bar_of(group: Group, c: usize): Bar {
  return changetype<Bar>(load<usize>(group.bar + (c << 2)));
}

// @ts-ignore: decorator
@inline
function odd_of(rips: Rips, group: Group, c: usize): usize {
  return group.odd + rips.row * c;
}

// @ts-ignore: decorator
@inline
function supports(group: Group, u: u32): u64 {
  return load<u64>(group.support + (<usize>u << 3));
}

// @ts-ignore: decorator
@inline
function set_support(group: Group, u: u32, classes: u64): void {
  store<u64>(group.support + (<usize>u << 3), classes);
}

/** Place of the pointer to a row; it is valid if the class is in supports(group, u). */
// @ts-ignore: decorator
@inline
function row_slot(group: Group, c: usize, u: u32): usize {
  return group.rows + (<usize>u * CLASSES + c << 2);
}

// @ts-ignore: decorator
@inline
function row_of(dense: Dense, group: Group, c: usize, u: u32): usize {
  return has(supports(group, u), c) ? load<usize>(row_slot(group, c, u)) : dense.empty;
}

/** Whether that many rows can be had without asking the host. */
function reserve_rows(rips: Rips, dense: Dense, count: i32): bool {
  const missing = max(count - dense.spares, 0);
  return has_room(rips, <usize>missing * rips.row);
}

/** Gives vertex u a row in the cocycle, its contents undefined. Needs reserve_rows. */
function add_row(rips: Rips, dense: Dense, group: Group, c: usize, u: u32): usize {
  let row = dense.spare;
  if (row) {
    dense.spare = load<usize>(row);
    dense.spares--;
  } else {
    row = take(rips, rips.row);
  }
  store<usize>(row_slot(group, c, u), row);
  set_support(group, u, supports(group, u) | bit(c));
  return row;
}

function remove_row(dense: Dense, group: Group, c: usize, u: u32): void {
  const row = load<usize>(row_slot(group, c, u));
  store<usize>(row, dense.spare);
  dense.spare = row;
  dense.spares++;
  set_support(group, u, supports(group, u) & ~bit(c));
}

/** Sets the bit of vertex w in row u. Needs reserve_rows. */
function set_in_row(rips: Rips, dense: Dense, group: Group, c: usize, u: u32, w: u32): void {
  let row = row_of(dense, group, c, u);
  if (row == dense.empty) {
    row = add_row(rips, dense, group, c, u);
    memory.fill(row, 0, rips.row);
  }
  if (!has_bit(row, w)) flip_bit(row, w);
}

/** Puts the current edge into a cocycle; false if memory is needed. */
function set_edge(rips: Rips, dense: Dense, group: Group, c: usize): bool {
  if (!reserve_rows(rips, dense, 2)) return false;
  const edge = edge_at(rips, rips.rank);
  set_in_row(rips, dense, group, c, first_vertex(edge), second_vertex(edge));
  set_in_row(rips, dense, group, c, second_vertex(edge), first_vertex(edge));
  return true;
}

/** dense.support = the vertices that have a row in the cocycle. */
function find_support(rips: Rips, dense: Dense, group: Group, c: usize): void {
  memory.fill(dense.support, 0, rips.row);
  for (let u = 0; u < rips.n; u++) if (has(supports(group, u), c)) flip_bit(dense.support, u);
}

/** Adds cocycle b, of which find_support has found the vertices, to cocycle c; false, with nothing done, if memory is
 *  needed. */
function add_cocycle(rips: Rips, dense: Dense, to: Group, c: usize, from: Group, b: usize): bool {
  const support = dense.support;
  let missing = 0;
  for (let u = last_member(support, rips.n); u != NONE; u = last_member(support, u)) {
    missing += i32(!has(supports(to, u), c));
  }
  if (!reserve_rows(rips, dense, missing)) return false;
  for (let u = last_member(support, rips.n); u != NONE; u = last_member(support, u)) {
    const source = load<usize>(row_slot(from, b, u));
    if (has(supports(to, u), c)) {
      if (!add_set(load<usize>(row_slot(to, c, u)), source, rips.row)) remove_row(dense, to, c, u);
    } else {
      memory.copy(add_row(rips, dense, to, c, u), source, rips.row);
    }
  }
  return true;
}

/** set = the symmetric difference of it and another. Returns whether it has a member. */
function add_set(set: usize, other: usize, row: usize): bool {
  let any = i64x2.splat(0);
  for (let at: usize = 0; at < row; at += 16) {
    const sum = v128.xor(v128.load(set + at), v128.load(other + at));
    any = v128.or(any, sum);
    v128.store(set + at, sum);
  }
  return v128.any_true(any);
}

function find_root(parent: usize, u: u32): u32 {
  while (true) {
    const up = load<u32>(parent + (<usize>u << 2));
    if (up == u) return u;
    const above = load<u32>(parent + (<usize>up << 2));
    store<u32>(parent + (<usize>u << 2), above);
    u = above;
  }
}

/** The current edge is in no triangle: it merges two components or creates a class. False if memory is needed. */
function connect(rips: Rips, dense: Dense): bool {
  const edge = edge_at(rips, rips.rank);
  const a = find_root(dense.parent, first_vertex(edge));
  const b = find_root(dense.parent, second_vertex(edge));
  if (a != b) {
    const bar = add_bar(rips, 0, NONE);
    if (!bar) return false;
    changetype<Bar>(bar).death = rips.rank;
    store<u32>(dense.parent + (<usize>max(a, b) << 2), min(a, b));
    return true;
  }
  let block = dense.groups;
  while (block && changetype<Group>(block).living == ~0) block = changetype<Group>(block).next;
  if (!block) block = new_group(rips, dense);
  if (!block) return false;
  const group = changetype<Group>(block);
  const c = <usize>ctz(~group.living);
  if (!set_edge(rips, dense, group, c)) return false;
  const bar = add_bar(rips, 1, rips.rank);
  if (!bar) return false;
  store<usize>(group.bar + (c << 2), bar);
  group.living |= bit(c);
  return true;
}

/** Extends the cocycles to the current edge and finds those it disturbs. False if memory is needed; may be repeated. */
function extend(rips: Rips, dense: Dense): bool {
  const edge = edge_at(rips, rips.rank);
  const u = first_vertex(edge);
  const v = second_vertex(edge);
  const common = rips.common;
  const row = rips.row;
  const apex = first_member(common, row);
  dense.disturbed = false;
  for (let block = dense.groups; block; block = changetype<Group>(block).next) {
    const group = changetype<Group>(block);
    group.disturbed = 0;
    for (let classes = supports(group, u) | supports(group, v); classes; classes &= classes - 1) {
      const c = <usize>ctz(classes);
      const a = row_of(dense, group, c, u);
      const b = row_of(dense, group, c, v);
      const odd = odd_of(rips, group, c);
      let any = i64x2.splat(0);
      let other = i64x2.splat(0);
      for (let at: usize = 0; at < row; at += 16) {
        const third = v128.load(common + at);
        const sum = v128.and(v128.xor(v128.load(a + at), v128.load(b + at)), third);
        any = v128.or(any, sum);
        other = v128.or(other, v128.xor(sum, third));
        v128.store(odd + at, sum);
      }
      if (!v128.any_true(any)) continue;
      if (has_bit(odd, apex)) {
        if (!set_edge(rips, dense, group, c)) return false;
        if (!v128.any_true(other)) continue;
        add_set(odd, common, row);
      }
      group.disturbed |= bit(c);
      dense.disturbed = true;
    }
  }
  return true;
}

/** The first vertex whose triangle with the current edge disturbs a class, or NONE. */
function first_odd(rips: Rips, dense: Dense): u32 {
  let first = NONE;
  for (let block = dense.groups; block; block = changetype<Group>(block).next) {
    const group = changetype<Group>(block);
    for (let classes = group.disturbed; classes; classes &= classes - 1) {
      first = min(first, first_member(odd_of(rips, group, <usize>ctz(classes)), rips.row));
    }
  }
  return first;
}

/** Lets the youngest class that the triangle with vertex w disturbs die. False if memory is needed; may be repeated. */
function kill(rips: Rips, dense: Dense, w: u32): bool {
  let dying = changetype<Group>(0);
  let d: usize = 0;
  let youngest: u32 = 0;
  for (let block = dense.groups; block; block = changetype<Group>(block).next) {
    const group = changetype<Group>(block);
    for (let classes = group.disturbed; classes; classes &= classes - 1) {
      const c = <usize>ctz(classes);
      const birth = bar_of(group, c).birth;
      if (birth < youngest || !has_bit(odd_of(rips, group, c), w)) continue;
      youngest = birth;
      dying = group;
      d = c;
    }
  }
  find_support(rips, dense, dying, d);
  const odd = odd_of(rips, dying, d);
  for (let block = dense.groups; block; block = changetype<Group>(block).next) {
    const group = changetype<Group>(block);
    for (let classes = group.disturbed; classes; classes &= classes - 1) {
      const c = <usize>ctz(classes);
      if ((group == dying && c == d) || !has_bit(odd_of(rips, group, c), w)) continue;
      if (!add_cocycle(rips, dense, group, c, dying, d)) return false;
      if (!add_set(odd_of(rips, group, c), odd, rips.row)) group.disturbed &= ~bit(c);
    }
  }
  const bar = bar_of(dying, d);
  bar.death = rips.rank;
  bar.apex = w;
  if (!keep_cocycle(rips, dying, d)) return false;
  for (let u = last_member(dense.support, rips.n); u != NONE; u = last_member(dense.support, u)) {
    remove_row(dense, dying, d, u);
  }
  dying.living &= ~bit(d);
  dying.disturbed &= ~bit(d);
  return true;
}

/** Saves the edges of a cocycle, but for the current one, with its bar if that is asked for. False if memory is needed. */
function keep_cocycle(rips: Rips, group: Group, c: usize): bool {
  const bar = bar_of(group, c);
  if (!rips.keepCocycles || !is_proper(rips, bar)) return true;
  const current = rips.rank < rips.edges ? edge_at(rips, rips.rank) : NONE;
  let room: usize = 0;
  for (let u = 0; u < rips.n; u++) {
    if (has(supports(group, u), c)) room += count_members(load<usize>(row_slot(group, c, u)), rips.row);
  }
  const block = take(rips, 8 + room * 2);
  if (!block) return false;
  let at = block + 8;
  for (let u = 0; u < rips.n; u++) {
    if (!has(supports(group, u), c)) continue;
    const row = load<usize>(row_slot(group, c, u));
    for (let w = u + 1; w < rips.n; w++) {
      const edge = <u32>(u << 16 | w);
      if (!has_bit(row, w) || edge == current) continue;
      store<u32>(at, edge);
      at += 4;
    }
  }
  store<u32>(block, <u32>(at - block - 8) >> 2);
  bar.cocycle = block;
  return true;
}

function count_members(set: usize, row: usize): usize {
  let count: u64 = 0;
  for (let at: usize = 0; at < row; at += 8) count += popcnt(load<u64>(set + at));
  return <usize>count;
}

/** Begins with dimensions 0 and 1. Returns DONE or NEEDS_MEMORY. */
export function rips_dense_start(state: usize): i32 {
  const rips = changetype<Rips>(state);
  const parents = (<usize>rips.n << 2) + 15 & ~15;
  const block = take(rips, (offsetof<Dense>() + 15 & ~15) + parents + 2 * rips.row);
  if (!block) return NEEDS_MEMORY;
  const dense = changetype<Dense>(block);
  dense.parent = block + (offsetof<Dense>() + 15 & ~15);
  dense.empty = dense.parent + parents;
  dense.support = dense.empty + rips.row;
  dense.groups = 0;
  dense.spare = 0;
  dense.spares = 0;
  dense.disturbed = false;
  for (let u = 0; u < rips.n; u++) store<u32>(dense.parent + (<usize>u << 2), u);
  memory.fill(dense.empty, 0, rips.row);
  rips.dense = block;
  rips.rank = 0;
  return DONE;
}

/** Deals with up to `slice` edges. Returns MORE, DONE, or NEEDS_MEMORY: then it goes on where it was after arena_add. */
export function rips_dense_run(state: usize, slice: i32): i32 {
  const rips = changetype<Rips>(state);
  const dense = changetype<Dense>(rips.dense);
  for (; rips.rank < rips.edges; rips.rank++, slice--) {
    if (slice <= 0) return MORE;
    if (!dense.disturbed) {
      const joined = find_common(rips) ? extend(rips, dense) : connect(rips, dense);
      if (!joined) {
        dense.disturbed = false;
        return NEEDS_MEMORY;
      }
    }
    while (dense.disturbed) {
      const w = first_odd(rips, dense);
      if (w == NONE) dense.disturbed = false;
      else if (!kill(rips, dense, w)) return NEEDS_MEMORY;
    }
    flip_edge(rips);
  }
  return finish(rips, dense) ? DONE : NEEDS_MEMORY;
}

/** Adds the components that are left, and keeps the cocycles of classes that are. False if memory is needed. */
function finish(rips: Rips, dense: Dense): bool {
  for (let u = 0; u < rips.n; u++) {
    const parent = dense.parent + (<usize>u << 2);
    if (load<u32>(parent) != u) continue;
    if (!add_bar(rips, 0, NONE)) return false;
    store<u32>(parent, NONE);
  }
  for (let block = dense.groups; block; block = changetype<Group>(block).next) {
    const group = changetype<Group>(block);
    for (; group.living; group.living &= group.living - 1) {
      if (!keep_cocycle(rips, group, <usize>ctz(group.living))) return false;
    }
  }
  return true;
}

/** out[i, j, ...] = the edges of the cocycles of the bars in dimension 1, one cocycle after the other, as i32. */
export function rips_dense_cocycles(out: usize, state: usize): void {
  const rips = changetype<Rips>(state);
  for (let at = first_bar(rips, 1); at; at = changetype<Bar>(at).next) {
    const bar = changetype<Bar>(at);
    if (!is_proper(rips, bar)) continue;
    const size = load<u32>(bar.cocycle);
    for (let i: usize = 0; i < size; i++, out += 8) {
      const edge = load<u32>(bar.cocycle + 8 + (i << 2));
      store<u32>(out, first_vertex(edge));
      store<u32>(out, second_vertex(edge), 4);
    }
  }
}
