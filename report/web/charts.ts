// Line charts over uPlot: a shared cursor, a legend with live values, shaded intervals, thresholds and quantile bands.

import uPlot from "uplot";
import { formatTick } from "../format";
import { element, figure, onWidth } from "./dom";
import { legend, THRESHOLD_STYLES } from "./legend";
import { color, onThemeChange, translucent } from "./theme";

/** One line of a chart. Colours are names of custom properties (see theme.ts). */
export interface Line {
  label: string;
  /** Ascending. */
  x: readonly number[];
  /** Null leaves a gap. */
  y: readonly (number | null)[];
  color: string;
  /** CSS pixels, default 2; 0 draws points only. */
  width?: number;
  dash?: number[];
  /** Opacity, default 1. */
  alpha?: number;
  points?: boolean;
  /** False keeps it out of the legend; it is shown and hidden with the last listed line before it. */
  listed?: boolean;
}

/** The area between two lines, given by index, in the colour of the first; a `label` puts it into the legend. */
export interface Band {
  between: [upper: number, lower: number];
  /** Opacity. */
  alpha: number;
  label?: string;
}

/** An interval of x shaded in a colour, hatched to be told from others without it. */
export interface Shade {
  from: number;
  to: number;
  color: string;
  hatched: boolean;
}

/** What a chart shows. */
export interface ChartOptions {
  title: string;
  /** The sentence below the chart. */
  caption: string;
  lines: readonly Line[];
  /** With units. */
  xLabel: string;
  yLabel: string;
  /** Default linear; a logarithmic axis is for positive values. */
  scale?: "linear" | "log";
  xScale?: "linear" | "log";
  xRange: [number, number];
  /** A fixed range of y, otherwise that of the lines. */
  yRange?: [number, number];
  /** Values outside do not widen the axis; their lines leave the picture. */
  yClip?: [number, number];
  bands?: readonly Band[];
  shades?: readonly Shade[];
  /** What the shades mean, for the legend. */
  shadeLabels?: { label: string; color: string; hatched: boolean }[];
  /** Levels that are always in the picture, named in the legend. */
  thresholds?: { value: number; label: string }[];
  /** Values in the legend; default three significant digits. */
  format?: (value: number) => string;
  /** Values at the axis; default all of their digits. */
  formatAxis?: (value: number) => string;
  /** What the legend shows without a cursor: the last value of a line (default) or the least. */
  atRest?: "last" | "least";
  /** Charts with the same key move their cursors together. */
  sync?: string;
}

const FONT = '12px "Helvetica Neue", Arial, sans-serif';
/** Of a plot with its axes, in CSS pixels. */
const HEIGHT = 240;
const AXIS_WIDTH = 58;
const X_STEPS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];

/** Ticks 1, 2, 5 of every decade inside a logarithmic axis, decades alone where that would crowd. */
function logTicks(min: number, max: number): number[] {
  const ticks: number[] = [];
  for (let exponent = -12; exponent <= 12; exponent++) {
    for (const digit of [1, 2, 5]) ticks.push(Number(`${digit}e${exponent}`));
  }
  const inside = ticks.filter((tick) => tick >= min && tick <= max);
  const decades = inside.filter((tick) => tick.toExponential().startsWith("1e"));
  return inside.length > 8 ? decades : inside;
}

function hatching(context: CanvasRenderingContext2D, name: string): CanvasPattern {
  const scale = devicePixelRatio;
  const tile = document.createElement("canvas");
  tile.width = tile.height = 6 * scale;
  const pen = tile.getContext("2d")!;
  pen.strokeStyle = translucent(name, 0.45);
  pen.lineWidth = 1.2 * scale;
  pen.scale(scale, scale);
  pen.lineWidth = 1.2;
  for (const offset of [-6, 0, 6]) {
    pen.moveTo(offset, 6);
    pen.lineTo(offset + 6, 0);
  }
  pen.stroke();
  return context.createPattern(tile, "repeat")!;
}

function drawShades(plot: uPlot, shades: readonly Shade[]): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const shade of shades) {
    const left = plot.valToPos(shade.from, "x", true);
    const width = plot.valToPos(shade.to, "x", true) - left;
    ctx.fillStyle = translucent(shade.color, shade.hatched ? 0.1 : 0.2);
    ctx.fillRect(left, bbox.top, width, bbox.height);
    if (shade.hatched) {
      ctx.fillStyle = hatching(ctx, shade.color);
      ctx.fillRect(left, bbox.top, width, bbox.height);
    }
  }
  ctx.restore();
}

function drawThresholds(plot: uPlot, thresholds: readonly { value: number; label: string }[]): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = color("muted");
  ctx.lineWidth = 1.2 * devicePixelRatio;
  thresholds.forEach(({ value }, i) => {
    const y = plot.valToPos(value, "y", true);
    const { dash } = THRESHOLD_STYLES[i];
    ctx.setLineDash(dash.map((length) => length * devicePixelRatio));
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  });
  ctx.restore();
}

const logarithms: Pick<uPlot.Axis, "splits" | "filter"> = {
  splits: (_plot, _axis, min, max) => logTicks(min, max),
  filter: (_plot, splits) => splits,
};

function plotOptions(options: ChartOptions, width: number, dataRange: [number, number]): uPlot.Options {
  const formatAxis = options.formatAxis ?? formatTick;
  const logarithmic = options.scale === "log";
  const axis: uPlot.Axis = {
    font: FONT,
    labelFont: FONT,
    stroke: () => color("muted"),
    grid: { stroke: () => color("grid"), width: 1 },
    ticks: { show: false },
    labelSize: 18,
    gap: 6,
  };
  const yRange = (_: uPlot, low: number | null, high: number | null): [number, number] => {
    if (options.yRange !== undefined) return options.yRange;
    if (low === null || high === null) return logarithmic ? [0.1, 1] : [0, 1];
    if (logarithmic) return [low / 1.25, high * 1.25];
    const [min, max] = options.yClip ?? [low, high];
    const levels = (options.thresholds ?? []).map(({ value }) => value);
    const from = Math.min(Math.max(low, min), ...levels);
    const to = Math.max(Math.min(high, max), ...levels);
    const pad = 0.06 * (to - from) || 0.06 * Math.abs(to) || 1;
    return [from >= 0 && from < pad ? 0 : from - pad, to + pad];
  };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    padding: [8, 10, 0, 0],
    scales: {
      x: {
        time: false,
        distr: options.xScale === "log" ? 3 : 1,
        range: (_, low, high) =>
          low === dataRange[0] && high === dataRange[1] ? options.xRange : [low, high],
      },
      y: { range: yRange, distr: logarithmic ? 3 : 1 },
    },
    axes: [
      {
        ...axis,
        label: options.xLabel,
        size: 26,
        space: 60,
        ...(options.xScale === "log"
          ? { ...logarithms, values: (_, xs) => xs.map(formatTick) }
          : { incrs: X_STEPS }),
      },
      {
        ...axis,
        label: options.yLabel,
        size: AXIS_WIDTH,
        values: (_, splits) => splits.map((value) => (value === null ? null : formatAxis(value))),
        ...(logarithmic && logarithms),
      },
    ],
    series: [
      {},
      ...options.lines.map(
        (line): uPlot.Series => ({
          label: line.label,
          stroke: () => color(line.color),
          width: line.width ?? 2,
          dash: line.dash,
          alpha: line.alpha ?? 1,
          points: {
            show: line.points ?? false,
            size: line.width === 0 ? 9 : 5,
            fill: () => color(line.color),
          },
        }),
      ),
    ],
    bands: (options.bands ?? []).map(({ between, alpha }) => ({
      series: [between[0] + 1, between[1] + 1],
      fill: () => translucent(options.lines[between[0]].color, alpha),
    })),
    cursor: {
      y: false,
      sync:
        options.sync === undefined ? undefined : { key: options.sync, setSeries: false, scales: ["x", null] },
      points: {
        size: 8,
        width: 2,
        stroke: () => color("card"),
        fill: (_, i) => color(options.lines[i - 1].color),
      },
      drag: { dist: 6 },
    },
    hooks: {
      drawClear: [(plot) => drawShades(plot, options.shades ?? [])],
      draw: [(plot) => drawThresholds(plot, options.thresholds ?? [])],
    },
  };
}

/** Arrow keys and a finger move the cursor as the mouse does: through the events that uPlot and its sync listen to. */
function bindKeysAndTouch(holder: HTMLElement, plot: uPlot): void {
  const point = (clientX: number) => {
    const { top, height } = plot.over.getBoundingClientRect();
    const at = { clientX, clientY: top + height / 2 };
    plot.over.dispatchEvent(new MouseEvent("mouseenter", at));
    plot.over.dispatchEvent(new MouseEvent("mousemove", at));
  };
  const leave = () => plot.over.dispatchEvent(new MouseEvent("mouseleave"));
  holder.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") leave();
    if (key !== "ArrowLeft" && key !== "ArrowRight") return;
    const last = plot.data[0].length - 1;
    const now = plot.cursor.idx ?? (key === "ArrowLeft" ? last + 1 : -1);
    const next = Math.min(last, Math.max(0, now + (key === "ArrowLeft" ? -1 : 1)));
    point(plot.over.getBoundingClientRect().left + plot.valToPos(plot.data[0][next], "x"));
  });
  holder.addEventListener("blur", leave);
  plot.over.addEventListener("touchmove", ({ touches }) => point(touches[0].clientX), { passive: true });
}

/**
 * A chart of lines over x with title, legend, axes and a sentence below. It draws itself once it has a width, follows
 * the theme, and takes the arrow keys when focused. Dragging zooms into x, a double click shows all again.
 */
export function lineChart(options: ChartOptions): HTMLElement {
  const data = uPlot.join(options.lines.map(({ x, y }) => [[...x], [...y]]));
  const xs = data[0] as number[];
  let plot: uPlot | null = null;
  const { root, update } = legend(options, () => plot);
  const holder = element("div", {
    class: "plot",
    role: "img",
    tabindex: "0",
    "aria-label": `${options.title}: ${options.yLabel} over ${options.xLabel}. ${options.caption}`,
  });
  // Its room is kept from the start, so that nothing jumps when it is drawn.
  holder.style.height = `${HEIGHT}px`;
  onWidth(holder, (width) => {
    if (plot !== null) {
      plot.setSize({ width, height: HEIGHT });
      return;
    }
    plot = new uPlot(plotOptions(options, width, [xs[0], xs[xs.length - 1]]), data, holder);
    plot.hooks.setCursor = [update];
    bindKeysAndTouch(holder, plot);
  });
  onThemeChange(() => plot?.redraw(false));
  const card = figure(options.title, options.caption, root, holder);
  card.classList.add("chart");
  return card;
}
