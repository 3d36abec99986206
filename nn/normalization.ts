// Layers that normalise by mean and variance. Weights start at 1, biases at 0, as in PyTorch.

import { checkInteger, checkNumber, checkOptions, checkShape, checkTensor } from "../core/check";
import { formatShape } from "../core/errors";
import { ones, type Shape, scope, type Tensor, zeros } from "../core/index";
import { batchNorm, channelMoments, type Moments, normalizeRows } from "../core/ops/normalization";
import { sameShape, sizeOf } from "../core/shape";
import { Module, parameter, type Signals } from "./module";
import { typeNameOf } from "./type-name";

/** Options of the normalisations. */
export interface NormalizationOptions {
  /** Added to the variance. Default 1e-5. */
  eps?: number;
  /** Learn a weight and a bias. Default true. */
  affine?: boolean;
}

/** Options of {@link BatchNorm1d} and {@link BatchNorm2d}. */
export interface BatchNormOptions extends NormalizationOptions {
  /** Share of a new batch in the running statistics. Default 0.1. */
  momentum?: number;
}

/** A learnt factor and summand. */
interface Affine {
  weight: Tensor | null;
  bias: Tensor | null;
}

function affineOf(shape: Shape, options: NormalizationOptions): Affine {
  if (!(options.affine ?? true)) return { weight: null, bias: null };
  return { weight: parameter(ones(shape)), bias: parameter(zeros(shape)) };
}

function checkNormalization(layer: string, options: BatchNormOptions, known: readonly string[]): void {
  checkOptions(layer, options, known);
  if (options.eps !== undefined) checkNumber(layer, "eps", options.eps, { atLeast: 0 });
  if (options.momentum !== undefined)
    checkNumber(layer, "momentum", options.momentum, { atLeast: 0, atMost: 1 });
}

/**
 * Batch normalisation (Ioffe and Szegedy 2015): y = (x - mean) / sqrt(variance + eps) * weight + bias for each channel.
 * While training, mean and variance are those of the batch; evaluation uses their running averages (of the unbiased
 * variance), which are buffers and saved with the model.
 */
abstract class BatchNorm extends Module {
  static override readonly stateNames = { runningMean: "running_mean", runningVar: "running_var" };
  static override readonly ignoredState = ["num_batches_tracked"];
  override get signals(): Signals {
    return "nothing";
  }

  readonly weight: Tensor | null;
  readonly bias: Tensor | null;
  readonly runningMean: Tensor;
  readonly runningVar: Tensor;
  readonly momentum: number;
  readonly eps: number;

  constructor(
    readonly features: number,
    options: BatchNormOptions = {},
  ) {
    super();
    checkInteger(typeNameOf(this), "the number of features", features, { atLeast: 1 });
    checkNormalization(typeNameOf(this), options, ["eps", "affine", "momentum"]);
    ({ weight: this.weight, bias: this.bias } = affineOf([features], options));
    this.runningMean = zeros([features]).keep();
    this.runningVar = ones([features]).keep();
    this.momentum = options.momentum ?? 0.1;
    this.eps = options.eps ?? 1e-5;
  }

  protected normalize(x: Tensor): Tensor {
    const count = x.size / this.features;
    if (this.training && count < 2) {
      throw new RangeError(
        `${typeNameOf(this)}: training needs more than one value per channel, got ${formatShape(x.shape)}`,
      );
    }
    // The columns of a matrix become rows, which the kernel runs along.
    return x.ndim === 2 ? this.scale(x.T.unsqueeze(0), count).squeeze(0).T : this.scale(x, count);
  }

  private scale(x: Tensor, count: number): Tensor {
    const { weight, bias, eps, training } = this;
    const affine = weight === null || bias === null ? null : { weight, bias };
    const moments = training
      ? channelMoments(x)
      : { mean: this.runningMean, rest: null, variance: this.runningVar };
    if (training) this.track(moments, count);
    return batchNorm(x, moments, affine, eps, training);
  }

  private track({ mean, variance }: Moments, count: number): void {
    const { momentum, runningMean, runningVar } = this;
    scope(() => {
      runningMean.assign(runningMean.mul(1 - momentum).add(mean.mul(momentum)));
      const unbiased = variance.mul((momentum * count) / (count - 1));
      runningVar.assign(runningVar.mul(1 - momentum).add(unbiased));
    });
  }

  protected refuse(x: Tensor, expected: string): never {
    throw new RangeError(`${typeNameOf(this)}: expected ${expected}, got ${formatShape(x.shape)}`);
  }
}

/** Batch normalisation of [N,features] or [N,features,L]. */
export class BatchNorm1d extends BatchNorm {
  static override readonly typeName: string = "BatchNorm1d";
  static override readonly about: string = "normalises each feature over the batch";
  forward(x: Tensor): Tensor {
    checkTensor("BatchNorm1d", x);
    if ((x.ndim !== 2 && x.ndim !== 3) || x.shape[1] !== this.features) {
      this.refuse(x, `[N,${this.features}] or [N,${this.features},L]`);
    }
    return this.normalize(x);
  }
}

/** Batch normalisation of images [N,features,H,W]. */
export class BatchNorm2d extends BatchNorm {
  static override readonly typeName: string = "BatchNorm2d";
  static override readonly about: string = "normalises each channel over the batch";
  forward(x: Tensor): Tensor {
    checkTensor("BatchNorm2d", x);
    if (x.ndim !== 4 || x.shape[1] !== this.features) this.refuse(x, `[N,${this.features},H,W]`);
    return this.normalize(x);
  }
}

/**
 * Layer normalisation (Ba, Kiros and Hinton 2016) over the last axes, which have the given shape:
 * y = (x - mean) / sqrt(variance + eps) * weight + bias, weight and bias of that shape.
 */
export class LayerNorm extends Module {
  static override readonly typeName: string = "LayerNorm";
  static override readonly about: string = "normalises each sample over its last axes";
  override get signals(): Signals {
    return "nothing";
  }

  readonly shape: Shape;
  readonly weight: Tensor | null;
  readonly bias: Tensor | null;
  readonly eps: number;

  constructor(shape: number | Shape, options: NormalizationOptions = {}) {
    super();
    checkNormalization("LayerNorm", options, ["eps", "affine"]);
    this.shape = typeof shape === "number" ? [shape] : checkShape("LayerNorm", shape);
    if (this.shape.length === 0) throw new RangeError("LayerNorm: the shape needs at least one axis");
    for (const extent of this.shape)
      checkInteger("LayerNorm", "an extent of the shape", extent, { atLeast: 1 });
    ({ weight: this.weight, bias: this.bias } = affineOf(this.shape, options));
    this.eps = options.eps ?? 1e-5;
  }

  forward(x: Tensor): Tensor {
    checkTensor("LayerNorm", x);
    if (!sameShape(x.shape.slice(-this.shape.length), this.shape)) {
      throw new RangeError(`LayerNorm: expected [...,${this.shape.join(",")}], got ${formatShape(x.shape)}`);
    }
    const y = normalizeRows(x, sizeOf(this.shape), this.eps);
    return this.weight === null || this.bias === null ? y : y.mul(this.weight).add(this.bias);
  }
}

/**
 * Group normalisation (Wu and He 2018): the channels of [N,channels,...] fall into groups, each of which is normalised
 * by its own mean and variance within a sample; weight and bias are those of the channels.
 */
export class GroupNorm extends Module {
  static override readonly typeName: string = "GroupNorm";
  static override readonly about: string = "normalises each sample over groups of channels";
  override get signals(): Signals {
    return "nothing";
  }

  readonly weight: Tensor | null;
  readonly bias: Tensor | null;
  readonly eps: number;

  constructor(
    readonly groups: number,
    readonly channels: number,
    options: NormalizationOptions = {},
  ) {
    super();
    checkNormalization("GroupNorm", options, ["eps", "affine"]);
    checkInteger("GroupNorm", "the number of groups", groups, { atLeast: 1 });
    checkInteger("GroupNorm", "the number of channels", channels, { atLeast: 1 });
    if (channels % groups !== 0) {
      throw new RangeError(`GroupNorm: ${groups} groups do not divide ${channels} channels`);
    }
    ({ weight: this.weight, bias: this.bias } = affineOf([channels], options));
    this.eps = options.eps ?? 1e-5;
  }

  forward(x: Tensor): Tensor {
    checkTensor("GroupNorm", x);
    if (x.ndim < 2 || x.shape[1] !== this.channels) {
      throw new RangeError(`GroupNorm: expected [N,${this.channels},...], got ${formatShape(x.shape)}`);
    }
    const rows = sizeOf(x.shape.slice(1)) / this.groups;
    const y = normalizeRows(x, rows, this.eps);
    if (this.weight === null || this.bias === null) return y;
    const perChannel = [this.channels, ...x.shape.slice(2).map(() => 1)];
    return y.mul(this.weight.reshape(perChannel)).add(this.bias.reshape(perChannel));
  }
}

/**
 * Root mean square normalisation (Zhang and Sennrich 2019) over the last axis of `features`:
 * y = x / sqrt(mean(x^2) + eps) * weight.
 */
export class RMSNorm extends Module {
  static override readonly typeName: string = "RMSNorm";
  static override readonly about: string = "divides each sample by its root mean square";
  override get signals(): Signals {
    return "nothing";
  }

  readonly weight: Tensor | null;
  readonly eps: number;

  constructor(
    readonly features: number,
    options: NormalizationOptions = {},
  ) {
    super();
    checkInteger("RMSNorm", "the number of features", features, { atLeast: 1 });
    checkNormalization("RMSNorm", options, ["eps", "affine"]);
    this.weight = (options.affine ?? true) ? parameter(ones([features])) : null;
    this.eps = options.eps ?? 1e-5;
  }

  forward(x: Tensor): Tensor {
    checkTensor("RMSNorm", x);
    if (x.shape[x.ndim - 1] !== this.features) {
      throw new RangeError(`RMSNorm: expected [...,${this.features}], got ${formatShape(x.shape)}`);
    }
    const y = x.mul(x.square().mean(-1, { keepDims: true }).add(this.eps).rsqrt());
    return this.weight === null ? y : y.mul(this.weight);
  }
}
