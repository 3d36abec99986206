// Births and deaths of a connectome's graph homology: over time as quantile bands, and of one connectome as curves.

import { formatCount } from "../format";
import { lineChart } from "./charts";

/** Quantiles 0, 5, 25, 50, 75, 95 and 100 % over x, a row each. */
export interface Quantiles {
  x: readonly number[];
  rows: readonly (readonly (number | null)[])[];
}

/** Births or deaths over time: median, the middle half, the middle 90 %, least and greatest. */
export function quantileBands(
  { x, rows }: Quantiles,
  options: { title: string; caption: string; color: string; xRange: [number, number]; sync?: string },
): HTMLElement {
  const edge = (row: number, width: number, dash?: number[]) => ({
    label: "",
    listed: false,
    x,
    y: rows[row],
    color: options.color,
    alpha: 0.7,
    width,
    dash,
  });
  return lineChart({
    ...options,
    lines: [
      { label: "median", x, y: rows[3], color: options.color },
      edge(4, 0.5),
      edge(2, 0.5),
      edge(5, 0.5),
      edge(1, 0.5),
      edge(6, 1, [2, 3]),
      edge(0, 1, [2, 3]),
    ],
    bands: [
      { between: [1, 2], alpha: 0.22, label: "middle 50 %" },
      { between: [3, 4], alpha: 0.14, label: "90 %" },
      { between: [5, 6], alpha: 0.03, label: "all" },
    ],
    xLabel: "epoch",
    yLabel: "weight |ρ|",
    yRange: [0, 1],
    format: (value) => value.toFixed(2),
  });
}

/** The births and deaths of one connectome, each sorted from the weakest to the strongest. */
export function sortedWeights(
  births: readonly number[],
  deaths: readonly number[],
  counts: { births: number; deaths: number },
  options: { title: string; caption: string },
): HTMLElement {
  const ranks = (n: number) => Array.from({ length: n }, (_, i) => (n === 1 ? 100 : (100 * i) / (n - 1)));
  return lineChart({
    ...options,
    lines: [
      { label: `${formatCount(counts.births)} births`, x: ranks(births.length), y: births, color: "births" },
      { label: `${formatCount(counts.deaths)} deaths`, x: ranks(deaths.length), y: deaths, color: "deaths" },
    ],
    xLabel: "rank, weakest to strongest (%)",
    yLabel: "weight |ρ|",
    xRange: [0, 100],
    yRange: [0, 1],
    format: (value) => value.toFixed(2),
  });
}
