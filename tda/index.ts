// Topological data analysis: connectomes, their homology, distances.

export { type ConnectomeDistance, DISTANCES, type DistanceName } from "./catalogue";
export { connectome, correlation } from "./connectome";
export {
  type ConnectomeDiagramOptions,
  type ConnectomeMetric,
  type CustomConnectomeDistance,
  frobeniusDistance,
  type NamedConnectomeMetric,
} from "./connectome-distance";
export * from "./diagrams";
export { euclideanDistances } from "./distances";
export {
  componentsDistance,
  cyclesDistance,
  type GraphPersistence,
  graphPersistence,
  topDistance,
} from "./graph-homology";
export { type GraphmlOptions, graphml } from "./graphml";
export type { Observation } from "./observation";
export { type BoundaryPersistence, reduceBoundary } from "./reduction";
export { type RipsOptions, type RipsPersistence, type RipsProgress, ripsPersistence } from "./rips";
export {
  ConnectomeTracker,
  type ConnectomeTrackerOptions,
  type SignalGroup,
  type TrackerRecord,
  type TrackerState,
} from "./tracker";
