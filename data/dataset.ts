// Samples and targets in memory.

import { formatShape } from "../core/errors";
import { Generator, scope, type Tensor, tensor } from "../core/index";

/** Inputs and targets of some samples. */
export interface Batch {
  x: Tensor;
  y: Tensor;
}

/** What loaders, training and evaluation need of a dataset. */
export interface Dataset {
  /** Number of samples. */
  readonly length: number;
  /** Targets of all samples [N, ...]. */
  readonly y: Tensor;
  /** The samples at int32 indices [n], as copies. */
  batch(indices: Tensor): Batch;
  /** A dataset of the samples at these positions. */
  subset(indices: ArrayLike<number>): Dataset;
  /** Two datasets: the first `count` samples of a seeded permutation, and the rest. */
  split(count: number, seed?: number): [Dataset, Dataset];
}

/** Samples x [N, ...] with targets y [N, ...]; both outlive the scope they were made in. */
export class TensorDataset implements Dataset {
  constructor(
    readonly x: Tensor,
    readonly y: Tensor,
  ) {
    if (x.ndim === 0 || y.ndim === 0 || x.shape[0] !== y.shape[0]) {
      throw new RangeError(
        `TensorDataset: x and y need as many samples: got ${formatShape(x.shape)} and ${formatShape(y.shape)}`,
      );
    }
    x.keep();
    y.keep();
  }

  /** Number of samples. */
  get length(): number {
    return this.x.shape[0];
  }

  /** The samples at int32 indices [n], as copies. */
  batch(indices: Tensor): Batch {
    return { x: this.x.indexSelect(0, indices), y: this.y.indexSelect(0, indices) };
  }

  /** A dataset of the samples at these positions. */
  subset(indices: ArrayLike<number>): TensorDataset {
    const { x, y } = scope(() => this.batch(tensor(Int32Array.from(indices))));
    return new TensorDataset(x, y);
  }

  /** Two datasets: the first `count` samples of a seeded permutation, and the rest. */
  split(count: number, seed = 0): [TensorDataset, TensorDataset] {
    const [first, rest] = randomSplit(this.length, count, seed);
    return [this.subset(first), this.subset(rest)];
  }
}

/** A seeded permutation of the positions 0..length-1, cut after `count`. */
export function randomSplit(length: number, count: number, seed: number): [Int32Array, Int32Array] {
  if (!Number.isInteger(count) || count < 1 || count >= length) {
    throw new RangeError(`split: count must lie in 1..${length - 1}, got ${count}`);
  }
  const order = scope(() => new Generator(seed).permutation(length).toInt32Array());
  return [order.subarray(0, count), order.subarray(count)];
}

/**
 * `count` samples in which each class has its share (labels y [N], int32), chosen by the seed. It is the probe of a
 * connectome: always the same samples in the same order.
 */
export function stratifiedSample(dataset: Dataset, count: number, seed = 0): TensorDataset {
  if (!Number.isInteger(count) || count < 1 || count > dataset.length) {
    throw new RangeError(`stratifiedSample: count must lie in 1..${dataset.length}, got ${count}`);
  }
  if (dataset.y.dtype !== "int32" || dataset.y.ndim !== 1) {
    throw new TypeError(
      `stratifiedSample: needs int32 labels [N], got ${dataset.y.dtype} ${formatShape(dataset.y.shape)}`,
    );
  }
  const labels = dataset.y.toInt32Array();
  const order = scope(() => new Generator(seed).permutation(dataset.length).toInt32Array());
  const byClass = new Map<number, number[]>();
  for (const i of order) {
    const members = byClass.get(labels[i]);
    if (members === undefined) byClass.set(labels[i], [i]);
    else members.push(i);
  }
  const chosen: number[] = [];
  let samplesSoFar = 0;
  for (const label of [...byClass.keys()].sort((a, b) => a - b)) {
    const members = byClass.get(label) as number[];
    samplesSoFar += members.length;
    const share = Math.floor((samplesSoFar * count) / dataset.length) - chosen.length;
    chosen.push(...members.slice(0, share));
  }
  const { x, y } = scope(() => dataset.batch(tensor(Int32Array.from(chosen))));
  return new TensorDataset(x, y);
}
