// Layers and reference models by name.

import { type Entry, entry } from "../core/catalogue";
import type { Shape } from "../core/index";
import { sizeOf } from "../core/shape";
import * as activation from "./activation";
import * as attention from "./attention";
import * as convolution from "./convolution";
import * as dropout from "./dropout";
import * as embedding from "./embedding";
import * as linear from "./linear";
import { lenet, mlp, resnet8, vgg } from "./models";
import type { AnyModule } from "./module";
import * as normalization from "./normalization";
import * as pooling from "./pooling";
import * as recurrent from "./recurrent";
import * as residual from "./residual";
import * as sequential from "./sequential";
import * as similarity from "./similarity";

interface LayerClass {
  new (...options: never[]): AnyModule;
  readonly typeName: string;
  readonly about: string;
}

const ROOMS: object[] = [
  linear,
  convolution,
  embedding,
  attention,
  recurrent,
  normalization,
  pooling,
  activation,
  dropout,
  residual,
  sequential,
  similarity,
];

const isLayer = (value: unknown): value is LayerClass =>
  typeof value === "function" && Object.hasOwn(value, "about") && Object.hasOwn(value, "typeName");

/** Layers: those of the files above that say what they are about. An entry is the class: `new make(...)`. */
export const LAYERS: readonly Entry<LayerClass>[] = ROOMS.flatMap((room) => Object.values(room))
  .filter(isLayer)
  .map((Layer) => entry(Layer.typeName, Layer.about, Layer));

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
