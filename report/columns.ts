// A run as its page takes it: columns, thinned and rounded, so that a long run makes a small file.

import type { RunConnectomes } from "../runs/connectomes";
import type { EndEvent } from "../runs/events";
import type { RunConfig, RunData } from "../runs/run";
import type { SignalGroup } from "../tda/index";

/** Longer series are thinned to about this many points, which is more than a screen shows. */
const MAX_POINTS = 2000;
const MAX_BANDS = 500;
const MAX_DEATHS = 512;

type Value = number | null;

/** A run as the page takes it: columns rather than rows, numbers rounded, matrices quantised. */
export interface ReportRun {
  name: string;
  config: RunConfig;
  notes: string[];
  steps: { epoch: number[]; loss: Value[]; accuracy: Value[]; lr: Value[] };
  epochs: {
    epoch: number[];
    trainLoss: Value[];
    trainAccuracy: Value[];
    validationLoss: Value[];
    validationAccuracy: Value[];
    lr: Value[];
    seconds: number[];
  };
  /** `states` has a letter an observation: H, S or F. `counts` are of all, the columns may be thinned. */
  observations: {
    counts: { all: number; slow: number; fast: number };
    epoch: number[];
    distance: Value[];
    z: Value[];
    states: string;
    multiplier: number[];
    lr: number[];
    envelope: number[];
    milliseconds: number[];
  };
  /** Seven quantiles of births and deaths (0, 5, 25, 50, 75, 95, 100 %), a column each. */
  bands: { epoch: number[]; births: Value[][]; deaths: Value[][] };
  end: EndEvent | null;
  /** Steps and epochs done. */
  progress: { step: number; epoch: number };
  connectomes: ReportConnectomes | null;
}

/** Connectomes of a run: `triangle` is the strict lower triangle, row by row, a byte (of 255) a weight, in base64. */
export interface ReportConnectomes {
  size: number;
  signals: SignalGroup[];
  snapshots: { which: "first" | "middle" | "last"; epoch: number | null; step: number; triangle: string }[];
  births: number[];
  /** At most 512 of them, at even ranks. */
  deaths: number[];
  deathCount: number;
}

const round = (value: Value | undefined): Value => (value == null ? null : Number(value.toPrecision(5)));
const roundAll = (values: Iterable<number>) => Array.from(values, (value) => Number(value.toPrecision(5)));

/** Every k-th of n indices, so that at most `limit` remain; the last always does. */
function evenIndices(n: number, limit: number): number[] {
  const count = Math.min(n, limit);
  return Array.from({ length: count }, (_, i) =>
    count === 1 ? n - 1 : Math.round((i * (n - 1)) / (count - 1)),
  );
}

const thin = <T>(rows: readonly T[], limit: number): T[] =>
  evenIndices(rows.length, limit).map((i) => rows[i]);

const base64 = (bytes: Uint8Array) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));

/** The strict lower triangle of a symmetric [size, size] matrix of weights in [0, 1], a byte each. */
function quantisedTriangle(values: Float32Array, size: number): Uint8Array {
  const triangle = new Uint8Array((size * (size - 1)) / 2);
  let next = 0;
  for (let i = 1; i < size; i++) {
    for (let j = 0; j < i; j++) {
      triangle[next++] = Math.round(255 * Math.min(1, Math.max(0, values[i * size + j])));
    }
  }
  return triangle;
}

function reportConnectomes(
  connectomes: RunConnectomes,
  stepsPerEpoch: number | undefined,
): ReportConnectomes {
  const { size, signals, snapshots, births, deaths } = connectomes;
  return {
    size,
    signals,
    snapshots: snapshots.map(({ which, step, values }) => ({
      which,
      step,
      epoch: stepsPerEpoch === undefined ? null : round(step / stepsPerEpoch),
      triangle: base64(quantisedTriangle(values, size)),
    })),
    births: roundAll(births),
    deaths: roundAll(evenIndices(deaths.length, MAX_DEATHS).map((i) => deaths[i])),
    deathCount: deaths.length,
  };
}

/** Turns a parsed run into what the page takes. */
export function reportRun(run: RunData): ReportRun {
  const steps = thin(run.steps, MAX_POINTS);
  const epochs = thin(run.epochs, MAX_POINTS);
  const observations = thin(run.observations, MAX_POINTS);
  const bands = thin(run.observations, MAX_BANDS);
  const last = [run.steps.at(-1), run.epochs.at(-1), run.observations.at(-1)].filter(
    (row) => row !== undefined,
  );
  const inState = (state: string) => run.observations.filter((row) => row.state === state).length;
  return {
    name: run.name,
    config: run.config,
    notes: run.notes,
    steps: {
      epoch: roundAll(steps.map((row) => row.epoch)),
      loss: steps.map((row) => round(row.loss)),
      accuracy: steps.map((row) => round(row.accuracy)),
      lr: steps.map((row) => round(row.lr)),
    },
    epochs: {
      epoch: epochs.map((row) => row.epoch),
      trainLoss: epochs.map((row) => round(row.trainLoss)),
      trainAccuracy: epochs.map((row) => round(row.trainAccuracy)),
      validationLoss: epochs.map((row) => round(row.validationLoss)),
      validationAccuracy: epochs.map((row) => round(row.validationAccuracy)),
      lr: epochs.map((row) => round(row.lr)),
      seconds: roundAll(epochs.map((row) => row.seconds)),
    },
    observations: {
      counts: { all: run.observations.length, slow: inState("SLOW"), fast: inState("FAST") },
      epoch: roundAll(observations.map((row) => row.epoch)),
      distance: observations.map((row) => round(row.distance)),
      z: observations.map((row) => round(row.z)),
      states: observations.map((row) => row.state[0]).join(""),
      multiplier: roundAll(observations.map((row) => row.multiplier)),
      lr: roundAll(observations.map((row) => row.lr)),
      envelope: roundAll(observations.map((row) => row.envelope)),
      milliseconds: roundAll(observations.map((row) => row.milliseconds)),
    },
    bands: {
      epoch: roundAll(bands.map((row) => row.epoch)),
      births: [0, 1, 2, 3, 4, 5, 6].map((q) => bands.map((row) => round(row.births[q]))),
      deaths: [0, 1, 2, 3, 4, 5, 6].map((q) => bands.map((row) => round(row.deaths[q]))),
    },
    end: run.end,
    progress: {
      step: Math.max(0, run.end?.step ?? 0, ...last.map((row) => row.step)),
      epoch: Math.max(0, ...last.map((row) => row.epoch)),
    },
    connectomes: run.connectomes && reportConnectomes(run.connectomes, run.config.stepsPerEpoch),
  };
}
