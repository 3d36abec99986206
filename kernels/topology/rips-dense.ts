// Vietoris-Rips persistence in dimensions 0 and 1 over Z/2: persistent cohomology in the order of the
// filtration (de Silva, Morozov & Vejdemo-Johansson, "Persistent cohomology and circular coordinates", 2011;
// Dey, Fan & Wang, "Computing topological persistence for simplicial maps", 2014).
//
// Every living class of H1 is kept as a cocycle, a set of edges that each triangle so far meets an even
// number of times (rips-cocycles.ts): row u of it holds the vertices w for which the edge uw is in the
// cocycle. When an edge uv enters, its triangles are those with the vertices w that are adjacent to both
// ends, and the sum of rows u and v shows at once which of them the cocycle meets an odd number of times. So
// no triangle is ever stored.
//
// - No such w, and two components: they merge, and uv belongs to no cocycle.
// - No such w otherwise: a class is born, with the cocycle {uv}.
// - Else the first triangle kills the class of uv at once: uv joins each cocycle that met this triangle an
//   odd number of times. Cocycles that still meet other triangles an odd number of times are disturbed by
//   them. The youngest class that a triangle disturbs dies, and its cocycle is added to the others that it
//   disturbs.
//
// Triangles with the same longest edge are in the order of their third vertex.
import { DONE, MORE, NEEDS_MEMORY, take } from "./arena";
import {
  Bar, Rips, add_bar, edge_at, find_common, first_bar, first_vertex, flip_edge, is_proper, second_vertex,
} from "./rips";
import {
  Cocycles, Group, add_cocycle, bar_of, bit, find_support, has, new_group, odd_of, remove_row, row_of,
  row_slot, set_edge, supports,
} from "./rips-cocycles";
import { NONE, add_set, count_members, first_member, has_bit, last_member } from "./vertex-set";

@unmanaged
class Dense extends Cocycles {
  parent: usize; // u32 [n]: forest of the components
  disturbed: bool; // whether the current edge disturbs cocycles that have not been dealt with
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

/** The current edge is in no triangle: it merges two components or creates a class. False if memory is
 *  needed. */
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

/** Extends the cocycles to the current edge and finds those it disturbs. False if memory is needed; may be
 *  repeated. */
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

/** Lets the youngest class that the triangle with vertex w disturbs die. False if memory is needed; may be
 *  repeated. */
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

/** Saves the edges of a cocycle with its bar, if that is asked for. False if memory is needed. */
function keep_cocycle(rips: Rips, group: Group, c: usize): bool {
  const bar = bar_of(group, c);
  if (!rips.keep_cocycles || !is_proper(rips, bar)) return true;
  let ends: usize = 0;
  for (let u = 0; u < rips.n; u++) {
    if (has(supports(group, u), c)) ends += count_members(load<usize>(row_slot(group, c, u)), rips.row);
  }
  const block = take(rips, 8 + 4 * (ends >> 1));
  if (!block) return false;
  store<usize>(block, ends >> 1);
  let at = block + 8;
  for (let u = 0; u < rips.n; u++) {
    if (!has(supports(group, u), c)) continue;
    const row = load<usize>(row_slot(group, c, u));
    for (let w = u + 1; w < rips.n; w++) {
      if (!has_bit(row, w)) continue;
      store<u32>(at, u << 16 | w);
      at += 4;
    }
  }
  bar.cocycle = block;
  return true;
}

/** Begins with dimensions 0 and 1. Returns DONE or NEEDS_MEMORY. */
export function rips_dense_start(state: usize): i32 {
  const rips = changetype<Rips>(state);
  const parents = (<usize>rips.n << 2) + 15 & ~15;
  const block = take(rips, (offsetof<Dense>() + 15 & ~15) + parents + 2 * rips.row);
  if (!block) return NEEDS_MEMORY;
  memory.fill(block, 0, offsetof<Dense>());
  const dense = changetype<Dense>(block);
  dense.parent = block + (offsetof<Dense>() + 15 & ~15);
  dense.empty = dense.parent + parents;
  dense.support = dense.empty + rips.row;
  for (let u = 0; u < rips.n; u++) store<u32>(dense.parent + (<usize>u << 2), u);
  memory.fill(dense.empty, 0, rips.row);
  rips.dense = block;
  rips.rank = 0;
  return DONE;
}

/** Deals with up to `slice` edges. Returns MORE, DONE, or NEEDS_MEMORY: then it goes on where it was after
 *  arena_add. */
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

/** Adds the components that are left, and keeps the cocycles of classes that are. False if memory is
 *  needed. */
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

/** out[i, j, ...] = the edges of the cocycles of the bars in dimension 1, one cocycle after the other, as
 *  i32. */
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
