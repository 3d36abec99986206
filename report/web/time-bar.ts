// Where the time of a run went.

import type { Seconds } from "../../train/clock";
import { formatPercent, formatSeconds } from "../format";
import { element } from "./dom";
import { swatch } from "./legend";
import { table } from "./tables";

const PARTS = ["forward", "backward", "optimizer", "connectome", "data", "other"] as const;

const partColor = (index: number) => `part-${index + 1}`;

/** The parts of one run as a bar of full width. */
export function timeBar(seconds: Seconds): HTMLElement {
  const pieces = PARTS.map((part, i) => {
    const share = seconds[part] / seconds.total;
    const text = `${part}: ${formatSeconds(seconds[part])}, ${formatPercent(share, 1)}`;
    // A label that would not fit is left to the table.
    const piece = element("i", { title: text }, share > 0.09 && element("span", {}, part));
    piece.style.flexGrow = String(100 * share);
    piece.style.setProperty("--swatch", `var(--${partColor(i)})`);
    return piece;
  });
  const label = PARTS.map((part) => `${part} ${formatPercent(seconds[part] / seconds.total, 1)}`).join(", ");
  return element("div", { class: "time-bar", role: "img", "aria-label": `Time: ${label}` }, ...pieces);
}

/** The parts of one or several runs as a table of seconds and shares, or shares alone for several. */
export function timeTable(runs: readonly { name: string; seconds: Seconds; steps: number }[]): HTMLElement {
  const head = (part: string, i: number) =>
    element("span", { class: "key" }, swatch(partColor(i), "area"), part);
  if (runs.length === 1) {
    const [{ seconds, steps }] = runs;
    const row = (part: keyof Seconds) => [
      formatSeconds(seconds[part]),
      formatPercent(seconds[part] / seconds.total, 1),
      steps > 0 ? formatSeconds(seconds[part] / steps) : "–",
    ];
    return table(
      ["part", "time", "share", "a step"],
      [...PARTS.map((part, i) => [head(part, i), ...row(part)]), ["total", ...row("total")]],
    );
  }
  return table(
    ["run", ...PARTS.map(head), "total"],
    runs.map(({ name, seconds }) => [
      name,
      ...PARTS.map((part) => formatPercent(seconds[part] / seconds.total, 1)),
      formatSeconds(seconds.total),
    ]),
  );
}
