// Optimizers and schedules by name.

import { type Entry, entry } from "../core/catalogue";
import { checkNumber } from "../core/check";
import type { Tensor } from "../core/index";
import { pow } from "../core/math";
import { ADAM_DEFAULTS, ADAMW_DEFAULTS, Adam, AdamW } from "./adam";
import { CGALR, type ConnectomeObserver } from "./cg-alr";
import { CosineAnnealingLR } from "./cosine";
import { DADAPT_SGD_DEFAULTS, DAdaptSGD } from "./d-adaptation";
import { ExponentialLR, InverseTimeLR, PolynomialLR, StepLR } from "./decay";
import { DOG_DEFAULTS, DoG, LDoG } from "./dog";
import { LinearLR, SequentialLR } from "./linear";
import { OneCycleLR } from "./one-cycle";
import type { Optimizer } from "./optimizer";
import type { Defaults } from "./options";
import { ReduceLROnPlateau } from "./plateau";
import { PRODIGY_DEFAULTS, Prodigy } from "./prodigy";
import { RMSPROP_DEFAULTS, RMSprop } from "./rmsprop";
import type { Schedulable, Schedule } from "./schedule";
import {
  SCHEDULE_FREE_ADAMW_DEFAULTS,
  SCHEDULE_FREE_SGD_DEFAULTS,
  ScheduleFreeAdamW,
  ScheduleFreeSGD,
} from "./schedule-free";
import { SGD, SGD_DEFAULTS, type SGDOptions } from "./sgd";

/** An optimizer that goes by name. */
export interface OptimizerEntry<Options extends object = never, Name extends string = string>
  extends Entry<(parameters: readonly Tensor[], options?: Options) => Optimizer, Name> {
  /** Names of the options that there are. */
  readonly options: readonly string[];
}

function optimizer<const Name extends string, Options extends object>(
  name: Name,
  about: string,
  defaults: Defaults<Required<Options>>,
  Rule: new (parameters: readonly Tensor[], options: Options) => Optimizer,
): OptimizerEntry<Options, Name> {
  const make = (parameters: readonly Tensor[], options?: Options) =>
    new Rule(parameters, options ?? ({} as Options));
  return { ...entry(name, about, make), options: Object.keys(defaults) };
}

/** Optimizers. An entry makes one of parameters; options left out have the optimizer's defaults, and those said here. */
export const OPTIMIZERS = [
  {
    ...entry(
      "sgd",
      "stochastic gradient descent, by default with rate 0.1 and momentum 0.9",
      (parameters: readonly Tensor[], options: Partial<SGDOptions> = {}) =>
        new SGD(parameters, { lr: 0.1, momentum: 0.9, ...options }),
    ),
    options: Object.keys(SGD_DEFAULTS),
  },
  optimizer("adam", "steps scaled by moments of the gradient", ADAM_DEFAULTS, Adam),
  optimizer("adamw", "Adam with the weight decay apart from the gradient", ADAMW_DEFAULTS, AdamW),
  optimizer("rmsprop", "steps scaled by the root mean square of the gradient", RMSPROP_DEFAULTS, RMSprop),
  optimizer("dog", "distance over gradients: finds its rate itself", DOG_DEFAULTS, DoG),
  optimizer("ldog", "DoG with a rate for each tensor", DOG_DEFAULTS, LDoG),
  optimizer("dadapt", "SGD by D-Adaptation: the rate grows to what fits", DADAPT_SGD_DEFAULTS, DAdaptSGD),
  optimizer("prodigy", "Adam whose rate grows to what fits", PRODIGY_DEFAULTS, Prodigy),
  optimizer(
    "schedule-free-sgd",
    "SGD that evaluates an average of its points and needs no schedule",
    SCHEDULE_FREE_SGD_DEFAULTS,
    ScheduleFreeSGD,
  ),
  optimizer(
    "schedule-free-adamw",
    "AdamW that evaluates an average of its points and needs no schedule",
    SCHEDULE_FREE_ADAMW_DEFAULTS,
    ScheduleFreeAdamW,
  ),
] as const;

/** The names of optimizers. */
export type OptimizerName = (typeof OPTIMIZERS)[number]["name"];

/** What a schedule may need to know of a run. */
export interface ScheduleSetup {
  optimizer: Schedulable;
  epochs: number;
  stepsPerEpoch: number;
  /** What CG-ALR watches. */
  observer: () => ConnectomeObserver;
}

function schedule<const Name extends string>(
  name: Name,
  about: string,
  make: (setup: ScheduleSetup) => Schedule | undefined,
): Entry<(setup: ScheduleSetup) => Schedule | undefined, Name> {
  return entry(name, about, make);
}

/** Schedules that fall over all epochs of a run, or undefined for constant rates; the constants are usual ones and not tuned. */
export const SCHEDULES = [
  schedule(
    "cg-alr",
    "the connectome's topology guides the rate",
    ({ optimizer, observer, stepsPerEpoch }) => new CGALR(optimizer, observer(), { stepsPerEpoch }),
  ),
  // Found on validation data, see docs/cg-alr.md.
  schedule(
    "cg-alr-late",
    "the same, with an envelope that bends after two thirds of the epochs instead of after two",
    ({ optimizer, observer, stepsPerEpoch, epochs }) =>
      new CGALR(optimizer, observer(), { stepsPerEpoch, tau: lateTau(epochs) }),
  ),
  schedule("constant", "the rate stays as it is", () => undefined),
  schedule(
    "step",
    "to a tenth after one and after two thirds of the epochs",
    ({ optimizer, epochs }) => new StepLR(optimizer, { stepSize: Math.ceil(epochs / 3) }),
  ),
  schedule(
    "exponential",
    "by the same factor each epoch, to a hundredth at the end",
    ({ optimizer, epochs }) => new ExponentialLR(optimizer, { gamma: pow(0.01, 1 / epochs) }),
  ),
  schedule(
    "cosine",
    "half a cosine wave to 0",
    ({ optimizer, epochs }) => new CosineAnnealingLR(optimizer, { tMax: epochs }),
  ),
  schedule(
    "warmup-cosine",
    "rises from a tenth for a tenth of the epochs, then cosine",
    ({ optimizer, epochs }) => {
      const warm = Math.ceil(epochs / 10);
      const warmup = new LinearLR(optimizer, { startFactor: 0.1, totalIters: warm });
      const cosine = new CosineAnnealingLR(optimizer, { tMax: Math.max(1, epochs - warm) });
      return new SequentialLR(optimizer, { schedules: [warmup, cosine], milestones: [warm] });
    },
  ),
  schedule(
    "polynomial",
    "a straight line to 0",
    ({ optimizer, epochs }) => new PolynomialLR(optimizer, { totalIters: epochs }),
  ),
  schedule(
    "inverse-time",
    "half after two epochs, like the envelope of CG-ALR with power 1",
    ({ optimizer }) => new InverseTimeLR(optimizer, { decay: 0.5 }),
  ),
  schedule(
    "plateau",
    "to 30 % when the loss has not fallen by 5 % for two epochs",
    ({ optimizer }) => new ReduceLROnPlateau(optimizer, { factor: 0.3, patience: 1, threshold: 0.05 }),
  ),
  schedule(
    "one-cycle",
    "up to the rate given and far below, once",
    ({ optimizer, epochs, stepsPerEpoch }) =>
      new OneCycleLR(optimizer, { maxLr: optimizer.lr, epochs, stepsPerEpoch }),
  ),
] as const;

/** The names of schedules. */
export type ScheduleName = (typeof SCHEDULES)[number]["name"];

/** The epochs after which the later envelope bends. */
export function lateTau(epochs: number): number {
  checkNumber("lateTau", "epochs", epochs, { above: 0 });
  return (2 * epochs) / 3;
}
