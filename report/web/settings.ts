// The configuration of runs: all of it, or what differs.

import type { RunConfig } from "../../runs/run";
import type { ReportRun } from "../columns";
import { formatCount } from "../format";
import { element, figure } from "./dom";
import { definitions, table } from "./tables";

/** "validationSamples" -> "validation samples". */
const spaced = (key: string) => key.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();

function shown(key: string, value: unknown): string {
  if (typeof value === "number") {
    return Number.isInteger(value) && key !== "seed" ? formatCount(value) : String(value);
  }
  if (typeof value === "boolean") return value ? "yes" : "no";
  return typeof value === "string" ? value : JSON.stringify(value);
}

const isGroup = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const groupTitle = (key: string) =>
  key === "cgalr" ? "Controller (CG-ALR)" : key[0].toUpperCase() + spaced(key.slice(1));

/** The settings, but for the options as they were given: what they came to stands beside them. */
const settingsIn = ({ options: _, ...config }: RunConfig) => Object.entries(config);

/** Everything in config.json, group by group, and how the run ended. */
export function configuration(run: ReportRun): HTMLElement[] {
  const list = (title: string, group: object) =>
    definitions(
      title,
      Object.entries(group)
        .filter(([, value]) => !isGroup(value))
        .map(([key, value]) => [spaced(key), shown(key, value)]),
    );
  const groups = settingsIn(run.config).filter(([, value]) => isGroup(value));
  const outcome: [string, string | Node][] = [];
  if (run.end !== null) {
    outcome.push(["status", run.end.status], ["steps", formatCount(run.end.step)]);
    if (run.end.weightsHash !== "") outcome.push(["weights hash", element("code", {}, run.end.weightsHash)]);
  }
  return [
    list("Run", run.config),
    ...groups.map(([key, group]) => list(groupTitle(key), group as object)),
    ...(outcome.length > 0 ? [definitions("Outcome", outcome)] : []),
  ];
}

/** Settings that are not the same in all runs; null where all are. */
export function differences(runs: readonly ReportRun[]): HTMLElement | null {
  const isEverywhere = (group: string) => runs.every(({ config }) => isGroup(config[group]));
  const flat = (config: RunConfig) =>
    settingsIn(config).flatMap(([key, value]): [string, string][] => {
      if (!isGroup(value)) return [[spaced(key), shown(key, value)]];
      // A controller that only some runs have is one difference, not twenty.
      if (!isEverywhere(key)) return [[groupTitle(key), "yes"]];
      return Object.entries(value).map(([inner, innerValue]) => [
        `${groupTitle(key)}: ${spaced(inner)}`,
        shown(inner, innerValue),
      ]);
    });
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
