// What a run folder says: config.json, metrics.jsonl and connectomes.safetensors, read leniently where a killed run
// leaves damage (a cut last line) and strictly where the folder would not be a run (config.json).

import { DataError } from "../core/index";
import type { EpochEvent, StepEvent } from "../train/index";
import { decodeConnectomes, type RunConnectomes } from "./connectomes";
import { decodeEvent, type EndEvent, type ObservationEvent } from "./events";

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
    const row = decodeEvent(line);
    if (row === null) {
      damaged++;
      continue;
    }
    // Rows after an end row are of a resumed run, which has yet to end.
    run.end = row.type === "end" ? row : null;
    if (row.type === "step") append(run.steps, row);
    if (row.type === "epoch") append(run.epochs, row);
    if (row.type === "observation") append(run.observations, row);
    if (row.type === "rollback") {
      run.notes.push(`Diverged at step ${row.step}; went on from step ${row.to} with the rate ${row.lr}.`);
    }
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
      run.connectomes = decodeConnectomes(files.connectomes);
    } catch (error) {
      run.notes.push(`connectomes.safetensors is left out: ${(error as Error).message}.`);
    }
  }
  return run;
}
