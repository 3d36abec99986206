// What an observation of the connectome tells: made by the tracker, read by CG-ALR, run folders and reports.

import type { Tensor } from "../core/index";

/** One observation. Observers that look at something else than the connectome have no homology to tell. */
export interface Observation {
  /** Distance from the observation before; null for the first. */
  distance: number | null;
  /** Time the observation took. */
  milliseconds: number;
  /** [P,P]; belongs to the scope in which observe() was called. */
  connectome?: Tensor;
  /** Of components, ascending: see {@link graphPersistence}. */
  births?: Float32Array;
  /** Of cycles, ascending. */
  deaths?: Float32Array;
}
