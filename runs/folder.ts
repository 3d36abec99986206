// The folder that a training run leaves: config.json, metrics.jsonl, weights.safetensors, connectomes.safetensors, and
// checkpoints/. One process at a time writes to it.

import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { DataError, type Stateful, type Tensor } from "../core/index";
import { explained, FolderLock, makeFolder, writeWhole } from "../io/files";
import { readSafetensors, saveSafetensors } from "../io/index";
import { encodeEvent, type RunEvent } from "./events";
import { parseRun, type RunData } from "./run";

const CONFIG = "config.json";
const METRICS = "metrics.jsonl";
const WEIGHTS = "weights.safetensors";
const CONNECTOMES = "connectomes.safetensors";
const CHECKPOINTS = "checkpoints";

/** How much of metrics.jsonl belongs to a checkpoint. */
export type RunFolderState = { metricsBytes: number };

/** The first of NAME, NAME-2, NAME-3, ... that is no folder yet, made. */
export function makeNumberedFolder(name: string): string {
  makeFolder(dirname(name));
  for (let number = 1; ; number++) {
    const path = number === 1 ? name : `${name}-${number}`;
    try {
      mkdirSync(path);
      return path;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST")
        explained(path, () => {
          throw error;
        });
    }
  }
}

/** The last of NAME, NAME-2, NAME-3, ... that is a folder; null where there is none. */
export function lastNumberedFolder(name: string): string | null {
  let last: string | null = null;
  for (let number = 1; ; number++) {
    const path = number === 1 ? name : `${name}-${number}`;
    if (!existsSync(path)) return last;
    last = path;
  }
}

/** What writes the folder; readRun() reads it. As a callback of the trainer it takes lines back that a checkpoint does not have. */
export class RunFolder implements Stateful<RunFolderState> {
  private readonly metrics: number;

  private constructor(
    readonly path: string,
    private readonly lock: FolderLock,
  ) {
    this.metrics = explained(join(path, METRICS), () => openSync(join(path, METRICS), "a"));
  }

  /** Where its checkpoints are. */
  get checkpoints(): string {
    return join(this.path, CHECKPOINTS);
  }

  /** True when there is a run in this folder, finished or not. */
  static holdsRun(path: string): boolean {
    return existsSync(join(path, CONFIG));
  }

  /** True when the run in this folder came to its end. */
  static isFinished(path: string): boolean {
    const file = join(path, METRICS);
    if (!existsSync(file)) return false;
    const last = readFileSync(file, "utf8").trimEnd().split("\n").pop() ?? "";
    return /^\{"type":"end","status":"finished"/.test(last);
  }

  /** What the run in this folder was asked for; null where there is none. */
  static configOf(path: string): Record<string, unknown> | null {
    const file = join(path, CONFIG);
    if (!existsSync(file)) return null;
    let config: unknown;
    try {
      config = JSON.parse(readFileSync(file, "utf8"));
    } catch (error) {
      throw new DataError(`${file} is damaged: ${(error as Error).message}`);
    }
    if (typeof config !== "object" || config === null)
      throw new DataError(`${file} is damaged: it has no settings`);
    return config as Record<string, unknown>;
  }

  /**
   * Takes the folder for a run with this configuration. What an earlier run left there is removed, unless `keep`: then its
   * checkpoints and lines stay, and a trainer's state decides which of them count. Throws where another process has it.
   */
  static open(path: string, config: Record<string, unknown>, keep: boolean): RunFolder {
    makeFolder(path);
    const lock = FolderLock.take(path);
    try {
      for (const part of [path, join(path, CHECKPOINTS)]) {
        for (const name of existsSync(part) ? readdirSync(part) : []) {
          if (name.endsWith(".part")) rmSync(join(part, name), { force: true });
        }
      }
      const saved = existsSync(join(path, CHECKPOINTS)) ? readdirSync(join(path, CHECKPOINTS)) : [];
      // A run that was killed before its first checkpoint begins anew.
      if (!keep || saved.length === 0) {
        for (const name of [CONFIG, METRICS, WEIGHTS, CONNECTOMES, CHECKPOINTS]) {
          rmSync(join(path, name), { force: true, recursive: true });
        }
      }
      writeWhole(join(path, CONFIG), `${JSON.stringify(config, null, 2)}\n`);
      return new RunFolder(path, lock);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** Appends one line, at once with the operating system: it survives a kill. */
  record(event: RunEvent): void {
    explained(join(this.path, METRICS), () => writeSync(this.metrics, `${encodeEvent(event)}\n`));
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

  stateDict(): RunFolderState {
    // On the disk before the checkpoint that counts on it.
    explained(join(this.path, METRICS), () => fsyncSync(this.metrics));
    return { metricsBytes: fstatSync(this.metrics).size };
  }

  loadStateDict({ metricsBytes }: RunFolderState): void {
    const file = join(this.path, METRICS);
    if (
      !Number.isSafeInteger(metricsBytes) ||
      metricsBytes < 0 ||
      metricsBytes > fstatSync(this.metrics).size
    ) {
      throw new DataError(
        `${file} has lost lines: the checkpoint was made when it had ${metricsBytes} bytes`,
      );
    }
    explained(file, () => ftruncateSync(this.metrics, metricsBytes));
  }

  /** Gives the folder back. */
  close(): void {
    closeSync(this.metrics);
    this.lock.release();
  }
}
/** The weights of a finished run. */
export function readWeights(folder: string): Record<string, Tensor> {
  return readSafetensors(join(folder, WEIGHTS)).tensors;
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
