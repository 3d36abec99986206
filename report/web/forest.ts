// Rows of estimates with their intervals over a common axis: a forest plot.

import { ticks } from "d3-array";
import { element, figure, onWidth, svgElement } from "./dom";

interface Interval {
  low: number;
  high: number;
}

/** One row. */
export interface ForestRow {
  label: string;
  /** Name of a custom property (see theme.ts). */
  color: string;
  /** The estimate; null leaves the row empty. */
  value: number | null;
  interval: Interval | null;
  /** A second interval, drawn thin around the first. */
  second?: Interval | null;
  /** Single values behind the estimate. */
  dots?: readonly number[];
  /** Written at the right end. */
  text: string;
  bold?: boolean;
}

/** What a forest plot shows. */
export interface ForestOptions {
  title: string;
  caption: string;
  rows: readonly ForestRow[];
  xLabel: string;
  /** Ticks of the axis. */
  format: (value: number) => string;
  /** Values that there can be; the picture goes no further. */
  limits?: [number, number];
  /** A line to compare with, always in the picture. */
  reference?: { value: number; below: string; above: string };
}

const ROW = 24;
const TOP = 26;
const BOTTOM = 40;
const LABEL = 150;
const TEXT = 215;

/** A range for all rows but those far from the others, which would flatten them. */
function forestRange(rows: readonly ForestRow[], reference?: number): [number, number] {
  const values = rows.flatMap(({ value }) => value ?? []).sort((a, b) => a - b);
  const at = (share: number) => values[Math.round(share * (values.length - 1))];
  const spread = Math.max(at(0.75) - at(0.25), Math.abs(at(0.5)) / 20, 1e-9);
  const inside = (value: number) => value >= at(0.25) - 2.5 * spread && value <= at(0.75) + 2.5 * spread;
  const ends = rows.flatMap(({ value, interval, dots = [] }) =>
    value === null || !inside(value)
      ? []
      : [value, ...(interval === null ? [] : [interval.low, interval.high]), ...dots].filter(inside),
  );
  if (reference !== undefined) ends.push(reference);
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const pad = 0.04 * (high - low) || 0.01;
  return [low - pad, high + pad];
}

/** The plot as a card. Rows are drawn in the order given; what lies outside the range is an arrow at the edge. */
export function forestPlot(options: ForestOptions): HTMLElement {
  const { rows, reference } = options;
  const [least, most] = options.limits ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const range = forestRange(rows, reference?.value);
  const [low, high] = [Math.max(least, range[0]), Math.min(most, range[1])];
  const holder = element("div", { class: "forest" });
  const height = TOP + ROW * rows.length + BOTTOM;
  holder.style.height = `${height}px`;
  onWidth(holder, (width) => {
    const narrow = width < 560;
    const left = narrow ? 118 : LABEL;
    const right = width - (narrow ? 8 : TEXT);
    const place = (value: number) => left + ((right - left) * (value - low)) / (high - low);
    const held = (value: number) => Math.min(right, Math.max(left, place(value)));
    const bottom = TOP + ROW * rows.length;
    const text = (x: number, y: number, anchor: string, words: string, style = "") =>
      svgElement("text", { x, y, "text-anchor": anchor, class: style }, words);
    const scale = ticks(low, high, 6).flatMap((tick) => [
      svgElement("line", { x1: place(tick), x2: place(tick), y1: TOP, y2: bottom, class: "grid-line" }),
      text(place(tick), bottom + 16, "middle", options.format(tick), "muted"),
    ]);
    const marks = rows.flatMap((row, i) => drawRow(row, TOP + ROW * (i + 0.5)));
    const line =
      reference === undefined
        ? []
        : [
            svgElement("line", {
              x1: place(reference.value),
              x2: place(reference.value),
              y1: TOP - 4,
              y2: bottom,
              class: "reference",
            }),
            text(place(reference.value) - 6, TOP - 10, "end", `← ${reference.below}`, "muted"),
            text(place(reference.value) + 6, TOP - 10, "start", `${reference.above} →`, "muted"),
          ];
    holder.replaceChildren(
      svgElement(
        "svg",
        { width, height, role: "img", "aria-label": `${options.title}. ${options.caption}` },
        ...scale,
        ...line,
        ...marks,
        text((left + right) / 2, bottom + 34, "middle", options.xLabel, "muted"),
      ),
    );

    function drawRow(row: ForestRow, y: number): SVGElement[] {
      const style = `color:var(--${row.color})`;
      const bar = ({ low: from, high: to }: Interval, thickness: number, opacity: number) =>
        svgElement("line", {
          x1: held(from),
          x2: held(to),
          y1: y,
          y2: y,
          style,
          stroke: "currentColor",
          "stroke-width": thickness,
          "stroke-opacity": opacity,
        });
      const shapes: SVGElement[] = [text(left - 10, y + 4, "end", row.label, row.bold ? "strong" : "")];
      if (!narrow) shapes.push(text(right + 12, y + 4, "start", row.text, row.bold ? "strong" : "muted"));
      if (row.value === null) return shapes;
      const isOutside = row.value < low || row.value > high;
      if (isOutside) {
        const edge = row.value > high ? right : left;
        const tip = row.value > high ? 7 : -7;
        const points = `${edge - tip},${y - 5} ${edge},${y} ${edge - tip},${y + 5}`;
        return [...shapes, svgElement("polygon", { points, style, fill: "currentColor" })];
      }
      if (row.second) shapes.push(bar(row.second, 1.5, 1));
      if (row.interval) shapes.push(bar(row.interval, 6, 0.35));
      for (const dot of row.dots ?? []) {
        if (dot < low || dot > high) continue;
        shapes.push(
          svgElement("circle", {
            cx: place(dot),
            cy: y,
            r: 2.2,
            style,
            fill: "currentColor",
            "fill-opacity": 0.75,
          }),
        );
      }
      const size = row.dots === undefined ? 4.5 : 0;
      shapes.push(
        size > 0
          ? svgElement("circle", { cx: place(row.value), cy: y, r: size, style, fill: "currentColor" })
          : svgElement("line", {
              x1: place(row.value),
              x2: place(row.value),
              y1: y - 7,
              y2: y + 7,
              style,
              stroke: "currentColor",
              "stroke-width": 2.5,
            }),
      );
      return shapes;
    }
  });
  return figure(options.title, options.caption, holder);
}
