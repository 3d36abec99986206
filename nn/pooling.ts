// Pooling, upsampling and changes of shape as modules; what they compute is documented at the methods of Tensor.

import { checkInteger, checkOptions, checkShape, checkTensor, normalizeAxis } from "../core/check";
import type {
  AveragePoolingOptions,
  AverageSignalPoolingOptions,
  Pair,
  PoolingOptions,
  Shape,
  SignalPoolingOptions,
  Tensor,
  UpsampleOptions,
} from "../core/index";
import { AVERAGE_POOLING, checkUpsampling, MAX_POOLING } from "../core/ops/pooling";
import { pairOf } from "../core/ops/window";
import { Module, type Signals } from "./module";

/** A layer that changes how elements are laid out, or takes some of them: none of its outputs is a signal of its own. */
abstract class Layout extends Module {
  override get signals(): Signals {
    return "nothing";
  }
}

/** Largest element of each window of images [N,C,H,W]. */
export class MaxPool2d extends Layout {
  static override readonly typeName: string = "MaxPool2d";
  static override readonly about: string = "the largest element of each window";

  /** @param size one number, or [height, width]. */
  constructor(
    readonly size: Pair,
    readonly options: PoolingOptions = {},
  ) {
    super();
    pairOf("MaxPool2d", "size", size, 1);
    checkOptions("MaxPool2d", options, MAX_POOLING);
  }
  forward(x: Tensor): Tensor {
    checkTensor("MaxPool2d", x);
    return x.maxPool2d(this.size, this.options);
  }
}

/** Largest element of each window of signals [N,C,L]. */
export class MaxPool1d extends Layout {
  static override readonly typeName: string = "MaxPool1d";
  static override readonly about: string = "the largest element of each window of signals";

  constructor(
    readonly size: number,
    readonly options: SignalPoolingOptions = {},
  ) {
    super();
    checkInteger("MaxPool1d", "size", size, { atLeast: 1 });
    checkOptions("MaxPool1d", options, MAX_POOLING);
  }
  forward(x: Tensor): Tensor {
    checkTensor("MaxPool1d", x);
    return x.maxPool1d(this.size, this.options);
  }
}

/** Mean of each window of images [N,C,H,W]. */
export class AvgPool2d extends Layout {
  static override readonly typeName: string = "AvgPool2d";
  static override readonly about: string = "the mean of each window";

  /** @param size one number, or [height, width]. */
  constructor(
    readonly size: Pair,
    readonly options: AveragePoolingOptions = {},
  ) {
    super();
    pairOf("AvgPool2d", "size", size, 1);
    checkOptions("AvgPool2d", options, AVERAGE_POOLING);
  }
  forward(x: Tensor): Tensor {
    checkTensor("AvgPool2d", x);
    return x.avgPool2d(this.size, this.options);
  }
}

/** Mean of each window of signals [N,C,L]. */
export class AvgPool1d extends Layout {
  static override readonly typeName: string = "AvgPool1d";
  static override readonly about: string = "the mean of each window of signals";

  constructor(
    readonly size: number,
    readonly options: AverageSignalPoolingOptions = {},
  ) {
    super();
    checkInteger("AvgPool1d", "size", size, { atLeast: 1 });
    checkOptions("AvgPool1d", options, AVERAGE_POOLING);
  }
  forward(x: Tensor): Tensor {
    checkTensor("AvgPool1d", x);
    return x.avgPool1d(this.size, this.options);
  }
}

/** Means over as many windows as `size` says; 1 averages each channel. */
export class AdaptiveAvgPool2d extends Layout {
  static override readonly typeName: string = "AdaptiveAvgPool2d";
  static override readonly about: string = "means over as many windows as asked for";

  constructor(readonly size: Pair) {
    super();
    pairOf("AdaptiveAvgPool2d", "size", size, 1);
  }
  forward(x: Tensor): Tensor {
    checkTensor("AdaptiveAvgPool2d", x);
    return x.adaptiveAvgPool2d(this.size);
  }
}

/** Means over as many windows of signals [N,C,L] as `size` says. */
export class AdaptiveAvgPool1d extends Layout {
  static override readonly typeName: string = "AdaptiveAvgPool1d";
  static override readonly about: string = "means over as many windows of signals as asked for";

  constructor(readonly size: number) {
    super();
    checkInteger("AdaptiveAvgPool1d", "size", size, { atLeast: 1 });
  }
  forward(x: Tensor): Tensor {
    checkTensor("AdaptiveAvgPool1d", x);
    return x.adaptiveAvgPool1d(this.size);
  }
}

/** Enlarges images `scale` times along both axes, by repeating pixels or between them. */
export class Upsample extends Layout {
  static override readonly typeName: string = "Upsample";
  static override readonly about: string = "enlarges images by repeating pixels or between them";

  constructor(
    readonly scale: Pair,
    readonly options: UpsampleOptions = {},
  ) {
    super();
    pairOf("Upsample", "scale", scale, 1);
    checkUpsampling("Upsample", options);
  }
  forward(x: Tensor): Tensor {
    checkTensor("Upsample", x);
    return x.upsample(this.scale, this.options);
  }
}

/** Joins the axes from `start` (default 1: all but the samples) to the last. */
export class Flatten extends Layout {
  static override readonly typeName: string = "Flatten";
  static override readonly about: string = "joins axes";
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
export class Reshape extends Layout {
  static override readonly typeName: string = "Reshape";
  static override readonly about: string = "gives each sample a shape";
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
