// topograd report DIR [DIR ...] [--out FILE]

import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { renderReport } from "../train/report";
import { parseRun, type RunData } from "../train/run";

/** Reads a run folder. Throws an Error that names what is missing where the folder is no run. */
export function readRun(folder: string, name = basename(resolve(folder))): RunData {
  if (!existsSync(folder)) throw new Error(`report: there is no folder ${folder}`);
  if (!statSync(folder).isDirectory())
    throw new Error(`report: ${folder} is a file, expected the folder of a run`);
  const missing = ["config.json", "metrics.jsonl"].filter((file) => !existsSync(join(folder, file)));
  if (missing.length > 0)
    throw new Error(`report: ${folder} is no run: it has no ${missing.join(" and no ")}`);
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
    throw new Error(`report: ${folder} is no run: ${(error as Error).message}`);
  }
}

/**
 * Writes the report of one run folder, or the comparison of several, and returns the path of the file.
 *
 * @param out default `report.html` in the folder of a single run, `comparison.html` here for several.
 */
export function writeReport(folders: readonly string[], out?: string): string {
  const names = folders.map((folder) => basename(resolve(folder)));
  const areDistinct = new Set(names).size === names.length;
  const html = renderReport(folders.map((folder, i) => readRun(folder, areDistinct ? names[i] : folder)));
  const file = out ?? (folders.length === 1 ? join(folders[0], "report.html") : "comparison.html");
  writeFileSync(`${file}.part`, html);
  renameSync(`${file}.part`, file);
  return file;
}

/** `topograd report`: makes the report again from what a run left behind, and prints where it lies. */
export function report(args: string[]): void {
  const { values, positionals } = parseArgs({
    args,
    options: { out: { type: "string" } },
    allowPositionals: true,
  });
  if (positionals.length === 0)
    throw new TypeError("report: expected the folder of a run: topograd report DIR");
  console.log(`report: ${resolve(writeReport(positionals, values.out))}`);
}
