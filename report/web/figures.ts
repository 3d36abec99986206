// What a run comes down to, in single figures.

import type { ReportRun } from "../columns";
import { element } from "./dom";

type Value = number | null | undefined;

/** The last value of a column. */
export const last = (values: readonly Value[]): Value => values[values.length - 1];

/** The largest or smallest (`Math.max` or `Math.min`) of the values there are. */
export function best(values: readonly Value[], better: (...values: number[]) => number): number | null {
  const known = values.filter((value) => value != null);
  return known.length > 0 ? better(...known) : null;
}

/** Seconds of a run, also of one that recorded no end. */
export function totalSeconds({ end, epochs }: ReportRun): number | null {
  if (end !== null) return end.seconds.total;
  return epochs.seconds.length > 0 ? epochs.seconds.reduce((sum, seconds) => sum + seconds, 0) : null;
}

/** The share of a run's time that went into watching the connectome. */
export function connectomeShare({ end }: ReportRun): number | null {
  return end === null || end.seconds.total <= 0 ? null : end.seconds.connectome / end.seconds.total;
}

const STATUS = {
  finished: { text: "finished", kind: "good" },
  interrupted: { text: "interrupted", kind: "warning" },
  diverged: { text: "diverged", kind: "bad" },
};

/** How a run ended, as a label. */
export function statusPill(run: ReportRun): HTMLElement {
  const { text, kind } =
    run.end === null ? { text: "no end recorded", kind: "warning" } : STATUS[run.end.status];
  return element("span", { class: `pill ${kind}` }, text);
}
