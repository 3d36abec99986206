// Optimizers and learning-rate schedules.

export { Adam, type AdamOptions, AdamW } from "./adam";
export {
  CGALR,
  type CGALROptions,
  type CGALRRecord,
  type CGALRState,
  type ConnectomeObserver,
  type ControllerState,
} from "./cg-alr";
export { CosineAnnealingLR } from "./cosine";
export { ExponentialLR, InverseTimeLR, MultiStepLR, PolynomialLR, StepLR } from "./decay";
export {
  type GroupOptions,
  Optimizer,
  type OptimizerState,
  type ParameterGroup,
  type Parameters,
} from "./optimizer";
export { RMSprop, type RMSpropOptions } from "./rmsprop";
export { type Interval, Schedule, type ScheduleState } from "./schedule";
export { SGD, type SGDOptions } from "./sgd";
