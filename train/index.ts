// Training and evaluation.

export type { Part, Seconds } from "./clock";
export { DivergenceError } from "./divergence";
export { type Evaluation, evaluate, type Loss } from "./evaluate";
export type { EndEvent, EpochEvent, ObservationEvent, StepEvent, TrainEvent } from "./events";
export { type FitOptions, type FitProgress, type FitResult, type FitSchedule, fit } from "./fit";
export { type ReportRun, renderReport, reportRun } from "./report";
export { parseRun, type RunConfig, type RunData } from "./run";
