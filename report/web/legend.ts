// The legend of a chart: what its lines, bands and shades mean, and their values under the cursor.

import type uPlot from "uplot";
import { formatNumber } from "../format";
import type { ChartOptions } from "./charts";
import { element } from "./dom";

/** How the thresholds of a chart are told apart, in the chart and in its legend. */
export const THRESHOLD_STYLES = [
  { kind: "dashed", dash: [6, 4] },
  { kind: "dotted", dash: [2, 3] },
  { kind: "line", dash: [] },
] as const;

/** A small mark in a colour of the palette, as the chart draws it. */
export function swatch(
  name: string,
  kind: "line" | "dashed" | "dotted" | "dot" | "area" | "hatch",
  alpha = 1,
): HTMLElement {
  const mark = element("i", { class: `swatch ${kind}`, "aria-hidden": "true" });
  mark.style.setProperty("--swatch", `var(--${name})`);
  mark.style.opacity = String(alpha);
  return mark;
}

/** Buttons that show and hide the lines, each with the value under the cursor, or the last one. */
export function legend(
  options: ChartOptions,
  plot: () => uPlot | null,
): { root: HTMLElement; update: () => void } {
  const {
    lines,
    bands = [],
    shadeLabels = [],
    thresholds = [],
    xLabel,
    format = formatNumber,
    atRest,
  } = options;
  const valueAtRest = atRest === "least" ? leastKnown : lastKnown;
  const lineValues = lines.map(() => element("b"));
  const bandValues = bands.map(() => element("b"));
  const place = element("span", { class: "at" });
  const buttons = lines.map((line, i) => {
    if (line.listed === false) return null;
    const kind = line.width === 0 ? "dot" : line.dash === undefined ? "line" : "dashed";
    const mark = swatch(line.color, kind, line.alpha);
    const button = element(
      "button",
      { type: "button", "aria-pressed": "true" },
      mark,
      line.label,
      lineValues[i],
    );
    button.addEventListener("click", () => {
      const chart = plot();
      if (chart === null) return;
      const show = !chart.series[i + 1].show;
      for (let k = i; k === i || lines[k]?.listed === false; k++) chart.setSeries(k + 1, { show });
      button.setAttribute("aria-pressed", String(show));
    });
    return button;
  });
  const bandKeys = bands.map(({ between, alpha, label }, i) => {
    if (label === undefined) return null;
    const mark = swatch(lines[between[0]].color, "area", 2 * alpha);
    return element("span", { class: "key" }, mark, label, bandValues[i]);
  });
  const shadeKeys = shadeLabels.map(({ label, color: name, hatched }) =>
    element("span", { class: "key" }, swatch(name, hatched ? "hatch" : "area", hatched ? 1 : 0.3), label),
  );
  const thresholdKeys = thresholds.map(({ label }, i) =>
    element("span", { class: "key" }, swatch("muted", THRESHOLD_STYLES[i].kind), label),
  );
  const update = () => {
    const chart = plot();
    const at = chart?.cursor.idx ?? null;
    const texts = lines.map((line, i) => {
      const index = chart?.cursor.idxs?.[i + 1];
      const value = at === null ? valueAtRest(line.y) : index == null ? null : chart!.data[i + 1][index];
      return value == null ? "–" : format(value);
    });
    texts.forEach((text, i) => {
      lineValues[i].textContent = text;
    });
    bands.forEach(({ between: [upper, lower] }, i) => {
      bandValues[i].textContent = `${texts[lower]} to ${texts[upper]}`;
    });
    place.textContent = at === null ? "" : `${xLabel} ${formatNumber(chart!.data[0][at])}`;
  };
  update();
  return {
    root: element("div", { class: "legend" }, ...buttons, ...bandKeys, ...shadeKeys, ...thresholdKeys, place),
    update,
  };
}

type Values = readonly (number | null)[];
const leastKnown = (values: Values) => Math.min(...values.filter((value) => value !== null));
const lastKnown = (values: Values) => values.reduce((last, value) => value ?? last, null);
