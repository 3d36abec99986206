// Studies: schedules compared over seeds, data sets and models.

export { CONTESTANTS, type Contestant, type ContestantSetup } from "./contestants";
export {
  idOf,
  type ObservationColumns,
  type RunDescription,
  type RunMaterials,
  type RunResult,
  runExperiment,
} from "./experiment";
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
} from "./plan";
export * as statistics from "./statistics";
export {
  type Curve,
  type RatePoint,
  type ScheduleSummary,
  type StudyPart,
  type StudySummary,
  studyCsv,
  summariseStudy,
} from "./summary";
