// Memory for kernels that cannot tell beforehand how much they need: they work in slices, and ask (kernels/topology/arena.ts).

import { formatBytes, OutOfMemoryError } from "./errors";
import { Storage } from "./storage";
import { kernels } from "./wasm";

/** What such a kernel returns. */
const DONE = 1;
const NEEDS_MEMORY = 2;

/** Blocks are at least this large, and half of what is held already. */
const LEAST_BLOCK = 2 ** 18;

export class Workspace {
  /** Bytes held. */
  bytes = 0;
  private readonly blocks: Storage[] = [];

  constructor(
    private readonly operation: string,
    private readonly limit: number,
  ) {}

  /** Address of a new block, 64-byte aligned. Throws an OutOfMemoryError with the total when that is above the limit. */
  allocate(bytes: number): number {
    const total = this.bytes + bytes;
    if (total > this.limit) {
      throw new OutOfMemoryError(
        `${this.operation}: at least ${formatBytes(total)} needed, limit ${formatBytes(this.limit)}`,
      );
    }
    const block = new Storage(bytes);
    this.blocks.push(block);
    this.bytes = total;
    return block.ptr;
  }

  /**
   * Calls a kernel that works in the arena at `state` until it is done, and adds blocks as it asks for them. `between`
   * is called between slices.
   */
  run(state: number, slice: () => number, between: () => void = () => {}): void {
    for (let status = slice(); status !== DONE; status = slice()) {
      if (status === NEEDS_MEMORY) this.grow(state);
      else between();
    }
  }

  private grow(state: number): void {
    // Sizes come out of WebAssembly signed.
    const needed = kernels().arena_needed(state) >>> 0;
    const wanted = Math.max(needed, LEAST_BLOCK, this.bytes >>> 1);
    const bytes = Math.max(needed, Math.min(wanted, this.limit - this.bytes));
    kernels().arena_add(state, this.allocate(bytes), bytes);
  }

  release(): void {
    for (const block of this.blocks) block.release();
    this.blocks.length = 0;
    this.bytes = 0;
  }
}

/** Runs `use` with a workspace that is given back at the end. `limit` in bytes; `operation` is what errors name. */
export function withWorkspace<T>(operation: string, limit: number, use: (workspace: Workspace) => T): T {
  const workspace = new Workspace(operation, limit);
  try {
    return use(workspace);
  } finally {
    workspace.release();
  }
}
