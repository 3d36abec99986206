// Training and evaluation.

export type { Callback, StepReport } from "./callback";
export type { CheckpointOptions } from "./checkpoints";
export type { Part, Seconds } from "./clock";
export { DivergenceError } from "./divergence";
export { EarlyStopping, type EarlyStoppingOptions } from "./early-stopping";
export { type Evaluation, evaluate, type Loss } from "./evaluate";
export type {
  EpochEvent,
  FitProgress,
  ObservedEvent,
  ResumedEvent,
  RollbackEvent,
  StepEvent,
} from "./events";
export { type FitOptions, type FitResult, fit } from "./fit";
export { type FitSchedule, Trainer, type TrainerOptions, type TrainerState } from "./trainer";
