// What the names on the command line stand for: data sets, models, optimizers, schedules.

import { scope, tensor } from "../core/index";
import { globalGenerator } from "../core/random";
import {
  blobs,
  cifar10,
  circles,
  type Dataset,
  fashionMnist,
  type ImageDataOptions,
  mnist,
  moons,
  type SplitDataset,
  spirals,
  stratifiedSample,
} from "../data/index";
import { type Module, mlp } from "../nn/index";
import { CGALR, type ConnectomeObserver, CosineAnnealingLR, type Optimizer, SGD } from "../optim/index";
import { ConnectomeTracker } from "../tda/index";
import type { FitSchedule } from "../train/index";

export const DATA_SETS = [
  "mnist",
  "fashion-mnist",
  "cifar10",
  "moons",
  "circles",
  "spirals",
  "blobs",
] as const;
export const MODELS = ["mlp"] as const;
export const SCHEDULES = ["cg-alr", "cosine", "constant"] as const;
export const OPTIMIZERS = ["sgd"] as const;

/** Samples in the connectome's probe. */
const PROBE = 256;
const SYNTHETIC_TRAIN = 2000;
const SYNTHETIC_TEST = 1000;

/** Loads or makes a data set. */
export async function loadData(
  name: (typeof DATA_SETS)[number],
  options: ImageDataOptions,
): Promise<SplitDataset<Dataset>> {
  if (name === "mnist") return mnist(options);
  if (name === "fashion-mnist") return fashionMnist(options);
  if (name === "cifar10") return cifar10({ ...options, normalize: true });
  const make = { moons, circles, spirals, blobs }[name];
  return { train: make(SYNTHETIC_TRAIN, { seed: 1 }), test: make(SYNTHETIC_TEST, { seed: 2 }) };
}

/** The sizes of the reference network for inputs and classes like these. */
export function makeModel(dataset: Dataset): { model: Module; sizes: number[] } {
  const inputs = scope(() => dataset.batch(tensor(Int32Array.of(0))).x.size);
  const classes = dataset.y.max().item() + 1;
  const hidden = inputs >= 100 ? [128, 64] : [64, 32];
  const sizes = [inputs, ...hidden, classes];
  return { model: mlp(sizes), sizes };
}

/** Stochastic gradient descent with the given rate. */
export function makeOptimizer(model: Module, lr: number, momentum: number, weightDecay: number): Optimizer {
  return new SGD(model.parameters(), { lr, momentum, weightDecay });
}

/** A tracker on a stratified probe of the training set. */
export function makeTracker(model: Module, train: Dataset): ConnectomeTracker {
  const seed = globalGenerator.nextInteger();
  const probe = stratifiedSample(train, Math.min(PROBE, train.length), seed).x;
  return new ConnectomeTracker(model, { probe, seed });
}

/** The schedule of that name; undefined for constant rates. CG-ALR needs an observer. */
export function makeSchedule(
  name: (typeof SCHEDULES)[number],
  setup: { optimizer: Optimizer; observer: ConnectomeObserver | null; epochs: number; stepsPerEpoch: number },
): FitSchedule | undefined {
  const { optimizer, observer, epochs, stepsPerEpoch } = setup;
  if (name === "constant") return undefined;
  if (name === "cosine") return new CosineAnnealingLR(optimizer, { tMax: epochs });
  return new CGALR(optimizer, observer as ConnectomeObserver, { stepsPerEpoch });
}
