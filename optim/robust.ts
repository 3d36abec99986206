// Robust statistics of short series, for the CG-ALR signal.

import { log } from "../core/math";

/** The median; the mean of the two middle values for an even count. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** 1.4826 times the median absolute deviation estimates the standard deviation of Gaussian noise. */
const MAD_TO_SIGMA = 1.4826;

function scaledMad(residuals: readonly number[]): number {
  const centre = median(residuals);
  return MAD_TO_SIGMA * median(residuals.map((r) => Math.abs(r - centre)));
}

/** A line through values at positions 0, 1, 2, ... */
export interface Line {
  slope: number;
  intercept: number;
}

/** Theil-Sen line: the median of all pairwise slopes, and the median of what is left at position 0. */
function theilSen(values: readonly number[]): Line {
  const slopes: number[] = [];
  for (let i = 0; i < values.length; i++) {
    for (let j = i + 1; j < values.length; j++) slopes.push((values[j] - values[i]) / (j - i));
  }
  const slope = median(slopes);
  return { slope, intercept: median(values.map((value, i) => value - slope * i)) };
}

/**
 * How far a distance stands out from the trend of those before it: log distances, a Theil-Sen line extrapolated one
 * step, in units of max(1.5 * 1.4826 MAD, 0.05). Smooth decay and stationary noise give values near 0.
 */
export function detrendedSignal(history: readonly number[], distance: number): number {
  const logarithm = (d: number) => log(Math.max(d, 1e-12));
  const x = history.map(logarithm);
  const { slope, intercept } = theilSen(x);
  const residuals = x.map((value, i) => value - (intercept + slope * i));
  const prediction = intercept + slope * x.length;
  return (logarithm(distance) - prediction) / Math.max(1.5 * scaledMad(residuals), 0.05);
}

/** How far a distance stands out from the median of those before it, in units of max(1.4826 MAD, 0.05 median, 1e-12). */
export function medianSignal(history: readonly number[], distance: number): number {
  const centre = median(history);
  return (distance - centre) / Math.max(scaledMad(history), 0.05 * centre, 1e-12);
}
