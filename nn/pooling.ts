// Pooling, upsampling and changes of shape as modules; what they compute is documented at the methods of Tensor.

import { checkInteger, checkOptions, checkShape, checkTensor, normalizeAxis } from "../core/check";
import type { AveragePoolingOptions, Pair, PoolingOptions, Shape, Tensor } from "../core/index";
import { pairOf } from "../core/ops/window";
import { Module, type Signals } from "./module";

/** Largest element of each window of images [N,C,H,W]. */
export class MaxPool2d extends Module {
  static override readonly typeName: string = "MaxPool2d";
  static override readonly about: string = "the largest element of each window";
  override get signals(): Signals {
    return "nothing";
  }

  /** @param size one number, or [height, width]. */
  constructor(
    readonly size: Pair,
    readonly options: PoolingOptions = {},
  ) {
    super();
    pairOf("MaxPool2d", "size", size, 1);
    checkOptions("MaxPool2d", options, ["stride", "padding"]);
  }
  forward(x: Tensor): Tensor {
    checkTensor("MaxPool2d", x);
    return x.maxPool2d(this.size, this.options);
  }
}

/** Mean of each window of images [N,C,H,W]. */
export class AvgPool2d extends Module {
  static override readonly typeName: string = "AvgPool2d";
  static override readonly about: string = "the mean of each window";
  override get signals(): Signals {
    return "nothing";
  }

  /** @param size one number, or [height, width]. */
  constructor(
    readonly size: Pair,
    readonly options: AveragePoolingOptions = {},
  ) {
    super();
    pairOf("AvgPool2d", "size", size, 1);
    checkOptions("AvgPool2d", options, ["stride", "padding", "countIncludePad"]);
  }
  forward(x: Tensor): Tensor {
    checkTensor("AvgPool2d", x);
    return x.avgPool2d(this.size, this.options);
  }
}

/** Means over as many windows as `size` says; 1 averages each channel. */
export class AdaptiveAvgPool2d extends Module {
  static override readonly typeName: string = "AdaptiveAvgPool2d";
  static override readonly about: string = "means over as many windows as asked for";
  override get signals(): Signals {
    return "nothing";
  }

  constructor(readonly size: Pair) {
    super();
    pairOf("AdaptiveAvgPool2d", "size", size, 1);
  }
  forward(x: Tensor): Tensor {
    checkTensor("AdaptiveAvgPool2d", x);
    return x.adaptiveAvgPool2d(this.size);
  }
}

/** Repeats each pixel `scale` times along both axes. */
export class Upsample extends Module {
  static override readonly typeName: string = "Upsample";
  static override readonly about: string = "repeats each pixel";
  override get signals(): Signals {
    return "nothing";
  }

  constructor(readonly scale: Pair) {
    super();
    pairOf("Upsample", "scale", scale, 1);
  }
  forward(x: Tensor): Tensor {
    checkTensor("Upsample", x);
    return x.upsample(this.scale);
  }
}

/** Joins the axes from `start` (default 1: all but the samples) to the last. */
export class Flatten extends Module {
  static override readonly typeName: string = "Flatten";
  static override readonly about: string = "joins axes";
  override get signals(): Signals {
    return "nothing";
  }

  constructor(readonly start = 1) {
    super();
    checkInteger("Flatten", "start", start);
  }
  forward(x: Tensor): Tensor {
    checkTensor("Flatten", x);
    return x.reshape([...x.shape.slice(0, normalizeAxis("Flatten", this.start, x.shape)), -1]);
  }
}

/** Gives each sample a shape: [N,...] -> [N,...shape]. */
export class Reshape extends Module {
  static override readonly typeName: string = "Reshape";
  static override readonly about: string = "gives each sample a shape";
  override get signals(): Signals {
    return "nothing";
  }

  readonly shape: Shape;

  constructor(shape: Shape) {
    super();
    this.shape = checkShape("Reshape", shape);
  }
  forward(x: Tensor): Tensor {
    checkTensor("Reshape", x);
    return x.reshape([x.shape[0], ...this.shape]);
  }
}
