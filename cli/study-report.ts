// The outcome of a study: results.json, results.csv, comparison.html, and a table for the terminal.

import { join } from "node:path";
import { writeWhole } from "../io/files";
import { renderStudy } from "../report/index";
import { VERSION } from "../runs/version";
import type { StudyFolder } from "../study/folder";
import { type ScheduleSummary, type StudySummary, studyCsv, summariseStudy } from "../study/index";

/** Writes results.json, results.csv and comparison.html of a study whose runs are all there. */
export function writeStudy({ path, study, results }: StudyFolder): StudySummary {
  const summary = summariseStudy(study, results, VERSION);
  writeWhole(join(path, "results.json"), `${JSON.stringify(summary, null, 1)}\n`);
  writeWhole(join(path, "results.csv"), studyCsv(study, results));
  writeWhole(join(path, "comparison.html"), renderStudy(summary));
  return summary;
}

const percent = (share: number) => (100 * share).toFixed(2);

function row({ name, lr, error, interval, difference }: ScheduleSummary): string[] {
  const reach = interval === null ? "" : ` ± ${percent((interval.high - interval.low) / 2)}`;
  const red =
    difference?.mean == null
      ? ""
      : `${difference.mean < 0 ? "" : "+"}${percent(difference.mean)}` +
        (difference.student === null
          ? ""
          : ` [${percent(difference.student.low)}, ${percent(difference.student.high)}]`);
  return [
    name,
    lr === null ? "own" : String(lr),
    `${percent(error)}${reach}`,
    red,
    difference?.holm == null ? "" : difference.holm.toPrecision(2),
  ];
}

/** Mean test errors with their 95% intervals, best first, and what the subject's are relative to them. */
export function studyTable({ parts }: StudySummary): string {
  return parts
    .map(({ data, model, schedules }) => {
      const sorted = [...schedules].sort((a, b) => a.error - b.error);
      const rows = [["schedule", "lr", "test error, %", "RED, %", "p (Holm)"], ...sorted.map(row)];
      const widths = rows[0].map((_, i) => Math.max(...rows.map((cells) => cells[i].length)));
      const lines = rows.map((cells) =>
        cells
          .map((cell, i) => cell.padEnd(widths[i]))
          .join("  ")
          .trimEnd(),
      );
      return `${data} ${model}\n${lines.join("\n")}\n`;
    })
    .join("\n");
}
