// The one file that knows how the kernels are loaded. The WebAssembly module is instantiated synchronously on first
// use, over a memory of our own that storage.ts hands out.

import { instantiateSync } from "@assemblyscript/loader";
import type { instantiate } from "../build/kernels.js";
import relaxedBytes from "../build/kernels.relaxed.wasm";
import fixedBytes from "../build/kernels.wasm";

/** The exported kernels, with the argument lists that asc generated. */
export type Kernels = Awaited<ReturnType<typeof instantiate>>;

/** Names of the kernels that take exactly these arguments. */
export type KernelTaking<Arguments extends number[]> = {
  [K in keyof Kernels]: Kernels[K] extends (...given: infer Own) => unknown
    ? Own extends Arguments
      ? Arguments extends Own
        ? K
        : never
      : never
    : never;
}[keyof Kernels];

const PAGE = 65536;
/** Threads there is room for. */
const MAX_THREADS = 16;
/** Bytes of a plan (plan.ts). */
export const PLAN_BYTES = 256;
/** Static data of the kernels lies in the first page; after it comes a plan for each thread. */
export const PLANS = PAGE;
/** Tensors begin here. */
export const HEAP_BASE = PLANS + MAX_THREADS * PLAN_BYTES;
/** A 32-bit memory ends at 4 GiB; its last page stays out of use, so that no end address wraps to 0. */
const MEMORY_LIMIT = 2 ** 32 - PAGE;

/** Options of {@link configure}. */
export interface Configuration {
  /** Threads to compute with. Default 1; this version computes with one whatever is asked (see `runtime().reasons`). */
  threads?: number;
  /** Use fused multiply-adds where the engine has them: faster, but results differ between engines. Default false. */
  relaxedSimd?: boolean;
  /** The most bytes the WebAssembly memory may grow to. Default and limit: 4 GiB less one page. */
  maxMemory?: number;
}

interface Instance {
  kernels: Kernels;
  memory: WebAssembly.Memory;
  relaxedSimd: boolean;
}

let configuration: Required<Configuration> = { threads: 1, relaxedSimd: false, maxMemory: MEMORY_LIMIT };
let reasons: string[] = [];
let instance: Instance | null = null;
let views = viewsOf(new ArrayBuffer(0));

function viewsOf(buffer: ArrayBuffer) {
  return {
    buffer,
    f32: new Float32Array(buffer),
    i32: new Int32Array(buffer),
    u8: new Uint8Array(buffer),
  };
}

function start(): Instance {
  const memory = new WebAssembly.Memory({ initial: 16 });
  const relaxedSimd = configuration.relaxedSimd && WebAssembly.validate(relaxedBytes as BufferSource);
  if (configuration.relaxedSimd && !relaxedSimd) {
    reasons.push("relaxedSimd: this engine does not compile relaxed SIMD; the fixed-width kernels are used");
  }
  const bytes = relaxedSimd ? relaxedBytes : fixedBytes;
  if (!WebAssembly.validate(bytes as BufferSource)) {
    throw new Error(
      "topograd needs WebAssembly SIMD: Node 16, Deno 1.9, Chrome 91, Firefox 89, Safari 16.4 or newer",
    );
  }
  const { exports } = instantiateSync(bytes, { env: { memory } });
  instance = { kernels: exports as unknown as Kernels, memory, relaxedSimd };
  return instance;
}

function running(): Instance {
  return instance ?? start();
}

/** The kernels. */
export function kernels(): Kernels {
  return (instance ?? start()).kernels;
}

/** Typed views of the memory. Never hold one across a call that may allocate: growth detaches it. */
export function memoryViews(): typeof views {
  const { buffer } = running().memory;
  if (views.buffer !== buffer) views = viewsOf(buffer);
  return views;
}

/** Grows the memory to at least `bytes`; false when the limit or the host forbids it. */
export function growMemory(bytes: number): boolean {
  const { memory } = running();
  const have = memory.buffer.byteLength;
  if (bytes <= have) return true;
  if (bytes > configuration.maxMemory) return false;
  // Growing is slow in some engines, so it is done by halves, within the limit.
  const wanted = Math.min(Math.max(bytes, have + Math.min(have >> 1, 2 ** 26)), configuration.maxMemory);
  for (const target of [wanted, bytes]) {
    try {
      memory.grow(Math.ceil((target - have) / PAGE));
      return true;
    } catch {
      // The host is out of memory at this size.
    }
  }
  return false;
}

/** Bytes of WebAssembly memory taken from the host; 0 before the first tensor. */
export function memorySize(): number {
  return instance === null ? 0 : instance.memory.buffer.byteLength;
}

/** The configured limit in bytes. */
export function memoryLimit(): number {
  return configuration.maxMemory;
}

/**
 * Chooses how the kernels run. Call it before the first tensor; later it throws, because tensors live in the memory
 * that it configures. The promise resolves when everything asked for has started; what could not be had is told by
 * `runtime().reasons`.
 */
export function configure(options: Configuration): Promise<void> {
  if (instance !== null) throw new Error("configure: call it before the first tensor is made");
  const { threads = 1, relaxedSimd = false, maxMemory = MEMORY_LIMIT } = options;
  if (!Number.isInteger(threads) || threads < 1) {
    throw new RangeError(`configure: threads must be a positive integer, got ${threads}`);
  }
  if (!(maxMemory >= 2 ** 20))
    throw new RangeError(`configure: maxMemory must be at least 1 MiB, got ${maxMemory}`);
  configuration = {
    threads,
    relaxedSimd,
    maxMemory: Math.min(Math.floor(maxMemory / PAGE) * PAGE, MEMORY_LIMIT),
  };
  reasons =
    threads > 1 ? [`threads: ${threads} asked for, 1 used: this version has no threaded kernels`] : [];
  return Promise.resolve();
}

/** What is active, and why what was asked for is not. */
export function activeFeatures(): {
  simd: boolean;
  relaxedSimd: boolean;
  threads: number;
  reasons: string[];
} {
  const { relaxedSimd } = running();
  return { simd: true, relaxedSimd, threads: 1, reasons: [...reasons] };
}
