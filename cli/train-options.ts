// The options of topograd train: what a run is asked for, and where it goes.

import { DataError } from "../core/index";
import { lastNumberedFolder, RunFolder } from "../runs/folder";
import { DATA_SETS, MODELS, OPTIMIZERS, type OptimizerOptions, SCHEDULES } from "../study/catalogue";
import { argumentsOf, type OptionSpecs, type ParsedOptions, parseOptions, UsageError } from "./options";

export const TRAIN_OPTIONS: OptionSpecs = {
  data: { type: "string", default: "mnist", value: "NAME", about: `data set: ${DATA_SETS.join(", ")}` },
  "data-dir": { type: "string", value: "DIR", about: "folder of the data set's original files" },
  model: { type: "string", default: "mlp", value: "NAME", about: `network: ${MODELS.join(", ")}` },
  optimizer: { type: "string", default: "sgd", value: "NAME", about: `optimizer: ${OPTIMIZERS.join(", ")}` },
  schedule: {
    type: "string",
    default: "cg-alr",
    value: "NAME",
    about: `learning rate: ${SCHEDULES.join(", ")}`,
  },
  lr: { type: "string", value: "RATE", about: "initial learning rate (sgd 0.1, others their own)" },
  momentum: { type: "string", value: "SHARE", about: "momentum (sgd 0.9, others their own)" },
  "weight-decay": { type: "string", value: "FACTOR", about: "weight decay (the optimizer's own)" },
  epochs: { type: "string", default: "20", value: "N", about: "passes over the training set" },
  batch: { type: "string", default: "128", value: "N", about: "samples in a step" },
  seed: { type: "string", default: "1", value: "N", about: "seeds everything random" },
  validation: {
    type: "string",
    default: "0",
    value: "N",
    about: "training samples held out and evaluated each epoch",
  },
  augment: { type: "boolean", about: "crop and mirror training images at random (not with mlp)" },
  "on-nan": {
    type: "string",
    default: "stop",
    value: "WHAT",
    about: "when the loss is no number any more: stop, or rollback to the last good epoch with half the rate",
  },
  rollbacks: { type: "string", default: "3", value: "N", about: "how often a rollback is made" },
  out: {
    type: "string",
    value: "DIR",
    about: "run folder (runs/DATA-MODEL-SCHEDULE-OPTIMIZER-SEED, numbered)",
  },
  resume: { type: "boolean", about: "go on with the run in --out, or with the last of the default name" },
  overwrite: { type: "boolean", about: "remove the run that is in --out" },
  quiet: { type: "boolean", about: "print the last line only" },
  json: { type: "boolean", about: "print one JSON object a line instead of progress" },
  help: { type: "boolean", about: "print this help" },
};

/** Options that say where and how, and not what is trained. */
const MANNERS = ["out", "resume", "overwrite", "quiet", "json", "help"];
/** Options that a resumed run may be given anew. */
const CHANGEABLE = ["data-dir", "on-nan", "rollbacks"];

type Settings = Record<string, string | boolean>;

/** What is trained, as the arguments say it. */
function settingsOf(options: ParsedOptions): Settings {
  const names = Object.keys(TRAIN_OPTIONS).filter((name) => !MANNERS.includes(name));
  const entries = names.map((name): [string, string | boolean | undefined] => [
    name,
    TRAIN_OPTIONS[name].type === "boolean" ? options.flag(name) : options.text(name),
  ]);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as Settings;
}

/** The settings of the run in a folder; throws a DataError where its config.json has none. */
function savedSettings(path: string): Settings {
  const saved = RunFolder.configOf(path)?.options;
  const fits =
    typeof saved === "object" &&
    saved !== null &&
    Object.entries(saved).every(
      ([name, value]) =>
        Object.hasOwn(TRAIN_OPTIONS, name) &&
        !MANNERS.includes(name) &&
        typeof value === TRAIN_OPTIONS[name].type,
    );
  if (!fits)
    throw new DataError(
      `the run in ${path} cannot be resumed: its config.json does not say what was asked for`,
    );
  return saved as Settings;
}

/** The settings of the folder's run with those that are given anew; throws where they contradict each other. */
function resumedSettings(path: string, asked: ParsedOptions): Settings {
  const saved = savedSettings(path);
  const settings = settingsOf(asked);
  const given = Object.keys(settings).filter((name) => asked.given(name));
  const isRaised = (name: string) => name === "epochs" && Number(settings.epochs) > Number(saved.epochs);
  const wrong = given.filter(
    (name) => settings[name] !== saved[name] && !CHANGEABLE.includes(name) && !isRaised(name),
  );
  if (wrong.length > 0) {
    const pairs = wrong.map((name) => `--${name} ${settings[name]} (the run has ${saved[name] ?? "none"})`);
    throw new UsageError(
      `--resume: the run in ${path} was asked for otherwise: ${pairs.join(", ")}. Only --epochs can be raised`,
    );
  }
  return { ...saved, ...Object.fromEntries(given.map((name) => [name, settings[name]])) };
}

/** A run as it is asked for. */
export interface TrainRequest {
  options: ParsedOptions;
  settings: Settings;
  /** The folder; null for a new one of the default name. */
  out: string | null;
  /** The default name. */
  name: string;
  /** Go on with what is in the folder. */
  resume: boolean;
}

/** The default name of a run's folder. */
function nameOf(options: ParsedOptions): string {
  const rate = options.given("lr") ? [`lr${Number(options.text("lr"))}`] : [];
  const parts = [
    options.text("data"),
    options.text("model"),
    options.text("schedule"),
    options.text("optimizer"),
  ];
  return `runs/${[...parts, ...rate, `seed${options.text("seed")}`].join("-")}`;
}

/** What the arguments ask for, with what a run that is resumed was asked for. Throws where a folder holds another run. */
export function requestOf(args: string[]): TrainRequest {
  const asked = parseOptions(args, TRAIN_OPTIONS);
  const name = nameOf(asked);
  const given = asked.text("out") ?? null;
  if (asked.flag("resume") && asked.flag("overwrite")) {
    throw new UsageError("--resume goes on with a run, --overwrite removes it: give one of them");
  }
  if (asked.flag("resume")) {
    const out = given ?? lastNumberedFolder(name);
    if (out !== null && RunFolder.holdsRun(out)) {
      const settings = resumedSettings(out, asked);
      const options = parseOptions([...argumentsOf(settings), ...mannersOf(asked)], TRAIN_OPTIONS);
      return { options, settings, out, name, resume: true };
    }
    return { options: asked, settings: settingsOf(asked), out, name, resume: false };
  }
  if (given !== null && RunFolder.holdsRun(given) && !asked.flag("overwrite")) {
    throw new UsageError(
      `--out: ${given} holds another run: choose another folder, or give --resume to go on with it or --overwrite to remove it`,
    );
  }
  return { options: asked, settings: settingsOf(asked), out: given, name, resume: false };
}

const mannersOf = (options: ParsedOptions) =>
  argumentsOf(Object.fromEntries(["quiet", "json"].map((name) => [name, options.flag(name)])));

/** The options of the optimizer that are given. */
export function optimizerOptionsOf(options: ParsedOptions): OptimizerOptions {
  const found: OptimizerOptions = {};
  if (options.given("lr")) found.lr = options.number("lr", 0, 1e6);
  if (options.given("momentum")) found.momentum = options.number("momentum", 0, 1);
  if (options.given("weight-decay")) found.weightDecay = options.number("weight-decay", 0, 1e6);
  return found;
}
