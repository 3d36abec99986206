// The page that compares several runs.

import type { ReportRun } from "../columns";
import { formatCount, formatNumber, formatPercent, formatSeconds } from "../format";
import type { Line } from "./charts";
import { connectomeMultiples } from "./connectomes";
import { element, figure, paired, section, wide } from "./dom";
import { type EpochChartOptions, epochChart, epochMiddles, epochRange } from "./epoch-chart";
import { best, connectomeShare, last, statusPill, totalSeconds } from "./figures";
import { learningRateChart, ratesOf } from "./learning";
import { differences } from "./settings";
import { table } from "./tables";
import { SERIES_COLORS, seriesColor } from "./theme";
import { timeBar, timeTable } from "./time-bar";

/** The final figures of all runs; the best of a column stands out. */
function finalFigures(runs: readonly ReportRun[]): HTMLElement {
  const columns: {
    title: string;
    value: (run: ReportRun) => number | null | undefined;
    format: (value: number) => string;
    better?: typeof Math.max;
  }[] = [
    {
      title: "test accuracy",
      value: (run) => run.end?.testAccuracy,
      format: formatPercent,
      better: Math.max,
    },
    { title: "test loss", value: (run) => run.end?.testLoss, format: formatNumber, better: Math.min },
    {
      title: "validation accuracy",
      value: (run) => last(run.epochs.validationAccuracy),
      format: formatPercent,
      better: Math.max,
    },
    {
      title: "training loss",
      value: (run) => last(run.epochs.trainLoss),
      format: formatNumber,
      better: Math.min,
    },
    { title: "epochs", value: (run) => Math.floor(run.progress.epoch), format: formatCount },
    { title: "time", value: totalSeconds, format: formatSeconds },
    {
      title: "connectome share",
      value: (run) => (run.observations.epoch.length > 0 ? connectomeShare(run) : null),
      format: (share) => formatPercent(share, 1),
    },
  ];
  // Where runs had different data, no figure is better than another.
  const comparable = new Set(runs.map(({ config }) => config.data)).size === 1;
  const shown = columns.filter(({ value }) => runs.some((run) => value(run) != null));
  const rows = runs.map((run) => [
    element("span", { class: "run-name" }, run.name, run.end?.status !== "finished" && statusPill(run)),
    ...shown.map(({ value, format, better }) => {
      const own = value(run);
      if (own == null) return "–";
      const isBest = comparable && better !== undefined && own === best(runs.map(value), better);
      return isBest ? element("strong", {}, format(own)) : format(own);
    }),
  ]);
  return figure(
    "Final figures",
    comparable
      ? "The best of each column is bold. Look for differences larger than those between seeds of one setting before calling a winner."
      : "The runs were trained on different data, so their figures do not compete.",
    table(["run", ...shown.map(({ title }) => title)], rows),
  );
}

/** Tells runs apart that share a colour. */
const DASHES = [undefined, [7, 4], [2, 3]];

/** One quantity of several runs over each other. */
function overlay(
  runs: readonly ReportRun[],
  pick: (run: ReportRun) => Pick<Line, "x" | "y">,
  options: Pick<EpochChartOptions, "title" | "caption" | "yLabel" | "scale" | "percent">,
): HTMLElement | null {
  const lines = runs.map((run, i): Line => {
    const { x, y } = pick(run);
    const dash = DASHES[Math.floor(i / SERIES_COLORS) % DASHES.length];
    return { label: run.name, x, y, color: seriesColor(i), dash, points: x.length < 60 };
  });
  return epochChart({ ...options, lines, xRange: epochRange(runs) });
}

function curves(runs: readonly ReportRun[]): HTMLElement[] {
  const ofEpochs = (column: "validationLoss" | "validationAccuracy") => (run: ReportRun) => ({
    x: run.epochs.epoch,
    y: run.epochs[column],
  });
  return paired([
    overlay(runs, (run) => ({ x: epochMiddles(run), y: run.epochs.trainLoss }), {
      title: "Training loss",
      caption: "Look for the run that falls fastest, and whether it stays ahead.",
      yLabel: "loss (nats)",
    }),
    overlay(runs, ofEpochs("validationLoss"), {
      title: "Validation loss",
      caption: "Look for the lowest point, and for runs that rise again after it: those overfit.",
      yLabel: "loss (nats)",
    }),
    overlay(runs, ofEpochs("validationAccuracy"), {
      title: "Validation accuracy",
      caption: "Look for differences larger than the wobble of a single curve from epoch to epoch.",
      yLabel: "accuracy (%)",
      percent: true,
    }),
    overlay(runs, ratesOf, {
      title: "Learning rate",
      caption: "Look for which rates the runs had in common, and when they parted.",
      yLabel: "learning rate",
      scale: "linear",
    }),
    overlay(runs, ({ observations: { epoch, distance } }) => ({ x: epoch, y: distance }), {
      title: "Topological distance",
      caption: "Look for which run's connectome settles first.",
      yLabel: "topological distance",
    }),
  ]);
}

function comparisonTime(runs: readonly ReportRun[]): HTMLElement | null {
  const ended = runs.flatMap((run) =>
    run.end === null ? [] : [{ name: run.name, seconds: run.end.seconds, steps: run.end.step }],
  );
  if (ended.length === 0) return null;
  const longest = Math.max(...ended.map(({ seconds }) => seconds.total));
  const bars = ended.map(({ name, seconds }) => {
    const bar = timeBar(seconds);
    bar.style.width = `${(100 * seconds.total) / longest}%`;
    return element(
      "div",
      { class: "named-bar" },
      element("h4", {}, `${name}: ${formatSeconds(seconds.total)}`),
      bar,
    );
  });
  return figure(
    "Time per part",
    "Bars are as long as the runs took. Look for what watching the connectome adds.",
    ...bars,
    timeTable(ended),
  );
}

/** The sections of a comparison; null stands for one that is left out. */
export function comparisonPage(runs: readonly ReportRun[]): (HTMLElement | null)[] {
  const guided = runs.filter((run) => run.observations.epoch.length > 0);
  const withConnectomes = runs.flatMap(({ name, connectomes }) =>
    connectomes === null ? [] : [{ name, connectomes }],
  );
  return [
    section("figures", "Outcome", wide(finalFigures(runs)), wide(differences(runs))),
    section("curves", "Curves", ...curves(runs)),
    section(
      "controllers",
      "Learning rate, run by run",
      ...paired(guided.map((run) => learningRateChart(run, run.name, seriesColor(runs.indexOf(run))))),
    ),
    section(
      "connectomes",
      "Connectomes",
      withConnectomes.length > 0 ? connectomeMultiples(withConnectomes) : null,
    ),
    section("time", "Time", wide(comparisonTime(runs))),
  ];
}
