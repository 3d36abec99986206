// topograd compare

import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { FolderLock } from "../io/files";
import { StudyFolder } from "../study/folder";
import { type PlannedRun, type RunResult, type Share, type StudyUnit, unitsOf } from "../study/index";
import { WorkerPool } from "../study/pool";
import { helpText, type OptionSpecs, parseOptions, UsageError } from "./options";
import { Progress } from "./progress";
import { SHARE_OPTIONS, STUDY_OPTIONS, shareFrom, studyFrom } from "./study-options";
import { studyTable, writeStudy } from "./study-report";

const OPTIONS: OptionSpecs = {
  ...STUDY_OPTIONS,
  out: { type: "string", default: "runs/study", value: "DIR", about: "folder of the study" },
  "data-dir": { type: "string", value: "DIR", about: "folder of the data set's original files" },
  jobs: { type: "string", value: "N", about: "runs at a time (the number of cores)" },
  ...SHARE_OPTIONS,
  quiet: { type: "boolean", about: "print the last line only" },
  help: { type: "boolean", about: "print this help" },
};

const EXIT_INTERRUPTED = 130;

/** Makes the runs of the units that have no result yet, as many at a time as the pool is large. */
async function makeRuns(
  units: readonly StudyUnit[],
  folder: StudyFolder,
  pool: WorkerPool,
  signal: AbortSignal,
  onDone: (result: RunResult) => void,
): Promise<void> {
  const inHand = new Map<string, Promise<void>>();
  const aborted = new Promise<void>((wake) => signal.addEventListener("abort", () => wake()));
  const make = async ({ id, description }: PlannedRun): Promise<void> => {
    const source = description.source === null ? null : (folder.results.get(description.source) ?? null);
    const result = await pool.run({ description, source });
    folder.save(id, result);
    inHand.delete(id);
    onDone(result);
  };
  while (!signal.aborted) {
    const waiting = units.flatMap((unit) => unit.ready(folder.results)).filter(({ id }) => !inHand.has(id));
    for (const run of waiting.slice(0, pool.size - inHand.size)) inHand.set(run.id, make(run));
    if (inHand.size === 0) return;
    await Promise.race([aborted, ...inHand.values()]);
  }
}

/** "mnist mlp cosine, lr 0.1, tuning seed 1: error 4.21 % in 2.4 s" */
function runLine({ description, status, error, seconds }: RunResult): string {
  const { data, model, schedule, lr, phase, seed } = description;
  const rate = lr === null ? "" : `, lr ${lr}`;
  const outcome = status === "diverged" ? "diverged" : `${(100 * error).toFixed(2)} % wrong`;
  return `${data} ${model} ${schedule}${rate}, ${phase} seed ${seed}: ${outcome}, ${seconds.total.toFixed(1)} s`;
}

/** Compares schedules; returns the exit status. */
export async function runCompare(args: string[]): Promise<number> {
  const options = parseOptions(args, OPTIONS);
  if (options.flag("help")) {
    console.log(helpText("topograd compare [options]", OPTIONS));
    return 0;
  }
  const study = studyFrom(options);
  const share = shareFrom(options, process.env);
  const directory = options.text("data-dir");
  if (directory !== undefined && study.data.length > 1) {
    throw new UsageError(`--data-dir is the folder of one data set, but there are ${study.data.join(", ")}`);
  }
  const jobs = options.text("jobs") === undefined ? availableParallelism() : options.integer("jobs", 1, 1024);
  const out = options.text("out") as string;
  const folder = StudyFolder.open(out, study);
  const lock = FolderLock.take(out);
  try {
    return await complete(folder, share, { jobs, directory, quiet: options.flag("quiet") });
  } finally {
    lock.release();
  }
}

/** Makes the runs of the share that are not there yet, and the report when that was all; returns the exit status. */
async function complete(
  folder: StudyFolder,
  share: Share,
  { jobs, directory, quiet }: { jobs: number; directory?: string; quiet: boolean },
): Promise<number> {
  const { path: out, study } = folder;
  const units = unitsOf(study, share);
  const { done, total } = folder.progress(units);
  const progress = new Progress(process.stderr, quiet);
  const part = share.of === 1 ? "" : ` in share ${share.index} of ${share.of}`;
  progress.line(
    `${total} runs${part}, ${done} of them done before; ${jobs} at a time; results in ${resolve(out)}`,
  );

  const abort = new AbortController();
  const onInterrupt = () => abort.abort();
  process.on("SIGINT", onInterrupt);
  process.on("SIGTERM", onInterrupt);
  const pool = new WorkerPool(Math.min(jobs, Math.max(1, total - done)), directory);
  let made = 0;
  try {
    progress.runs({ done, total, made, last: "" });
    await makeRuns(units, folder, pool, abort.signal, (result) => {
      made++;
      progress.runs({ done: done + made, total, made, last: runLine(result) });
    });
  } finally {
    process.off("SIGINT", onInterrupt);
    process.off("SIGTERM", onInterrupt);
    progress.clear();
    await pool.close();
  }
  if (abort.signal.aborted) {
    console.error(
      `interrupted: ${done + made} of ${total} runs are done and kept; the same command goes on from there`,
    );
    return EXIT_INTERRUPTED;
  }
  const whole = folder.progress();
  if (whole.done < whole.total) {
    console.log(
      `${total} runs of this share are done, ${whole.done} of ${whole.total} of the study are in ${resolve(out)}; ` +
        "join the folders of all shares with topograd merge",
    );
    return 0;
  }
  const summary = writeStudy(folder);
  if (!quiet) console.log(studyTable(summary));
  console.log(`report: ${resolve(out, "comparison.html")}`);
  return 0;
}
