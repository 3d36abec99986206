// Training and evaluation.

export type { Part, Seconds } from "./clock";
export { DivergenceError } from "./divergence";
export { type Evaluation, evaluate, type Loss } from "./evaluate";
export type { EndEvent, EpochEvent, ObservationEvent, StepEvent, TrainEvent } from "./events";
export {
  idOf,
  type ObservationColumns,
  type RunDescription,
  type RunMaterials,
  type RunResult,
  runExperiment,
} from "./experiment";
export { type FitOptions, type FitProgress, type FitResult, type FitSchedule, fit } from "./fit";
export { parseRun, type RunConfig, type RunData } from "./run";
export * as statistics from "./statistics";
export {
  checkStudy,
  type Family,
  type PlannedRun,
  type Results,
  type Share,
  type Study,
  type StudySchedule,
  StudyUnit,
  unitsOf,
} from "./study";
export {
  type Curve,
  type RatePoint,
  type ScheduleSummary,
  type StudyPart,
  type StudySummary,
  studyCsv,
  summariseStudy,
} from "./study-summary";
