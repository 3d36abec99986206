// topograd train

import { resolve } from "node:path";
import { manualSeed, runtime } from "../core/index";
import { globalGenerator } from "../core/random";
import { cropAndFlip, split } from "../data/index";
import type { Module } from "../nn/index";
import { CGALR, type Optimizer } from "../optim/index";
import { ConnectomeRecorder } from "../runs/connectomes";
import { type EndEvent, observationEvent, type RunEvent } from "../runs/events";
import { RunFolder } from "../runs/folder";
import { VERSION } from "../runs/version";
import {
  DATA_SETS,
  loadData,
  MODELS,
  makeModel,
  makeOptimizer,
  makeSchedule,
  makeTracker,
  OPTIMIZERS,
  type OptimizerOptions,
  SCHEDULES,
} from "../study/catalogue";
import type { ConnectomeTracker } from "../tda/index";
import { DivergenceError, evaluate, type FitProgress, fit } from "../train/index";
import { helpText, type OptionSpecs, parseOptions, UsageError } from "./options";
import { Progress } from "./progress";
import { writeReport } from "./report";

const OPTIONS: OptionSpecs = {
  data: { type: "string", default: "mnist", value: "NAME", about: `data set: ${DATA_SETS.join(", ")}` },
  "data-dir": { type: "string", value: "DIR", about: "folder of the data set's original files" },
  model: { type: "string", default: "mlp", value: "NAME", about: `network: ${MODELS.join(", ")}` },
  optimizer: { type: "string", default: "sgd", value: "NAME", about: `optimizer: ${OPTIMIZERS.join(", ")}` },
  schedule: {
    type: "string",
    default: "cg-alr",
    value: "NAME",
    about: `learning rate: ${SCHEDULES.join(", ")}`,
  },
  lr: { type: "string", value: "RATE", about: "initial learning rate (sgd 0.1, others their own)" },
  momentum: { type: "string", value: "SHARE", about: "momentum (sgd 0.9, others their own)" },
  "weight-decay": { type: "string", value: "FACTOR", about: "weight decay (the optimizer's own)" },
  epochs: { type: "string", default: "20", value: "N", about: "passes over the training set" },
  batch: { type: "string", default: "128", value: "N", about: "samples in a step" },
  seed: { type: "string", default: "1", value: "N", about: "seeds everything random" },
  validation: {
    type: "string",
    default: "0",
    value: "N",
    about: "training samples held out and evaluated each epoch",
  },
  augment: { type: "boolean", about: "crop and mirror training images at random (not with mlp)" },
  out: { type: "string", value: "DIR", about: "run folder (runs/DATA-MODEL-SCHEDULE-SEED)" },
  resume: { type: "boolean", about: "do nothing if the run in --out is finished, else start it afresh" },
  quiet: { type: "boolean", about: "print the last line only" },
  json: { type: "boolean", about: "print one JSON object a line instead of progress" },
  help: { type: "boolean", about: "print this help" },
};

const EXIT_INTERRUPTED = 130;
/** CG-ALR's default, and what the middle of a run is counted by. */
const OBSERVATIONS_PER_EPOCH = 5;

/** The optimizer of that name; an option that it does not have is a UsageError. */
function optimizerFor(
  name: (typeof OPTIMIZERS)[number],
  model: Module,
  options: OptimizerOptions,
): Optimizer {
  try {
    return makeOptimizer(name, model, options);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** Trains a network; returns the exit status. */
export async function runTrain(args: string[]): Promise<number> {
  const options = parseOptions(args, OPTIONS);
  if (options.flag("help")) {
    console.log(helpText("topograd train [options]", OPTIONS));
    return 0;
  }
  const config = {
    topograd: VERSION,
    command: "train",
    data: options.choice("data", DATA_SETS),
    model: options.choice("model", MODELS),
    optimizer: options.choice("optimizer", OPTIMIZERS),
    schedule: options.choice("schedule", SCHEDULES),
    epochs: options.integer("epochs", 1, 1e6),
    batchSize: options.integer("batch", 1, 1e6),
    seed: options.integer("seed", 0, Number.MAX_SAFE_INTEGER),
    validationSamples: options.integer("validation", 0, 1e9),
    augment: options.flag("augment"),
  };
  const optimizerOptions: OptimizerOptions = {};
  if (options.text("lr") !== undefined) optimizerOptions.lr = options.number("lr", 0, 1e6);
  if (options.text("momentum") !== undefined) optimizerOptions.momentum = options.number("momentum", 0, 1);
  if (options.text("weight-decay") !== undefined) {
    optimizerOptions.weightDecay = options.number("weight-decay", 0, 1e6);
  }
  const json = options.flag("json");
  const out = options.text("out") ?? `runs/${config.data}-${config.model}-${config.schedule}-${config.seed}`;
  if (options.flag("resume") && RunFolder.isFinished(out)) {
    console.log(`the run in ${resolve(out)} is finished`);
    return 0;
  }
  const progress = new Progress(process.stderr, options.flag("quiet") || json);

  manualSeed(config.seed);
  const dataset = await loadData(config.data, config.model, {
    directory: options.text("data-dir"),
    onProgress: (done, total) => progress.loading(config.data, done, total),
  });
  const [train, validation] =
    config.validationSamples > 0
      ? split(dataset.train, dataset.train.length - config.validationSamples, config.seed)
      : [dataset.train, undefined];
  const { model, sizes } = makeModel(config.model, train);
  const optimizer = optimizerFor(config.optimizer, model, optimizerOptions);
  const stepsPerEpoch = Math.ceil(train.length / config.batchSize);
  const tracker = config.schedule.startsWith("cg-alr")
    ? makeTracker(model, train, globalGenerator.nextInteger())
    : null;
  const recorder = new ConnectomeRecorder(config.epochs * OBSERVATIONS_PER_EPOCH);
  const schedule = makeSchedule(config.schedule, {
    optimizer,
    observer: () => tracker as ConnectomeTracker,
    epochs: config.epochs,
    stepsPerEpoch,
  });
  const parameters = model.parameters().reduce((n, p) => n + p.size, 0);
  const { params: _, ...optimizerSettings } = optimizer.groups[0];
  const folder = RunFolder.create(out, {
    ...config,
    ...optimizerSettings,
    ...(sizes.length > 0 ? { sizes } : {}),
    parameters,
    trainSamples: train.length,
    testSamples: dataset.test.length,
    stepsPerEpoch,
    ...(schedule instanceof CGALR ? { cgalr: schedule.options } : {}),
    runtime: {
      engine: `Node ${process.versions.node}`,
      platform: `${process.platform} ${process.arch}`,
      simd: runtime().simd,
      threads: runtime().threads,
    },
  });
  progress.line(
    `${config.data}: ${train.length} training and ${dataset.test.length} test samples; ` +
      `${[config.model, ...(sizes.length > 0 ? [sizes.join("-")] : [])].join(" ")}, ${parameters.toLocaleString("en-US")} parameters; ${config.schedule}, seed ${config.seed}`,
  );

  const emit = (event: RunEvent): void => {
    folder.record(event);
    if (json) console.log(JSON.stringify(event));
  };
  const saveConnectomes = () => {
    const bytes = recorder.encode(tracker?.signals ?? []);
    if (bytes !== null) folder.saveConnectomes(bytes);
  };
  const status = {
    step: 0,
    steps: stepsPerEpoch * config.epochs,
    epoch: 1,
    epochs: config.epochs,
    loss: Number.NaN,
    accuracy: null as number | null,
    lr: optimizer.lr,
    controller: null as string | null,
  };
  const onProgress = (event: FitProgress): void => {
    if (event.type === "observed") {
      const { record } = event;
      status.controller = `${record.state} x${record.multiplier.toFixed(2)}`;
      recorder.record(record, record.step);
      emit(observationEvent(record));
      return;
    }
    emit(event);
    if (event.type === "step") {
      Object.assign(status, event, { epoch: Math.floor(event.epoch) + 1 });
      progress.update(status);
      return;
    }
    saveConnectomes();
    const show = (share: number | null | undefined) =>
      share == null ? "" : `, accuracy ${(100 * share).toFixed(2)} %`;
    const held =
      event.validationLoss === undefined
        ? ""
        : `; validation loss ${event.validationLoss.toFixed(4)}${show(event.validationAccuracy)}`;
    progress.line(
      `epoch ${String(event.epoch).padStart(String(config.epochs).length)}/${config.epochs}: ` +
        `loss ${event.trainLoss.toFixed(4)}${show(event.trainAccuracy)}${held}; lr ${event.lr.toPrecision(3)}` +
        `${status.controller === null ? "" : `, ${status.controller}`}; ${event.seconds.toFixed(1)} s`,
    );
  };

  const abort = new AbortController();
  const onInterrupt = () => abort.abort();
  process.once("SIGINT", onInterrupt);
  process.once("SIGTERM", onInterrupt);
  let end: EndEvent;
  try {
    const result = await fit({
      model,
      optimizer,
      schedule,
      train,
      validation,
      epochs: config.epochs,
      batchSize: config.batchSize,
      augment: config.augment ? cropAndFlip() : undefined,
      onProgress,
      signal: abort.signal,
    });
    end = { type: "end", status: result.status, step: result.steps, seconds: result.seconds };
  } catch (error) {
    if (!(error instanceof DivergenceError)) throw error;
    end = {
      type: "end",
      status: "diverged",
      step: error.step,
      seconds: error.seconds,
      message: error.message,
    };
  } finally {
    process.off("SIGINT", onInterrupt);
    process.off("SIGTERM", onInterrupt);
    progress.clear();
  }
  saveConnectomes();
  const test = evaluate(model, dataset.test);
  end.testLoss = test.loss;
  end.testAccuracy = test.accuracy;
  end.weightsHash = folder.saveWeights(model.stateDict());
  emit(end);
  folder.close();
  const report = writeReport([out]);

  const { seconds } = end;
  const share = seconds.total > 0 ? seconds.connectome / seconds.total : 0;
  if (end.message !== undefined) console.error(`topograd: ${end.message}`);
  if (end.status === "interrupted") console.error("interrupted: what was learnt until now is saved");
  if (!options.flag("quiet") && !json) {
    console.log(
      `${end.step} steps in ${seconds.total.toFixed(1)} s; the connectome took ${(100 * share).toFixed(2)} %`,
    );
    console.log(`report: ${resolve(report)}`);
    console.log(`weights: ${end.weightsHash} (SHA-256 of ${resolve(out)}/weights.safetensors)`);
  }
  if (!json) console.log(`test accuracy: ${(100 * (test.accuracy ?? 0)).toFixed(2)} %`);
  return { finished: 0, interrupted: EXIT_INTERRUPTED, diverged: 1 }[end.status];
}
