// Charts over the epochs of runs: they share their cursor, their zoom and their range.

import type { ReportRun } from "../columns";
import { formatPercent } from "../format";
import { type ChartOptions, type Line, lineChart } from "./charts";

/** Charts over epochs move their cursors together. */
export const EPOCH_SYNC = "epoch";

const isKnown = (value: number | null): value is number => value !== null;

/** Whether a line has anything to draw. */
const hasValues = (line: Line): boolean => line.y.some(isKnown);

/** The range of epochs that all charts of a page show. */
export function epochRange(runs: readonly ReportRun[]): [number, number] {
  return [0, Math.max(...runs.map((run) => run.progress.epoch)) || 1];
}

/** Where the means over the epochs of a run belong: what is measured after an epoch belongs to its end. */
export const epochMiddles = ({ epochs }: ReportRun): number[] => epochs.epoch.map((epoch) => epoch - 0.5);

/** The range of the values without the lowest and highest shares given, so that a wild start does not flatten the rest. */
export function robustRange(lines: readonly Line[], below: number, above: number): [number, number] {
  const sorted = lines.flatMap(({ y }) => y.filter(isKnown)).sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))];
  return [at(below), at(1 - above)];
}

/** What a chart over epochs shows; `percent` is for fractions, whose steep start may leave the picture. */
export type EpochChartOptions = Omit<ChartOptions, "xLabel" | "sync"> & { percent?: boolean };

/**
 * A chart over epochs; null where no line has values. Without a `scale` it is logarithmic where the values are
 * positive and span more than a factor of 20.
 */
export function epochChart(options: EpochChartOptions): HTMLElement | null {
  const lines = options.lines.filter(hasValues);
  if (lines.length === 0) return null;
  const shared = { xLabel: "epoch", sync: EPOCH_SYNC };
  const [least, most] = robustRange(lines, 0, 0);
  if (options.percent !== true) {
    const scale = least > 0 && most > 20 * least ? "log" : "linear";
    return lineChart({ ...shared, scale, ...options, lines });
  }
  const [low] = robustRange(lines, 0.03, 0);
  return lineChart({
    ...shared,
    ...options,
    lines,
    caption: low > least ? `${options.caption} The steep start lies below the picture.` : options.caption,
    yClip: [low, most],
    format: (value) => formatPercent(value),
    formatAxis: (value) => String(Number((100 * value).toFixed(2))),
  });
}
