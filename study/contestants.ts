// The contestants of a study: optimizers with schedules, by name.

import { type Entry, entry, find } from "../core/catalogue";
import type { Dataset } from "../data/index";
import type { Module } from "../nn/index";
import {
  type ConnectomeObserver,
  EnvelopeLR,
  lateTau,
  meanMultiplier,
  OPTIMIZERS,
  type OptimizerName,
  RandomGateLR,
  SCHEDULES,
  type ScheduleName,
  type ScheduleSetup,
  WeightDistance,
  YokedLR,
} from "../optim/index";
import type { ConnectomeTrackerOptions } from "../tda/index";
import type { FitSchedule } from "../train/index";
import { makeSchedule, makeTracker } from "./catalogue";
import type { ObservationColumns } from "./experiment";
import type { Family } from "./plan";

type ScheduleMaker<S> = (setup: S) => FitSchedule | undefined;

/** What a contestant's schedule may need besides. */
export interface ContestantSetup extends Omit<ScheduleSetup, "observer"> {
  model: Module;
  train: Dataset;
  probeSeed: number;
  /** Observations of the run that a control follows; of no length for those that follow none. */
  source: ObservationColumns;
}

/** An optimizer with a schedule, as studies compare them. An entry makes the schedule. */
export interface Contestant extends Entry<ScheduleMaker<ContestantSetup>> {
  readonly family: Family;
  readonly optimizer: OptimizerName;
  /** Whether it is steered by the observations of a run of CG-ALR with another seed. */
  readonly followsSubject: boolean;
}

/** What a study compares with all others, and what some controls follow. */
export const SUBJECT = "cg-alr";
/** The same with a later envelope, and so no rival. */
const LATE = "cg-alr-late";
const tracked =
  (distance?: ConnectomeTrackerOptions["distance"]) =>
  ({ model, train, probeSeed }: ContestantSetup): ConnectomeObserver =>
    makeTracker(model, train, probeSeed, distance === undefined ? {} : { distance });
const scheduled =
  (name: ScheduleName, observer = tracked()): ScheduleMaker<ContestantSetup> =>
  (setup) =>
    makeSchedule(name, { ...setup, observer: () => observer(setup) });

const aboutOptimizer = (name: OptimizerName) => find("compare", "optimizer", OPTIMIZERS, name).about;
const contestant = (
  family: Family,
  optimizer: OptimizerName,
  name: string,
  about: string,
  make: ScheduleMaker<ContestantSetup>,
  followsSubject = false,
): Contestant => ({ ...entry(name, about, make), family, optimizer, followsSubject });
const control = (name: string, about: string, make: ScheduleMaker<ContestantSetup>) =>
  contestant("control", "sgd", name, about, make);
/** A control that takes rate and observations from a run of the subject. */
const follower = (name: string, about: string, make: ScheduleMaker<ContestantSetup>) =>
  contestant("control", "sgd", name, about, make, true);

const STATES = { H: "HOLD", S: "SLOW", F: "FAST" } as const;
const constant = scheduled("constant");

/** Everything a study can compare. SGD has momentum 0.9. */
export const CONTESTANTS: readonly Contestant[] = [
  // The subject comes first.
  ...[...SCHEDULES]
    .filter(({ name }) => name !== LATE)
    .sort((a, b) => Number(b.name === SUBJECT) - Number(a.name === SUBJECT))
    .map(({ name, about }) =>
      contestant(name === SUBJECT ? "subject" : "sgd", "sgd", name, about, scheduled(name)),
    ),
  ...(["adam", "adamw", "rmsprop"] as const).flatMap((name) => [
    contestant("adaptive", name, name, aboutOptimizer(name), constant),
    contestant(
      "adaptive",
      name,
      `${name}-cosine`,
      `${aboutOptimizer(name)}; the rate falls along a cosine`,
      scheduled("cosine"),
    ),
  ]),
  ...(["dog", "ldog", "dadapt", "prodigy", "schedule-free-sgd", "schedule-free-adamw"] as const).map((name) =>
    contestant("learning-rate-free", name, name, aboutOptimizer(name), constant),
  ),
  control(
    "envelope-only",
    "the envelope of CG-ALR without its multiplier",
    ({ optimizer, stepsPerEpoch }) => new EnvelopeLR(optimizer, { stepsPerEpoch }),
  ),
  control(LATE, "CG-ALR with an envelope that bends late", scheduled(LATE)),
  control(
    "envelope-late",
    "the later envelope without the multiplier",
    ({ optimizer, stepsPerEpoch, epochs }) =>
      new EnvelopeLR(optimizer, { stepsPerEpoch, tau: lateTau(epochs) }),
  ),
  follower(
    "constant-m",
    "the envelope times the mean multiplier of a run of CG-ALR",
    ({ optimizer, stepsPerEpoch, source }) => {
      const multiplier = meanMultiplier(source.multiplier.map((m) => ({ multiplier: m })));
      return new EnvelopeLR(optimizer, { stepsPerEpoch, multiplier });
    },
  ),
  follower(
    "yoked",
    "the multipliers of a run of CG-ALR with another seed",
    ({ optimizer, stepsPerEpoch, source }) => new YokedLR(optimizer, source.multiplier, { stepsPerEpoch }),
  ),
  follower(
    "random-gate",
    "the states of a run of CG-ALR in random order",
    ({ optimizer, stepsPerEpoch, source, probeSeed }) => {
      const history = [...source.states].map((letter, i) => ({
        state: STATES[letter as keyof typeof STATES],
        z: source.z[i],
      }));
      return new RandomGateLR(optimizer, history, { stepsPerEpoch, seed: probeSeed });
    },
  ),
  control(
    "weight-gate",
    "CG-ALR's rule on the distance of the weights",
    scheduled(SUBJECT, ({ model }) => new WeightDistance(model.parameters())),
  ),
  control(
    "frobenius-gate",
    "CG-ALR's rule on the connectomes' distance edge by edge",
    scheduled(SUBJECT, tracked("frobenius")),
  ),
];

/** The contestant of that name. Throws a RangeError that names those there are. */
export function contestantOf(name: string): Contestant {
  return find("compare", "contestant", CONTESTANTS, name);
}
