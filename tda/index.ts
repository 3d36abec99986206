// Topological data analysis: connectomes, their homology, distances.

export { connectome, correlation } from "./connectome";
export * from "./diagrams";
export {
  componentsDistance,
  cyclesDistance,
  type GraphPersistence,
  graphPersistence,
  topDistance,
} from "./graph-homology";
export { type RipsOptions, type RipsPersistence, type RipsProgress, ripsPersistence } from "./rips";
export {
  type ConnectomeDistance,
  ConnectomeTracker,
  type ConnectomeTrackerOptions,
  type Observation,
  type SignalGroup,
  type TrackerState,
} from "./tracker";
