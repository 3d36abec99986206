// A study with made-up results, for the tests of plan, summary and report.

import type * as studies from "topograd/study";

/** A small study; results of its runs are made up. */
export const study = (overrides: Partial<studies.Study> = {}): studies.Study => ({
  data: ["moons"],
  models: ["mlp"],
  schedules: [
    { name: "cg-alr", family: "subject", rates: [0.01, 0.1], follows: null },
    { name: "constant", family: "sgd", rates: [0.01, 0.1], follows: null },
    { name: "dog", family: "learning-rate-free", rates: [], follows: null },
    { name: "yoked", family: "control", rates: [], follows: "cg-alr" },
  ],
  seeds: 3,
  tuningSeeds: 2,
  trainSamples: 100,
  validationSamples: 20,
  epochs: 2,
  batchSize: 10,
  ...overrides,
});

/** A made-up result: the error is a function of schedule, rate and seed. */
export function resultOf(run: studies.RunDescription): studies.RunResult {
  const skill = { "cg-alr": 0.1, constant: 0.2, dog: 0.3, yoked: 0.15 }[run.schedule] ?? 1;
  return {
    description: run,
    status: run.lr === 0.01 ? "diverged" : "finished",
    message: null,
    error: run.lr === 0.01 ? 1 : skill + run.seed / 1000,
    loss: run.lr === 0.01 ? null : skill,
    epochs: {
      trainLoss: [1, 0.5],
      trainError: [0.5, skill],
      validationError: run.phase === "final" ? [] : [0.5, skill],
      lr: [0.1, 0.1],
    },
    observations:
      run.schedule === "cg-alr"
        ? {
            step: [2, 4, 6],
            epoch: [0.2, 0.4, 0.6],
            distance: [null, 2 + run.seed, 1],
            z: [null, null, 3],
            states: "HHS",
            multiplier: [1, 1, 0.8],
            lr: [0.1, 0.09, 0.07],
          }
        : null,
    seconds: { data: 0, forward: 1, backward: 1, optimizer: 1, connectome: 0.5, other: 0, total: 3.5 },
  };
}

/** Makes all runs of units, as many rounds as it takes. */
export function complete(units: readonly studies.StudyUnit[]): Map<string, studies.RunResult> {
  const results = new Map<string, studies.RunResult>();
  for (;;) {
    const ready = units.flatMap((unit) => unit.ready(results));
    if (ready.length === 0) return results;
    for (const run of ready) results.set(run.id, resultOf(run.description));
  }
}
