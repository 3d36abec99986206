// What a finished study says: errors with their intervals, relative differences, curves, as results.json holds it.

import type { ObservationColumns, RunResult } from "./experiment";
import { fnv1a } from "./hash";
import { type Family, outcomesByRate, type PlannedRun, type Results, type Study, unitsOf } from "./plan";
import {
  holm,
  type Interval,
  mean,
  type RelativeDifference,
  relativeDifference,
  standardDeviation,
  studentInterval,
} from "./statistics";

/** Mean over runs at each point, and the range of the runs. */
export interface Curve {
  mean: number[];
  low: number[];
  high: number[];
}

/** One point of the robustness plot. */
export interface RatePoint {
  lr: number;
  /** Mean validation error at the end of the tuning runs. */
  error: number;
  interval: Interval | null;
  diverged: number;
}

/** The relative difference of the subject to this schedule, with p corrected within the family's kind. */
export interface SubjectDifference extends RelativeDifference {
  holm: number | null;
}

/** One schedule on one data set with one model. */
export interface ScheduleSummary {
  name: string;
  family: Family;
  follows: string | null;
  /** The rate of the final runs; null for a method's own. */
  lr: number | null;
  /** Test error of each seed, in order; 1 where training diverged. */
  errors: number[];
  error: number;
  deviation: number;
  /** 95%, Student's t over seeds. */
  interval: Interval | null;
  diverged: number;
  /** Seconds of a run, and the share of them that went into observing; means over the seeds. */
  seconds: number;
  connectomeShare: number;
  /** By initial rate; empty where there was nothing to choose. */
  rates: RatePoint[];
  /** A value an epoch, over the runs that did not diverge. `validationError` is of tuning runs with the chosen rate. */
  curves: { trainLoss: Curve; lr: Curve; validationError: Curve };
  /** Of final runs with a controller; over the seeds. */
  observations: { epoch: number[]; distance: Curve; multiplier: Curve } | null;
  /** Null for the subject itself, and where the study has none. */
  difference: SubjectDifference | null;
}

/** All schedules on one data set with one model, in the order of the study. */
export interface StudyPart {
  data: string;
  model: string;
  schedules: ScheduleSummary[];
}

/** results.json. */
export interface StudySummary {
  topograd: string;
  study: Study;
  parts: StudyPart[];
}

/** Null values are left out of the mean; where all are null the point is NaN, which JSON holds as null. */
function curveOf(rows: readonly (readonly (number | null)[])[]): Curve {
  const length = Math.min(...rows.map((row) => row.length));
  const columns = Array.from({ length: rows.length > 0 ? length : 0 }, (_, i) =>
    rows.map((row) => row[i]).filter((value) => value !== null),
  );
  const rounded = (reduce: (values: number[]) => number) =>
    columns.map((values) => Number((values.length > 0 ? reduce(values) : Number.NaN).toPrecision(6)));
  return {
    mean: rounded(mean),
    low: rounded((values) => Math.min(...values)),
    high: rounded((values) => Math.max(...values)),
  };
}

function observationCurves(results: readonly RunResult[]): ScheduleSummary["observations"] {
  const observed = results.flatMap(({ observations }) => observations ?? []);
  if (observed.length === 0) return null;
  const column = (name: "distance" | "multiplier") =>
    curveOf(observed.map((columns: ObservationColumns) => columns[name]));
  const multiplier = column("multiplier");
  return {
    epoch: observed[0].epoch.slice(0, multiplier.mean.length),
    distance: column("distance"),
    multiplier,
  };
}

function summarise(
  { name, family, follows }: Study["schedules"][number],
  finals: readonly RunResult[],
  tuning: readonly RunResult[],
): ScheduleSummary {
  const errors = finals.map(({ error }) => error);
  const finished = finals.filter(({ status }) => status === "finished");
  const lr = finals[0].description.lr;
  const chosen = tuning.filter(({ status, description }) => status === "finished" && description.lr === lr);
  const seconds = mean(finals.map((result) => result.seconds.total));
  return {
    name,
    family,
    follows,
    lr,
    errors,
    error: mean(errors),
    deviation: standardDeviation(errors),
    interval: studentInterval(errors),
    diverged: finals.length - finished.length,
    seconds,
    connectomeShare: mean(finals.map((result) => result.seconds.connectome)) / seconds,
    rates: outcomesByRate(tuning).map((outcome) => ({
      lr: outcome.lr,
      error: outcome.error,
      interval: studentInterval(outcome.results.map(({ error }) => error)),
      diverged: outcome.results.filter(({ status }) => status === "diverged").length,
    })),
    curves: {
      trainLoss: curveOf(finished.map(({ epochs }) => epochs.trainLoss)),
      lr: curveOf(finished.map(({ epochs }) => epochs.lr)),
      validationError: curveOf(chosen.map(({ epochs }) => epochs.validationError)),
    },
    observations: observationCurves(finished),
    difference: null,
  };
}

/** Compares the subject with every other schedule; controls and rivals are corrected apart, as two questions. */
function addDifferences(part: StudyPart): void {
  const subject = part.schedules.find(({ family }) => family === "subject");
  if (subject === undefined) return;
  for (const schedule of part.schedules) {
    if (schedule === subject) continue;
    const seed = Number(fnv1a(`bootstrap ${part.data} ${part.model} ${schedule.name}`) >> 11n);
    schedule.difference = { ...relativeDifference(subject.errors, schedule.errors, seed), holm: null };
  }
  for (const isControl of [false, true]) {
    const tested = part.schedules.flatMap(({ family, difference }) =>
      difference !== null && difference.p !== null && (family === "control") === isControl
        ? [difference]
        : [],
    );
    const corrected = holm(tested.map(({ p }) => p as number));
    for (const [i, difference] of tested.entries()) difference.holm = corrected[i];
  }
}

/** The summary of a study whose runs are all there; throws a RangeError where one is missing. */
export function summariseStudy(study: Study, results: Results, version: string): StudySummary {
  const known = (runs: readonly PlannedRun[]) =>
    runs.map(({ id }) => {
      const result = results.get(id);
      if (result === undefined) throw new RangeError(`summariseStudy: run ${id} is missing`);
      return result;
    });
  const parts = new Map<string, StudyPart>();
  for (const unit of unitsOf(study)) {
    const { data, model, schedules } = unit;
    const tuning = known(unit.tuning);
    const finals = known(unit.finals(results) ?? []);
    const key = JSON.stringify([data, model]);
    const part = parts.get(key) ?? { data, model, schedules: [] };
    parts.set(key, part);
    for (const schedule of schedules) {
      const own = finals.filter(({ description }) => description.schedule === schedule.name);
      part.schedules.push(summarise(schedule, own, schedule.follows === null ? tuning : []));
    }
  }
  const order = study.schedules.map(({ name }) => name);
  for (const part of parts.values()) {
    part.schedules.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
    addDifferences(part);
  }
  return { topograd: version, study, parts: [...parts.values()] };
}

const COLUMNS = [
  "id",
  "phase",
  "data",
  "model",
  "schedule",
  "lr",
  "seed",
  "status",
  "error",
  "loss",
  "seconds",
  "connectomeSeconds",
] as const;

/** A line a run, in the order of the study, with the head line that names the columns. */
export function studyCsv(study: Study, results: Results): string {
  const lines = unitsOf(study).flatMap((unit) =>
    [...unit.tuning, ...(unit.finals(results) ?? [])].flatMap(({ id, description }) => {
      const result = results.get(id);
      if (result === undefined) return [];
      const { status, error, loss, seconds } = result;
      const row: Record<(typeof COLUMNS)[number], unknown> = {
        ...description,
        id,
        status,
        error,
        loss,
        seconds: seconds.total,
        connectomeSeconds: seconds.connectome,
      };
      return [COLUMNS.map((column) => row[column] ?? "").join(",")];
    }),
  );
  return `${[COLUMNS.join(","), ...lines].join("\n")}\n`;
}
