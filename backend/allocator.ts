// Memory of the tensors: one range of addresses, cut into blocks that are split on allocation and merged on release.
// Free blocks hang in bins by size, eight bins to a power of two (two-level segregated fit), so finding one and giving
// one back take constant time, and a training loop that asks for the same sizes again gets the same blocks.

import { growMemory, HEAP_BASE, memoryLimit } from "./wasm";

/** Cache line, and the alignment of every block. */
const ALIGNMENT = 64;
const BINS_PER_OCTAVE = 8;
const BINS = 32 * BINS_PER_OCTAVE;

/** A piece of the address range, linked to its neighbours by address and, while free, within its bin. */
export class Block {
  free = false;
  before: Block | null = null;
  after: Block | null = null;
  previousInBin: Block | null = null;
  nextInBin: Block | null = null;

  constructor(
    readonly start: number,
    public size: number,
  ) {}
}

/** The bin that holds free blocks of this size: the bin's smallest size is at most `size`. */
function binOf(size: number): number {
  const units = size / ALIGNMENT;
  if (units < BINS_PER_OCTAVE) return units;
  const octave = 31 - Math.clz32(units);
  const step = (units >>> (octave - 3)) - BINS_PER_OCTAVE;
  return (octave - 2) * BINS_PER_OCTAVE + step;
}

export class Allocator {
  private readonly bins: (Block | null)[] = new Array(BINS).fill(null);
  private last: Block | null = null;
  private end = HEAP_BASE;
  /** Bytes in blocks that are not free. */
  bytesInUse = 0;

  /** A block of at least `bytes`, 64-byte aligned; null when the memory cannot grow enough. */
  allocate(bytes: number): Block | null {
    const size = Math.max(ALIGNMENT, Math.ceil(bytes / ALIGNMENT) * ALIGNMENT);
    // Bins are numbered by 32-bit integers.
    if (size > memoryLimit()) return null;
    const block = this.take(size) ?? this.extend(size);
    if (block === null) return null;
    block.free = false;
    if (block.size > size) this.split(block, size);
    this.bytesInUse += block.size;
    return block;
  }

  release(block: Block): void {
    this.bytesInUse -= block.size;
    let merged = block;
    if (block.before?.free) {
      merged = block.before;
      this.unlink(merged);
      this.absorbAfter(merged);
    }
    if (merged.after?.free) {
      this.unlink(merged.after);
      this.absorbAfter(merged);
    }
    this.link(merged);
  }

  private take(size: number): Block | null {
    // In the size's own bin a block may be too small; any block of a later bin fits.
    const bin = binOf(size);
    for (let block = this.bins[bin]; block !== null; block = block.nextInBin) {
      if (block.size >= size) {
        this.unlink(block);
        return block;
      }
    }
    for (let later = bin + 1; later < BINS; later++) {
      const block = this.bins[later];
      if (block !== null) {
        this.unlink(block);
        return block;
      }
    }
    return null;
  }

  /** New room at the end of the range, together with a free block that already lies there. */
  private extend(size: number): Block | null {
    const tail = this.last?.free ? this.last : null;
    const start = tail === null ? this.end : tail.start;
    if (start + size > memoryLimit() || !growMemory(start + size)) return null;
    this.end = start + size;
    if (tail !== null) {
      this.unlink(tail);
      tail.size = size;
      return tail;
    }
    const block = new Block(start, size);
    block.before = this.last;
    if (this.last !== null) this.last.after = block;
    this.last = block;
    return block;
  }

  private split(block: Block, size: number): void {
    const rest = new Block(block.start + size, block.size - size);
    block.size = size;
    rest.before = block;
    rest.after = block.after;
    if (rest.after === null) this.last = rest;
    else rest.after.before = rest;
    block.after = rest;
    this.link(rest);
  }

  private absorbAfter(block: Block): void {
    const gone = block.after as Block;
    block.size += gone.size;
    block.after = gone.after;
    if (block.after === null) this.last = block;
    else block.after.before = block;
  }

  private link(block: Block): void {
    const bin = binOf(block.size);
    block.free = true;
    block.previousInBin = null;
    block.nextInBin = this.bins[bin];
    if (block.nextInBin !== null) block.nextInBin.previousInBin = block;
    this.bins[bin] = block;
  }

  private unlink(block: Block): void {
    if (block.previousInBin === null) this.bins[binOf(block.size)] = block.nextInBin;
    else block.previousInBin.nextInBin = block.nextInBin;
    if (block.nextInBin !== null) block.nextInBin.previousInBin = block.previousInBin;
    block.previousInBin = null;
    block.nextInBin = null;
    block.free = false;
  }
}
