// What a run folder says: config.json, metrics.jsonl and connectomes.safetensors, read leniently where a killed run
// leaves damage (a cut last line) and strictly where the folder would not be a run (config.json).

import { DataError, scope } from "../core/index";
import { loadSafetensors } from "../io/index";
import type { Seconds } from "./clock";
import type { EndEvent, EpochEvent, ObservationEvent, StepEvent, TrainEvent } from "./events";

/** config.json: what was asked for. Only what the report itself needs is typed; the rest is shown as it stands. */
export interface RunConfig {
  data?: string;
  model?: string;
  schedule?: string;
  optimizer?: string;
  seed?: number;
  epochs?: number;
  batchSize?: number;
  parameters?: number;
  trainSamples?: number;
  stepsPerEpoch?: number;
  /** Options of the CG-ALR controller, when it drove the run. */
  cgalr?: { enterSlow?: number; leaveSlow?: number; calm?: number; [option: string]: unknown };
  [key: string]: unknown;
}

/** Neurons of one layer, in the order of the connectome's rows. */
export interface LayerSignals {
  layer: string;
  count: number;
}

/** |rho| between all pairs of neurons at one step: `values` is [size, size], row-major. */
export interface ConnectomeSnapshot {
  which: "first" | "middle" | "last";
  step: number;
  values: Float32Array;
}

/** The connectomes that a run kept; births and deaths belong to the last, ascending. */
export interface RunConnectomes {
  size: number;
  signals: LayerSignals[];
  snapshots: ConnectomeSnapshot[];
  births: Float32Array;
  deaths: Float32Array;
}

/** A run folder, parsed. Rows of each kind ascend in `epoch`. */
export interface RunData {
  name: string;
  config: RunConfig;
  steps: StepEvent[];
  epochs: EpochEvent[];
  observations: ObservationEvent[];
  end: EndEvent | null;
  connectomes: RunConnectomes | null;
  /** What was damaged or is missing, as sentences for the reader of the report. */
  notes: string[];
}

const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
const isNumberOrNull = (value: unknown) => value === null || isNumber(value);
const isOptional = (value: unknown) => value === undefined || isNumberOrNull(value);
const isQuantiles = (value: unknown) =>
  Array.isArray(value) && value.length === 7 && value.every(isNumberOrNull);
const parts: (keyof Seconds)[] = ["forward", "backward", "optimizer", "connectome", "data", "other", "total"];
const isTimes = (value: unknown) =>
  typeof value === "object" && value !== null && parts.every((part) => isNumber((value as Seconds)[part]));

/** What each field of a row has to be; a line with any other value is damaged. */
const fields: Record<TrainEvent["type"], Record<string, (value: unknown) => boolean>> = {
  step: {
    step: isNumber,
    epoch: isNumber,
    loss: isNumberOrNull,
    accuracy: isNumberOrNull,
    lr: isNumberOrNull,
  },
  epoch: {
    step: isNumber,
    epoch: isNumber,
    trainLoss: isNumberOrNull,
    trainAccuracy: isNumberOrNull,
    validationLoss: isOptional,
    validationAccuracy: isOptional,
    lr: isNumberOrNull,
    seconds: isNumber,
  },
  observation: {
    step: isNumber,
    epoch: isNumber,
    distance: isNumberOrNull,
    z: isNumberOrNull,
    state: (value) => value === "HOLD" || value === "SLOW" || value === "FAST",
    multiplier: isNumber,
    lr: isNumber,
    envelope: isNumber,
    milliseconds: isNumber,
    births: isQuantiles,
    deaths: isQuantiles,
  },
  end: {
    status: (value) => value === "finished" || value === "interrupted" || value === "diverged",
    step: isNumber,
    testLoss: isOptional,
    testAccuracy: isOptional,
    weightsHash: (value) => typeof value === "string",
    seconds: isTimes,
    message: (value) => value === undefined || typeof value === "string",
  },
};

function parseRow(line: string): TrainEvent | null {
  let row: Record<string, unknown>;
  try {
    row = JSON.parse(line);
  } catch {
    return null;
  }
  if (typeof row !== "object" || row === null || !Object.hasOwn(fields, String(row.type))) return null;
  const checks = Object.entries(fields[row.type as TrainEvent["type"]]);
  return checks.every(([name, check]) => check(row[name])) ? (row as unknown as TrainEvent) : null;
}

/** Appends a row; a resumed run repeats the epochs since its checkpoint, and then the newer rows count. */
function append<T extends { epoch: number }>(rows: T[], row: T): void {
  while (rows.length > 0 && rows[rows.length - 1].epoch >= row.epoch) rows.pop();
  rows.push(row);
}

function parseConfig(text: string): RunConfig {
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch (error) {
    throw new DataError(`parseRun: config.json is not JSON: ${(error as Error).message}`);
  }
  if (typeof config !== "object" || config === null || Array.isArray(config)) {
    throw new DataError("parseRun: config.json has to hold an object");
  }
  return config as RunConfig;
}

function parseConnectomes(bytes: Uint8Array): RunConnectomes {
  const { tensors, metadata } = scope(() => {
    const file = loadSafetensors(bytes);
    const read = Object.entries(file.tensors).map(([name, value]) => [name, value.toFloat32Array()] as const);
    return { tensors: new Map(read), metadata: file.metadata };
  });
  const signals: LayerSignals[] = JSON.parse(metadata.signals ?? "null");
  if (
    !Array.isArray(signals) ||
    !signals.every(({ layer, count }) => typeof layer === "string" && isNumber(count))
  ) {
    throw new DataError("metadata `signals` has to list { layer, count }");
  }
  const size = signals.reduce((sum, { count }) => sum + count, 0);
  const read = (name: string, length: number) => {
    const values = tensors.get(name);
    if (values === undefined) throw new DataError(`tensor ${name} is missing`);
    if (values.length !== length) {
      throw new DataError(
        `tensor ${name} has ${values.length} values, expected ${length} of ${size} neurons`,
      );
    }
    if (!values.every(Number.isFinite)) throw new DataError(`tensor ${name} holds NaN or Infinity`);
    return values;
  };
  const snapshots = (["first", "middle", "last"] as const)
    .filter((which) => which !== "middle" || tensors.has("middle"))
    .map((which) => ({ which, step: Number(metadata[which]), values: read(which, size * size) }));
  const births = read("births", size - 1);
  return {
    size,
    signals,
    snapshots,
    births,
    deaths: read("deaths", (size * (size - 1)) / 2 - births.length),
  };
}

/**
 * Reads the texts of a run folder.
 *
 * Lines of `metrics` that are no rows are skipped and counted, connectomes that cannot be read are left out; both are
 * said in `notes`. Everything but `config` may be empty or missing.
 *
 * @param files `config` and `metrics` as texts, `connectomes` as bytes; `name` says which run it is, default data,
 * model, schedule and seed of the configuration.
 * @throws DataError where `config` is no JSON object.
 */
export function parseRun(files: {
  config: string;
  metrics: string;
  connectomes?: Uint8Array;
  name?: string;
}): RunData {
  const config = parseConfig(files.config);
  const described = [config.data, config.model, config.schedule].filter((part) => part !== undefined);
  const run: RunData = {
    name: files.name ?? (described.length > 0 ? `${described.join(" ")}, seed ${config.seed ?? "?"}` : "run"),
    config,
    steps: [],
    epochs: [],
    observations: [],
    end: null,
    connectomes: null,
    notes: [],
  };
  let damaged = 0;
  for (const line of files.metrics.split("\n")) {
    if (line.trim() === "") continue;
    const row = parseRow(line);
    if (row === null) {
      damaged++;
      continue;
    }
    // Rows after an end row are of a resumed run, which has yet to end.
    run.end = row.type === "end" ? row : null;
    if (row.type === "step") append(run.steps, row);
    if (row.type === "epoch") append(run.epochs, row);
    if (row.type === "observation") append(run.observations, row);
  }
  if (damaged > 0) {
    run.notes.push(`${damaged} damaged ${damaged === 1 ? "line" : "lines"} of metrics.jsonl skipped.`);
  }
  if (run.end === null) {
    run.notes.push(
      "No end of the run is recorded: it was killed or is still going. The figures are those so far.",
    );
  } else if (run.end.message !== undefined) {
    run.notes.push(run.end.message);
  }
  if (files.connectomes !== undefined) {
    try {
      run.connectomes = parseConnectomes(files.connectomes);
    } catch (error) {
      run.notes.push(`connectomes.safetensors is left out: ${(error as Error).message}.`);
    }
  }
  return run;
}
