// topograd train

import { resolve } from "node:path";
import { manualSeed, runtime } from "../core/index";
import { globalGenerator } from "../core/random";
import { cropAndFlip, split } from "../data/index";
import type { Module } from "../nn/index";
import { CGALR, type Optimizer } from "../optim/index";
import { ConnectomeRecorder } from "../runs/connectomes";
import { type EndEvent, observationEvent, type RunEvent } from "../runs/events";
import { makeNumberedFolder, RunFolder } from "../runs/folder";
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
  setupFor,
} from "../study/catalogue";
import type { ConnectomeTracker } from "../tda/index";
import { DivergenceError, evaluate, type FitProgress, fit } from "../train/index";
import { helpText, parseOptions, UsageError } from "./options";
import { Progress } from "./progress";
import { writeReport } from "./report";
import { optimizerOptionsOf, requestOf, TRAIN_OPTIONS } from "./train-options";

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

/** True when the run in the folder came to its end, and that is where it is to go. */
function isComplete(out: string, epochs: number): boolean {
  return RunFolder.isFinished(out) && RunFolder.configOf(out)?.epochs === epochs;
}

/** Trains a network; returns the exit status. */
export async function runTrain(args: string[]): Promise<number> {
  if (parseOptions(args, TRAIN_OPTIONS).flag("help")) {
    console.log(helpText("topograd train [options]", TRAIN_OPTIONS));
    return 0;
  }
  const request = requestOf(args);
  const { options } = request;
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
  const rollbacks =
    options.choice("on-nan", ["stop", "rollback"]) === "stop" ? 0 : options.integer("rollbacks", 1, 1e6);
  const json = options.flag("json");
  if (request.resume && request.out !== null && isComplete(request.out, config.epochs)) {
    // It may have been killed before its report was written.
    writeReport([request.out]);
    console.log(`the run in ${resolve(request.out)} is finished`);
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
  const setup = setupFor(train);
  const { model, sizes } = makeModel(config.model, setup);
  const optimizer = optimizerFor(config.optimizer, model, optimizerOptionsOf(options));
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
  const out = request.out ?? makeNumberedFolder(request.name);
  const runConfig = {
    ...config,
    options: request.settings,
    ...optimizerSettings,
    ...(sizes.length > 0 ? { sizes } : {}),
    ...setup,
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
  };
  const folder = RunFolder.open(out, runConfig, request.resume);
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
      emit(observationEvent(record));
      return;
    }
    if (event.type === "resumed") {
      progress.line(`going on from step ${event.step} (${event.file})`);
      return;
    }
    emit(event);
    if (event.type === "rollback") {
      progress.line(
        `${event.message}. Going back to step ${event.to}, with the rate ${event.lr.toPrecision(3)}`,
      );
      return;
    }
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
  // Until the checkpoint is written a second signal changes nothing; from then on it may end the process.
  process.on("SIGINT", onInterrupt);
  process.on("SIGTERM", onInterrupt);
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
      rollbacks,
      checkpoint: {
        dir: folder.checkpoints,
        resume: true,
        ...(validation === undefined ? {} : { best: "validationLoss" as const }),
      },
      callbacks: [folder, recorder],
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
  if (end.status === "interrupted") {
    console.error("interrupted: what was learnt until now is saved; the same command with --resume goes on");
  }
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
