// Curves of a study: a chart for each family of schedules, with the subject in all of them.

import type { Curve, ScheduleSummary, StudyPart } from "../../study/summary";
import { formatPercent } from "../format";
import type { Band, Line } from "./charts";
import { lineChart } from "./charts";
import { paired } from "./dom";
import { type EpochChartOptions, epochChart } from "./epoch-chart";

/** The families in the order in which they are shown, with their names and colours. */
export const FAMILIES = {
  subject: { name: "CG-ALR", color: "series-2" },
  sgd: { name: "SGD with a schedule", color: "series-1" },
  adaptive: { name: "Adaptive", color: "series-3" },
  "learning-rate-free": { name: "Learning-rate-free", color: "series-4" },
  control: { name: "Controls of CG-ALR", color: "series-7" },
} as const;

const RIVALS = ["sgd", "adaptive", "learning-rate-free", "control"] as const;
/** All series colours but that of the subject, then the same dashed. */
const COLORS = ["series-1", "series-3", "series-4", "series-5", "series-6", "series-7"];
const DASHES = [undefined, [7, 4], [2, 3]];

type Look = Pick<Line, "color" | "dash" | "width">;

/** The schedules of each family that are to be shown, the subject first in all. */
function groups(
  part: StudyPart,
  isShown: (schedule: ScheduleSummary) => boolean,
): { title: string; members: { schedule: ScheduleSummary; look: Look }[] }[] {
  const subjects = part.schedules.filter((schedule) => schedule.family === "subject" && isShown(schedule));
  const lead = subjects.map((schedule) => ({ schedule, look: { color: FAMILIES.subject.color, width: 3 } }));
  return RIVALS.flatMap((family) => {
    const rivals = part.schedules.filter((schedule) => schedule.family === family && isShown(schedule));
    if (rivals.length === 0) return [];
    const members = rivals.map((schedule, i) => ({
      schedule,
      look: {
        color: COLORS[i % COLORS.length],
        dash: DASHES[Math.floor(i / COLORS.length) % DASHES.length],
        width: 1.75,
      },
    }));
    return [{ title: FAMILIES[family].name, members: [...lead, ...members] }];
  });
}

/** Mean lines, each followed by the unlisted edges of its band. */
function banded(
  members: readonly { schedule: ScheduleSummary; look: Look }[],
  pick: (schedule: ScheduleSummary) => { x: readonly number[]; curve: Curve } | null,
): { lines: Line[]; bands: Band[] } {
  const lines: Line[] = [];
  const bands: Band[] = [];
  for (const { schedule, look } of members) {
    const picked = pick(schedule);
    if (picked === null || picked.x.length === 0) continue;
    const { x, curve } = picked;
    const edge = (y: readonly number[]): Line => ({
      label: "",
      listed: false,
      x,
      y,
      color: look.color,
      width: 0,
    });
    bands.push({ between: [lines.length + 2, lines.length + 1], alpha: 0.12 });
    lines.push({ label: schedule.name, x, y: curve.mean, ...look }, edge(curve.low), edge(curve.high));
  }
  return { lines, bands };
}

const epochsOf = (curve: Curve) => curve.mean.map((_, i) => i + 1);

/** One quantity of every epoch, a chart a family. */
function epochCurves(
  part: StudyPart,
  epochs: number,
  quantity: keyof ScheduleSummary["curves"],
  options: Pick<EpochChartOptions, "caption" | "yLabel" | "format" | "formatAxis">,
  isShown: (schedule: ScheduleSummary) => boolean = () => true,
): HTMLElement[] {
  const values = part.schedules.flatMap(({ curves }) => curves[quantity].low);
  const scale = values.every((value) => value > 0) ? "log" : "linear";
  const hasCurve = (schedule: ScheduleSummary) => schedule.curves[quantity].mean.length > 0;
  return paired(
    groups(part, (schedule) => hasCurve(schedule) && isShown(schedule)).map(({ title, members }) =>
      epochChart({
        ...options,
        title,
        scale,
        ...banded(members, ({ curves }) => ({ x: epochsOf(curves[quantity]), curve: curves[quantity] })),
        xRange: [0, epochs],
      }),
    ),
  );
}

const asPercent = {
  format: (value: number) => formatPercent(value),
  formatAxis: (value: number) => String(Number((100 * value).toPrecision(3))),
};

export const lossCurves = (part: StudyPart, epochs: number): HTMLElement[] =>
  epochCurves(part, epochs, "trainLoss", {
    caption:
      "Mean over the seeds of the final runs; bands are their range. Look for who is ahead early, and who at the end.",
    yLabel: "training loss (nats)",
  });

export const validationCurves = (part: StudyPart, epochs: number): HTMLElement[] =>
  epochCurves(part, epochs, "validationError", {
    caption:
      "Tuning runs with the rate that was chosen: the test set is read at the end of final runs only. Look for curves that have come to rest.",
    yLabel: "validation error (%)",
    ...asPercent,
  });

export const rateCurves = (part: StudyPart, epochs: number): HTMLElement[] =>
  epochCurves(
    part,
    epochs,
    "lr",
    {
      caption: "At the end of each epoch. Look for how far the chosen initial rates are apart.",
      yLabel: "learning rate",
    },
    ({ lr }) => lr !== null,
  );

/** Final error over the initial learning rate, a chart a family. */
export function robustnessCharts(part: StudyPart): HTMLElement[] {
  const isSwept = ({ rates }: ScheduleSummary) => rates.length > 1;
  const all = part.schedules.filter(isSwept).flatMap(({ rates }) => rates.map(({ lr }) => lr));
  const xRange: [number, number] = [Math.min(...all) / 1.2, Math.max(...all) * 1.2];
  return paired(
    groups(part, isSwept).map(({ title, members }) =>
      lineChart({
        title,
        caption:
          "Validation error at the end of the tuning runs, mean over their seeds; a run that diverged counts as 100 %. The legend tells the lowest. Look for flat valleys: they forgive a badly chosen rate.",
        lines: members.map(({ schedule: { name, rates }, look }) => ({
          label: name,
          x: rates.map(({ lr }) => lr),
          y: rates.map(({ error }) => error),
          points: true,
          ...look,
        })),
        xLabel: "initial learning rate",
        yLabel: "validation error (%)",
        xScale: "log",
        scale: "log",
        xRange,
        sync: "rate",
        atRest: "least",
        ...asPercent,
      }),
    ),
  );
}

/** Distance and multiplier of the schedules that have a controller. */
export function topologyCharts(part: StudyPart, epochs: number): HTMLElement[] {
  const guided = part.schedules.filter(({ observations }) => observations !== null);
  const members = guided.map((schedule, i) => ({
    schedule,
    look:
      schedule.family === "subject"
        ? { color: "series-2", width: 2.5 }
        : { color: COLORS[i % COLORS.length] },
  }));
  const chart = (
    title: string,
    of: typeof members,
    column: "distance" | "multiplier",
    options: Pick<EpochChartOptions, "caption" | "yLabel" | "scale">,
  ) =>
    epochChart({
      title,
      ...options,
      ...banded(of, ({ observations }) =>
        observations === null ? null : { x: observations.epoch, curve: observations[column] },
      ),
      xRange: [0, epochs],
    });
  return paired([
    ...members.map((member) =>
      chart(`What ${member.schedule.name} watches`, [member], "distance", {
        caption: "Distance between two observations in a row; the band is the range over the seeds.",
        yLabel: "distance",
      }),
    ),
    chart("Multiplier", members, "multiplier", {
      caption: "What the envelope was multiplied by. Look for whether the gates agree on when to slow down.",
      yLabel: "multiplier",
      scale: "linear",
    }),
  ]);
}
