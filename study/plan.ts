// A study: which runs it consists of, what each waits for, and which learning rate its final runs take.

import { idOf, type RunDescription, type RunResult } from "./experiment";
import { mean } from "./statistics";

/** What a schedule is compared as: the subject is compared with all others. */
export type Family = "subject" | "sgd" | "adaptive" | "learning-rate-free" | "control";

/** One contestant of a study. */
export interface StudySchedule {
  name: string;
  family: Family;
  /** Initial rates to choose from; empty for a method that runs with its own. */
  rates: number[];
  /**
   * The schedule whose observations steer this one: the run with seed s takes the chosen rate of that schedule and the
   * observations of its run with seed s + 1 (the first after the last). Null for most.
   */
  follows: string | null;
}

/** A study is every schedule on every data set with every model. */
export interface Study {
  data: string[];
  models: string[];
  schedules: StudySchedule[];
  /** Final runs have the seeds 1..seeds. */
  seeds: number;
  /** Tuning runs have the seeds 1..tuningSeeds, of a stream of their own. */
  tuningSeeds: number;
  /** Samples drawn from the training set, anew for each seed; null for all. */
  trainSamples: number | null;
  /** How many of them tuning runs hold out to choose the learning rate on. */
  validationSamples: number;
  epochs: number;
  batchSize: number;
}

/** A run with its name. */
export interface PlannedRun {
  id: string;
  description: RunDescription;
}

/** Which part of a study to do: share `index` of `of`, counted from 0. */
export interface Share {
  index: number;
  of: number;
}

export type Results = ReadonlyMap<string, RunResult>;

/** Throws a RangeError where a study contradicts itself. */
export function checkStudy(study: Study): void {
  const fail = (what: string): never => {
    throw new RangeError(`study: ${what}`);
  };
  const names = study.schedules.map(({ name }) => name);
  for (const [what, list] of Object.entries({ data: study.data, models: study.models, schedules: names })) {
    if (list.length === 0) fail(`${what} is empty`);
    const twice = list.find((name, i) => list.indexOf(name) < i);
    if (twice !== undefined) fail(`${twice} stands twice in ${what}`);
  }
  for (const { name, rates, follows } of study.schedules) {
    if (rates.some((rate) => !(rate > 0 && Number.isFinite(rate)))) {
      fail(`the rates of ${name} must be positive numbers, got ${rates.join(", ")}`);
    }
    if (new Set(rates).size < rates.length) fail(`a rate of ${name} stands twice: ${rates.join(", ")}`);
    if (follows === null) continue;
    if (!names.includes(follows))
      fail(`${name} follows runs of ${follows}, which is not among the schedules`);
    if (study.seeds < 2)
      fail(`${name} follows a run of another seed of ${follows}, so at least 2 seeds are needed`);
  }
  if (study.schedules.some(({ rates }) => rates.length > 1)) {
    if (study.tuningSeeds < 1) fail("choosing among several rates needs at least one tuning seed");
    if (study.validationSamples < 1) fail("choosing among several rates needs validation samples");
  }
  const { trainSamples, validationSamples } = study;
  if (trainSamples !== null && validationSamples >= trainSamples) {
    fail(`${validationSamples} validation samples leave nothing of ${trainSamples} training samples`);
  }
}

/** A tuned rate and how it did. */
export interface RateOutcome {
  lr: number;
  results: RunResult[];
  error: number;
  loss: number;
}

/** The tuning runs of one schedule by rate, ascending. */
export function outcomesByRate(results: readonly RunResult[]): RateOutcome[] {
  const byRate = new Map<number, RunResult[]>();
  for (const result of results) {
    const lr = result.description.lr as number;
    byRate.set(lr, [...(byRate.get(lr) ?? []), result]);
  }
  return [...byRate]
    .sort(([a], [b]) => a - b)
    .map(([lr, group]) => ({
      lr,
      results: group,
      error: mean(group.map(({ error }) => error)),
      loss: mean(group.map(({ loss }) => loss ?? Number.POSITIVE_INFINITY)),
    }));
}

/** The rate with the lowest mean validation error; of equals that with the lowest mean loss, then the lowest rate. */
function chooseRate(results: readonly RunResult[]): number {
  const [first, ...rest] = outcomesByRate(results);
  const isBetter = (a: RateOutcome, b: RateOutcome) =>
    a.error < b.error || (a.error === b.error && a.loss < b.loss);
  return rest.reduce((best, outcome) => (isBetter(outcome, best) ? outcome : best), first).lr;
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

/**
 * A schedule on one data set with one model, together with the schedules that follow it. Nothing in a unit waits for
 * another unit, so units are what a study is shared out by.
 */
export class StudyUnit {
  /** The runs that the learning rate is chosen by; none where there is nothing to choose. */
  readonly tuning: readonly PlannedRun[];
  /** The leading schedule, then those that follow it. */
  readonly schedules: readonly StudySchedule[];
  private planned: readonly PlannedRun[] | null = null;

  constructor(
    readonly study: Study,
    readonly data: string,
    readonly model: string,
    leader: StudySchedule,
  ) {
    this.schedules = [leader, ...study.schedules.filter(({ follows }) => follows === leader.name)];
    const rates = leader.rates.length > 1 ? leader.rates : [];
    this.tuning = upTo(study.tuningSeeds).flatMap((seed) =>
      rates.map((lr) => this.plan({ phase: "tuning", schedule: leader.name, lr, seed, source: null })),
    );
  }

  /** Number of runs, those that are not planned yet included. */
  get total(): number {
    return this.tuning.length + this.schedules.length * this.study.seeds;
  }

  private plan(run: Pick<RunDescription, "phase" | "schedule" | "lr" | "seed" | "source">): PlannedRun {
    const { epochs, batchSize, trainSamples, validationSamples } = this.study;
    const description: RunDescription = {
      ...run,
      data: this.data,
      model: this.model,
      epochs,
      batchSize,
      trainSamples,
      validationSamples: run.phase === "tuning" ? validationSamples : 0,
    };
    return { id: idOf(description), description };
  }

  /** The final runs, by schedule and seed; null as long as a tuning run has no result. */
  finals(results: Results): readonly PlannedRun[] | null {
    if (this.planned !== null) return this.planned;
    const tuned = this.tuning.flatMap(({ id }) => results.get(id) ?? []);
    if (tuned.length < this.tuning.length) return null;
    const [leader, ...followers] = this.schedules;
    const lr = tuned.length > 0 ? chooseRate(tuned) : (leader.rates[0] ?? null);
    const seeds = upTo(this.study.seeds);
    const leading = seeds.map((seed) =>
      this.plan({ phase: "final", schedule: leader.name, lr, seed, source: null }),
    );
    const following = followers.flatMap(({ name }) =>
      seeds.map((seed) => {
        const source = leading[seed % seeds.length].id;
        return this.plan({ phase: "final", schedule: name, lr, seed, source });
      }),
    );
    this.planned = [...leading, ...following];
    return this.planned;
  }

  /** The runs that have no result and wait for none. */
  ready(results: Results): PlannedRun[] {
    return [...this.tuning, ...(this.finals(results) ?? [])].filter(
      ({ id, description: { source } }) => !results.has(id) && (source === null || results.has(source)),
    );
  }
}

/** The units of a study, or of a share of it: each unit belongs to one share, so that shares do not wait for each other. */
export function unitsOf(study: Study, share: Share = { index: 0, of: 1 }): StudyUnit[] {
  const leaders = study.schedules.filter(({ follows }) => follows === null);
  return study.data
    .flatMap((data) =>
      study.models.flatMap((model) => leaders.map((leader) => new StudyUnit(study, data, model, leader))),
    )
    .filter((_, i) => i % share.of === share.index);
}
