// Persistence diagrams as one picture: the barcode beside the persistence diagram. The SVG is a text, so that a page can
// take it as well as a file; its colours do not change with the theme.

import { ticks } from "d3-array";
import { escapeXml } from "../tda/xml";
import { formatCount, formatNumber, plural } from "./format";

/** What the picture says besides the bars. */
export interface DiagramPictureOptions {
  title: string;
  /** What births and deaths are. */
  axis?: string;
}

interface Bar {
  birth: number;
  /** Infinity for a class that never dies. */
  death: number;
}

/** The bars of one dimension that are drawn, in drawing order, and how many there are. */
interface Group {
  dim: number;
  bars: Bar[];
  count: number;
  infinite: number;
}

/** A range of values, and where they lie in the picture. */
type Scale = (value: number) => number;

const WIDTH = 1080;
const HEIGHT = 560;
const TOP = 112;
const BOTTOM = 496;
const BARCODE = { left: 88, right: 556 };
const DIAGRAM = { left: 664, right: 664 + BOTTOM - TOP };
/** Pixels at the upper end of every axis that stand for infinity. */
const BEYOND = 30;

const TEXT = "#16202c";
const MUTED = "#5b6876";
const GRID = "#e6e9ee";
/** Okabe and Ito's palette, which colour-blind people can tell apart; shapes tell dimensions apart without it. */
const COLORS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#444b55"];
/** More bars of a dimension than this could not be told apart: the longest are drawn. */
const MOST_BARS = 300;

type Attributes = Record<string, string | number>;

function tag(name: string, attributes: Attributes, ...children: string[]): string {
  const list = Object.entries(attributes).map(([key, value]) => {
    const text = typeof value === "number" ? String(Number(value.toFixed(2))) : escapeXml(value);
    return ` ${key}="${text}"`;
  });
  return children.length === 0
    ? `<${name}${list.join("")}/>`
    : `<${name}${list.join("")}>${children.join("")}</${name}>`;
}

const text = (content: string, attributes: Attributes) => tag("text", attributes, escapeXml(content));
const line = (x1: number, y1: number, x2: number, y2: number, attributes: Attributes) =>
  tag("line", { x1, y1, x2, y2, ...attributes });

const colorOf = (dim: number) => COLORS[Math.min(dim, COLORS.length - 1)];
const subscript = (dim: number) =>
  [...String(dim)].map((digit) => String.fromCharCode(0x2080 + Number(digit))).join("");
const nameOf = (dim: number) => `H${subscript(dim)}`;
const describe = (dim: number, { birth, death }: Bar) =>
  `${nameOf(dim)}: ${formatNumber(birth)} to ${death === Number.POSITIVE_INFINITY ? "∞" : formatNumber(death)}`;

function groupOf(diagram: Float32Array, dim: number): Group {
  const bars = Array.from({ length: diagram.length / 2 }, (_, i) => ({
    birth: diagram[2 * i],
    death: diagram[2 * i + 1],
  }));
  const order = (a: number, b: number) => (a === b ? 0 : a - b);
  const longest = [...bars].sort((a, b) => order(b.death - b.birth, a.death - a.birth)).slice(0, MOST_BARS);
  longest.sort((a, b) => order(a.birth, b.birth) || order(a.death, b.death));
  const infinite = bars.filter(({ death }) => death === Number.POSITIVE_INFINITY).length;
  return { dim, bars: longest, count: bars.length, infinite };
}

/** A mark of the persistence diagram; its shape goes with the dimension. Among many it is smaller and sheerer. */
function marker(dim: number, x: number, y: number, label: string, isCrowded = false): string {
  const size = isCrowded ? 2.6 : 4;
  const style: Attributes = isCrowded
    ? { fill: colorOf(dim), "fill-opacity": 0.5 }
    : { fill: colorOf(dim), "fill-opacity": 0.75, stroke: "#ffffff", "stroke-width": 0.6 };
  const title = tag("title", {}, escapeXml(label));
  const polygon = (corners: [number, number][]) => {
    const points = corners.map(([dx, dy]) => `${(x + size * dx).toFixed(2)},${(y + size * dy).toFixed(2)}`);
    return tag("polygon", { points: points.join(" "), ...style }, title);
  };
  switch (dim) {
    case 0:
      return tag("circle", { cx: x, cy: y, r: 0.9 * size, ...style }, title);
    case 1:
      return polygon([
        [0, -1.25],
        [1.15, 0.85],
        [-1.15, 0.85],
      ]);
    case 2:
      return polygon([
        [-0.85, -0.85],
        [0.85, -0.85],
        [0.85, 0.85],
        [-0.85, 0.85],
      ]);
    default:
      return polygon([
        [0, -1.3],
        [1.1, 0],
        [0, 1.3],
        [-1.1, 0],
      ]);
  }
}

/** Dimension and number of bars, in a line above both panels. */
function legend(groups: readonly Group[]): string {
  let x = BARCODE.left;
  return groups
    .map(({ dim, bars, count, infinite }) => {
      const parts = [
        `${nameOf(dim)}: ${plural(count, "bar")}`,
        ...(infinite > 0 ? [`${formatCount(infinite)} infinite`] : []),
        ...(bars.length < count ? [`the longest ${bars.length} shown`] : []),
      ];
      const words = parts.join(", ");
      const mark = marker(dim, x + 5, 66, nameOf(dim)) + text(words, { x: x + 18, y: 70, fill: TEXT });
      x += 42 + 6.2 * words.length;
      return mark;
    })
    .join("");
}

/** The frame of a panel with its x axis, grid and titles. */
function panel(
  { left, right }: typeof BARCODE,
  heading: string,
  xTitle: string,
  marks: readonly number[],
  x: Scale,
): string {
  const middle = (left + right) / 2;
  return [
    text(heading, { x: left, y: TOP - 14, "font-weight": 600, fill: TEXT }),
    ...marks.map((tick) => line(x(tick), TOP, x(tick), BOTTOM, { stroke: GRID })),
    ...marks.map((tick) => text(formatNumber(tick), { x: x(tick), y: BOTTOM + 18, "text-anchor": "middle" })),
    line(left, BOTTOM, right, BOTTOM, { stroke: MUTED }),
    text(xTitle, { x: middle, y: BOTTOM + 42, "text-anchor": "middle", fill: TEXT }),
  ].join("");
}

function barcode(groups: readonly Group[], x: Scale): string {
  const shown = groups.filter(({ bars }) => bars.length > 0);
  const gap = 14;
  const total = shown.reduce((sum, { bars }) => sum + bars.length, 0);
  const pitch = Math.min(16, (BOTTOM - TOP - 12 - gap * (shown.length - 1)) / Math.max(1, total));
  // Thin bars leave no room between them: they would only look pale.
  const stroke = pitch < 2.5 ? pitch : Math.min(5, 0.7 * pitch);
  let y = TOP + 6;
  return shown
    .map(({ dim, bars }, index) => {
      const start = y;
      const color = colorOf(dim);
      const lines = bars.map((bar) => {
        const at = y + pitch / 2;
        y += pitch;
        const isEndless = bar.death === Number.POSITIVE_INFINITY;
        const end = isEndless ? BARCODE.right - 7 : Math.max(x(bar.death), x(bar.birth) + 0.8);
        const head = Math.max(3, 0.9 * stroke);
        const tip = BARCODE.right;
        const arrow = `${end},${(at - head).toFixed(1)} ${tip},${at.toFixed(1)} ${end},${(at + head).toFixed(1)}`;
        return (
          tag(
            "line",
            { x1: x(bar.birth), y1: at, x2: end, y2: at, stroke: color, "stroke-width": stroke },
            tag("title", {}, escapeXml(describe(dim, bar))),
          ) + (isEndless ? tag("polygon", { points: arrow, fill: color }) : "")
        );
      });
      const name = text(nameOf(dim), {
        x: BARCODE.left - 14,
        y: (start + y) / 2 + 5,
        "text-anchor": "end",
        "font-weight": 600,
        fill: color,
      });
      const rule =
        index === 0
          ? ""
          : line(BARCODE.left, start - gap / 2, BARCODE.right, start - gap / 2, { stroke: GRID });
      y += gap;
      return rule + lines.join("") + name;
    })
    .join("");
}

function persistenceDiagram(
  groups: readonly Group[],
  marks: readonly number[],
  end: number,
  x: Scale,
): string {
  const y: Scale = (value) => BOTTOM - (x(value) - DIAGRAM.left);
  const infinity = TOP + BEYOND / 2;
  const hasInfinite = groups.some(({ infinite }) => infinite > 0);
  const middle = (TOP + BOTTOM) / 2;
  const isCrowded = groups.reduce((sum, { bars }) => sum + bars.length, 0) > 200;
  return [
    ...marks.map((tick) => line(DIAGRAM.left, y(tick), DIAGRAM.right, y(tick), { stroke: GRID })),
    ...marks.map((tick) =>
      text(formatNumber(tick), { x: DIAGRAM.left - 10, y: y(tick) + 4, "text-anchor": "end" }),
    ),
    line(DIAGRAM.left, TOP, DIAGRAM.left, BOTTOM, { stroke: MUTED }),
    text("death", {
      x: DIAGRAM.left - 56,
      y: middle,
      "text-anchor": "middle",
      fill: TEXT,
      transform: `rotate(-90 ${DIAGRAM.left - 56} ${middle})`,
    }),
    line(x(0), y(0), x(end), y(end), { stroke: MUTED, "stroke-dasharray": "5 4" }),
    ...(hasInfinite
      ? [
          line(DIAGRAM.left, infinity, DIAGRAM.right, infinity, { stroke: MUTED, "stroke-dasharray": "1 3" }),
          text("∞", { x: DIAGRAM.left - 10, y: infinity + 5, "text-anchor": "end", "font-size": 16 }),
        ]
      : []),
    ...groups.flatMap(({ dim, bars }) =>
      bars.map((bar) => {
        const height = bar.death === Number.POSITIVE_INFINITY ? infinity : y(bar.death);
        return marker(dim, x(bar.birth), height, describe(dim, bar), isCrowded);
      }),
    ),
  ].join("");
}

/**
 * Barcode and persistence diagram as one SVG picture that loads nothing. Infinite bars are arrows, and lie on the line
 * marked ∞. Of a dimension with more than 300 bars the longest are drawn; the legend says so.
 *
 * @param diagrams [birth, death] pairs, one array for each dimension from 0.
 */
export function persistenceSvg(diagrams: readonly Float32Array[], options: DiagramPictureOptions): string {
  const { title, axis = "distance" } = options;
  const groups = diagrams.map(groupOf);
  const finite = diagrams.flatMap((diagram) => [...diagram].filter(Number.isFinite));
  const end = finite.reduce((most, value) => Math.max(most, value), 0) || 1;
  const scaleOf =
    ({ left, right }: typeof BARCODE): Scale =>
    (value) =>
      left + ((right - BEYOND - left) * value) / end;
  const marks = ticks(0, end, 5);
  const [bars, points] = [scaleOf(BARCODE), scaleOf(DIAGRAM)];
  const summary = groups.map(({ dim, count }) => `${plural(count, "bar")} in dimension ${dim}`).join(", ");
  return `<?xml version="1.0" encoding="UTF-8"?>\n${tag(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      width: WIDTH,
      height: HEIGHT,
      role: "img",
      "aria-labelledby": "title description",
      "font-family": "Inter, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif",
      "font-size": 13,
      fill: MUTED,
    },
    tag("title", { id: "title" }, escapeXml(title)),
    tag("desc", { id: "description" }, `Barcode and persistence diagram: ${escapeXml(summary)}.`),
    tag("rect", { width: WIDTH, height: HEIGHT, fill: "#ffffff" }),
    text(title, { x: BARCODE.left, y: 38, "font-size": 18, "font-weight": 650, fill: TEXT }),
    legend(groups),
    panel(BARCODE, "Barcode", axis, marks, bars),
    barcode(groups, bars),
    panel(DIAGRAM, "Persistence diagram", "birth", marks, points),
    persistenceDiagram(groups, marks, end, points),
  )}\n`;
}
