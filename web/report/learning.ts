// The curves of a training run over its epochs: loss, accuracy, learning rate and the controller's signal.

import type { ReportRun } from "../../train/report";
import { type Line, lineChart, type Shade } from "./charts";
import { formatNumber, formatPercent, plural } from "./format";
import { seriesColor } from "./theme";

const SYNC = "epoch";
type Values = readonly (number | null)[];

const isKnown = (value: number | null): value is number => value !== null;
const hasValues = (line: Line) => line.y.some(isKnown);
const known = (lines: readonly Line[]) => lines.flatMap(({ y }) => y.filter(isKnown));

/** The range of epochs that every chart over time shows. */
export function epochRange(runs: readonly ReportRun[]): [number, number] {
  return [0, Math.max(...runs.map((run) => run.progress.epoch)) || 1];
}

/** Logarithmic where the values are positive and span more than a factor of 20. */
function scaleFor(values: readonly number[]): "log" | "linear" {
  const least = Math.min(...values);
  return least > 0 && Math.max(...values) > 20 * least ? "log" : "linear";
}

/** The range without the lowest and highest shares given, so that a wild start does not flatten the rest. */
function robustRange(values: readonly number[], below: number, above: number): [number, number] {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))];
  return [at(below), at(1 - above)];
}

/** Training, validation and test of one quantity. */
function learningLines(run: ReportRun, quantity: "loss" | "accuracy"): Line[] {
  const { steps, epochs, end } = run;
  const test = quantity === "loss" ? end?.testLoss : end?.testAccuracy;
  const epochLine = (label: string, y: Values, color: string): Line => ({
    label,
    x: epochs.epoch,
    y,
    color,
    points: true,
  });
  const lines: Line[] = [
    {
      label: "by step",
      x: steps.epoch,
      y: steps[quantity],
      color: "series-1",
      width: 1,
      alpha: 0.45,
    },
    epochLine("training", quantity === "loss" ? epochs.trainLoss : epochs.trainAccuracy, "series-1"),
    epochLine(
      "validation",
      quantity === "loss" ? epochs.validationLoss : epochs.validationAccuracy,
      "series-2",
    ),
    { label: "test", x: [run.progress.epoch], y: [test ?? null], color: "series-3", width: 0, points: true },
  ];
  return lines.filter(hasValues);
}

/** Loss and accuracy of one run; either is left out where the run has no values of it. */
export function learningCharts(run: ReportRun): HTMLElement[] {
  const charts: HTMLElement[] = [];
  const xRange = epochRange([run]);
  const losses = learningLines(run, "loss");
  if (losses.length > 0) {
    charts.push(
      lineChart({
        title: "Loss",
        caption:
          "Look for the epoch after which the validation loss stops following the training loss: from there on the network memorises.",
        lines: losses,
        xLabel: "epoch",
        yLabel: "loss (nats)",
        scale: scaleFor(known(losses)),
        xRange,
        sync: SYNC,
      }),
    );
  }
  const accuracies = learningLines(run, "accuracy");
  if (accuracies.length > 0) {
    const values = known(accuracies);
    charts.push(
      lineChart({
        title: "Accuracy",
        caption:
          "Look for the gap between training and validation, and whether it still closes at the end. The steep start leaves the picture below.",
        lines: accuracies,
        xLabel: "epoch",
        yLabel: "accuracy (%)",
        xRange,
        yClip: [robustRange(values, 0.03, 0)[0], Math.max(...values)],
        format: (value) => formatPercent(value),
        formatAxis: (value) => String(Number((100 * value).toFixed(2))),
        sync: SYNC,
      }),
    );
  }
  return charts;
}

const shadeLabels = [
  { label: "SLOW", color: "slow", hatched: true },
  { label: "FAST", color: "fast", hatched: false },
];

/** SLOW and FAST as intervals: a state lasts from its observation to the next. */
function controllerShades({ observations: { epoch, states } }: ReportRun, end: number): Shade[] {
  const shades: Shade[] = [];
  for (let i = 0; i < states.length; i++) {
    const from = i;
    while (states[i + 1] === states[from]) i++;
    const to = epoch[i + 1] ?? end;
    if (states[from] === "S") shades.push({ from: epoch[from], to, color: "slow", hatched: true });
    if (states[from] === "F") shades.push({ from: epoch[from], to, color: "fast", hatched: false });
  }
  return shades;
}

/** "SLOW at 3 of 100 observations, FAST at 40." */
function stateCounts(states: string): string {
  const count = (letter: string) => [...states].filter((state) => state === letter).length;
  return `SLOW at ${count("S")} of ${plural(states.length, "observation")}, FAST at ${count("F")}.`;
}

/** The learning rate of one run, with the controller's states and envelope where it has them. */
export function learningRateChart(run: ReportRun, title = "Learning rate"): HTMLElement | null {
  const { steps, epochs, observations } = run;
  const guided = observations.epoch.length > 0;
  const source = steps.epoch.length > 0 ? steps : guided ? observations : epochs;
  const lines: Line[] = [{ label: "learning rate", x: source.epoch, y: source.lr, color: "series-1" }];
  if (guided) {
    lines.push({
      label: "envelope",
      x: observations.epoch,
      y: observations.envelope,
      color: "series-2",
      dash: [6, 4],
    });
  }
  if (!lines.some(hasValues)) return null;
  const xRange = epochRange([run]);
  return lineChart({
    title,
    caption: guided
      ? `Look for where the rate leaves its envelope: below it after a shake-up of the connectome (SLOW), above it in calm stretches (FAST). ${stateCounts(observations.states)}`
      : "Look for the rate that each stretch of the other curves was trained with.",
    lines,
    xLabel: "epoch",
    yLabel: "learning rate",
    xRange,
    shades: controllerShades(run, xRange[1]),
    shadeLabels: guided ? shadeLabels : undefined,
    sync: SYNC,
  });
}

/** The topological distance between successive connectomes, and what the controller makes of it. */
export function signalCharts(run: ReportRun): HTMLElement[] {
  const { epoch, distance, z, states } = run.observations;
  const xRange = epochRange([run]);
  const shades = controllerShades(run, xRange[1]);
  const charts: HTMLElement[] = [];
  const distances: Line = {
    label: "distance",
    x: epoch,
    y: distance,
    color: "series-4",
    points: epoch.length < 60,
  };
  if (hasValues(distances)) {
    charts.push(
      lineChart({
        title: "Topological distance",
        caption:
          "How far the connectome's births and deaths moved since the observation before. Look for a steady fall as the network settles, and for jumps out of it.",
        lines: [distances],
        xLabel: "epoch",
        yLabel: "topological distance",
        scale: scaleFor(known([distances])) === "log" ? "log" : "linear",
        xRange,
        shades,
        shadeLabels,
        sync: SYNC,
      }),
    );
  }
  const signal: Line = { label: "z", x: epoch, y: z, color: "series-1", points: epoch.length < 60 };
  if (hasValues(signal)) {
    const { enterSlow, leaveSlow, calm } = run.config.cgalr ?? {};
    const thresholds = [
      ...(enterSlow === undefined ? [] : [{ value: enterSlow, label: `enter SLOW: ${enterSlow}` }]),
      ...(calm === undefined || calm === leaveSlow ? [] : [{ value: calm, label: `calm below ${calm}` }]),
      ...(leaveSlow === undefined
        ? []
        : [
            {
              value: leaveSlow,
              label: calm === leaveSlow ? `calm below ${calm}` : `leave SLOW: ${leaveSlow}`,
            },
          ]),
    ];
    const range = robustRange(known([signal]), 0.02, 0.02);
    charts.push(
      lineChart({
        title: "Robust signal z",
        caption: `How unusual each distance was, in robust deviations from its own trend. Look for peaks above the upper line: they slow the training. ${stateCounts(states)}`,
        lines: [signal],
        xLabel: "epoch",
        yLabel: "z (robust deviations)",
        xRange,
        yClip: [Math.min(range[0], -1), Math.max(range[1], (enterSlow ?? 0) + 1)],
        thresholds,
        shades,
        shadeLabels,
        format: (value) => value.toFixed(2),
        formatAxis: formatNumber,
        sync: SYNC,
      }),
    );
  }
  return charts;
}

const DASHES = [undefined, [7, 4], [2, 3]];

/** One quantity of several runs over each other; null where no run has it. */
function overlay(
  runs: readonly ReportRun[],
  pick: (run: ReportRun) => { x: readonly number[]; y: Values },
  text: { title: string; caption: string; yLabel: string },
  percent = false,
): HTMLElement | null {
  const lines = runs
    .map(
      (run, i): Line => ({
        label: run.name,
        ...pick(run),
        color: seriesColor(i),
        dash: DASHES[Math.floor(i / 7) % 3],
      }),
    )
    .filter(hasValues);
  if (lines.length === 0) return null;
  const values = known(lines);
  const fewPoints = lines.every(({ x }) => x.length < 60);
  return lineChart({
    ...text,
    lines: lines.map((line) => ({ ...line, points: fewPoints })),
    xLabel: "epoch",
    scale: percent ? "linear" : scaleFor(values),
    xRange: epochRange(runs),
    yClip: percent ? [robustRange(values, 0.03, 0)[0], Math.max(...values)] : undefined,
    format: percent ? (value) => formatPercent(value) : undefined,
    formatAxis: percent ? (value) => String(Number((100 * value).toFixed(2))) : undefined,
    sync: SYNC,
  });
}

/** The curves of several runs over each other, quantity by quantity. */
export function comparisonCharts(runs: readonly ReportRun[]): HTMLElement[] {
  const ofEpochs = (column: "trainLoss" | "validationLoss" | "validationAccuracy") => (run: ReportRun) => ({
    x: run.epochs.epoch,
    y: run.epochs[column],
  });
  return [
    overlay(runs, ofEpochs("trainLoss"), {
      title: "Training loss",
      caption: "Look for the run that falls fastest, and whether it stays ahead.",
      yLabel: "loss (nats)",
    }),
    overlay(runs, ofEpochs("validationLoss"), {
      title: "Validation loss",
      caption: "Look for the lowest point, and for runs that rise again after it: those overfit.",
      yLabel: "loss (nats)",
    }),
    overlay(
      runs,
      ofEpochs("validationAccuracy"),
      {
        title: "Validation accuracy",
        caption: "Look for differences larger than the wobble of a single curve from epoch to epoch.",
        yLabel: "accuracy (%)",
      },
      true,
    ),
    overlay(
      runs,
      ({ steps, epochs }) => ({
        x: (steps.epoch.length > 0 ? steps : epochs).epoch,
        y: (steps.epoch.length > 0 ? steps : epochs).lr,
      }),
      {
        title: "Learning rate",
        caption: "Look for which rates the runs had in common, and when they parted.",
        yLabel: "learning rate",
      },
    ),
    overlay(runs, ({ observations: { epoch, distance } }) => ({ x: epoch, y: distance }), {
      title: "Topological distance",
      caption: "Look for which run's connectome settles first.",
      yLabel: "topological distance",
    }),
  ].filter((chart) => chart !== null);
}
