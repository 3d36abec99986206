// Random numbers from a counter-based generator (Philox4x32-10, Salmon et al. 2011): every draw is a function of the
// seed and a position, so the same seed gives the same numbers on every runtime and with any number of threads.

import * as launch from "../backend/launch/random";
import { checkInteger, checkNumber, checkOptions, checkShape, describe } from "./check";
import type { Shape } from "./shape";
import type { Stateful } from "./stateful";
import { allocate, type Tensor } from "./tensor";

/** A generator's seed and how many blocks of four numbers it has drawn. */
export type GeneratorState = { seed: number; position: number };

function checkSeed(operation: string, seed: unknown): asserts seed is number {
  if (Number.isSafeInteger(seed) && (seed as number) >= 0) return;
  throw new RangeError(`${operation}: a seed is an integer from 0 to 2^53 - 1, got ${describe(seed)}`);
}

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
    checkSeed("manualSeed", seed);
    this.seed = seed;
    this.position = 0;
  }

  /** Reserves the numbers for n elements, and says where they begin. */
  private advance(n: number): launch.StreamPosition {
    const block = this.position;
    this.position += Math.ceil(n / 4);
    return { seed: this.seed, block };
  }

  /** An integer from 0 to 2^32 - 1, for seeding what has a generator of its own. */
  nextInteger(): number {
    const bits = allocate([1], "int32");
    launch.randomBits(bits, this.advance(1));
    const value = bits.item() >>> 0;
    bits.dispose();
    return value;
  }

  /** int32 permutation of 0..n-1. */
  permutation(n: number): Tensor {
    checkInteger("permutation", "n", n, { atLeast: 0 });
    const out = allocate([n], "int32");
    launch.permutation(out, this.advance(n));
    return out;
  }

  /** float32 in [low, high). */
  uniform(shape: Shape, low = 0, high = 1): Tensor {
    checkNumber("uniform", "low", low);
    checkNumber("uniform", "high", high);
    const out = allocate(checkShape("rand", shape));
    launch.uniform(out, low, high, this.advance(out.size));
    return out;
  }

  /** float32, Gaussian (Box-Muller). */
  normal(shape: Shape, mean = 0, std = 1): Tensor {
    checkNumber("normal", "mean", mean);
    checkNumber("normal", "std", std);
    const out = allocate(checkShape("randn", shape));
    launch.normal(out, mean, std, this.advance(out.size));
    return out;
  }

  /** 0 with probability p, else `scale`. */
  dropoutMask(shape: Shape, p: number, scale: number): Tensor {
    const out = allocate(checkShape("dropoutMask", shape));
    launch.dropoutMask(out, p, scale, this.advance(out.size));
    return out;
  }

  stateDict(): GeneratorState {
    return { seed: this.seed, position: this.position };
  }

  loadStateDict(state: GeneratorState): void {
    if (typeof state !== "object" || state === null) {
      throw new TypeError(`Generator.loadStateDict: expected a saved state, got ${describe(state)}`);
    }
    const { seed, position } = state;
    checkSeed("Generator.loadStateDict", seed);
    if (!Number.isSafeInteger(position) || position < 0) {
      throw new RangeError(
        `Generator.loadStateDict: a position is an integer of 0 or more, got ${describe(position)}`,
      );
    }
    this.seed = seed;
    this.position = position;
  }
}

/** The generator that everything random draws from unless it is given another. */
export const globalGenerator = new Generator(0);

/** Seeds everything random that follows: the same seed gives the same bits on every runtime. The seed at start is 0. */
export function manualSeed(seed: number): void {
  globalGenerator.reseed(seed);
}

function finish(operation: string, out: Tensor, options: { requiresGrad?: boolean }): Tensor {
  checkOptions(operation, options, ["requiresGrad"]);
  if (options.requiresGrad) out.requiresGrad = true;
  return out;
}

/** Uniform in [0, 1). */
export function rand(shape: Shape, options: { requiresGrad?: boolean } = {}): Tensor {
  return finish("rand", globalGenerator.uniform(shape), options);
}

/** Standard normal. */
export function randn(shape: Shape, options: { requiresGrad?: boolean } = {}): Tensor {
  return finish("randn", globalGenerator.normal(shape), options);
}
