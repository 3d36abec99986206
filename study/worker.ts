// A thread that makes runs of a study, one after another, each a function of its description alone.

import { parentPort, workerData } from "node:worker_threads";
import type { DataSetName, Dataset, SplitDataset } from "../data/index";
import type { ModelName } from "../nn/index";
import { loadData, makeModel, makeOptimizer, type OptimizerOptions, setupFor } from "./catalogue";
import { contestantOf } from "./contestants";
import { type RunDescription, type RunResult, runExperiment } from "./experiment";

/** A run to make, with the result of the run that it follows. */
export interface Task {
  description: RunDescription;
  source: RunResult | null;
}

/** What comes back. */
export type Reply = { result: RunResult } | { error: string };

const NO_OBSERVATIONS = { step: [], epoch: [], distance: [], z: [], states: "", multiplier: [], lr: [] };
const { directory } = workerData as { directory?: string };
const loaded = new Map<string, Promise<SplitDataset<Dataset>>>();

function load(data: string, model: string): Promise<SplitDataset<Dataset>> {
  const key = `${data} ${model}`;
  const dataset = loaded.get(key) ?? loadData(data as DataSetName, model as ModelName, { directory });
  loaded.set(key, dataset);
  return dataset;
}

async function perform({ description, source }: Task): Promise<RunResult> {
  const { optimizer: optimizerName, make: makeSchedule } = contestantOf(description.schedule);
  const options: OptimizerOptions = description.lr === null ? {} : { lr: description.lr };
  const { epochs } = description;
  return runExperiment(
    description,
    {
      data: await load(description.data, description.model),
      makeModel: (train) => makeModel(description.model as ModelName, setupFor(train)).model,
      makeOptimizer: (model) => makeOptimizer(optimizerName, model, options),
      makeSchedule: (setup) => makeSchedule({ ...setup, epochs, source: setup.source ?? NO_OBSERVATIONS }),
    },
    source,
  );
}

parentPort?.on("message", async (task: Task) => {
  let reply: Reply;
  try {
    reply = { result: await perform(task) };
  } catch (error) {
    reply = { error: (error as Error).message };
  }
  parentPort?.postMessage(reply);
});
