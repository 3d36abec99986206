// When the connectome is observed, and what a state of the controller does to the multiplier.

import { checkInteger, checkNumber } from "../core/check";
import { log } from "../core/math";

/** SLOW: the connectome reconfigures. FAST: it has been calm. HOLD: neither. */
export type ControllerState = "HOLD" | "SLOW" | "FAST";

/** When observations are due. */
export interface ObservationOptions {
  /** Observations an epoch. Default 5. */
  observationsPerEpoch?: number;
  /** Observe every so many steps instead. */
  everySteps?: number;
}

/** How states become a multiplier. */
export interface MultiplierOptions {
  /** What SLOW multiplies the rate by at each observation. Default 0.8. */
  slowFactor?: number;
  /** What FAST multiplies the rate by at each observation. Default 1.05. */
  fastFactor?: number;
  /** Share of log m that is remembered at each observation, in (0, 1]. Default 0.9. */
  memory?: number;
  /** Lower bound of the multiplier, in (0, 1]. Default 0.1. */
  minScale?: number;
  /** Upper bound of the multiplier, at least 1. Default 4. */
  maxScale?: number;
}

export const OBSERVATION_DEFAULTS = { observationsPerEpoch: 5, everySteps: undefined } as const;
export const MULTIPLIER_DEFAULTS = {
  slowFactor: 0.8,
  fastFactor: 1.05,
  memory: 0.9,
  minScale: 0.1,
  maxScale: 4,
} as const;

/** Observation options with their default. */
export type ObservationSettings = ObservationOptions & { observationsPerEpoch: number };

/** Throws an error that names what is wrong. `given` are the options before the defaults. */
export function checkObservations(name: string, o: ObservationSettings, given: ObservationOptions): void {
  if (given.observationsPerEpoch !== undefined && o.everySteps !== undefined) {
    throw new RangeError(`${name}: give observationsPerEpoch or everySteps, not both`);
  }
  if (o.everySteps !== undefined) checkInteger(name, "everySteps", o.everySteps, { atLeast: 1 });
  checkNumber(name, "observationsPerEpoch", o.observationsPerEpoch, { above: 0 });
}

/** Throws an error that names what is wrong. */
export function checkMultiplier(name: string, o: Required<MultiplierOptions>): void {
  checkNumber(name, "slowFactor", o.slowFactor, { above: 0, atMost: 1 });
  checkNumber(name, "fastFactor", o.fastFactor, { atLeast: 1 });
  checkNumber(name, "memory", o.memory, { above: 0, atMost: 1 });
  checkNumber(name, "minScale", o.minScale, { above: 0, atMost: 1 });
  checkNumber(name, "maxScale", o.maxScale, { atLeast: 1 });
}

/** Observations made in the first `step` optimizer steps; spread evenly where they do not divide the epoch. */
export function observationsBy(step: number, o: ObservationSettings & { stepsPerEpoch: number }): number {
  if (o.everySteps !== undefined) return Math.floor(step / o.everySteps);
  // More observations than steps: one a step.
  return Math.min(step, Math.floor((step * o.observationsPerEpoch) / o.stepsPerEpoch));
}

/** log m <- memory log m + log f, f = slowFactor, fastFactor or 1; m is clipped to [minScale, maxScale]. */
export function nextLogMultiplier(
  logMultiplier: number,
  state: ControllerState,
  { memory, slowFactor, fastFactor, minScale, maxScale }: Required<MultiplierOptions>,
): number {
  const factor = state === "SLOW" ? slowFactor : state === "FAST" ? fastFactor : 1;
  const next = memory * logMultiplier + log(factor);
  return Math.min(Math.max(next, log(minScale)), log(maxScale));
}
