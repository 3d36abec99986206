// What a study is made of: from a JSON file, from options, or both; options win.

import { existsSync, readFileSync } from "node:fs";
import { DataError } from "../core/index";
import { parseUniqueJson } from "../io/json";
import { DATA_SETS, MODELS } from "../study/catalogue";
import { CONTESTANTS, contestantOf, SUBJECT } from "../study/contestants";
import { checkStudy, type Share, type Study, type StudySchedule } from "../study/index";
import { type OptionSpecs, type ParsedOptions, UsageError } from "./options";

/** A setting of a study: its name in the file, its option, and how its value is read and checked. */
interface Setting {
  option: string;
  value: string;
  about: string;
  default: unknown;
  /** From the text of an option to what would stand in the file. */
  read: (text: string) => unknown;
  /** What a value in the file has to be; null when it is. */
  fault: (value: unknown) => string | null;
}

const numberOf = (text: string) => (text.trim() === "" ? Number.NaN : Number(text));
const listOf = (text: string) => text.split(",").map((part) => part.trim());

const names = (choices: readonly string[]): Pick<Setting, "value" | "read" | "fault"> => ({
  value: "NAMES",
  read: listOf,
  fault: (value) => {
    if (!Array.isArray(value)) return "expected a list of names";
    const unknown = value.find((name) => !choices.includes(name));
    return unknown === undefined ? null : `unknown "${unknown}"; there is ${choices.join(", ")}`;
  },
});

const count = (low: number): Pick<Setting, "value" | "read" | "fault"> => ({
  value: "N",
  read: numberOf,
  fault: (value) =>
    Number.isSafeInteger(value) && (value as number) >= low
      ? null
      : `expected a whole number of at least ${low}, got ${JSON.stringify(value)}`,
});

const rates: Pick<Setting, "value" | "read" | "fault"> = {
  value: "RATES",
  read: (text) => listOf(text).map(numberOf),
  fault: (value) =>
    Array.isArray(value) && value.length > 0 && value.every((rate) => Number.isFinite(rate) && rate > 0)
      ? null
      : "expected positive numbers",
};

const ALL = CONTESTANTS.map(({ name }) => name);
const SETTINGS = {
  data: {
    option: "data",
    about: `data sets: ${DATA_SETS.join(", ")}`,
    default: ["mnist"],
    ...names(DATA_SETS),
  },
  models: { option: "model", about: `networks: ${MODELS.join(", ")}`, default: ["mlp"], ...names(MODELS) },
  schedules: {
    option: "schedules",
    about: `all, or some of ${ALL.join(", ")}`,
    default: [SUBJECT, "constant", "step", "cosine", "adam"],
    ...names(ALL),
    read: (text) => (text === "all" ? ALL : listOf(text)),
  },
  seeds: { option: "seeds", about: "final runs of each schedule, with seeds 1..N", default: 3, ...count(1) },
  tuningSeeds: { option: "tuning-seeds", about: "tuning runs of each rate", default: 1, ...count(0) },
  rates: {
    option: "rates",
    about: "initial rates that schedules of SGD choose from",
    default: [0.01, 0.03, 0.1, 0.3],
    ...rates,
  },
  adaptiveRates: {
    option: "adaptive-rates",
    about: "those of Adam, AdamW and RMSprop",
    default: [0.0003, 0.001, 0.003],
    ...rates,
  },
  trainSamples: {
    option: "train-samples",
    about: "training samples, drawn anew for each seed, or all",
    default: 12000,
    ...count(1),
    read: (text) => (text === "all" ? null : numberOf(text)),
    fault: (value) => (value === null ? null : count(1).fault(value)),
  },
  validationSamples: {
    option: "validation",
    about: "how many of them tuning runs hold out to choose the rate on",
    default: 2000,
    ...count(0),
  },
  epochs: { option: "epochs", about: "passes over the training samples", default: 10, ...count(1) },
  batchSize: { option: "batch", about: "samples in a step", default: 128, ...count(1) },
} satisfies Record<string, Setting>;

type Settings = Omit<Study, "schedules"> & { schedules: string[]; rates: number[]; adaptiveRates: number[] };

const shown = (value: unknown) => (Array.isArray(value) ? value.join(",") : String(value));

/** The options that describe a study. */
export const STUDY_OPTIONS: OptionSpecs = {
  config: { type: "string", value: "FILE", about: "the study as JSON; the options below override it" },
  ...Object.fromEntries(
    Object.values(SETTINGS).map(({ option, value, about, default: fallback }) => [
      option,
      { type: "string" as const, value, about: `${about} (${shown(fallback)})` },
    ]),
  ),
};

function readConfig(path: string): Record<string, unknown> {
  if (!existsSync(path)) throw new DataError(`compare: there is no file ${path}`);
  let config: unknown;
  try {
    config = parseUniqueJson(readFileSync(path, "utf8"));
  } catch (error) {
    throw new DataError(`compare: ${path} is not JSON: ${(error as Error).message}`);
  }
  if (typeof config !== "object" || config === null || Array.isArray(config)) {
    throw new DataError(`compare: ${path} has to hold an object`);
  }
  const unknown = Object.keys(config).find((key) => !Object.hasOwn(SETTINGS, key));
  if (unknown !== undefined) {
    throw new DataError(
      `compare: ${path}: unknown "${unknown}"; there is ${Object.keys(SETTINGS).join(", ")}`,
    );
  }
  return config as Record<string, unknown>;
}

/** The rates that a contestant chooses from. */
function gridOf(name: string, { rates, adaptiveRates }: Settings): Pick<StudySchedule, "rates" | "follows"> {
  const { family, followsSubject } = contestantOf(name);
  if (followsSubject) return { rates: [], follows: SUBJECT };
  if (family === "learning-rate-free") return { rates: [], follows: null };
  return { rates: family === "adaptive" ? adaptiveRates : rates, follows: null };
}

/** The study that the options describe. Throws a UsageError or DataError where they cannot be understood. */
export function studyFrom(options: ParsedOptions): Study {
  const path = options.text("config");
  const config = path === undefined ? {} : readConfig(path);
  const settings = Object.fromEntries(
    Object.entries<Setting>(SETTINGS).map(([key, { option, read, fault, default: fallback }]) => {
      const text = options.text(option);
      const value = text === undefined ? (config[key] === undefined ? fallback : config[key]) : read(text);
      const wrong = fault(value);
      if (wrong !== null && text !== undefined) throw new UsageError(`--${option}: ${wrong}`);
      if (wrong !== null) throw new DataError(`compare: ${path}: ${key}: ${wrong}`);
      return [key, value];
    }),
  ) as unknown as Settings;
  const { schedules, rates: _, adaptiveRates: __, ...rest } = settings;
  const study: Study = {
    ...rest,
    schedules: schedules.map((name) => ({
      name,
      family: contestantOf(name).family,
      ...gridOf(name, settings),
    })),
  };
  try {
    checkStudy(study);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  return study;
}

/** Options that say which share of a study to do. */
export const SHARE_OPTIONS: OptionSpecs = {
  index: {
    type: "string",
    value: "I",
    about: "do share I of N, from 0 (that of a Slurm array or Kubernetes job)",
  },
  of: { type: "string", value: "N", about: "number of shares" },
};

/** The share asked for by options, else by the environment of a Slurm array or of a Kubernetes indexed job; or all. */
export function shareFrom(options: ParsedOptions, environment: NodeJS.ProcessEnv): Share {
  const { SLURM_ARRAY_TASK_ID, SLURM_ARRAY_TASK_MIN, SLURM_ARRAY_TASK_COUNT } = environment;
  const task =
    SLURM_ARRAY_TASK_ID === undefined
      ? environment.JOB_COMPLETION_INDEX
      : String(Number(SLURM_ARRAY_TASK_ID) - Number(SLURM_ARRAY_TASK_MIN ?? 0));
  const index = options.text("index") ?? task;
  const of = options.text("of") ?? SLURM_ARRAY_TASK_COUNT ?? environment.JOB_COMPLETIONS;
  if (index === undefined && of === undefined) return { index: 0, of: 1 };
  if (index === undefined) throw new UsageError("--of: which share is meant? Give --index too");
  if (of === undefined) throw new UsageError(`share ${index}: of how many? Give --of too`);
  const share = { index: numberOf(index), of: numberOf(of) };
  if (!Number.isInteger(share.of) || share.of < 1) {
    throw new UsageError(`--of: expected a whole number of at least 1, got "${of}"`);
  }
  if (!Number.isInteger(share.index) || share.index < 0 || share.index >= share.of) {
    throw new UsageError(`--index: expected a whole number from 0 to ${share.of - 1}, got "${index}"`);
  }
  return share;
}
