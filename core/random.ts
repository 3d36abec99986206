// Random numbers from a counter-based generator (Philox4x32-10, Salmon et al. 2011): every draw is a function of the
// seed and a position, so the same seed gives the same numbers on every runtime and with any number of threads.

import { kernels } from "../backend/wasm";
import { checkShape, type Shape } from "./shape";
import type { Stateful } from "./stateful";
import { allocate, type Tensor } from "./tensor";

/** A generator's seed and how many blocks of four numbers it has drawn. */
export interface GeneratorState {
  seed: number;
  position: number;
}

/** The rest of a kernel's arguments: seed and position, each as two 32-bit halves. */
type Position = readonly [number, number, number, number];

/** A stream of random numbers. The global one is seeded by manualSeed(). */
export class Generator implements Stateful<GeneratorState> {
  private seed = 0;
  private position = 0;

  /** @param seed an integer from 0 to 2^53 - 1. */
  constructor(seed: number) {
    this.reseed(seed);
  }

  /** Starts the stream of another seed. */
  reseed(seed: number): void {
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new RangeError(`manualSeed: a seed is an integer from 0 to 2^53 - 1, got ${seed}`);
    }
    this.seed = seed;
    this.position = 0;
  }

  /** @internal Reserves the numbers for n elements. */
  advance(n: number): Position {
    const from = this.position;
    this.position += Math.ceil(n / 4);
    const halves = (value: number) => [value >>> 0, Math.floor(value / 2 ** 32)] as const;
    return [...halves(this.seed), ...halves(from)];
  }

  /** An integer from 0 to 2^32 - 1, for seeding what has a generator of its own. */
  nextInteger(): number {
    const bits = allocate([1], "int32");
    kernels().random_bits(bits.ptr, 1, ...this.advance(1));
    const value = bits.item() >>> 0;
    bits.dispose();
    return value;
  }

  /** int32 permutation of 0..n-1. */
  permutation(n: number): Tensor {
    const out = allocate([n], "int32");
    kernels().permutation_i32(out.ptr, n, ...this.advance(n));
    return out;
  }

  /** float32 in [low, high). */
  uniform(shape: Shape, low = 0, high = 1): Tensor {
    checkShape("rand", shape);
    const out = allocate(shape);
    kernels().uniform_f32(out.ptr, out.size, low, high, ...this.advance(out.size));
    return out;
  }

  /** float32, Gaussian (Box-Muller). */
  normal(shape: Shape, mean = 0, std = 1): Tensor {
    checkShape("randn", shape);
    const out = allocate(shape);
    kernels().normal_f32(out.ptr, out.size, mean, std, ...this.advance(out.size));
    return out;
  }

  /** 0 with probability p, else `scale`. */
  dropoutMask(shape: Shape, p: number, scale: number): Tensor {
    const out = allocate(shape);
    kernels().dropout_mask_f32(out.ptr, out.size, p, scale, ...this.advance(out.size));
    return out;
  }

  stateDict(): GeneratorState {
    return { seed: this.seed, position: this.position };
  }

  loadStateDict(state: GeneratorState): void {
    this.reseed(state.seed);
    this.position = state.position;
  }
}

/** The generator that everything random draws from unless it is given another. */
export const globalGenerator = new Generator(0);

/** Seeds everything random that follows: the same seed gives the same bits on every runtime. The seed at start is 0. */
export function manualSeed(seed: number): void {
  globalGenerator.reseed(seed);
}

function seeded(out: Tensor, options: { requiresGrad?: boolean }): Tensor {
  if (options.requiresGrad) out.requiresGrad = true;
  return out;
}

/** Uniform in [0, 1). */
export function rand(shape: Shape, options: { requiresGrad?: boolean } = {}): Tensor {
  return seeded(globalGenerator.uniform(shape), options);
}

/** Standard normal. */
export function randn(shape: Shape, options: { requiresGrad?: boolean } = {}): Tensor {
  return seeded(globalGenerator.normal(shape), options);
}
