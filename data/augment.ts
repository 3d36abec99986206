// Random changes of training images.

import * as launch from "../backend/launch/images";
import { checkInteger, checkOptions } from "../core/check";
import { formatShape } from "../core/errors";
import { type Generator, scope, type Tensor } from "../core/index";
import { allocate } from "../core/tensor";

/** Makes the inputs of a training batch from those of the dataset; all that is random comes from the generator. */
export type Augmentation = (x: Tensor, generator: Generator) => Tensor;

/** Beyond it rows and columns would no longer be exact in the float32 numbers that choose them. */
const MAX_PADDING = 2 ** 16;

/**
 * The usual augmentation of small images [N,C,H,W] (He et al. 2016, section 4.2): each is padded with zeros, the mean
 * colour once it is normalised, a window of its size is cut out anywhere, and half of them are mirrored.
 * @param options.padding pixels on each side. Default 4. @param options.flip default true.
 */
export function cropAndFlip(options: { padding?: number; flip?: boolean } = {}): Augmentation {
  checkOptions("cropAndFlip", options, ["padding", "flip"]);
  const { padding = 4, flip = true } = options;
  checkInteger("cropAndFlip", "padding", padding, { atLeast: 0, atMost: MAX_PADDING });
  return (x, generator) => {
    if (x.ndim !== 4 || x.dtype !== "float32") {
      throw new RangeError(
        `cropAndFlip: needs float32 images [N,C,H,W], got ${x.dtype} ${formatShape(x.shape)}`,
      );
    }
    const [n] = x.shape;
    const draws = scope(() => generator.uniform([n, 3]).toFloat32Array());
    const windows = Int32Array.from(draws, (u, i) =>
      i % 3 < 2 ? Math.floor(u * (2 * padding + 1)) - padding : Number(flip && u < 0.5),
    );
    const out = allocate(x.shape);
    launch.cropAndFlip(out, x, windows);
    return out;
  };
}
