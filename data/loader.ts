// Batches of a dataset, in a seeded order, each with a memory scope of its own.

import { type GeneratorState, Generator as RandomGenerator, type Stateful, tensor } from "../core/index";
import { closeScope, dissolveScope, openSynchronousScope, type Scope } from "../core/memory";
import { globalGenerator } from "../core/random";
import type { Augmentation } from "./augment";
import type { Batch, Dataset } from "./dataset";

/** Options of {@link DataLoader}. */
export interface DataLoaderOptions {
  /** Samples in a batch. Default 32. */
  batchSize?: number;
  /** A new order each epoch. Default false. */
  shuffle?: boolean;
  /** Leave out a last batch that is not full. Default false. */
  dropLast?: boolean;
  /** Changes the inputs of each batch at random, such as {@link cropAndFlip}. Default: they stay as they are. */
  augment?: Augmentation;
  /** Seeds the order and the augmentation. Default: drawn from the global generator, so that it follows manualSeed(). */
  seed?: number;
}

const NEXT_BATCH =
  "when the next batch of its DataLoader began. A batch, and what the loop body made of it, lives until then; " +
  "[...loader] and Array.from(loader) therefore cannot collect batches unless each tensor is kept";
const LOOP_LEFT = "when the loop over its DataLoader was left";

/**
 * Iterates over a dataset in batches { x, y }. What the loop body makes is freed when the next batch begins, or when
 * the loop is left early; after the last batch it passes to the enclosing scope, so that the last loss can be read.
 * The scope covers the synchronous part of the body: tensors made after an `await` are ordinary.
 */
export class DataLoader implements Stateful<GeneratorState>, Iterable<Batch> {
  /** Samples in a batch. */
  readonly batchSize: number;
  private readonly shuffle: boolean;
  private readonly dropLast: boolean;
  private readonly augment: Augmentation | undefined;
  private readonly generator: RandomGenerator;

  constructor(
    readonly dataset: Dataset,
    options: DataLoaderOptions = {},
  ) {
    const { batchSize = 32, shuffle = false, dropLast = false, augment, seed } = options;
    if (!Number.isInteger(batchSize) || batchSize < 1) {
      throw new RangeError(`DataLoader: batchSize must be a positive integer, got ${batchSize}`);
    }
    this.batchSize = batchSize;
    this.shuffle = shuffle;
    this.dropLast = dropLast;
    this.augment = augment;
    const isRandom = shuffle || augment !== undefined;
    this.generator = new RandomGenerator(seed ?? (isRandom ? globalGenerator.nextInteger() : 0));
  }

  /** Number of batches. */
  get length(): number {
    const batches = this.dataset.length / this.batchSize;
    return this.dropLast ? Math.floor(batches) : Math.ceil(batches);
  }

  [Symbol.iterator](): Iterator<Batch, undefined> {
    const positions = this.positions();
    let current: Scope | null = null;
    return {
      next: () => {
        const { done, value } = positions.next();
        if (done) {
          if (current !== null) dissolveScope(current);
          current = null;
          return { done: true, value: undefined };
        }
        if (current !== null) closeScope(current);
        current = openSynchronousScope(NEXT_BATCH);
        return { done: false, value: this.batch(value) };
      },
      return: () => {
        if (current !== null) closeScope(current, new Set(), LOOP_LEFT);
        current = null;
        positions.return(undefined);
        return { done: true, value: undefined };
      },
    };
  }

  /** The positions of each batch's samples in the dataset, for loops that make the batches themselves. */
  *positions(): Generator<Int32Array, undefined> {
    const order = this.order();
    for (let batch = 0; batch < this.length; batch++) {
      yield order.slice(batch * this.batchSize, (batch + 1) * this.batchSize);
    }
  }

  /** The samples at these positions, augmented. */
  batch(positions: Int32Array): Batch {
    const { x, y } = this.dataset.batch(tensor(positions));
    return { x: this.augment === undefined ? x : this.augment(x, this.generator), y };
  }

  /** Positions of the samples in this epoch. */
  private order(): Int32Array {
    if (!this.shuffle) return Int32Array.from({ length: this.dataset.length }, (_, i) => i);
    const permutation = this.generator.permutation(this.dataset.length);
    const order = permutation.toInt32Array();
    permutation.dispose();
    return order;
  }

  stateDict(): GeneratorState {
    return this.generator.stateDict();
  }

  loadStateDict(state: GeneratorState): void {
    this.generator.loadStateDict(state);
  }
}
