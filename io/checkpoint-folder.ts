// A folder of checkpoints: the newest ones, and the best.

import { DataError, type StateTree } from "../core/index";
import { loadCheckpoint, saveCheckpoint } from "./checkpoint";
import { explained, makeFolder } from "./files";
import { host } from "./host";

const NUMBERED = /^step-(\d{9,})\.ckpt$/;
const BEST = "best.ckpt";

/** What newest() finds. */
export interface FoundCheckpoint {
  state: StateTree;
  file: string;
  /** Newer files that could not be read, and why. */
  damaged: string[];
}

export class CheckpointFolder {
  /** @param keep how many of the newest stay. */
  constructor(
    readonly path: string,
    private readonly keep: number,
  ) {}

  /** Newest first. */
  files(): string[] {
    if (!host("fs").existsSync(this.path)) return [];
    return explained(this.path, () => host("fs").readdirSync(this.path))
      .filter((name) => NUMBERED.test(name))
      .sort()
      .reverse()
      .map((name) => host("path").join(this.path, name));
  }

  /** Saves the state of a step, and removes the oldest beyond those that stay. */
  save(step: number, state: StateTree): void {
    makeFolder(this.path);
    saveCheckpoint(host("path").join(this.path, `step-${String(step).padStart(9, "0")}.ckpt`), state);
    for (const old of this.files().slice(this.keep)) host("fs").rmSync(old, { force: true });
  }

  /** Removes the states of later steps. */
  discardBeyond(step: number): void {
    for (const file of this.files()) {
      if (Number(NUMBERED.exec(host("path").basename(file))?.[1]) > step)
        host("fs").rmSync(file, { force: true });
    }
  }

  /** Saves the state that is best until now. */
  saveBest(state: StateTree): void {
    makeFolder(this.path);
    saveCheckpoint(host("path").join(this.path, BEST), state);
  }

  /** The newest that is whole; null where there is none. Throws a DataError where all of them are damaged. */
  newest(): FoundCheckpoint | null {
    const damaged: string[] = [];
    for (const file of this.files()) {
      try {
        return { state: loadCheckpoint(file), file, damaged };
      } catch (error) {
        if (!(error instanceof DataError)) throw error;
        damaged.push(error.message);
      }
    }
    if (damaged.length === 0) return null;
    throw new DataError(`no checkpoint of ${this.path} can be read: ${damaged.join("; ")}`);
  }
}
