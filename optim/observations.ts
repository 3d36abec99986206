// Who hears of observations: listeners of an optimizer are told whatever schedule of it observes, at whatever depth that lies.

import { checkFunction } from "../core/check";
import type { Observation } from "../tda/observation";
import type { ControllerState } from "./gate";
import type { Schedulable } from "./schedule";

/** An observation, and what the controller made of it. */
export type ControllerObservation = Observation & {
  /** Optimizer steps so far. */
  step: number;
  /** The same in epochs. */
  epoch: number;
  /** The robust signal; null until enough distances are known. */
  z: number | null;
  state: ControllerState;
  multiplier: number;
  /** The rate set after this observation, of the first group. */
  lr: number;
  /** What that rate would be with multiplier 1. */
  envelope: number;
};

/** What is called with each observation, as soon as the rate is set. */
export type ObservationListener = (observation: ControllerObservation) => void;

const listeners = new WeakMap<Schedulable, Set<ObservationListener>>();

/** Tells all who listen to this optimizer. Schedules that observe something call it. */
export function tellObservation(optimizer: Schedulable, observation: ControllerObservation): void {
  for (const listener of [...(listeners.get(optimizer) ?? [])]) listener(observation);
}

/** Calls `listener` with each observation that a schedule of this optimizer makes. Returns what ends that. */
export function listenToObservations(optimizer: Schedulable, listener: ObservationListener): () => void {
  checkFunction("listenToObservations", "listener", listener);
  const all = listeners.get(optimizer) ?? new Set();
  listeners.set(optimizer, all);
  // A listener of its own for each call, so that one function may listen twice.
  const own: ObservationListener = (observation) => listener(observation);
  all.add(own);
  return () => {
    all.delete(own);
  };
}
