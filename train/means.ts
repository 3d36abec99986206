// Means over the samples of several steps.

import type { Evaluation } from "./evaluate";

/** Sums since the last reset, as saved. */
export type MeansState = { samples: number; loss: number; correct: number | null };

export class Means {
  private sums: MeansState = { samples: 0, loss: 0, correct: 0 };

  /** @param loss mean over these samples. @param correct right labels among them; null for targets that are no labels. */
  add(samples: number, loss: number, correct: number | null): void {
    this.sums.samples += samples;
    this.sums.loss += loss * samples;
    this.sums.correct = this.sums.correct === null || correct === null ? null : this.sums.correct + correct;
  }

  read(): Evaluation {
    const { samples, loss, correct } = this.sums;
    return { loss: loss / samples, accuracy: correct === null ? null : correct / samples };
  }

  reset(): void {
    this.sums = { samples: 0, loss: 0, correct: 0 };
  }

  stateDict(): MeansState {
    return { ...this.sums };
  }

  loadStateDict(state: MeansState): void {
    this.sums = { ...state };
  }
}
