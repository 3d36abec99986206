// The lines of metrics.jsonl: what writes one beside what reads it.

import type { ControllerObservation } from "../optim/index";
import type { EpochEvent, RollbackEvent, Seconds, StepEvent } from "../train/index";

/** An observation as it is written: births and deaths as quantiles. */
export interface ObservationEvent extends Omit<ControllerObservation, "connectome" | "births" | "deaths"> {
  type: "observation";
  /** Quantiles 0, 5, 25, 50, 75, 95, 100 % of the births, and of the deaths; null where there are none. */
  births: (number | null)[];
  deaths: (number | null)[];
}

/** The end of the run. */
export interface EndEvent {
  type: "end";
  status: "finished" | "interrupted" | "diverged";
  step: number;
  seconds: Seconds;
  testLoss?: number;
  testAccuracy?: number | null;
  weightsHash?: string;
  message?: string;
}

export type RunEvent = StepEvent | EpochEvent | ObservationEvent | RollbackEvent | EndEvent;

const QUANTILES = [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1];

/** Values of an ascending series at the quantiles; null where it is empty. */
function quantilesOf(sorted: Float32Array = new Float32Array()): (number | null)[] {
  return QUANTILES.map((q) => sorted[Math.round(q * (sorted.length - 1))] ?? null);
}

/** An observation as a line tells it. */
export function observationEvent(observation: ControllerObservation): ObservationEvent {
  const { connectome: _, births, deaths, ...rest } = observation;
  return { type: "observation", ...rest, births: quantilesOf(births), deaths: quantilesOf(deaths) };
}

/** One line, without its end. */
export function encodeEvent(event: RunEvent): string {
  return JSON.stringify(event);
}

const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
const isNumberOrNull = (value: unknown) => value === null || isNumber(value);
const isOptional = (value: unknown) => value === undefined || isNumberOrNull(value);
const isQuantiles = (value: unknown) =>
  Array.isArray(value) && value.length === QUANTILES.length && value.every(isNumberOrNull);
const parts: (keyof Seconds)[] = ["forward", "backward", "optimizer", "connectome", "data", "other", "total"];
const isTimes = (value: unknown) =>
  typeof value === "object" && value !== null && parts.every((part) => isNumber((value as Seconds)[part]));

/** What each field of a line has to be; a line with any other value is damaged. */
const FIELDS: Record<RunEvent["type"], Record<string, (value: unknown) => boolean>> = {
  step: {
    step: isNumber,
    epoch: isNumber,
    loss: isNumberOrNull,
    accuracy: isNumberOrNull,
    lr: isNumberOrNull,
  },
  epoch: {
    step: isNumber,
    epoch: isNumber,
    trainLoss: isNumberOrNull,
    trainAccuracy: isNumberOrNull,
    validationLoss: isOptional,
    validationAccuracy: isOptional,
    lr: isNumberOrNull,
    seconds: isNumber,
  },
  observation: {
    step: isNumber,
    epoch: isNumber,
    distance: isNumberOrNull,
    z: isNumberOrNull,
    state: (value) => value === "HOLD" || value === "SLOW" || value === "FAST",
    multiplier: isNumber,
    lr: isNumber,
    envelope: isNumber,
    milliseconds: isNumber,
    births: isQuantiles,
    deaths: isQuantiles,
  },
  rollback: {
    step: isNumber,
    to: isNumber,
    epoch: isNumber,
    lr: isNumber,
    message: (value) => typeof value === "string",
  },
  end: {
    status: (value) => value === "finished" || value === "interrupted" || value === "diverged",
    step: isNumber,
    testLoss: isOptional,
    testAccuracy: isOptional,
    weightsHash: (value) => typeof value === "string",
    seconds: isTimes,
    message: (value) => value === undefined || typeof value === "string",
  },
};

/** What a line says; null where it is damaged. */
export function decodeEvent(line: string): RunEvent | null {
  let row: Record<string, unknown>;
  try {
    row = JSON.parse(line);
  } catch {
    return null;
  }
  if (typeof row !== "object" || row === null || !Object.hasOwn(FIELDS, String(row.type))) return null;
  const checks = Object.entries(FIELDS[row.type as RunEvent["type"]]);
  return checks.every(([name, check]) => check(row[name])) ? (row as unknown as RunEvent) : null;
}
