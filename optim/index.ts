// Optimizers and learning-rate schedules.

export { Adam, type AdamOptions, AdamW } from "./adam";
export {
  lateTau,
  OPTIMIZERS,
  type OptimizerEntry,
  type OptimizerName,
  SCHEDULES,
  type ScheduleName,
  type ScheduleSetup,
} from "./catalogue";
export {
  CGALR,
  type CGALROptions,
  type CGALRRecord,
  type CGALRState,
  type ConnectomeObserver,
} from "./cg-alr";
export {
  EnvelopeLR,
  meanMultiplier,
  RandomGateLR,
  WeightDistance,
  type WeightDistanceState,
  YokedLR,
} from "./controls";
export * from "./cosine";
export { DAdaptSGD, type DAdaptSGDOptions } from "./d-adaptation";
export * from "./decay";
export { DoG, type DoGOptions, LDoG } from "./dog";
export { ConnectomeEarlyStopping, type EarlyStoppingOptions } from "./early-stopping";
export type { EnvelopeOptions } from "./envelope";
export type { ControllerState, MultiplierOptions, ObservationOptions } from "./gate";
export type { GroupOptions, ParameterGroup, Parameters } from "./groups";
export { LinearLR, SequentialLR, type SequentialState } from "./linear";
export {
  type ControllerObservation,
  listenToObservations,
  type ObservationListener,
  tellObservation,
} from "./observations";
export { OneCycleLR, type OneCycleOptions } from "./one-cycle";
export { Optimizer, type OptimizerState, type Pending } from "./optimizer";
export type { Defaults } from "./options";
export { type PlateauOptions, type PlateauState, ReduceLROnPlateau } from "./plateau";
export { Prodigy, type ProdigyOptions } from "./prodigy";
export { RMSprop, type RMSpropOptions } from "./rmsprop";
export { ClosedFormSchedule, type Interval, Schedule, type ScheduleState } from "./schedule";
export {
  ScheduleFreeAdamW,
  type ScheduleFreeAdamWOptions,
  ScheduleFreeSGD,
  type ScheduleFreeSGDOptions,
} from "./schedule-free";
export { SGD, type SGDOptions } from "./sgd";
export {
  copySlot,
  countStep,
  type ParameterState,
  type SavedParameterState,
  type SavedTensor,
  type StateNames,
  slot,
} from "./state";
