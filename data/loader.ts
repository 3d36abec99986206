// Batches of a dataset, in a seeded order, each with a memory scope of its own.

import { checkInteger, checkOptions, checkTensor, describe } from "../core/check";
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

/** Where a loader is: it goes on with the next batch of the epoch that was running. */
export type DataLoaderState = {
  /** Of the order and the augmentation. */
  generator: GeneratorState;
  /** The generator when the running epoch began, and the batches it has given; null between epochs. */
  epoch: { start: GeneratorState; batches: number } | null;
};

const OPTIONS = ["batchSize", "shuffle", "dropLast", "augment", "seed"];
const NEXT_BATCH =
  "when the next batch of its DataLoader began. A batch, and what the loop body made of it, lives until then; " +
  "[...loader] and Array.from(loader) therefore cannot collect batches unless each tensor is kept";
const NEXT_LOOP =
  "when the next loop over its DataLoader began. What the last batch of a loop makes lives until then";
const LOOP_LEFT = "when the loop over its DataLoader was left";

/**
 * Iterates over a dataset in batches { x, y }. What the loop body makes is freed when the next batch begins, or when
 * the loop is left early; after the last batch it passes to the enclosing scope, so that the last loss can be read, and is
 * freed when this loader is looped over again there.
 * The scope covers the synchronous part of the body: tensors made after an `await` are ordinary.
 */
export class DataLoader implements Stateful<DataLoaderState>, Iterable<Batch> {
  /** Samples in a batch. */
  readonly batchSize: number;
  private readonly shuffle: boolean;
  private readonly dropLast: boolean;
  private readonly augment: Augmentation | undefined;
  private readonly generator: RandomGenerator;
  private epoch: DataLoaderState["epoch"] = null;
  /** The epoch was loaded, and the next loop goes on with it. */
  private resumes = false;
  /** Frees what is left of the last loop's last batch. */
  private freeLast: (reason: string) => void = () => {};

  constructor(
    readonly dataset: Dataset,
    options: DataLoaderOptions = {},
  ) {
    if (typeof dataset?.batch !== "function" || !Number.isInteger(dataset.length)) {
      throw new TypeError(
        `DataLoader: a data set has a length and a function batch(indices), got ${describe(dataset)}`,
      );
    }
    checkOptions("DataLoader", options, OPTIONS);
    const { batchSize = 32, shuffle = false, dropLast = false, augment, seed } = options;
    checkInteger("DataLoader", "batchSize", batchSize, { atLeast: 1 });
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
          if (current !== null) this.freeLast = dissolveScope(current);
          current = null;
          return { done: true, value: undefined };
        }
        if (current !== null) closeScope(current);
        else this.freeLast(NEXT_LOOP);
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
    const { epoch, order } = this.beginEpoch();
    try {
      while (epoch.batches < this.length) {
        const from = epoch.batches++ * this.batchSize;
        yield order.slice(from, from + this.batchSize);
      }
    } finally {
      if (this.epoch === epoch) this.epoch = null;
    }
  }

  /** The samples at these positions, augmented. */
  batch(positions: Int32Array): Batch {
    const { x, y } = this.dataset.batch(tensor(positions));
    checkTensor("DataLoader", x, "x of the data set's batch");
    checkTensor("DataLoader", y, "y of the data set's batch");
    return { x: this.augment === undefined ? x : this.augment(x, this.generator), y };
  }

  /** A new epoch, or the one that was loaded, and the positions of its samples. */
  private beginEpoch() {
    const { epoch: loaded, generator, resumes } = this;
    this.resumes = false;
    if (resumes && loaded !== null) {
      // The generator itself has been further since: it drew augmentations.
      const again = new RandomGenerator(0);
      again.loadStateDict(loaded.start);
      return { epoch: loaded, order: this.order(again) };
    }
    const epoch = { start: generator.stateDict(), batches: 0 };
    this.epoch = epoch;
    return { epoch, order: this.order(generator) };
  }

  /** Positions of the samples in an epoch. */
  private order(generator: RandomGenerator): Int32Array {
    if (!this.shuffle) return Int32Array.from({ length: this.dataset.length }, (_, i) => i);
    const permutation = generator.permutation(this.dataset.length);
    const order = permutation.toInt32Array();
    permutation.dispose();
    return order;
  }

  stateDict(): DataLoaderState {
    const { generator, epoch } = this;
    return { generator: generator.stateDict(), epoch: epoch === null ? null : structuredClone(epoch) };
  }

  loadStateDict(state: DataLoaderState): void {
    const { generator, epoch } = structuredClone(state);
    for (const saved of epoch === null ? [generator] : [generator, epoch.start]) {
      new RandomGenerator(0).loadStateDict(saved);
    }
    if (epoch !== null) {
      checkInteger("DataLoader.loadStateDict", "batches of the epoch", epoch.batches, {
        atLeast: 0,
        atMost: this.length,
      });
    }
    this.generator.loadStateDict(generator);
    this.epoch = epoch;
    this.resumes = epoch !== null;
  }
}
