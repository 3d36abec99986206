// Images kept as bytes, a quarter of what they take as float32, and converted a batch at a time.

import * as launch from "../backend/launch/images";
import { checkOptions, checkTensor, describe } from "../core/check";
import { formatShape } from "../core/errors";
import { type Shape, scope, type Tensor, tensor } from "../core/index";
import { sizeOf } from "../core/shape";
import { allocate } from "../core/tensor";
import { type Batch, checkPositions, type Dataset, randomSplit } from "./dataset";

/** Mean and standard deviation of each channel, of pixels scaled to [0, 1]. */
export interface ChannelStatistics {
  mean: readonly number[];
  std: readonly number[];
}

/** Options of {@link ImageDataset}. */
export interface ImageDatasetOptions {
  /** Channels, height and width of an image. */
  shape: Shape;
  /** Inputs are (pixel / 255 - mean) / std of their channel. Default: mean 0 and std 1, which gives [0, 1]. */
  normalize?: ChannelStatistics;
  /** One row a sample [N,C*H*W] instead of images [N,C,H,W]. Default false. */
  flatten?: boolean;
}

const { LEVELS } = launch;
/** Images counted at a time by statistics(). */
const CHUNK = 1024;

/**
 * Images with targets y [N, ...]. The pixels are one byte each, channel planes one after another, [N,C,H,W]; a batch is
 * converted to float32 when it is asked for. Subsets and normalised versions share the bytes.
 */
export class ImageDataset implements Dataset {
  private readonly channels: number;
  private readonly plane: number;
  private readonly positions: Int32Array;
  /** The float32 of each level of each channel. */
  private readonly table: Float32Array;

  /**
   * @param pixels unsigned bytes [N,C,H,W], not copied.
   * @param y targets [N, ...].
   */
  constructor(
    private readonly pixels: Uint8Array,
    readonly y: Tensor,
    private readonly options: ImageDatasetOptions,
    /** @internal Where the samples of a subset lie in `pixels`. */
    positions?: Int32Array,
  ) {
    checkOptions("ImageDataset", options, ["shape", "normalize", "flatten"]);
    checkTensor("ImageDataset", y, "y");
    // By its tag, for the Uint8Array of another realm is another class.
    if (Object.prototype.toString.call(pixels) !== "[object Uint8Array]") {
      throw new TypeError(`ImageDataset: expected the pixels as a Uint8Array, got ${describe(pixels)}`);
    }
    const { shape, normalize } = options;
    if (!Array.isArray(shape)) {
      throw new TypeError(`ImageDataset: shape must be [C,H,W], got ${describe(shape)}`);
    }
    if (shape.length !== 3 || !shape.every((extent) => Number.isInteger(extent) && extent > 0)) {
      throw new RangeError(`ImageDataset: shape must be [C,H,W], got ${formatShape(shape)}`);
    }
    this.channels = shape[0];
    this.plane = shape[1] * shape[2];
    const count = pixels.length / sizeOf(shape);
    this.positions = positions ?? Int32Array.from({ length: count }, (_, i) => i);
    if (!Number.isInteger(count) || y.ndim === 0 || y.shape[0] !== this.length) {
      throw new RangeError(
        `ImageDataset: ${pixels.length} bytes and targets ${formatShape(y.shape)} do not fit images ${formatShape(shape)}`,
      );
    }
    this.table = levelTable(this.channels, normalize);
    y.keep();
  }

  /** Number of samples. */
  get length(): number {
    return this.positions.length;
  }

  /** The samples at int32 indices [n]: x [n,C,H,W] (or rows), and y. */
  batch(indices: Tensor): Batch {
    const y = this.y.indexSelect(0, indices);
    const picked = this.positionsOf(indices.toInt32Array());
    const { shape, flatten = false } = this.options;
    const x = allocate([picked.length, ...(flatten ? [sizeOf(shape)] : shape)]);
    launch.lookUpLevels(x, this.imagesAt(picked), this.table);
    return { x, y };
  }

  /** Mean and population standard deviation of each channel over all samples. */
  statistics(): ChannelStatistics {
    const totals = new Float64Array(this.channels * LEVELS);
    for (let start = 0; start < this.length; start += CHUNK) {
      const chunk = this.positions.subarray(start, start + CHUNK);
      for (const [i, count] of launch.countLevels(this.imagesAt(chunk)).entries()) totals[i] += count;
    }
    const mean: number[] = [];
    const std: number[] = [];
    const pixels = this.length * this.plane;
    for (let c = 0; c < this.channels; c++) {
      const counts = totals.subarray(c * LEVELS, (c + 1) * LEVELS);
      const center = counts.reduce((sum, count, level) => sum + count * level, 0) / pixels;
      const squares = counts.reduce(
        (sum, count, level) => sum + count * (level - center) * (level - center),
        0,
      );
      mean.push(center / 255);
      std.push(Math.sqrt(squares / pixels) / 255);
    }
    return { mean, std };
  }

  /** The same samples normalised by these statistics: those of the training set, also for the test set. */
  normalized(statistics: ChannelStatistics): ImageDataset {
    const options = { ...this.options, normalize: statistics };
    return new ImageDataset(this.pixels, this.y, options, this.positions);
  }

  /** A dataset of the samples at these positions. */
  subset(indices: ArrayLike<number>): ImageDataset {
    const picked = checkPositions(indices, this.length);
    const y = scope(() => this.y.indexSelect(0, tensor(picked)));
    return new ImageDataset(this.pixels, y, this.options, this.positionsOf(picked));
  }

  /** Two datasets: the first `count` samples of a seeded permutation, and the rest. */
  split(count: number, seed = 0): [ImageDataset, ImageDataset] {
    const [first, rest] = randomSplit(this.length, count, seed);
    return [this.subset(first), this.subset(rest)];
  }

  /** Where these samples lie in the pixels; negative indices count from the end. */
  private positionsOf(indices: Int32Array): Int32Array {
    return indices.map((i) => this.positions[i < 0 ? i + this.length : i]);
  }

  private imagesAt(positions: Int32Array): launch.ImageBytes {
    const { pixels: bytes, channels, plane } = this;
    return { bytes, positions, channels, plane };
  }
}

/** (level / 255 - mean) / std for each level of each channel. */
function levelTable(channels: number, statistics: ChannelStatistics | undefined): Float32Array {
  const table = new Float32Array(channels * LEVELS);
  if (statistics === undefined) return table.map((_, i) => (i % LEVELS) / 255);
  const { mean, std } = statistics;
  const fits =
    mean.length === channels &&
    std.length === channels &&
    mean.every(Number.isFinite) &&
    std.every((value) => Number.isFinite(value) && value > 0);
  if (!fits) {
    throw new RangeError(
      `ImageDataset: normalisation needs a finite mean and a positive std for each of ${channels} channels, ` +
        `got mean ${formatShape(mean)} and std ${formatShape(std)}`,
    );
  }
  return table.map((_, i) => {
    const channel = Math.floor(i / LEVELS);
    return ((i % LEVELS) / 255 - mean[channel]) / std[channel];
  });
}
