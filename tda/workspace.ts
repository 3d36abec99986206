// Memory for kernels that cannot tell beforehand how much they need (kernels/arena.ts).

/** The part of the runtime that {@link Workspace} stands on. */
export interface KernelHost<Exports extends ArenaExports> {
  memory: WebAssembly.Memory;
  exports: Exports;
  /** Address of a block aligned to 16 bytes; throws when there is no memory. */
  alloc(bytes: number): number;
  free(address: number): void;
}

/** Kernels of the arena. */
export interface ArenaExports {
  arena_add(state: number, block: number, bytes: number): void;
  arena_needed(state: number): number;
}

/** What kernels that work in an arena return. */
export const Status = { More: 0, Done: 1, NeedsMemory: 2 } as const;

const LEAST_GROWTH = 2 ** 20;

/** Blocks that are freed together, up to a limit. */
export class Workspace<Exports extends ArenaExports> {
  /** Bytes taken from the runtime. */
  bytes = 0;
  private readonly blocks: number[] = [];

  /** `name` begins the error messages. */
  constructor(
    readonly name: string,
    readonly host: KernelHost<Exports>,
    private readonly maxBytes: number,
  ) {}

  alloc(size: number): number {
    const bytes = Math.max(size, 16);
    if (this.bytes + bytes > this.maxBytes) {
      throw new RangeError(
        `${this.name}: ${this.bytes + bytes} bytes are needed and more may follow; maxBytes is ${this.maxBytes}`,
      );
    }
    const address = this.host.alloc(bytes);
    this.blocks.push(address);
    this.bytes += bytes;
    return address;
  }

  /** Repeats a kernel until it needs no more memory; returns its status. */
  supply(state: number, kernel: () => number): number {
    const { arena_add, arena_needed } = this.host.exports;
    for (;;) {
      const status = kernel();
      if (status !== Status.NeedsMemory) return status;
      const needed = arena_needed(state) >>> 0;
      const wanted = Math.max(needed, this.bytes >>> 1, LEAST_GROWTH);
      const bytes = Math.max(needed, Math.min(wanted, this.maxBytes - this.bytes));
      arena_add(state, this.alloc(bytes), bytes);
    }
  }

  /** A copy of float32 values in the memory. */
  copyIn(values: Float32Array | Int32Array): number {
    const address = this.alloc(values.byteLength + 16);
    const target = new (values.constructor as typeof Int32Array)(
      this.host.memory.buffer,
      address,
      values.length,
    );
    target.set(values);
    return address;
  }

  readF32(address: number, length: number): Float32Array {
    return new Float32Array(this.host.memory.buffer, address, length).slice();
  }

  readI32(address: number, length: number): Int32Array {
    return new Int32Array(this.host.memory.buffer, address, length).slice();
  }

  free(): void {
    for (const address of this.blocks) this.host.free(address);
    this.blocks.length = 0;
    this.bytes = 0;
  }
}
