// Training as a thing that steps, and that can be saved and restored between any two steps.

import { checkFunction, checkInteger, checkNumber, checkOptions, checkTensor, describe } from "../core/check";
import { allFinite } from "../core/compute";
import {
  type GeneratorState,
  manualSeed,
  type Stateful,
  type StateTree,
  scope,
  type Tensor,
} from "../core/index";
import { globalGenerator } from "../core/random";
import { checkDataset } from "../data/dataset";
import { type Augmentation, type Batch, DataLoader, type DataLoaderState, type Dataset } from "../data/index";
import { clipGradNorm, crossEntropy, type Module } from "../nn/index";
import { checkModule } from "../nn/module";
import { type ControllerObservation, listenToObservations, Optimizer } from "../optim/index";
import { checkAlike } from "./alike";
import type { Callback, StepReport } from "./callback";
import { Clock, type ClockState, type Seconds } from "./clock";
import {
  DivergenceError,
  findGradient,
  findNonFinite,
  findWeights,
  isFiniteModel,
  Snapshot,
} from "./divergence";
import { EarlyStopping, type EarlyStoppingOptions } from "./early-stopping";
import { countCorrect, evaluate, type Loss } from "./evaluate";
import type { EpochEvent } from "./events";
import { Means, type MeansState } from "./means";
import { checkWeights, copyWeights, restoreWeights, type Weights } from "./weights";

/** Anything that sets the learning rate when step() is called. One that is {@link Stateful} is saved with the trainer. */
export interface FitSchedule {
  readonly interval: "epoch" | "step";
  step(metric?: number): void;
  /** Multiplies the rates from here on: what fit() does when a run that diverged goes back. Default: the optimizer's are. */
  scale?(factor: number): void;
  stateDict?(): unknown;
  loadStateDict?(state: never): void;
}

/** Options of {@link Trainer}. */
export interface TrainerOptions {
  model: Module;
  optimizer: Optimizer;
  /** Stepped after each epoch or each optimizer step, as its `interval` says. Default: constant rates. */
  schedule?: FitSchedule;
  train: Dataset;
  /** Evaluated after each epoch. The test set does not belong here: read it once, with evaluate(). */
  validation?: Dataset;
  /** Default 32. */
  batchSize?: number;
  /** Changes the inputs of each training batch at random; validation sees them as they are. Default: no change. */
  augment?: Augmentation;
  /** Seeds the order of the samples and everything else random from here on. Default: the random stream goes on. */
  seed?: number;
  /** Default crossEntropy. */
  loss?: Loss;
  /** Scales the gradients of each step so that their common norm is at most this: see {@link clipGradNorm}. Default: no. */
  clipGradNorm?: number;
  /** Batches whose gradients make one optimizer step, as if they were one batch. Default 1. */
  accumulate?: number;
  /** Ends training when a metric no longer improves. Default: it does not. */
  earlyStopping?: EarlyStoppingOptions;
  callbacks?: readonly Callback[];
}

export const TRAINER_OPTIONS = [
  ...["model", "optimizer", "schedule", "train", "validation", "batchSize", "augment", "seed", "loss"],
  ...["clipGradNorm", "accumulate", "earlyStopping", "callbacks"],
];

/** Everything that the rest of a training run depends on, and what it has told so far. */
export type TrainerState = {
  steps: number;
  /** Epochs that are complete. */
  epochs: number;
  /** Why training stopped; null while it goes on. */
  stopped: string | null;
  model: Weights;
  optimizer: StateTree;
  schedule: StateTree;
  loader: DataLoaderState;
  /** The global generator: dropout and the like. */
  random: GeneratorState;
  /** Streams of random numbers that layers were given, by name. */
  generators: { [name: string]: GeneratorState };
  means: MeansState;
  clock: ClockState;
  /** Milliseconds since the epoch in hand began. */
  epochTime: number;
  history: EpochEvent[];
  callbacks: StateTree[];
};

/** A training run that goes on by one optimizer step at a time; fit() is a loop over it. */
export class Trainer implements Stateful<TrainerState> {
  readonly model: Module;
  readonly optimizer: Optimizer;
  /** Optimizer steps taken. */
  steps = 0;
  /** Epochs that are complete. */
  epochs = 0;
  /** One entry for each of them. */
  readonly history: EpochEvent[] = [];
  /** Optimizer steps in an epoch. */
  readonly stepsPerEpoch: number;
  private readonly options: TrainerOptions;
  private readonly loss: Loss;
  private readonly accumulate: number;
  private readonly callbacks: readonly Callback[];
  private readonly loader: DataLoader;
  private readonly clock = new Clock();
  private readonly snapshot = new Snapshot();
  private readonly means = new Means();
  private positions: Iterator<Int32Array, undefined> | null = null;
  private epochStarted = 0;
  private stopReason: string | null = null;
  /** Where a gradient that is not finite arrives from whatever lies above: the first bias, which is cheap to look at. */
  private readonly sentinel: Tensor;
  private observing = 0;

  constructor(options: TrainerOptions) {
    checkOptions("Trainer", options, TRAINER_OPTIONS);
    const { model, optimizer, train, batchSize = 32, augment, seed, loss = crossEntropy } = options;
    const { accumulate = 1, clipGradNorm: limit, earlyStopping, callbacks = [] } = options;
    checkModule("Trainer", model);
    if (!(optimizer instanceof Optimizer)) {
      throw new TypeError(`Trainer: optimizer must be an Optimizer, got ${describe(optimizer)}`);
    }
    checkDataset("Trainer", train);
    checkFunction("Trainer", "loss", loss);
    if (!Array.isArray(callbacks)) {
      throw new TypeError(`Trainer: callbacks must be an array, got ${describe(callbacks)}`);
    }
    checkInteger("Trainer", "accumulate", accumulate, { atLeast: 1 });
    if (limit !== undefined) checkNumber("Trainer", "clipGradNorm", limit, { above: 0 });
    const [sentinel] = checkOwnership(model, optimizer);
    if (seed !== undefined) manualSeed(seed);
    this.options = options;
    this.model = model;
    this.optimizer = optimizer;
    this.loss = loss;
    this.accumulate = accumulate;
    this.callbacks =
      earlyStopping === undefined ? callbacks : [...callbacks, new EarlyStopping(earlyStopping)];
    this.loader = new DataLoader(train, { batchSize, shuffle: true, augment });
    this.stepsPerEpoch = Math.ceil(this.loader.length / accumulate);
    this.sentinel = sentinel;
    this.snapshot.take(model, "the start");
  }

  /** Why training stopped; null while it goes on. */
  get stopped(): string | null {
    return this.stopReason;
  }

  /** Where the time went, in seconds. */
  get seconds(): Seconds {
    return this.clock.seconds();
  }

  /** Multiplies the learning rates from here on, the schedule's too. */
  scaleRates(factor: number): void {
    const { schedule } = this.options;
    if (schedule?.scale !== undefined) schedule.scale(factor);
    else for (const group of this.optimizer.groups) group.lr *= factor;
  }

  /** Ends training after the step in hand; the reason is told to callbacks and kept in `stopped`. */
  stop(reason: string): void {
    this.stopReason ??= reason;
  }

  /**
   * Takes one optimizer step. The last one of an epoch evaluates the validation data, steps a schedule of epochs and tells
   * the callbacks. When a loss, gradient or weight is NaN or infinite it throws a {@link DivergenceError} that names step,
   * layer and rate; the model then holds the last finite weights.
   */
  step(): StepReport {
    if (this.stopReason !== null) throw new Error(`Trainer.step: training has stopped: ${this.stopReason}`);
    this.optimizer.train();
    if (this.positions === null) {
      this.model.train();
      this.positions = this.loader.positions();
      if (this.steps % this.stepsPerEpoch === 0) this.epochStarted = performance.now();
    }
    this.steps++;
    const report = scope(() => this.optimize(this.nextBatches()));
    if (this.steps % this.stepsPerEpoch === 0) this.endEpoch();
    if (this.stopReason !== null) {
      for (const callback of this.callbacks) callback.onStop?.(this.stopReason, this);
    }
    return report;
  }

  /** Takes the steps that are left of the epoch, or of a stopped one. Returns what the epoch came to. */
  epoch(): EpochEvent | null {
    const { epochs } = this;
    while (this.epochs === epochs && this.stopReason === null) this.step();
    return this.epochs === epochs ? null : this.history[this.history.length - 1];
  }

  /** The positions of the batches of a step. */
  private nextBatches(): Int32Array[] {
    const batches: Int32Array[] = [];
    while (batches.length < this.accumulate) {
      const { done, value } = (this.positions as Iterator<Int32Array, undefined>).next();
      if (done) break;
      batches.push(value);
    }
    return batches;
  }

  private optimize(batches: readonly Int32Array[]): StepReport {
    const { clock, optimizer, options } = this;
    const samples = batches.reduce((n, positions) => n + positions.length, 0);
    clock.start();
    optimizer.zeroGrad();
    const own = new Means();
    for (const positions of batches) {
      const batch = this.loader.batch(positions);
      clock.lap("data");
      const share = positions.length / samples;
      const { value, correct } =
        batches.length === 1 ? this.learn(batch, 1) : scope(() => this.learn(batch, share));
      own.add(positions.length, value, correct);
      this.means.add(positions.length, value, correct);
    }
    if (options.clipGradNorm !== undefined) clipGradNorm(this.model.parameters(), options.clipGradNorm);
    optimizer.step();
    clock.lap("optimizer");
    this.stepSchedule();
    const { loss, accuracy } = own.read();
    const report: StepReport = {
      step: this.steps,
      epoch: this.steps / this.stepsPerEpoch,
      samples,
      loss,
      correct: accuracy === null ? null : Math.round(accuracy * samples),
      lr: optimizer.lr,
    };
    for (const callback of this.callbacks) callback.onStep?.(report, this);
    return report;
  }

  /** Adds the gradients of a batch, whose loss counts for this share of the step's. */
  private learn({ x, y }: Batch, share: number): { value: number; correct: number | null } {
    const output = this.model.forward(x);
    const objective = this.loss(output, y);
    checkTensor("Trainer", objective, "the loss");
    const value = objective.item();
    if (!Number.isFinite(value)) throw this.diverged(`the loss is ${value}`, findNonFinite(this.model, x));
    const correct = countCorrect(output, y);
    this.clock.lap("forward");
    (share === 1 ? objective : objective.mul(share)).backward();
    const { grad } = this.sentinel;
    if (grad !== null && !allFinite(grad))
      throw this.diverged("the gradients are not finite", findGradient(this.model));
    this.clock.lap("backward");
    return { value, correct };
  }

  /** A schedule of steps moves on; what it spends on observing is not the optimizer's time. */
  private stepSchedule(): void {
    const { schedule } = this.options;
    if (schedule?.interval !== "step") return;
    this.observing = 0;
    const end = listenToObservations(this.optimizer, (observation) => this.hear(observation));
    try {
      schedule.step();
    } finally {
      end();
    }
    this.clock.lap("optimizer");
    this.clock.move("optimizer", "connectome", this.observing);
  }

  private hear(observation: ControllerObservation): void {
    this.observing += observation.milliseconds;
    for (const callback of this.callbacks) callback.onObservation?.(observation, this);
  }

  private endEpoch(): void {
    const { options, optimizer, model } = this;
    this.epochs++;
    this.positions?.next();
    this.positions = null;
    this.checkWeights(`the end of epoch ${this.epochs}`);
    const { loss, accuracy } = this.means.read();
    this.means.reset();
    const event: EpochEvent = {
      type: "epoch",
      epoch: this.epochs,
      step: this.steps,
      trainLoss: loss,
      trainAccuracy: accuracy,
      lr: optimizer.lr,
      seconds: 0,
    };
    if (options.validation !== undefined) {
      optimizer.eval();
      const result = evaluate(model, options.validation, { loss: this.loss });
      optimizer.train();
      event.validationLoss = result.loss;
      event.validationAccuracy = result.accuracy;
    }
    const { schedule } = options;
    if (schedule?.interval === "epoch") schedule.step(event.validationLoss ?? event.trainLoss);
    event.seconds = (performance.now() - this.epochStarted) / 1000;
    this.history.push(event);
    for (const callback of this.callbacks) callback.onEpoch?.(event, this);
  }

  /** Throws a {@link DivergenceError} unless all weights are finite; then these are the ones to go back to. */
  checkWeights(when = `step ${this.steps}`): void {
    if (this.snapshot.take(this.model, when)) return;
    throw this.diverged("the weights are not finite", findWeights(this.model) ?? "a buffer");
  }

  private diverged(what: string, first: string): DivergenceError {
    let kept = `step ${this.steps - 1}`;
    if (!isFiniteModel(this.model)) {
      this.snapshot.restore(this.model);
      kept = this.snapshot.taken;
    }
    return new DivergenceError(
      `training diverged at step ${this.steps}: ${what}; the first that is not finite is ${first}. ` +
        `The weights of ${kept} are kept. Try a lower learning rate (it was ${this.optimizer.lr})`,
      this.steps,
      first,
      this.seconds,
    );
  }

  stateDict(): TrainerState {
    const { schedule } = this.options;
    return {
      steps: this.steps,
      epochs: this.epochs,
      stopped: this.stopReason,
      model: copyWeights(this.model),
      optimizer: this.optimizer.stateDict() as unknown as StateTree,
      schedule: (schedule?.stateDict?.() as StateTree | undefined) ?? null,
      loader: this.loader.stateDict(),
      random: globalGenerator.stateDict(),
      generators: Object.fromEntries(
        this.model.namedGenerators().map(([name, generator]) => [name, generator.stateDict()]),
      ),
      means: this.means.stateDict(),
      clock: this.clock.stateDict(),
      epochTime: performance.now() - this.epochStarted,
      history: structuredClone(this.history),
      callbacks: this.callbacks.map((callback) => callback.stateDict?.() ?? null),
    };
  }

  /** Goes on where a trainer of the same options was saved, to the same bits. */
  loadStateDict(state: TrainerState): void {
    const { schedule } = this.options;
    checkAlike("Trainer.loadStateDict", state, { ...this.stateDict(), model: {} });
    checkWeights("Trainer.loadStateDict", this.model, state.model);
    if (state.callbacks.length !== this.callbacks.length) {
      throw new RangeError(
        `Trainer.loadStateDict: expected the state of ${this.callbacks.length} callbacks, got ${state.callbacks.length}`,
      );
    }
    const generators = this.model.namedGenerators();
    const names = generators.map(([name]) => name).join(", ");
    if (names !== Object.keys(state.generators).join(", ")) {
      throw new RangeError(
        `Trainer.loadStateDict: expected the random streams of ${names || "no layer"}, ` +
          `got those of ${Object.keys(state.generators).join(", ") || "none"}`,
      );
    }
    this.optimizer.loadStateDict(state.optimizer as never);
    for (const [name, generator] of generators) generator.loadStateDict(state.generators[name]);
    this.loader.loadStateDict(state.loader);
    if (state.schedule !== null) schedule?.loadStateDict?.(state.schedule as never);
    for (const [i, callback] of this.callbacks.entries()) {
      if (state.callbacks[i] !== null) callback.loadStateDict?.(state.callbacks[i]);
    }
    restoreWeights(this.model, state.model);
    this.means.loadStateDict(state.means);
    this.steps = state.steps;
    this.epochs = state.epochs;
    this.stopReason = state.stopped;
    this.history.splice(0, this.history.length, ...structuredClone(state.history));
    this.positions = null;
    this.clock.loadStateDict(state.clock);
    this.epochStarted = performance.now() - state.epochTime;
    this.snapshot.take(this.model, `step ${this.steps}`);
    globalGenerator.loadStateDict(state.random);
  }
}

/** The parameters of this model that the optimizer moves, vectors first; throws where there are none. */
function checkOwnership(model: Module, optimizer: Optimizer): Tensor[] {
  const moved = new Set(optimizer.groups.flatMap(({ params }) => params));
  const own = model.parameters().filter((parameter) => moved.has(parameter));
  if (own.length === 0) {
    throw new RangeError("Trainer: the optimizer has no parameter of this model; was it made for another?");
  }
  return own.sort((a, b) => Number(a.ndim > 1) - Number(b.ndim > 1));
}
