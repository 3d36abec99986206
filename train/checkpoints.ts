// When a training run is saved, and how it goes on.

import {
  checkBoolean,
  checkChoice,
  checkInteger,
  checkNumber,
  checkOptions,
  checkString,
} from "../core/check";
import type { StateTree } from "../core/index";
import { CheckpointFolder } from "../io/checkpoint-folder";
import { gainOver, METRICS, type Metric, metricOf } from "./metric";
import type { Safety, SafetyState } from "./safety";
import type { Trainer, TrainerState } from "./trainer";

/** Options of {@link FitOptions.checkpoint}. */
export interface CheckpointOptions {
  /** The folder, made when it is not there. */
  dir: string;
  /** Steps between checkpoints. Default: an epoch. */
  every?: number;
  /** Seconds after which one is made in any case. Default 30. */
  seconds?: number;
  /** How many of the newest are kept. Default 2. */
  keep?: number;
  /** Keep the state of the best epoch by this metric too, as best.ckpt. Losses are to fall, accuracies to rise. Default: no. */
  best?: Metric;
  /** Go on from the newest checkpoint in the folder that is whole, if there is one. Default false: one there is an error. */
  resume?: boolean;
}

/** What is saved beside the trainer's state. */
type Saved = { trainer: TrainerState; best: number | null; safety: SafetyState | null };

/** Where a run went on. */
export interface Resumption {
  file: string;
  /** Newer checkpoints that could not be read, and why. */
  damaged: string[];
}

/** Saves a trainer's state when it is due. */
export class Checkpoints {
  private readonly folder: CheckpointFolder;
  private readonly every: number;
  private readonly seconds: number;
  private readonly metric: CheckpointOptions["best"];
  private best: number | null = null;
  private epochs: number;
  private savedStep = -1;
  private savedAt = performance.now();

  constructor(
    private readonly trainer: Trainer,
    private readonly safety: Safety | null,
    options: CheckpointOptions,
  ) {
    checkOptions("checkpoint", options, ["dir", "every", "seconds", "keep", "best", "resume"]);
    const { dir, every = trainer.stepsPerEpoch, seconds = 30, keep = 2, best, resume = false } = options;
    checkString("checkpoint", "dir", dir);
    checkInteger("checkpoint", "every", every, { atLeast: 1 });
    checkNumber("checkpoint", "seconds", seconds, { above: 0 });
    checkInteger("checkpoint", "keep", keep, { atLeast: 1 });
    if (best !== undefined) checkChoice("checkpoint", "best", best, METRICS);
    checkBoolean("checkpoint", "resume", resume);
    this.folder = new CheckpointFolder(dir, keep);
    this.every = every;
    this.seconds = seconds;
    this.metric = best;
    this.epochs = trainer.epochs;
    if (!resume && this.folder.files().length > 0) {
      throw new RangeError(
        `checkpoint: ${dir} holds the checkpoints of another run: take an empty folder, or set resume to go on with that run`,
      );
    }
  }

  /** Gives the trainer the newest state that is whole; null where there is none. */
  resume(): Resumption | null {
    const found = this.folder.newest();
    if (found === null) return null;
    const { trainer, best, safety } = found.state as unknown as Saved;
    this.trainer.loadStateDict(trainer);
    if (safety !== null) this.safety?.loadStateDict(safety);
    this.best = best;
    this.epochs = this.trainer.epochs;
    this.savedStep = this.trainer.steps;
    return { file: found.file, damaged: found.damaged };
  }

  /** After each step: saves what is due. Weights that are not finite are an error, and not saved. */
  afterStep(): void {
    const { trainer } = this;
    if (trainer.epochs > this.epochs) {
      this.epochs = trainer.epochs;
      if (this.isBest()) this.folder.saveBest(this.state());
    }
    const due = trainer.steps % this.every === 0 || performance.now() - this.savedAt > this.seconds * 1000;
    if (due) this.save();
  }

  /** Saves the state as it is, unless it is saved. */
  save(): void {
    if (this.savedStep === this.trainer.steps) return;
    this.trainer.checkWeights();
    this.folder.save(this.trainer.steps, this.state());
    this.savedStep = this.trainer.steps;
    this.savedAt = performance.now();
  }

  /** After the run has gone back: what was saved of the steps since is no part of it any more. */
  afterRollback(): void {
    this.folder.discardBeyond(this.trainer.steps);
    this.epochs = this.trainer.epochs;
    this.savedStep = -1;
    this.save();
  }

  private state(): StateTree {
    const saved: Saved = {
      trainer: this.trainer.stateDict(),
      best: this.best,
      safety: this.safety?.stateDict() ?? null,
    };
    return saved as unknown as StateTree;
  }

  /** Whether the last epoch is the best; remembers it. */
  private isBest(): boolean {
    const { metric, trainer } = this;
    if (metric === undefined) return false;
    const value = metricOf("checkpoint", trainer.history[trainer.history.length - 1], metric);
    if (gainOver(this.best, value, metric) <= 0) return false;
    this.best = value;
    return true;
  }
}
