// topograd report DIR [DIR ...] [--out FILE]

import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { DataError } from "../core/index";
import { renderReport, renderStudy } from "../report/index";
import { parseRun, type RunData, summariseStudy } from "../train/index";
import { helpText, type OptionSpecs, parseOptions, UsageError } from "./options";
import { writeWhole } from "./run-folder";
import { StudyFolder } from "./study-folder";
import { VERSION } from "./version";

/** Reads a run folder. Throws a DataError that names what is missing where the folder is no run. */
export function readRun(folder: string, name = basename(resolve(folder))): RunData {
  if (!existsSync(folder)) throw new DataError(`report: there is no folder ${folder}`);
  if (!statSync(folder).isDirectory())
    throw new DataError(`report: ${folder} is a file, expected the folder of a run`);
  const missing = ["config.json", "metrics.jsonl"].filter((file) => !existsSync(join(folder, file)));
  if (missing.length > 0)
    throw new DataError(`report: ${folder} is no run: it has no ${missing.join(" and no ")}`);
  const text = (file: string) => readFileSync(join(folder, file), "utf8");
  const connectomes = join(folder, "connectomes.safetensors");
  try {
    return parseRun({
      name,
      config: text("config.json"),
      metrics: text("metrics.jsonl"),
      connectomes: existsSync(connectomes) ? readFileSync(connectomes) : undefined,
    });
  } catch (error) {
    throw new DataError(`report: ${folder} is no run: ${(error as Error).message}`);
  }
}

function writeStudyReport(path: string, out?: string): string {
  const folder = StudyFolder.read(path);
  const { done, total } = folder.progress();
  if (done < total)
    throw new DataError(`report: ${path} has ${done} of ${total} runs; topograd compare goes on`);
  const file = out ?? join(path, "comparison.html");
  writeWhole(file, renderStudy(summariseStudy(folder.study, folder.results, VERSION)));
  return file;
}

/**
 * Writes the report of one run folder or study, or the comparison of several runs, and returns the path of the file.
 *
 * @param out default `report.html` in the folder of a single run, `comparison.html` in that of a study and here for
 * several runs.
 */
export function writeReport(folders: readonly string[], out?: string): string {
  if (folders.length === 1 && StudyFolder.exists(folders[0])) return writeStudyReport(folders[0], out);
  const names = folders.map((folder) => basename(resolve(folder)));
  const areDistinct = new Set(names).size === names.length;
  const html = renderReport(folders.map((folder, i) => readRun(folder, areDistinct ? names[i] : folder)));
  const file = out ?? (folders.length === 1 ? join(folders[0], "report.html") : "comparison.html");
  writeWhole(file, html);
  return file;
}

const OPTIONS: OptionSpecs = {
  out: {
    type: "string",
    value: "FILE",
    about: "where to write it (report.html in DIR, comparison.html of a study or for several runs)",
  },
  help: { type: "boolean", about: "print this help" },
};

/** topograd report: makes the report again from what a run left behind, and prints where it lies. */
export async function runReport(args: string[]): Promise<number> {
  const options = parseOptions(args, OPTIONS, true);
  const usage = "topograd report DIR [DIR ...] [options]";
  if (options.flag("help")) {
    console.log(helpText(usage, OPTIONS));
    return 0;
  }
  if (options.positionals.length === 0) throw new UsageError(`expected the folder of a run: ${usage}`);
  console.log(`report: ${resolve(writeReport(options.positionals, options.text("out")))}`);
  return 0;
}
