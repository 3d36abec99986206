// Going back to the last good state, with half the rate, when a run diverges.

import type { DivergenceError } from "./divergence";
import type { FitProgress } from "./events";
import type { Trainer, TrainerState } from "./trainer";

/** As saved with each checkpoint. */
export type SafetyState = { left: number; good: TrainerState };

export class Safety {
  private good: TrainerState;
  private epochs: number;

  /** @param left how often the run may go back. */
  constructor(
    private readonly trainer: Trainer,
    private left: number,
    private readonly tell: ((event: FitProgress) => void) | undefined,
  ) {
    this.good = trainer.stateDict();
    this.epochs = trainer.epochs;
  }

  /** After each step: an epoch that is complete is good. */
  afterStep(): void {
    if (this.trainer.epochs === this.epochs) return;
    this.epochs = this.trainer.epochs;
    this.good = this.trainer.stateDict();
  }

  /** Goes back; throws the error on where that has been done often enough. */
  goBack(error: DivergenceError): void {
    if (this.left === 0) throw error;
    this.left--;
    const { trainer } = this;
    trainer.loadStateDict(this.good);
    trainer.scaleRates(0.5);
    // Told first, so that callbacks that write it down have it in the state.
    this.tell?.({
      type: "rollback",
      step: error.step,
      to: trainer.steps,
      epoch: trainer.epochs,
      lr: trainer.optimizer.lr,
      message: error.message,
    });
    this.good = trainer.stateDict();
  }

  stateDict(): SafetyState {
    return { left: this.left, good: this.good };
  }

  loadStateDict({ left, good }: SafetyState): void {
    this.left = left;
    this.good = good;
    this.epochs = this.trainer.epochs;
  }
}
