// Layers and reference models by name.

import { entry } from "../core/catalogue";
import type { Shape } from "../core/index";
import { sizeOf } from "../core/shape";
import * as activation from "./activation";
import * as convolution from "./convolution";
import { Dropout } from "./dropout";
import { Embedding } from "./embedding";
import { Linear } from "./linear";
import { lenet, mlp, resnet8, vgg } from "./models";
import { Sequential } from "./module";
import * as normalization from "./normalization";
import * as pooling from "./pooling";
import { Residual } from "./residual";

/** Layers. An entry is the class: `new make(...)`. */
export const LAYERS = [
  entry("Linear", "fully connected: x W^T + b", Linear),
  entry("Conv1d", "cross-correlation of signals", convolution.Conv1d),
  entry("Conv2d", "cross-correlation of images", convolution.Conv2d),
  entry(
    "ConvTranspose2d",
    "the transpose of a convolution, which enlarges images",
    convolution.ConvTranspose2d,
  ),
  entry("Embedding", "a table of vectors, looked up by index", Embedding),
  entry("BatchNorm1d", "normalises each feature over the batch", normalization.BatchNorm1d),
  entry("BatchNorm2d", "normalises each channel over the batch", normalization.BatchNorm2d),
  entry("LayerNorm", "normalises each sample over its last axes", normalization.LayerNorm),
  entry("GroupNorm", "normalises each sample over groups of channels", normalization.GroupNorm),
  entry("Dropout", "sets elements to 0 at random while training", Dropout),
  entry("MaxPool2d", "the largest element of each window", pooling.MaxPool2d),
  entry("AvgPool2d", "the mean of each window", pooling.AvgPool2d),
  entry("AdaptiveAvgPool2d", "means over as many windows as asked for", pooling.AdaptiveAvgPool2d),
  entry("Upsample", "repeats each pixel", pooling.Upsample),
  entry("Flatten", "joins axes", pooling.Flatten),
  entry("Reshape", "gives each sample a shape", pooling.Reshape),
  entry("ReLU", "max(x, 0)", activation.ReLU),
  entry("LeakyReLU", "x where positive, else slope x", activation.LeakyReLU),
  entry("ELU", "x where positive, else alpha (e^x - 1)", activation.ELU),
  entry("GELU", "x Phi(x)", activation.GELU),
  entry("SiLU", "x sigmoid(x)", activation.SiLU),
  entry("Softplus", "log(1 + e^x)", activation.Softplus),
  entry("Sigmoid", "1 / (1 + e^-x)", activation.Sigmoid),
  entry("Tanh", "hyperbolic tangent", activation.Tanh),
  entry("Softmax", "e^x over its sum along an axis", activation.Softmax),
  entry("LogSoftmax", "log(softmax) along an axis", activation.LogSoftmax),
  entry("Residual", "adds a module's input to its output", Residual),
  entry("Sequential", "modules one after the other", Sequential),
] as const;

/** What a model is made for. */
export interface ModelSetup {
  /** Shape of one sample. */
  inputShape: Shape;
  classes: number;
}

/** Widths of the multilayer perceptron: those of the CG-ALR papers for images, smaller ones for a few inputs. */
function widthsFor({ inputShape, classes }: ModelSetup): number[] {
  const inputs = sizeOf(inputShape);
  return [inputs, ...(inputs >= 100 ? [128, 64] : [64, 32]), classes];
}

/** Reference models. An entry makes one for samples and classes like these. */
export const MODELS = [
  entry("mlp", "multilayer perceptron, 128-64 hidden units for images", (setup: ModelSetup) =>
    mlp(widthsFor(setup)),
  ),
  entry("lenet", "LeNet-5 with ReLU and max-pooling, for 28 x 28 grey images", ({ classes }: ModelSetup) =>
    lenet({ classes }),
  ),
  entry(
    "vgg",
    "six 3x3 convolutions and three linear layers, for 32 x 32 colour images",
    ({ classes }: ModelSetup) => vgg({ classes }),
  ),
  entry(
    "resnet8",
    "residual network of eight layers, for images of any size",
    ({ inputShape, classes }: ModelSetup) => resnet8({ channels: inputShape[0], classes }),
  ),
] as const;

export type ModelName = (typeof MODELS)[number]["name"];
