// The curves of a training run over its epochs: loss, accuracy, learning rate and the controller's signal.

import type { ReportRun } from "../columns";
import { formatCount, plural } from "../format";
import type { Line, Shade } from "./charts";
import { epochChart, epochMiddles, epochRange, robustRange } from "./epoch-chart";

type Values = readonly (number | null)[];

/** Training, validation and test of one quantity. */
function learningLines(run: ReportRun, quantity: "Loss" | "Accuracy"): Line[] {
  const { steps, epochs, end, progress } = run;
  const byEpoch = (label: string, x: readonly number[], y: Values, color: string): Line => ({
    label,
    x,
    y,
    color,
    points: true,
  });
  const test = end?.[`test${quantity}`] ?? null;
  const byStep = steps[quantity === "Loss" ? "loss" : "accuracy"];
  return [
    { label: "by step", x: steps.epoch, y: byStep, color: "training", width: 1, alpha: 0.45 },
    byEpoch("training", epochMiddles(run), epochs[`train${quantity}`], "training"),
    byEpoch("validation", epochs.epoch, epochs[`validation${quantity}`], "validation"),
    { label: "test", x: [progress.epoch], y: [test], color: "test", width: 0, points: true },
  ];
}

/** Loss and accuracy of one run; either is null where the run has no values of it. */
export function learningCharts(run: ReportRun): (HTMLElement | null)[] {
  const xRange = epochRange([run]);
  const validated = run.epochs.validationLoss.some((loss) => loss !== null);
  return [
    epochChart({
      title: "Loss",
      caption: validated
        ? "Look for the epoch after which the validation loss stops following the training loss: from there on the network memorises."
        : "Look for whether it still falls at the end. Whether the network memorises, only samples held out can tell (--validation).",
      lines: learningLines(run, "Loss"),
      yLabel: "loss (nats)",
      xRange,
    }),
    epochChart({
      title: "Accuracy",
      caption: validated
        ? "Look for the gap between training and validation, and whether it still closes at the end."
        : "Look for whether it still rises at the end.",
      lines: learningLines(run, "Accuracy"),
      yLabel: "accuracy (%)",
      xRange,
      percent: true,
    }),
  ];
}

const SLOW = { label: "SLOW", color: "slow", hatched: true };
const FAST = { label: "FAST", color: "fast", hatched: false };

/** SLOW and FAST as intervals: a state lasts from its observation to the next. */
function controllerShades(epoch: readonly number[], states: string, end: number): Shade[] {
  const shades: Shade[] = [];
  for (let i = 0; i < states.length; i++) {
    const from = i;
    while (states[i + 1] === states[from]) i++;
    if (states[from] === "H") continue;
    const { color, hatched } = states[from] === "S" ? SLOW : FAST;
    shades.push({ from: epoch[from], to: epoch[i + 1] ?? end, color, hatched });
  }
  return shades;
}

/** "SLOW at 3 of 100 observations, FAST at 40." */
const stateCounts = ({ all, slow, fast }: ReportRun["observations"]["counts"]) =>
  `SLOW at ${formatCount(slow)} of ${plural(all, "observation")}, FAST at ${formatCount(fast)}.`;

const shading = (run: ReportRun) => ({
  shades: controllerShades(run.observations.epoch, run.observations.states, run.progress.epoch),
  shadeLabels: [SLOW, FAST],
});

/** The learning rates that a run recorded with its steps and observations, or else with its epochs. */
export function ratesOf({ steps, observations, epochs }: ReportRun): Pick<Line, "x" | "y"> {
  const rows = [steps, observations].flatMap(({ epoch, lr }) =>
    epoch.map((at, i): [number, number | null] => [at, lr[i]]),
  );
  rows.sort(([a], [b]) => a - b);
  const distinct = rows.filter(([at], i) => i === 0 || at !== rows[i - 1][0]);
  if (distinct.length === 0) return { x: epochs.epoch, y: epochs.lr };
  return { x: distinct.map(([at]) => at), y: distinct.map(([, lr]) => lr) };
}

/** The learning rate of one run, with the controller's states and envelope where it has them. */
export function learningRateChart(run: ReportRun, title?: string, color = "signal"): HTMLElement | null {
  const { observations } = run;
  const guided = observations.epoch.length > 0;
  return epochChart({
    title: title ?? (guided ? "Rate and envelope" : "Rate"),
    caption: guided
      ? `Look for where the rate leaves its envelope: below it after a shake-up of the connectome (SLOW), above it in calm stretches (FAST). ${stateCounts(observations.counts)}`
      : "Look for the rate that each stretch of the other curves was trained with.",
    lines: [
      { label: "learning rate", ...ratesOf(run), color },
      { label: "envelope", x: observations.epoch, y: observations.envelope, color: "muted", dash: [6, 4] },
    ],
    yLabel: "learning rate",
    scale: "linear",
    xRange: epochRange([run]),
    ...(guided && shading(run)),
  });
}

function controllerThresholds({ enterSlow, leaveSlow, calm }: NonNullable<ReportRun["config"]["cgalr"]>) {
  const thresholds = [
    { value: enterSlow, label: `enter SLOW ${enterSlow}` },
    {
      value: leaveSlow,
      label: leaveSlow === calm ? `calm, leave SLOW ${calm}` : `leave SLOW ${leaveSlow}`,
    },
    { value: leaveSlow === calm ? undefined : calm, label: `calm ${calm}` },
  ];
  return thresholds.filter(
    (threshold): threshold is { value: number; label: string } => threshold.value !== undefined,
  );
}

/** The topological distance between successive connectomes, and what the controller makes of it. */
export function signalCharts(run: ReportRun): (HTMLElement | null)[] {
  const { epoch, distance, z } = run.observations;
  const xRange = epochRange([run]);
  const points = epoch.length < 60;
  const signal: Line = { label: "z", x: epoch, y: z, color: "signal", points };
  const controller = run.config.cgalr ?? {};
  const [low, high] = robustRange([signal], 0.02, 0.02);
  return [
    epochChart({
      title: "Topological distance",
      caption:
        "How far the connectome's births and deaths moved since the observation before. Look for a steady fall as the network settles, and for jumps out of it.",
      lines: [{ label: "distance", x: epoch, y: distance, color: "signal", points }],
      yLabel: "topological distance",
      xRange,
      ...shading(run),
    }),
    epochChart({
      title: "Robust signal z",
      caption:
        "How unusual each distance was, in robust deviations from its own trend. Look for peaks above the dashed line: they slow the training.",
      lines: [signal],
      yLabel: "z (robust deviations)",
      scale: "linear",
      xRange,
      yClip: [Math.min(low, -1), Math.max(high, (controller.enterSlow ?? 0) + 1)],
      thresholds: controllerThresholds(controller),
      format: (value) => value.toFixed(2),
      ...shading(run),
    }),
  ];
}
