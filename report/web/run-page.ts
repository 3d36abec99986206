// The page of one run, section by section; what a run has no data for is left out.

import type { ReportRun } from "../columns";
import { formatCount, formatNumber, formatPercent, formatSeconds, plural } from "../format";
import { connectomePanel } from "./connectomes";
import { element, figure, section, wide } from "./dom";
import { EPOCH_SYNC, epochRange } from "./epoch-chart";
import { best, connectomeShare, last, totalSeconds } from "./figures";
import { learningCharts, learningRateChart, signalCharts } from "./learning";
import { quantileBands, sortedWeights } from "./persistence";
import { configuration } from "./settings";
import { type Headline, headlines } from "./tables";
import { timeBar, timeTable } from "./time-bar";

/** One line: "mnist, mlp of 109,386 parameters, sgd with cg-alr, seed 1". */
export function runSummary({ config }: ReportRun): string {
  const parts = [
    config.data,
    config.model === undefined
      ? undefined
      : config.model +
        (config.parameters === undefined ? "" : ` of ${formatCount(config.parameters)} parameters`),
    config.optimizer === undefined
      ? config.schedule
      : `${config.optimizer} with ${config.schedule ?? "a constant rate"}`,
    config.seed === undefined ? undefined : `seed ${config.seed}`,
  ];
  return parts.filter((part) => part !== undefined).join(" · ");
}

function runHeadlines(run: ReportRun): Headline[] {
  const { config, epochs, end, observations, progress } = run;
  const figures: Headline[] = [];
  const validation = last(epochs.validationAccuracy);
  if (end?.testAccuracy != null) {
    figures.push({
      label: "Test accuracy",
      value: formatPercent(end.testAccuracy),
      detail: end.testLoss == null ? undefined : `test loss ${formatNumber(end.testLoss)}`,
    });
  }
  if (validation != null) {
    figures.push({
      label: "Validation accuracy",
      value: formatPercent(validation),
      detail: `best ${formatPercent(best(epochs.validationAccuracy, Math.max)!)}`,
    });
  }
  const loss = last(epochs.trainLoss) ?? last(run.steps.loss);
  const accuracy = last(epochs.trainAccuracy) ?? last(run.steps.accuracy);
  if (loss != null) {
    figures.push({
      label: "Training loss",
      value: formatNumber(loss),
      detail: accuracy == null ? undefined : `accuracy ${formatPercent(accuracy)}`,
    });
  }
  const done = Math.floor(progress.epoch);
  figures.push({
    label: "Epochs",
    value:
      config.epochs === undefined || config.epochs === done ? String(done) : `${done} of ${config.epochs}`,
    detail: plural(progress.step, "step") + (config.batchSize === undefined ? "" : ` of ${config.batchSize}`),
  });
  const seconds = totalSeconds(run);
  if (seconds !== null) {
    figures.push({
      label: "Time",
      value: formatSeconds(seconds),
      detail: progress.step > 0 ? `${formatSeconds(seconds / progress.step)} a step` : undefined,
    });
  }
  if (observations.epoch.length > 0) {
    const { all } = observations.counts;
    const share = connectomeShare(run);
    const mean =
      observations.milliseconds.reduce((sum, ms) => sum + ms, 0) / observations.milliseconds.length;
    // Of a run that ended the same clock tells time and share, so that they cannot disagree.
    figures.push(
      run.end === null || share === null
        ? { label: "Observations", value: formatCount(all), detail: `${formatSeconds(mean / 1000)} each` }
        : {
            label: "Connectome share",
            value: formatPercent(share, 1),
            detail: `${formatSeconds(run.end.seconds.connectome)}, ${plural(all, "observation")}`,
          },
    );
  }
  return figures;
}

function timeFigure(run: ReportRun): HTMLElement | null {
  const share = connectomeShare(run);
  if (run.end === null || share === null) return null;
  const { seconds } = run.end;
  return figure(
    "Time per part",
    share === 0
      ? "Look for the part that takes most of the time: only there is much to be won."
      : `Look for the share of the connectome: watching it took ${formatPercent(share, 1)} of the run.`,
    timeBar(seconds),
    timeTable([{ name: run.name, seconds, steps: run.progress.step }]),
  );
}

function connectomeSection(run: ReportRun): HTMLElement | null {
  const { connectomes, bands } = run;
  const xRange = epochRange([run]);
  const overTime = (what: "births" | "deaths", caption: string) =>
    bands.epoch.length < 2
      ? null
      : quantileBands(
          { x: bands.epoch, rows: bands[what] },
          {
            title: `${what[0].toUpperCase()}${what.slice(1)} over time`,
            caption,
            color: what,
            xRange,
            sync: EPOCH_SYNC,
          },
        );
  const curves = [
    overTime(
      "births",
      "Weights of the maximum spanning tree: quantiles of the correlations at which separate groups of neurons join. Look for when the bands come to rest.",
    ),
    overTime(
      "deaths",
      "Weights of all other edges, each of which closes a cycle. Look for a high 90 % band above a low median: strong blocks among neurons that are nearly independent.",
    ),
    connectomes &&
      sortedWeights(
        connectomes.births,
        connectomes.deaths,
        { births: connectomes.births.length, deaths: connectomes.deathCount },
        {
          title: "Births and deaths, last observation",
          caption:
            "The topological distance compares two such pairs of curves, rank by rank. Look for steps in the births: they separate groups of neurons.",
        },
      ),
  ].filter((chart) => chart !== null);
  return section(
    "connectome",
    "Connectome",
    connectomes && connectomePanel(connectomes),
    curves.length > 0 ? element("div", { class: "row wide" }, ...curves) : null,
  );
}

/** The sections of one run; null stands for one that is left out. */
export function runPage(run: ReportRun): (HTMLElement | null)[] {
  return [
    headlines(runHeadlines(run)),
    section("learning", "Learning", ...learningCharts(run)),
    section("learning-rate", "Learning rate", wide(learningRateChart(run)), ...signalCharts(run)),
    connectomeSection(run),
    section("time", "Time", wide(timeFigure(run))),
    section("configuration", "Settings", ...configuration(run)),
  ];
}
