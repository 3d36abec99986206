// The page of a study: errors and differences with their intervals, robustness, curves, time.

import type { Interval } from "../../study/statistics";
import type { ScheduleSummary, StudyPart, StudySummary } from "../../study/summary";
import { formatCount, formatNumber, formatPercent, formatSeconds, plural } from "../format";
import { element, figure, section, wide } from "./dom";
import { type ForestRow, forestPlot } from "./forest";
import { swatch } from "./legend";
import { pageFrame } from "./page";
import {
  FAMILIES,
  lossCurves,
  rateCurves,
  robustnessCharts,
  topologyCharts,
  validationCurves,
} from "./study-curves";
import { type Headline, headlines, table } from "./tables";

const byError = (part: StudyPart) => [...part.schedules].sort((a, b) => a.error - b.error);
const signed = (share: number, digits = 1) => `${share > 0 ? "+" : ""}${(100 * share).toFixed(digits)}`;
const range = (interval: Interval | null, show: (value: number) => string) =>
  interval === null ? "–" : `[${show(interval.low)}, ${show(interval.high)}]`;
/** An error is a share: Student's interval of a few seeds can reach beyond what there can be. */
const ofShare = (interval: Interval | null): Interval | null =>
  interval && { low: Math.max(0, interval.low), high: Math.min(1, interval.high) };
const percent = (share: number) => (100 * share).toFixed(2);
const SIGNIFICANT = 0.05;

function familyLegend(part: StudyPart): HTMLElement {
  const keys = Object.entries(FAMILIES)
    .filter(([family]) => part.schedules.some((schedule) => schedule.family === family))
    .map(([, { name, color }]) => element("span", { class: "key" }, swatch(color, "area"), name));
  return element("div", { class: "legend" }, ...keys);
}

/** A card with the legend of the families below its title. */
function withFamilies(part: StudyPart, card: HTMLElement): HTMLElement {
  card.querySelector("h3")?.after(familyLegend(part));
  return wide(card);
}

const look = ({ name, family }: ScheduleSummary): Pick<ForestRow, "label" | "color" | "bold"> => ({
  label: name,
  color: FAMILIES[family].color,
  bold: family === "subject",
});

function errorPlot(part: StudyPart): HTMLElement {
  const rows = byError(part).map((schedule): ForestRow => {
    const { error, interval, errors, diverged } = schedule;
    const reach = interval === null ? "" : ` ${range(ofShare(interval), percent)}`;
    return {
      ...look(schedule),
      value: error,
      interval: ofShare(interval),
      dots: errors,
      text: formatPercent(error) + reach + (diverged > 0 ? `, ${diverged} diverged` : ""),
    };
  });
  const plot = forestPlot({
    title: "Test error, best first",
    caption:
      "A dot a seed, a stroke at their mean, a bar for the 95 % interval of the mean (Student's t). Arrows point at values outside the picture. Look for bars that do not overlap, and then below: runs of one seed share their start, so paired differences say more.",
    rows,
    limits: [0, 1],
    xLabel: "test error (%)",
    format: (value) => String(Number((100 * value).toPrecision(4))),
  });
  return withFamilies(part, plot);
}

function differencePlot(part: StudyPart): HTMLElement | null {
  const compared = byError(part).filter(({ difference }) => difference !== null);
  if (compared.length === 0) return null;
  const rows = compared.map((schedule): ForestRow => {
    const difference = schedule.difference!;
    const { mean, student, bootstrap, holm } = difference;
    return {
      ...look(schedule),
      value: mean,
      interval: student,
      second: bootstrap,
      text:
        mean === null
          ? "no pair counts"
          : `${signed(mean)} %${holm === null ? "" : `, p = ${holm.toPrecision(2)}`}`,
      bold: holm !== null && holm < SIGNIFICANT,
    };
  });
  const leftOut = compared.reduce((sum, { difference }) => sum + difference!.leftOut, 0);
  const plot = forestPlot({
    title: "Relative error difference of CG-ALR to each",
    caption:
      "(error of CG-ALR - error of the other) / error of the other, paired by seed: its mean, the 95 % interval by Student's t (wide bar) and by the bootstrap (thin line). p is of the paired t-test with Holm's correction, rivals and controls apart; bold below 0.05. Look for intervals that do not cross zero." +
      (leftOut > 0 ? ` ${plural(leftOut, "pair")} without an error of the other left out.` : ""),
    rows,
    xLabel: "relative error difference (%)",
    format: (value) => signed(value, 0),
    reference: { value: 0, below: "CG-ALR errs less", above: "CG-ALR errs more" },
  });
  return withFamilies(part, plot);
}

function figuresTable(part: StudyPart): HTMLElement {
  const rows = byError(part).map(({ name, lr, error, deviation, interval, diverged, difference }) => [
    name,
    lr === null ? "own" : formatNumber(lr),
    percent(error),
    percent(deviation),
    range(ofShare(interval), percent),
    String(diverged),
    difference?.mean == null ? "–" : signed(difference.mean),
    range(difference?.student ?? null, signed),
    range(difference?.bootstrap ?? null, signed),
    difference?.p == null ? "–" : difference.p.toPrecision(2),
    difference?.holm == null ? "–" : difference.holm.toPrecision(2),
    difference?.ratio == null ? "–" : difference.ratio.toFixed(3),
  ]);
  return figure(
    "All figures",
    "Errors and differences in %. The ratio is mean error over mean error; where it disagrees with the mean difference, a few seeds decide.",
    table(
      [
        "schedule",
        "lr",
        "error",
        "sd",
        "95 %",
        "diverged",
        "RED",
        "Student",
        "bootstrap",
        "p",
        "p (Holm)",
        "ratio",
      ],
      rows,
    ),
  );
}

function partHeadlines(part: StudyPart): HTMLElement {
  const sorted = byError(part);
  const subject = part.schedules.find(({ family }) => family === "subject");
  const best = sorted[0];
  const figures: Headline[] = [
    { label: "Lowest mean test error", value: formatPercent(best.error), detail: best.name },
  ];
  if (subject !== undefined) {
    const rivals = part.schedules.filter(({ family }) => family !== "subject" && family !== "control");
    const isClear = (schedule: ScheduleSummary, sign: number) => {
      const { mean, holm } = schedule.difference ?? {};
      return mean != null && holm != null && holm < SIGNIFICANT && sign * mean > 0;
    };
    const better = rivals.filter((rival) => isClear(rival, -1)).length;
    const worse = rivals.filter((rival) => isClear(rival, 1)).length;
    figures.push(
      {
        label: "CG-ALR",
        value: formatPercent(subject.error),
        detail: `place ${sorted.indexOf(subject) + 1} of ${sorted.length}`,
      },
      {
        label: "Clearly better than",
        value: `${better} of ${rivals.length}`,
        detail: `rivals; clearly worse than ${worse}`,
      },
      {
        label: "Connectome share",
        value: formatPercent(subject.connectomeShare, 1),
        detail: `${formatSeconds(subject.seconds)} a run`,
      },
    );
  }
  return headlines(figures);
}

function timeTable(part: StudyPart): HTMLElement {
  const rows = [...part.schedules]
    .sort((a, b) => a.seconds - b.seconds)
    .map(({ name, seconds, connectomeShare, observations }) => [
      name,
      formatSeconds(seconds),
      observations === null ? "–" : formatPercent(connectomeShare, 1),
    ]);
  return figure(
    "Wall-clock of a final run",
    "Means over the seeds, with other runs going on beside: look for the share, not for small differences.",
    table(["schedule", "time", "share of observing"], rows),
  );
}

/** The sections of one data set with one model. */
function partSections(part: StudyPart, epochs: number, prefix: string): (HTMLElement | null)[] {
  const id = (name: string) => `${prefix}${name}`;
  return [
    partHeadlines(part),
    section(id("outcome"), "Outcome", errorPlot(part), differencePlot(part), wide(figuresTable(part))),
    section(id("robustness"), "Robustness", ...robustnessCharts(part)),
    section(id("validation"), "Validation error", ...validationCurves(part, epochs)),
    section(id("loss"), "Training loss", ...lossCurves(part, epochs)),
    section(id("rates"), "Learning rates", ...rateCurves(part, epochs)),
    section(id("topology"), "Topology", ...topologyCharts(part, epochs)),
    section(id("time"), "Time", wide(timeTable(part))),
  ];
}

/** Names the schedules whose chosen rate is the lowest or highest of their grid. */
function edgeNote(part: StudyPart): HTMLElement | null {
  const atEdge = part.schedules.filter(
    ({ lr, rates }) => rates.length > 1 && (lr === rates[0].lr || lr === rates[rates.length - 1].lr),
  );
  if (atEdge.length === 0) return null;
  const names = atEdge.map(({ name, lr }) => `${name} (${formatNumber(lr!)})`).join(", ");
  return element(
    "p",
    { class: "note", role: "note" },
    `${part.data}, ${part.model}: the rate chosen lies at the edge of the grid for ${names}; a better one may lie outside.`,
  );
}

const partId = ({ data, model }: StudyPart) => `${data}-${model}`;

const heading = (part: StudyPart) =>
  element("section", { id: partId(part), class: "part" }, element("h2", {}, `${part.data}, ${part.model}`));

/** The page of a study. */
export function studyPage({ topograd, study, parts }: StudySummary): HTMLElement {
  const samples = study.trainSamples === null ? "all" : formatCount(study.trainSamples);
  const tuning = study.schedules.some(({ rates }) => rates.length > 1)
    ? ` · rates chosen on ${formatCount(study.validationSamples)} of them, ${plural(study.tuningSeeds, "tuning seed")}`
    : "";
  const several = parts.length > 1;
  return pageFrame({
    title: several ? "Study" : `Study: ${parts[0].data}, ${parts[0].model}`,
    summary:
      `${plural(study.schedules.length, "schedule")} · ${plural(study.seeds, "seed")} · ${samples} training samples · ` +
      `${plural(study.epochs, "epoch")} · batch ${study.batchSize}${tuning}`,
    notes: parts.map(edgeNote).filter((note) => note !== null),
    content: parts.flatMap((part) =>
      several
        ? [heading(part), ...partSections(part, study.epochs, `${partId(part)}-`)]
        : partSections(part, study.epochs, ""),
    ),
    linked: several ? parts.map(partId) : undefined,
    version: topograd,
  });
}
