// Samples and targets in memory.

import { checkInteger, checkTensor, describe, isCount } from "../core/check";
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
  /** The samples at int32 indices [n], as copies. */
  batch(indices: Tensor): Batch;
}

/** Samples x [N, ...] with targets y [N, ...]; both outlive the scope they were made in. */
export class TensorDataset implements Dataset {
  constructor(
    readonly x: Tensor,
    readonly y: Tensor,
  ) {
    checkTensor("TensorDataset", x, "x");
    checkTensor("TensorDataset", y, "y");
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
    const { x, y } = scope(() => this.batch(tensor(checkPositions(indices, this.length))));
    return new TensorDataset(x, y);
  }

  /** Two datasets: the first `count` samples of a seeded permutation, and the rest. */
  split(count: number, seed = 0): [TensorDataset, TensorDataset] {
    const [first, rest] = randomSplit(this.length, count, seed);
    return [this.subset(first), this.subset(rest)];
  }
}

/** Some samples of another dataset, which are not copied. */
class Subset implements Dataset {
  constructor(
    private readonly dataset: Dataset,
    private readonly positions: Int32Array,
  ) {}

  get length(): number {
    return this.positions.length;
  }

  batch(indices: Tensor): Batch {
    const picked = checkPositions(indices.toInt32Array(), this.length);
    return scope(() => {
      const { x, y } = this.dataset.batch(tensor(picked.map((i) => this.positions[i])));
      return { x, y };
    });
  }
}

/** Throws unless the value has what a data set needs. */
export function checkDataset(operation: string, value: unknown): asserts value is Dataset {
  const { length, batch } = (value ?? {}) as Partial<Dataset>;
  if (isCount(length) && typeof batch === "function") return;
  throw new TypeError(
    `${operation}: a data set has a length and batch(indices), as TensorDataset does; got ${describe(value)}`,
  );
}

/** The samples of any dataset at these positions, which are not copied. Negative positions count from the end. */
export function subset(dataset: Dataset, positions: ArrayLike<number>): Dataset {
  checkDataset("subset", dataset);
  return new Subset(dataset, checkPositions(positions, dataset.length));
}

/** Two parts of any dataset, which are not copied: the first `count` samples of a seeded permutation, and the rest. */
export function split(dataset: Dataset, count: number, seed = 0): [Dataset, Dataset] {
  checkDataset("split", dataset);
  const [first, rest] = randomSplit(dataset.length, count, seed);
  return [new Subset(dataset, first), new Subset(dataset, rest)];
}

/** Positions 0..length-1 as given, those from the end counted from the start. */
export function checkPositions(positions: ArrayLike<number>, length: number): Int32Array {
  if (!Array.isArray(positions) && !ArrayBuffer.isView(positions)) {
    throw new TypeError(`subset: expected an array of positions, got ${describe(positions)}`);
  }
  return Int32Array.from(positions, (position) => {
    checkInteger("subset", "a position", position, { atLeast: -length, atMost: length - 1 });
    return position < 0 ? position + length : position;
  });
}

/** A seeded permutation of the positions 0..length-1, cut after `count`. */
export function randomSplit(length: number, count: number, seed: number): [Int32Array, Int32Array] {
  if (!Number.isInteger(count) || count < 1 || count >= length) {
    throw new RangeError(`split: count must lie in 1..${length - 1}, got ${describe(count)}`);
  }
  const order = scope(() => new Generator(seed).permutation(length).toInt32Array());
  return [order.subarray(0, count), order.subarray(count)];
}

/** Samples that are looked at together where only their labels are wanted. */
const CHUNK = 1024;

/** The labels of all samples of any dataset, [N]. Throws a TypeError unless the targets are int32 [n]. */
export function labelsOf(dataset: Dataset): Int32Array {
  return readLabels("labelsOf", dataset);
}

function readLabels(operation: string, dataset: Dataset): Int32Array {
  checkDataset(operation, dataset);
  const labels = new Int32Array(dataset.length);
  for (let start = 0; start < labels.length; start += CHUNK) {
    const chunk = labels.subarray(start, start + CHUNK);
    scope(() => {
      const { y } = dataset.batch(tensor(chunk.map((_, i) => start + i)));
      if (y.dtype !== "int32" || y.ndim !== 1) {
        throw new TypeError(
          `${operation}: needs int32 labels [N], got ${y.dtype} ${formatShape([labels.length, ...y.shape.slice(1)])}`,
        );
      }
      chunk.set(y.toInt32Array());
    });
  }
  return labels;
}

/**
 * `count` samples in which each class has its share (labels y [N], int32), chosen by the seed. It is the probe of a
 * connectome: always the same samples in the same order.
 */
export function stratifiedSample(dataset: Dataset, count: number, seed = 0): TensorDataset {
  checkDataset("stratifiedSample", dataset);
  if (!Number.isInteger(count) || count < 1 || count > dataset.length) {
    throw new RangeError(`stratifiedSample: count must lie in 1..${dataset.length}, got ${describe(count)}`);
  }
  const labels = readLabels("stratifiedSample", dataset);
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
