// The exact bottleneck distance between persistence diagrams, Chebyshev (L-infinity) ground metric.
//
// A radius r is feasible if all points farther than r from the diagonal can be matched within r. By the
// theorem of Mendelsohn and Dulmage (1958) the two diagrams may be asked one after the other: a matching
// that covers these points of one diagram and a matching that covers those of the other combine into one
// that covers both. Each question is answered by the algorithm of Hopcroft and Karp (1973) on rows of bits,
// and bisection closes in on the least feasible radius. It is always a coordinate difference or half a bar,
// so after each question both ends move on to such a value.
import { bar_pair_bytes, birth_gap, birth_of, death_of, sort_pair } from "./diagram";
import { f64At, i32At, set_i32 } from "../array/elements";

const NONE = -1;

/** One diagram: f64 coordinates sorted by birth, padded to 64 points that are infinitely far away. */
@unmanaged class Points {
  count: i32;
  birth: usize;
  death: usize;
}

/** The state of the bisection, and the matching problem at one radius. */
@unmanaged class Matching {
  low: f64; // no radius below is feasible
  high: f64; // this radius is
  below: f64; // the greatest candidate up to the radius, at least low
  above: f64; // the least candidate beyond the radius, at most high
  rows: i32;
  words: i32; // of 64 columns
  near: usize; // u64 [rows][words]: columns within the radius
  layers: usize; // u64 [layers][words]: columns first reached in a layer and not used up since
  unseen: usize; // u64 [words]: columns not reached in any layer
  row_column: usize; // i32
  column_row: usize; // i32
  queue: usize; // i32: rows, layer by layer
  path_row: usize; // i32
  path_column: usize; // i32
}

@inline function birth_at(points: Points, i: i32): f64 {
  return f64At(points.birth, i);
}

@inline function death_at(points: Points, i: i32): f64 {
  return f64At(points.death, i);
}

@inline function to_diagonal(points: Points, i: i32): f64 {
  return 0.5 * abs(death_at(points, i) - birth_at(points, i));
}

/** Index of the first point that is born no more than `radius` before `birth`. */
function first_born_within(points: Points, birth: f64, radius: f64): i32 {
  let low = 0;
  let high = points.count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (birth - birth_at(points, middle) > radius) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The radius that the worst-placed point needs even if it had the other diagram to itself. */
function lower_bound(from: Points, to: Points): f64 {
  let bound: f64 = 0;
  for (let i = 0; i < from.count; i++) {
    const birth = birth_at(from, i);
    const death = death_at(from, i);
    let least = to_diagonal(from, i);
    const start = first_born_within(to, birth, 0);
    for (let j = start; j < to.count && birth_at(to, j) - birth < least; j++) {
      least = min(least, max(birth_at(to, j) - birth, abs(death_at(to, j) - death)));
    }
    for (let j = start - 1; j >= 0 && birth - birth_at(to, j) < least; j--) {
      least = min(least, max(birth - birth_at(to, j), abs(death_at(to, j) - death)));
    }
    bound = max(bound, least);
  }
  return bound;
}

/** Finds who is within `radius` of points that cannot go to the diagonal, and the candidates next to it. */
function find_near(at: Matching, from: Points, to: Points, radius: f64): void {
  const radii = f64x2.splat(radius);
  const infinity = f64x2.splat(Infinity);
  let below = f64x2.splat(at.below);
  let above = f64x2.splat(at.above);
  const words = (to.count + 63) >> 6;
  at.words = words;
  at.rows = 0;
  for (let i = 0; i < from.count; i++) {
    const diagonal = to_diagonal(from, i);
    if (diagonal <= at.low) continue;
    const birth = f64x2.splat(birth_at(from, i));
    const death = f64x2.splat(death_at(from, i));
    const row = at.near + (<usize>(at.rows * words) << 3);
    memory.fill(row, 0, <usize>words << 3);
    for (let word = first_born_within(to, birth_at(from, i), at.high) >> 6; word < words; word++) {
      if (birth_at(to, word << 6) - birth_at(from, i) > at.high) break;
      const births = to.birth + (<usize>word << 9);
      const deaths = to.death + (<usize>word << 9);
      let bits: u64 = 0;
      for (let k: usize = 0; k < 64; k += 2) {
        const dx = f64x2.abs(f64x2.sub(v128.load(births + (k << 3)), birth));
        const dy = f64x2.abs(f64x2.sub(v128.load(deaths + (k << 3)), death));
        const distance = f64x2.pmax(dx, dy);
        const near = f64x2.le(distance, radii);
        bits |= <u64>i64x2.bitmask(near) << k;
        below = f64x2.pmax(below, v128.and(distance, near));
        above = f64x2.pmin(above, v128.bitselect(infinity, distance, near));
      }
      store<u64>(row + (<usize>word << 3), bits);
    }
    if (diagonal > radius) {
      at.rows++;
      above = f64x2.pmin(above, f64x2.splat(diagonal));
    } else {
      below = f64x2.pmax(below, f64x2.splat(diagonal));
    }
  }
  at.below = max(f64x2.extract_lane(below, 0), f64x2.extract_lane(below, 1));
  at.above = min(f64x2.extract_lane(above, 0), f64x2.extract_lane(above, 1));
}

/** Layers the columns by the shortest alternating path; returns how many layers, 0 if no path is left. */
function layer(at: Matching): i32 {
  const bytes = <usize>at.words << 3;
  let end = 0;
  for (let i = 0; i < at.rows; i++) {
    if (i32At(at.row_column, i) == NONE) set_i32(at.queue, end++, i);
  }
  memory.fill(at.unseen, 0xff, bytes);
  let start = 0;
  let found = false;
  let layers = 0;
  while (!found && start < end) {
    const reached = at.layers + bytes * <usize>layers;
    layers++;
    memory.fill(reached, 0, bytes);
    for (const stop = end; start < stop; start++) {
      const near = at.near + bytes * <usize>i32At(at.queue, start);
      for (let word: usize = 0; word < bytes; word += 8) {
        let bits = load<u64>(near + word) & load<u64>(at.unseen + word);
        if (bits == 0) continue;
        store<u64>(at.unseen + word, load<u64>(at.unseen + word) & ~bits);
        store<u64>(reached + word, load<u64>(reached + word) | bits);
        for (; bits != 0; bits &= bits - 1) {
          const row = i32At(at.column_row, <i32>(word << 3) + <i32>ctz(bits));
          if (row == NONE) found = true;
          else set_i32(at.queue, end++, row);
        }
      }
    }
  }
  return found ? layers : 0;
}

/** Takes a column out of a layer that is near a row, or NONE. */
function take_column(at: Matching, row: i32, layer: i32): i32 {
  const bytes = <usize>at.words << 3;
  const near = at.near + bytes * <usize>row;
  const left = at.layers + bytes * <usize>layer;
  for (let word: usize = 0; word < bytes; word += 8) {
    const bits = load<u64>(near + word) & load<u64>(left + word);
    if (bits == 0) continue;
    store<u64>(left + word, load<u64>(left + word) & ~(bits & -bits));
    return <i32>(word << 3) + <i32>ctz(bits);
  }
  return NONE;
}

/** Depth first through the layers to a free column; flips the path if there is one. */
function augment(at: Matching, root: i32, layers: i32): bool {
  set_i32(at.path_row, 0, root);
  let depth = 0;
  while (depth >= 0) {
    const column = take_column(at, i32At(at.path_row, depth), depth);
    if (column == NONE) {
      depth--;
      continue;
    }
    set_i32(at.path_column, depth, column);
    const next = i32At(at.column_row, column);
    if (next == NONE) {
      for (; depth >= 0; depth--) {
        set_i32(at.row_column, i32At(at.path_row, depth), i32At(at.path_column, depth));
        set_i32(at.column_row, i32At(at.path_column, depth), i32At(at.path_row, depth));
      }
      return true;
    }
    if (depth + 1 < layers) set_i32(at.path_row, ++depth, next);
  }
  return false;
}

/** Whether every point of `from` farther than `radius` from the diagonal can be matched within it. */
function covers(at: Matching, from: Points, to: Points, radius: f64): bool {
  find_near(at, from, to, radius);
  memory.fill(at.row_column, 0xff, <usize>at.rows << 2);
  memory.fill(at.column_row, 0xff, <usize>to.count << 2);
  let free = at.rows;
  while (free > 0) {
    const layers = layer(at);
    if (layers == 0) return false;
    for (let i = 0; i < at.rows; i++) {
      if (i32At(at.row_column, i) == NONE && augment(at, i, layers)) free--;
    }
  }
  return true;
}

/** The least radius, at least `floor`, at which every point of `from` is matched or near the diagonal. */
function least_radius(at: Matching, from: Points, to: Points, floor: f64): f64 {
  at.low = max(floor, lower_bound(from, to));
  at.high = 0;
  for (let i = 0; i < from.count; i++) at.high = max(at.high, to_diagonal(from, i));
  let radius = at.low; // most often feasible
  while (at.low < at.high) {
    at.below = at.low;
    at.above = at.high;
    if (covers(at, from, to, radius)) at.high = at.below;
    else at.low = at.above;
    // Halfway in the order of float64: no more than 64 steps, whatever the values.
    radius = reinterpret<f64>((reinterpret<u64>(at.low) + reinterpret<u64>(at.high)) >> 1);
  }
  return at.low;
}

@inline function padded_bytes(count: i32): usize {
  return <usize>((count + 63) & ~63) << 3;
}

/** Turns sorted bars into points at `to` and returns the end of the memory they take. */
function lay_out_points(points: Points, bars: usize, count: i32, to: usize): usize {
  const bytes = padded_bytes(count);
  points.count = count;
  points.birth = to;
  points.death = to + bytes;
  for (let i: usize = 0; i < bytes; i += 8) {
    const inside = i < <usize>count << 3;
    store<f64>(points.birth + i, inside ? birth_of(load<u64>(bars + i)) : Infinity);
    store<f64>(points.death + i, inside ? death_of(load<u64>(bars + i)) : Infinity);
  }
  return to + 2 * bytes;
}

/** Carves the arrays of the matching between at most n and m points out of the memory at `to`. */
function lay_out_matching(at: Matching, n: i32, m: i32, to: usize): void {
  const bits = max(<usize>n * (padded_bytes(m) >> 6), <usize>m * (padded_bytes(n) >> 6));
  const column = padded_bytes(max(n, m)) >> 1;
  at.near = to;
  at.layers = at.near + bits;
  at.unseen = at.layers + bits;
  at.row_column = at.unseen + column;
  at.column_row = at.row_column + column;
  at.queue = at.column_row + column;
  at.path_row = at.queue + column;
  at.path_column = at.path_row + column;
}

const HEADER: usize = (offsetof<Matching>() + 2 * offsetof<Points>() + 15) & ~15;

/** Scratch of `bottleneck_f32`, in bytes: n m / 4 and O(n + m). It may pass 4 GiB, hence float64. */
export function bottleneck_scratch_bytes(n: i32, m: i32): f64 {
  const bits = max(<f64>n * <f64>(padded_bytes(m) >> 6), <f64>m * <f64>(padded_bytes(n) >> 6));
  const points: usize = 2 * (padded_bytes(n) + padded_bytes(m));
  return 2 * bits + <f64>(bar_pair_bytes(n, m) + HEADER + points + 3 * padded_bytes(max(n, m)));
}

/**
 * The bottleneck distance between two diagrams of n and m bars ([birth, death] pairs of float32), L-infinity
 * ground metric. Bars of length 0 count for nothing. Infinite bars are matched by the rank of their births;
 * different numbers of them give Infinity.
 */
export function bottleneck_f32(a: usize, n: i32, b: usize, m: i32, scratch: usize): f64 {
  const pair = sort_pair(a, n, b, m, scratch);
  if (pair.infinite < 0) return Infinity;
  let radius: f64 = 0;
  for (let i = 0; i < pair.infinite; i++) radius = max(radius, birth_gap(pair, i));
  if (pair.equal) return radius;

  const at = changetype<Matching>(pair.end);
  const points_a = changetype<Points>(pair.end + offsetof<Matching>());
  const points_b = changetype<Points>(pair.end + offsetof<Matching>() + offsetof<Points>());
  let end = lay_out_points(points_a, pair.a, pair.n, pair.end + HEADER);
  end = lay_out_points(points_b, pair.b, pair.m, end);
  lay_out_matching(at, pair.n, pair.m, end);
  radius = least_radius(at, points_a, points_b, radius);
  return least_radius(at, points_b, points_a, radius);
}
