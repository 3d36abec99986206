// The folder that a training run leaves: config.json, metrics.jsonl, weights.safetensors, connectomes.safetensors.

import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { Tensor } from "../core/index";
import { saveSafetensors } from "../io/index";
import type { TrainEvent } from "../train/index";

const METRICS = "metrics.jsonl";

/** Writes a file beside its place and moves it there, so that it is never half-written. */
export function writeWhole(path: string, content: string | Uint8Array): void {
  const beside = `${path}.part`;
  writeFileSync(beside, content);
  renameSync(beside, path);
}

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
    for (const file of ["config.json", METRICS, "weights.safetensors", "connectomes.safetensors"]) {
      rmSync(join(path, file), { force: true });
    }
    writeWhole(join(path, "config.json"), `${JSON.stringify(config, null, 2)}\n`);
    return new RunFolder(path);
  }

  /** Appends one line, at once on disk as far as the operating system is concerned: it survives a kill. */
  record(event: TrainEvent): void {
    writeSync(this.metrics, `${JSON.stringify(event)}\n`);
  }

  /** Writes the weights; returns their SHA-256 in hexadecimal. */
  saveWeights(weights: Record<string, Tensor>): string {
    const bytes = saveSafetensors(weights);
    writeWhole(join(this.path, "weights.safetensors"), bytes);
    return createHash("sha256").update(bytes).digest("hex");
  }

  saveConnectomes(tensors: Record<string, Tensor>, metadata: Record<string, string>): void {
    writeWhole(join(this.path, "connectomes.safetensors"), saveSafetensors(tensors, metadata));
  }

  close(): void {
    closeSync(this.metrics);
  }
}
