// Optimizers and learning-rate schedules.

export {
  CGALR,
  type CGALROptions,
  type CGALRRecord,
  type CGALRState,
  type ConnectomeObserver,
  type ControllerState,
} from "./cg-alr";
export { CosineAnnealingLR } from "./cosine";
export {
  type GroupOptions,
  Optimizer,
  type OptimizerState,
  type ParameterGroup,
  type Parameters,
} from "./optimizer";
export { type Interval, Schedule, type ScheduleState } from "./schedule";
export { SGD, type SGDOptions } from "./sgd";
