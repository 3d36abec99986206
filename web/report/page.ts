// The page of a report: one run, or several compared.

import type { ReportRun } from "../../train/report";
import type { TimeParts } from "../../train/run";
import { connectomeMultiples, connectomePanel } from "./connectomes";
import { element, figure } from "./dom";
import { formatCount, formatNumber, formatPercent, formatSeconds, plural } from "./format";
import { comparisonCharts, epochRange, learningCharts, learningRateChart, signalCharts } from "./learning";
import { quantileBands, sortedWeights } from "./persistence";
import { definitions, type Headline, headlines, table } from "./tables";
import { themeToggle } from "./theme";
import { timeBar, timeTable } from "./time-bar";

type Value = number | null | undefined;

const last = (values: readonly Value[]): Value => values[values.length - 1];
const best = (values: readonly Value[], better: (...values: number[]) => number): Value => {
  const known = values.filter((value) => value != null);
  return known.length > 0 ? better(...known) : null;
};
const or = (value: Value, format: (value: number) => string, missing = "–") =>
  value == null ? missing : format(value);

/** Seconds of a run, also of one that recorded no end. */
const totalSeconds = (run: ReportRun): number | null =>
  run.end?.seconds.total ??
  (run.epochs.seconds.length > 0 ? run.epochs.seconds.reduce((sum, s) => sum + s, 0) : null);

/** A section of the page; it is left out with everything in it. */
function section(id: string, title: string, ...content: (HTMLElement | null)[]): HTMLElement | null {
  const shown = content.filter((child) => child !== null);
  if (shown.length === 0) return null;
  return element(
    "section",
    { id, "aria-labelledby": `${id}-title` },
    element("h2", { id: `${id}-title` }, title),
    element("div", { class: "grid" }, ...shown),
  );
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
    const mean =
      observations.milliseconds.reduce((sum, ms) => sum + ms, 0) / observations.milliseconds.length;
    const share = end === null ? null : end.seconds.connectome / end.seconds.total;
    figures.push({
      label: share === null ? "Observations" : "Connectome share",
      value: share === null ? formatCount(observations.epoch.length) : formatPercent(share, 1),
      detail: `${share === null ? "" : `${formatCount(observations.epoch.length)} × `}${formatSeconds(Number((mean / 1000).toPrecision(2)))}${share === null ? " each" : ""}`,
    });
  }
  return figures;
}

const STATUS = {
  finished: { text: "finished", kind: "good" },
  interrupted: { text: "interrupted", kind: "warning" },
  diverged: { text: "diverged", kind: "bad" },
};

const statusPill = (run: ReportRun) => {
  const { text, kind } =
    run.end === null ? { text: "no end recorded", kind: "warning" } : STATUS[run.end.status];
  return element("span", { class: `pill ${kind}` }, text);
};

const notes = (runs: readonly ReportRun[]) =>
  runs.flatMap((run) =>
    run.notes.map((note) =>
      element("p", { class: "note", role: "note" }, runs.length > 1 ? `${run.name}: ${note}` : note),
    ),
  );

/** "mnist, mlp of 109,386 parameters, sgd with cg-alr, seed 1". */
function summary({ config }: ReportRun): string {
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

function timeFigure(run: ReportRun): HTMLElement | null {
  if (run.end === null || run.end.seconds.total <= 0) return null;
  const { seconds } = run.end;
  return element(
    "figure",
    { class: "card wide" },
    element("h3", {}, "Time per part"),
    timeBar(seconds),
    timeTable([{ name: run.name, seconds, steps: run.progress.step }]),
    element(
      "figcaption",
      {},
      `Look for the share of the connectome: watching it took ${formatPercent(seconds.connectome / seconds.total, 1)} of the run.`,
    ),
  );
}

/** "validationSamples" -> "validation samples". */
const spaced = (key: string) => key.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();

function show(value: unknown): string {
  if (typeof value === "number") return Number.isInteger(value) ? formatCount(value) : formatNumber(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  return typeof value === "string" ? value : JSON.stringify(value);
}

const isGroup = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const groupTitles: Record<string, string> = { cgalr: "Controller (CG-ALR)", runtime: "Runtime" };

function configuration(run: ReportRun): HTMLElement[] {
  const entries = (group: object) =>
    Object.entries(group)
      .filter(([, value]) => !isGroup(value))
      .map(([key, value]) => [spaced(key), key === "seed" ? String(value) : show(value)] as const);
  const groups = Object.entries(run.config).filter((entry): entry is [string, Record<string, unknown>] =>
    isGroup(entry[1]),
  );
  const outcome: [string, string | Node][] = [];
  if (run.end !== null) {
    outcome.push(["status", run.end.status], ["steps", formatCount(run.end.step)]);
    if (run.end.weightsHash !== "") outcome.push(["weights hash", element("code", {}, run.end.weightsHash)]);
  }
  return [
    definitions("Run", entries(run.config)),
    ...groups.map(([key, group]) => definitions(groupTitles[key] ?? spaced(key), entries(group))),
    ...(outcome.length > 0 ? [definitions("Outcome", outcome)] : []),
  ];
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
            sync: "epoch",
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

function runPage(run: ReportRun): (HTMLElement | null)[] {
  const guided = run.observations.epoch.length > 0;
  return [
    headlines(runHeadlines(run)),
    section("learning", "Learning", ...learningCharts(run)),
    section(
      "learning-rate",
      guided ? "Learning rate and controller" : "Learning rate",
      wide(learningRateChart(run)),
      ...signalCharts(run),
    ),
    connectomeSection(run),
    section("time", "Time", timeFigure(run)),
    section("configuration", "Configuration", ...configuration(run)),
  ];
}

const wide = (chart: HTMLElement | null) => {
  chart?.classList.add("wide");
  return chart;
};

/** The final figures of all runs; the best of a column stands out. */
function finalFigures(runs: readonly ReportRun[]): HTMLElement {
  const columns: {
    title: string;
    value: (run: ReportRun) => Value;
    format: (v: number) => string;
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
      value: (run) => (run.end === null ? null : run.end.seconds.connectome / run.end.seconds.total),
      format: (share) => formatPercent(share, 1),
    },
  ];
  const shown = columns.filter(({ value }) => runs.some((run) => value(run) != null));
  const rows = runs.map((run) => [
    element("span", { class: "run-name" }, run.name, statusPill(run)),
    ...shown.map(({ value, format, better }) => {
      const text = or(value(run), format);
      const isBest =
        better !== undefined && value(run) != null && value(run) === best(runs.map(value), better);
      return isBest ? element("strong", {}, text) : text;
    }),
  ]);
  return figure(
    "Final figures",
    "The best of each column is bold. Look for differences larger than those between seeds of one setting before calling a winner.",
    table(["run", ...shown.map(({ title }) => title)], rows),
  );
}

/** Settings that are not the same in all runs. */
function differences(runs: readonly ReportRun[]): HTMLElement | null {
  const flat = (config: object, prefix = ""): [string, string][] =>
    Object.entries(config).flatMap(([key, value]): [string, string][] =>
      isGroup(value) ? flat(value, `${spaced(key)}: `) : [[prefix + spaced(key), show(value)]],
    );
  const settings = runs.map(({ config }) => new Map(flat(config)));
  const keys = [...new Set(settings.flatMap((map) => [...map.keys()]))];
  const differing = keys.filter((key) => new Set(settings.map((map) => map.get(key))).size > 1);
  if (differing.length === 0) return null;
  return figure(
    "Settings that differ",
    "Everything not listed is the same in all runs. Look for more than one difference before blaming either.",
    table(
      ["setting", ...runs.map(({ name }) => name)],
      differing.map((key) => [key, ...settings.map((map) => map.get(key) ?? "–")]),
    ),
  );
}

function comparisonTime(runs: readonly ReportRun[]): HTMLElement | null {
  const ended = runs.flatMap((run) =>
    run.end === null ? [] : [{ name: run.name, seconds: run.end.seconds, steps: run.end.step }],
  );
  if (ended.length === 0) return null;
  const longest = Math.max(...ended.map(({ seconds }) => seconds.total));
  const bars = ended.map(({ name, seconds }: { name: string; seconds: TimeParts }) => {
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

function comparisonPage(runs: readonly ReportRun[]): (HTMLElement | null)[] {
  const guided = runs.filter((run) => run.observations.epoch.length > 0);
  const withConnectomes = runs.flatMap(({ name, connectomes }) =>
    connectomes === null ? [] : [{ name, connectomes }],
  );
  return [
    section("figures", "Final figures", wide(finalFigures(runs)), wide(differences(runs))),
    section("curves", "Curves", ...comparisonCharts(runs)),
    section(
      "controllers",
      "Learning rate, run by run",
      ...guided.map((run) => learningRateChart(run, run.name)),
    ),
    section(
      "connectomes",
      "Connectomes",
      withConnectomes.length > 0 ? connectomeMultiples(withConnectomes) : null,
    ),
    section("time", "Time", wide(comparisonTime(runs))),
  ];
}

/** The page for one run, or the comparison of several. */
export function reportPage(runs: readonly ReportRun[]): HTMLElement {
  const single = runs.length === 1;
  const content = (single ? runPage(runs[0]) : comparisonPage(runs)).filter((part) => part !== null);
  const links = content
    .filter((part) => part.id !== "")
    .map((part) => element("a", { href: `#${part.id}` }, part.querySelector("h2")!.textContent));
  const version = String(runs[0].config.topograd ?? "");
  return element(
    "div",
    { class: "page" },
    element(
      "header",
      { class: "bar" },
      element("span", { class: "brand" }, "topograd"),
      element("nav", { "aria-label": "Sections" }, ...links),
      themeToggle(),
    ),
    element(
      "main",
      {},
      element(
        "div",
        { class: "title" },
        element(
          "h1",
          {},
          single ? runs[0].name : `Comparison of ${runs.length} runs`,
          single && statusPill(runs[0]),
        ),
        element("p", {}, single ? summary(runs[0]) : runs.map(({ name }) => name).join(" · ")),
      ),
      ...notes(runs),
      ...content,
    ),
    element(
      "footer",
      {},
      `Made by topograd ${version}. Charts share one cursor: point at one, or focus it and use the arrow keys; drag to zoom, double-click to see all again.`,
    ),
  );
}
