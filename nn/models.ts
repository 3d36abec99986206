// Reference models.

import { checkChoice, checkOptions, describe } from "../core/check";
import { LeakyReLU, ReLU } from "./activation";
import { Conv2d } from "./convolution";
import { constant, kaimingUniform } from "./init";
import { Linear } from "./linear";
import type { Module } from "./module";
import { BatchNorm2d, GroupNorm } from "./normalization";
import { AdaptiveAvgPool2d, Flatten, MaxPool2d, Reshape } from "./pooling";
import { Residual } from "./residual";
import { Sequential } from "./sequential";

/**
 * A multilayer perceptron: Linear layers with an activation between them, logits at the end.
 * @param sizes inputs, hidden layers, outputs. The MNIST network of the CG-ALR papers is [784, 128, 64, 10].
 * @param options.slope slope of LeakyReLU. Default 0, which is ReLU.
 */
export function mlp(sizes: readonly number[], options: { slope?: number } = {}): Sequential {
  if (!Array.isArray(sizes))
    throw new TypeError(`mlp: sizes are an array of integers, got ${describe(sizes)}`);
  checkOptions("mlp", options, ["slope"]);
  if (sizes.length < 2)
    throw new RangeError(`mlp: needs at least inputs and outputs, got ${describe(sizes)}`);
  const slope = options.slope ?? 0;
  const layers: Module[] = [];
  for (let i = 1; i < sizes.length; i++) {
    layers.push(new Linear(sizes[i - 1], sizes[i]));
    if (i < sizes.length - 1) layers.push(slope === 0 ? new ReLU() : new LeakyReLU(slope));
  }
  return new Sequential(...layers);
}

/**
 * A network after LeNet-5 (LeCun et al. 1998), with ReLU and max-pooling in place of its tanh and subsampling: 5x5
 * convolutions of 6 channels (padding 2) and 16 channels, each followed by ReLU and 2x2 max-pooling, then Linear layers
 * of 120, 84 and `classes`. Takes grey images of 28x28 pixels, [N,1,28,28] or flat [N,784]; 61,706 parameters for the
 * default of 10 classes.
 */
export function lenet(options: { classes?: number } = {}): Sequential {
  checkOptions("lenet", options, ["classes"]);
  return new Sequential(
    new Reshape([1, 28, 28]),
    new Conv2d(1, 6, 5, { padding: 2 }),
    new ReLU(),
    new MaxPool2d(2),
    new Conv2d(6, 16, 5),
    new ReLU(),
    new MaxPool2d(2),
    new Flatten(),
    new Linear(400, 120),
    new ReLU(),
    new Linear(120, 84),
    new ReLU(),
    new Linear(84, options.classes ?? 10),
  );
}

/**
 * The network of the CG-ALR papers for CIFAR-10: three blocks of two 3x3 convolutions (32, 64, 128 channels, padding 1)
 * and 2x2 max-pooling, then Linear layers of 256, 128 and `classes` (default 10), LeakyReLU after each but the last.
 * All but the last layer start from He et al. (2015). Takes images [N,3,32,32].
 * @param options.slope slope of LeakyReLU. Default 0.01; the papers also use 0.1.
 */
export function vgg(options: { classes?: number; slope?: number } = {}): Sequential {
  checkOptions("vgg", options, ["classes", "slope"]);
  const { classes = 10, slope = 0.01 } = options;
  const layers: Module[] = [];
  let channels = 3;
  for (const width of [32, 64, 128]) {
    for (const from of [channels, width]) {
      layers.push(new Conv2d(from, width, 3, { padding: 1 }), new LeakyReLU(slope));
    }
    layers.push(new MaxPool2d(2));
    channels = width;
  }
  layers.push(new Flatten());
  let features = channels * 4 * 4;
  for (const width of [256, 128]) {
    layers.push(new Linear(features, width), new LeakyReLU(slope));
    features = width;
  }
  // Without normalisation the layers' own initial weights, which shrink the signal, leave so deep a network on a plateau.
  for (const weights of layers.flatMap((layer) => layer.parameters())) {
    if (weights.ndim > 1) kaimingUniform(weights, { nonlinearity: "leakyRelu", slope });
    else constant(weights, 0);
  }
  return new Sequential(...layers, new Linear(features, classes));
}

/** Channels in a group of GroupNorm. */
const GROUP = 8;

/**
 * A residual network of 8 layers with weights (He et al. 2016, n = 1): a 3x3 convolution, three blocks of two 3x3
 * convolutions with 16, 32 and 64 channels, of which the second and third halve the image, the mean of each channel and
 * a Linear layer. A block that changes the shape has a 1x1 convolution as its shortcut. Takes images of any size
 * [N,channels,H,W].
 * @param options.channels of the input. Default 3.
 * @param options.classes default 10.
 * @param options.norm after each convolution: "batch" (default), or "group" in groups of 8 channels.
 */
export function resnet8(
  options: { channels?: number; classes?: number; norm?: "batch" | "group" } = {},
): Sequential {
  checkOptions("resnet8", options, ["channels", "classes", "norm"]);
  const { channels = 3, classes = 10, norm = "batch" } = options;
  checkChoice("resnet8", "norm", norm, ["batch", "group"]);
  const convolution = (from: number, to: number, size: number, stride: number): Module[] => [
    new Conv2d(from, to, size, { stride, padding: (size - 1) / 2, bias: false }),
    norm === "batch" ? new BatchNorm2d(to) : new GroupNorm(to / GROUP, to),
  ];
  const block = (from: number, to: number, stride: number): Module[] => [
    new Residual(
      new Sequential(...convolution(from, to, 3, stride), new ReLU(), ...convolution(to, to, 3, 1)),
      stride === 1 ? null : new Sequential(...convolution(from, to, 1, stride)),
    ),
    new ReLU(),
  ];
  return new Sequential(
    ...convolution(channels, 16, 3, 1),
    new ReLU(),
    ...block(16, 16, 1),
    ...block(16, 32, 2),
    ...block(32, 64, 2),
    new AdaptiveAvgPool2d(1),
    new Flatten(),
    new Linear(64, classes),
  );
}
