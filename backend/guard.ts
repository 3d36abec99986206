// A test mode that shows who writes where nobody should: a canary on either side of every block, and a pattern in what is
// freed and in what is not yet written, which as float32 is NaN.

import { memoryViews } from "./wasm";

/** Bytes before and after a guarded block. */
export const MARGIN = 64;
const CANARY = 0xa5;
const POISON = 0xff;

/** What a guarded block is known by. */
export interface Guarded {
  readonly bytes: number;
  /** Address of the first byte after the canary in front. */
  readonly start: number;
}

const alive = new Set<Guarded>();
let on = false;

/** True once guardMemory() was called. */
export function isGuarding(): boolean {
  return on;
}

/** Guards every block from now on. Call it before the first tensor. */
export function guardMemory(): void {
  on = true;
}

/** Surrounds a new block. */
export function surround(block: Guarded): void {
  const { u8 } = memoryViews();
  const { start, bytes } = block;
  u8.fill(CANARY, start - MARGIN, start);
  u8.fill(POISON, start, start + bytes);
  u8.fill(CANARY, start + bytes, start + bytes + MARGIN);
  alive.add(block);
}

function check({ start, bytes }: Guarded): void {
  const { u8 } = memoryViews();
  for (let i = 1; i <= MARGIN; i++) {
    const [before, after] = [u8[start - i] === CANARY, u8[start + bytes + i - 1] === CANARY];
    if (before && after) continue;
    throw new Error(
      `guard: somebody wrote ${i} bytes ${before ? "behind" : "in front of"} a block of ${bytes} bytes`,
    );
  }
}

/** Checks the canaries of a block that is freed, and poisons it. */
export function dissolve(block: Guarded): void {
  alive.delete(block);
  check(block);
  memoryViews().u8.fill(POISON, block.start, block.start + block.bytes);
}

/** Throws an Error if the canary of any block was overwritten. */
export function checkGuards(): void {
  for (const block of alive) check(block);
}
