// A binary heap of u64, the least first, in which two equal ones cancel: a chain over Z/2 that is being summed up.
import { Arena, take } from "./arena";

export const EMPTY: u64 = ~0;

@unmanaged
export class Heap {
  at: usize; // u64 [room]
  size: usize;
  room: usize;
}

/** Makes room for that many more; false if the arena needs memory. */
export function heap_reserve(arena: Arena, heap: Heap, more: usize): bool {
  if (heap.size + more <= heap.room) return true;
  const room = max<usize>(heap.room * 2, heap.size + more);
  const block = take(arena, room << 3);
  if (!block) return false;
  memory.copy(block, heap.at, heap.size << 3);
  heap.at = block;
  heap.room = room;
  return true;
}

// @ts-ignore: decorator
@inline
function get(heap: Heap, i: usize): u64 {
  return load<u64>(heap.at + (i << 3));
}

// @ts-ignore: decorator
@inline
function set(heap: Heap, i: usize, key: u64): void {
  store<u64>(heap.at + (i << 3), key);
}

/** Adds a key. Needs heap_reserve. */
export function heap_push(heap: Heap, key: u64): void {
  let i = heap.size++;
  while (i > 0) {
    const parent = i - 1 >> 1;
    const above = get(heap, parent);
    if (above <= key) break;
    set(heap, i, above);
    i = parent;
  }
  set(heap, i, key);
}

function remove_least(heap: Heap): u64 {
  const least = get(heap, 0);
  const size = --heap.size;
  const last = get(heap, size);
  let i: usize = 0;
  let child: usize = 1;
  while (child < size) {
    if (child + 1 < size && get(heap, child + 1) < get(heap, child)) child++;
    const key = get(heap, child);
    if (last <= key) break;
    set(heap, i, key);
    i = child;
    child = 2 * i + 1;
  }
  set(heap, i, last);
  return least;
}

/** Removes and returns the least key that is left when equal ones have cancelled, or EMPTY. */
export function heap_pop(heap: Heap): u64 {
  while (heap.size) {
    const key = remove_least(heap);
    if (heap.size == 0 || get(heap, 0) != key) return key;
    remove_least(heap);
  }
  return EMPTY;
}
