// The folder that a training run leaves: config.json, metrics.jsonl, weights.safetensors, connectomes.safetensors.

import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { basename, join, resolve } from "node:path";
import { DataError, type Tensor } from "../core/index";
import { saveSafetensors } from "../io/index";
import { writeWhole } from "../io/whole-file";
import { encodeEvent, type RunEvent } from "./events";
import { parseRun, type RunData } from "./run";

const CONFIG = "config.json";
const METRICS = "metrics.jsonl";
const WEIGHTS = "weights.safetensors";
const CONNECTOMES = "connectomes.safetensors";

/** What writes the folder; readRun() reads it. */
export class RunFolder {
  private readonly metrics: number;

  private constructor(readonly path: string) {
    this.metrics = openSync(join(path, METRICS), "a");
  }

  /** True when a run in this folder came to its end. */
  static isFinished(path: string): boolean {
    const file = join(path, METRICS);
    if (!existsSync(file)) return false;
    return /^\{"type":"end","status":"finished"/m.test(readFileSync(file, "utf8"));
  }

  /** An empty run folder; what an earlier run left there is removed. */
  static create(path: string, config: Record<string, unknown>): RunFolder {
    mkdirSync(path, { recursive: true });
    for (const file of [CONFIG, METRICS, WEIGHTS, CONNECTOMES]) {
      rmSync(join(path, file), { force: true });
    }
    writeWhole(join(path, CONFIG), `${JSON.stringify(config, null, 2)}\n`);
    return new RunFolder(path);
  }

  /** Appends one line, at once on disk as far as the operating system is concerned: it survives a kill. */
  record(event: RunEvent): void {
    writeSync(this.metrics, `${encodeEvent(event)}\n`);
  }

  /** Writes the weights; returns their SHA-256 in hexadecimal. */
  saveWeights(weights: Record<string, Tensor>): string {
    const bytes = saveSafetensors(weights);
    writeWhole(join(this.path, WEIGHTS), bytes);
    return createHash("sha256").update(bytes).digest("hex");
  }

  /** Writes what a recorder encoded. */
  saveConnectomes(bytes: Uint8Array): void {
    writeWhole(join(this.path, CONNECTOMES), bytes);
  }

  close(): void {
    closeSync(this.metrics);
  }
}

/** Reads a run folder. Throws a DataError that names what is missing where the folder is no run. */
export function readRun(folder: string, name = basename(resolve(folder))): RunData {
  if (!existsSync(folder)) throw new DataError(`report: there is no folder ${folder}`);
  if (!statSync(folder).isDirectory())
    throw new DataError(`report: ${folder} is a file, expected the folder of a run`);
  const missing = [CONFIG, METRICS].filter((file) => !existsSync(join(folder, file)));
  if (missing.length > 0)
    throw new DataError(`report: ${folder} is no run: it has no ${missing.join(" and no ")}`);
  const text = (file: string) => readFileSync(join(folder, file), "utf8");
  const connectomes = join(folder, CONNECTOMES);
  try {
    return parseRun({
      name,
      config: text(CONFIG),
      metrics: text(METRICS),
      connectomes: existsSync(connectomes) ? readFileSync(connectomes) : undefined,
    });
  } catch (error) {
    throw new DataError(`report: ${folder} is no run: ${(error as Error).message}`);
  }
}
