// Reference-counted blocks of the WebAssembly memory.

import { Allocator, type Block } from "./allocator";
import { FreedTensorError, formatBytes, OutOfMemoryError } from "./errors";
import { dissolve, isGuarding, MARGIN, surround } from "./guard";
import { memoryLimit } from "./wasm";

const allocator = new Allocator();
let storagesInUse = 0;
let marginsInUse = 0;

/** Bytes of tensor data, shared by a tensor, its views and the graph nodes that saved it. */
export class Storage {
  private readonly block: Block;
  /** @internal Address of the first byte, whether the storage lives or not. */
  readonly start: number;
  private readonly guarded: boolean;
  private references = 1;
  /** Counts writes in place, so that backward can refuse a value that has changed since it was saved. */
  version = 0;

  constructor(readonly bytes: number) {
    this.guarded = isGuarding();
    const block = allocator.allocate(this.guarded ? bytes + 2 * MARGIN : bytes);
    if (block === null) {
      throw new OutOfMemoryError(
        `out of memory: ${formatBytes(bytes)} asked for, ${formatBytes(allocator.bytesInUse)} in use by ` +
          `${storagesInUse} tensors, limit ${formatBytes(memoryLimit())}. In a loop of your own, wrap the loop body in scope()`,
      );
    }
    this.block = block;
    this.start = block.start;
    storagesInUse++;
    if (this.guarded) {
      this.start += MARGIN;
      marginsInUse += 2 * MARGIN;
      surround(this);
    }
  }

  /** Byte address. Throws once the last reference is gone: nobody reads or writes a block that is somebody else's. */
  get ptr(): number {
    if (this.references === 0) {
      throw new FreedTensorError(
        "a tensor was used after its memory was freed. Call keep() on what must live longer",
      );
    }
    return this.start;
  }

  get shared(): boolean {
    return this.references > 1;
  }

  retain(): void {
    this.references++;
  }

  release(): void {
    if (--this.references === 0) {
      storagesInUse--;
      if (this.guarded) {
        marginsInUse -= 2 * MARGIN;
        dissolve(this);
      }
      allocator.release(this.block);
    }
  }
}

/** Bytes in blocks that somebody holds. */
export function bytesInUse(): number {
  return allocator.bytesInUse - marginsInUse;
}
