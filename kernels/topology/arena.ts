// A workspace of unknown size: the host adds blocks when a kernel reports that it needs more memory. Blocks
// are only carved from the front and never given back one by one; the host frees all of them at the end.

/** Opens the state of every kernel family that works in an arena. */
@unmanaged
export class Arena {
  free: usize;
  end: usize;
  /** Bytes asked for when the last request failed. */
  needed: usize;
}

/** What a kernel that works in slices returns. */
export const MORE: i32 = 0;
export const DONE: i32 = 1;
export const NEEDS_MEMORY: i32 = 2;

/** Whether that many bytes can be taken. */
export function has_room(arena: Arena, bytes: usize): bool {
  bytes = (bytes + 15) & ~15; // blocks are of whole vectors, those of the host too
  if (bytes <= arena.end - arena.free) return true;
  arena.needed = bytes;
  return false;
}

/** A block of uninitialised bytes, aligned to 16, or 0 if the arena needs memory first. */
export function take(arena: Arena, bytes: usize): usize {
  bytes = (bytes + 15) & ~15;
  if (!has_room(arena, bytes)) return 0;
  const block = arena.free;
  arena.free += bytes;
  return block;
}

/** Goes on with a new block of at least arena_needed bytes, 16-byte aligned; what is left of the old one is
 *  lost. */
export function arena_add(state: usize, block: usize, bytes: usize): void {
  const arena = changetype<Arena>(state);
  arena.free = block;
  arena.end = block + (bytes & ~15);
}

/** Least size of the block that lets a kernel go on after it has returned NEEDS_MEMORY (2). */
export function arena_needed(state: usize): usize {
  return changetype<Arena>(state).needed;
}
