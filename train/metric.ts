// What an epoch is judged by.

import type { EpochEvent } from "./events";

export const METRICS = ["validationLoss", "validationAccuracy", "trainLoss", "trainAccuracy"] as const;

/** A figure of an epoch. Losses are to fall, accuracies to rise. */
export type Metric = (typeof METRICS)[number];

/** The figure; throws a RangeError where the epoch has none. */
export function metricOf(operation: string, event: EpochEvent, metric: Metric): number {
  const value = event[metric];
  if (value !== undefined && value !== null) return value;
  const labels = metric.endsWith("Accuracy") ? " with labels" : "";
  throw new RangeError(`${operation}: there is no ${metric}: give validation data${labels}`);
}

/** By how much a value is better than the best so far; Infinity where there is none. */
export function gainOver(best: number | null, value: number, metric: Metric): number {
  if (best === null) return Number.POSITIVE_INFINITY;
  return metric.endsWith("Accuracy") ? value - best : best - value;
}
