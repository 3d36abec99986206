// topograd report DIR [DIR ...] [--out FILE]

import { basename, join, resolve } from "node:path";
import { DataError } from "../core/index";
import { writeWhole } from "../io/files";
import { renderReport, renderStudy } from "../report/index";
import { readRun } from "../runs/folder";
import { VERSION } from "../runs/version";
import { StudyFolder } from "../study/folder";
import { summariseStudy } from "../study/index";
import { helpText, type OptionSpecs, parseOptions, UsageError } from "./options";

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
