// Data sets by name, as the command line and studies load them: training and test set.

import { entry } from "../core/catalogue";
import { cifar10 } from "./cifar10";
import type { Dataset } from "./dataset";
import { fashionMnist, type ImageDataOptions, mnist, type SplitDataset } from "./mnist";
import { blobs, circles, moons, type SyntheticOptions, spirals } from "./synthetic";

/** What entries are given. Those made from a seed need none of it. */
export type DataSetOptions = ImageDataOptions;

/** Sizes and seeds of the sets that are made. */
const MADE = { train: { samples: 2000, seed: 1 }, test: { samples: 1000, seed: 2 } };

function made(make: (n: number, options: SyntheticOptions) => Dataset) {
  return async (): Promise<SplitDataset<Dataset>> => ({
    train: make(MADE.train.samples, { seed: MADE.train.seed }),
    test: make(MADE.test.samples, { seed: MADE.test.seed }),
  });
}

/** Data sets. An entry loads or makes one. */
export const DATA_SETS = [
  entry("mnist", "handwritten digits, 28 x 28, ten classes", mnist),
  entry("fashion-mnist", "articles of clothing, 28 x 28, ten classes", fashionMnist),
  entry("cifar10", "colour photographs, 32 x 32, ten classes, normalised", (options: DataSetOptions) =>
    cifar10({ ...options, normalize: true }),
  ),
  entry("moons", "two interleaved half circles in the plane", made(moons)),
  entry("circles", "a circle within a circle", made(circles)),
  entry("spirals", "two interleaved spiral arms", made(spirals)),
  entry("blobs", "three Gaussian clouds", made(blobs)),
] as const;

export type DataSetName = (typeof DATA_SETS)[number]["name"];
