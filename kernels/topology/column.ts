// A column of the coboundary matrix that is being reduced: simplices, each with the first of its cofacets
// whose turn has not come, in a binary heap by that cofacet. Cofacets are made one by one, as most of them
// never matter.
import { Arena, take } from "./arena";

/** No simplex; it comes after all others. */
export const EMPTY: u64 = ~0;

@unmanaged
export class Column {
  entries: usize; // [room]
  room: usize;
  size: usize; // entries of the heap come first,
  end: usize; // then those that have been taken out
}

@unmanaged
export class Entry {
  cofacet: u64;
  simplex: u64;
}

@inline
function entry_at(column: Column, i: usize): Entry {
  return changetype<Entry>(column.entries + i * offsetof<Entry>());
}

@inline
function move(column: Column, to: usize, from: usize): void {
  const entry = entry_at(column, from);
  set(column, to, entry.cofacet, entry.simplex);
}

@inline
function set(column: Column, i: usize, cofacet: u64, simplex: u64): void {
  const entry = entry_at(column, i);
  entry.cofacet = cofacet;
  entry.simplex = simplex;
}

/** Equal cofacets are in the order of their simplices, so that equal simplices meet. */
@inline
function precedes(entry: Entry, cofacet: u64, simplex: u64): bool {
  return entry.cofacet < cofacet || (entry.cofacet == cofacet && entry.simplex < simplex);
}

/** Makes room for that many more entries; false if the arena needs memory. */
export function column_reserve(arena: Arena, column: Column, more: usize): bool {
  if (column.end + more <= column.room) return true;
  const room = max<usize>(column.room * 2, column.end + more);
  const block = take(arena, room * offsetof<Entry>());
  if (!block) return false;
  memory.copy(block, column.entries, column.end * offsetof<Entry>());
  column.entries = block;
  column.room = room;
  return true;
}

/** Adds an entry. Nothing may be taken out, and column_reserve is needed. */
export function column_push(column: Column, cofacet: u64, simplex: u64): void {
  column.end++;
  sift_up(column, cofacet, simplex);
}

/** Puts the entry that was taken out last back into the heap, with this cofacet. */
export function column_put_back(column: Column, cofacet: u64): void {
  sift_up(column, cofacet, taken(column).simplex);
}

function sift_up(column: Column, cofacet: u64, simplex: u64): void {
  let i = column.size++;
  while (i > 0) {
    const parent = i - 1 >> 1;
    if (precedes(entry_at(column, parent), cofacet, simplex)) break;
    move(column, i, parent);
    i = parent;
  }
  set(column, i, cofacet, simplex);
}

/** The entry that was taken out last. */
@inline
export function taken(column: Column): Entry {
  return entry_at(column, column.size);
}

@inline
export function taken_count(column: Column): usize {
  return column.end - column.size;
}

/** Forgets one of the entries that have been taken out; returns its simplex. */
@inline
export function column_drop(column: Column): u64 {
  return entry_at(column, --column.end).simplex;
}

/** Takes out the least entry. */
function take_out(column: Column): void {
  const size = --column.size;
  const last = entry_at(column, size);
  const cofacet = last.cofacet;
  const simplex = last.simplex;
  move(column, size, 0);
  let i: usize = 0;
  let child: usize = 1;
  while (child < size) {
    if (child + 1 < size) {
      const left = entry_at(column, child);
      if (precedes(entry_at(column, child + 1), left.cofacet, left.simplex)) child++;
    }
    if (!precedes(entry_at(column, child), cofacet, simplex)) break;
    move(column, i, child);
    i = child;
    child = 2 * i + 1;
  }
  if (size > 0) set(column, i, cofacet, simplex);
}

/** The least cofacet, or EMPTY if there is none. */
@inline
export function column_least(column: Column): u64 {
  return column.size ? entry_at(column, 0).cofacet : EMPTY;
}

/** Takes out all entries with the least cofacet. Equal simplices among them cancel. */
export function column_take(column: Column): void {
  const cofacet = column_least(column);
  while (column.size && entry_at(column, 0).cofacet == cofacet) {
    take_out(column);
    const last = column.size;
    if (taken_count(column) > 1 && entry_at(column, last).simplex == entry_at(column, last + 1).simplex) {
      move(column, last, column.end - 1);
      move(column, last + 1, column.end - 2);
      column.end -= 2;
    }
  }
}
