// Loads the compiled kernels without the tensor core: a bump allocator and typed views are all a kernel test needs.
import { readFileSync } from "node:fs";
import { instantiateSync } from "@assemblyscript/loader";
import type { instantiate } from "../../build/kernels.js";

export type KernelExports = Awaited<ReturnType<typeof instantiate>>;

export class Harness {
  readonly memory: WebAssembly.Memory;
  readonly k: KernelExports;
  private top = 65536;

  constructor(file = "build/kernels.wasm", pages = 2048) {
    this.memory = new WebAssembly.Memory({ initial: pages });
    const wasm = instantiateSync(readFileSync(file), { env: { memory: this.memory } });
    this.k = wasm.exports as unknown as KernelExports;
  }

  /** Frees everything that was allocated. */
  reset(): void {
    this.top = 65536;
  }

  /** A 64-byte aligned block, filled with a bit pattern (NaN as float32) so that unwritten output shows. */
  alloc(bytes: number): number {
    const ptr = this.top;
    this.top = (ptr + bytes + 127) & ~63;
    if (this.top > this.memory.buffer.byteLength)
      throw new RangeError(`harness: ${this.top} bytes do not fit`);
    new Uint8Array(this.memory.buffer, ptr, this.top - ptr).fill(0xff);
    return ptr;
  }

  f32(values: ArrayLike<number>): number {
    const ptr = this.alloc(values.length * 4);
    new Float32Array(this.memory.buffer, ptr, values.length).set(values);
    return ptr;
  }

  i32(values: ArrayLike<number>): number {
    const ptr = this.alloc(values.length * 4);
    new Int32Array(this.memory.buffer, ptr, values.length).set(values);
    return ptr;
  }

  /** A struct of int32 fields, with room for what the kernel keeps behind them. */
  struct(fields: readonly number[], bytes = fields.length * 4): number {
    const ptr = this.alloc(bytes);
    new Int32Array(this.memory.buffer, ptr, fields.length).set(fields);
    return ptr;
  }

  f64(values: ArrayLike<number>): number {
    const ptr = this.alloc(values.length * 8);
    new Float64Array(this.memory.buffer, ptr, values.length).set(values);
    return ptr;
  }

  readF32(ptr: number, n: number): Float32Array {
    return new Float32Array(this.memory.buffer, ptr, n).slice();
  }

  readF64(ptr: number, n: number): Float64Array {
    return new Float64Array(this.memory.buffer, ptr, n).slice();
  }

  readI32(ptr: number, n: number): Int32Array {
    return new Int32Array(this.memory.buffer, ptr, n).slice();
  }
}

/** Deterministic float32 values in [low, high), for test inputs only. */
export function values(n: number, seed = 1, low = -1, high = 1): Float32Array {
  let state = (seed * 0x9e3779b9) >>> 0 || 1;
  return Float32Array.from({ length: n }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return low + ((state >>> 0) / 4294967296) * (high - low);
  });
}
