// topograd tda FILE [options]

import { basename, join, resolve } from "node:path";
import { formatBytes } from "../core/errors";
import { scope, tensor } from "../core/index";
import { readBytes } from "../data/files";
import { makeFolder, writeWhole } from "../io/files";
import { saveNpz } from "../io/index";
import { persistenceSvg } from "../report/diagram-svg";
import { type RipsProgress, ripsPersistence } from "../tda/index";
import { FORMATS, readDistanceFile } from "./distance-file";
import { helpText, type OptionSpecs, parseOptions, UsageError } from "./options";
import { Progress } from "./progress";

const OPTIONS: OptionSpecs = {
  format: { type: "string", value: "FORMAT", about: `${FORMATS.join(", ")} (guessed from the file)` },
  "max-dim": { type: "string", default: "1", value: "N", about: "highest dimension of the homology" },
  threshold: { type: "string", value: "T", about: "longest edge (the enclosing radius)" },
  out: { type: "string", value: "DIR", about: "also write diagrams.json and diagrams.svg there" },
  json: { type: "boolean", about: "print JSON instead of the table" },
  help: { type: "boolean", about: "print this help" },
};

/** A computation that takes longer than this shows how far it is; without a terminal, in a line now and then. */
const PATIENCE_MS = 2000;
const LINE_EVERY_MS = 10_000;

/** Bars of one dimension: [birth, death] with null for Infinity, the longest first. */
type Bars = [birth: number, death: number | null][];

/** The shortest decimal number that is the same float32. */
function shortest(value: number): number {
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return Number(value.toPrecision(9));
}

function barsOf(diagram: Float32Array): Bars {
  const bars: Bars = Array.from({ length: diagram.length / 2 }, (_, i) => {
    const [birth, death] = diagram.subarray(2 * i);
    return [shortest(birth), Number.isFinite(death) ? shortest(death) : null];
  });
  const length = ([birth, death]: Bars[number]) => (death ?? Number.POSITIVE_INFINITY) - birth;
  const difference = (a: number, b: number) => (a === b ? 0 : a - b);
  return bars.sort((a, b) => difference(length(b), length(a)) || a[0] - b[0]);
}

function table(diagrams: readonly Bars[]): string {
  const cell = (value: number | null) => (value === null ? "∞" : String(Number(value.toPrecision(6))));
  const row = (cells: string[]) => cells.map((text) => text.padStart(12)).join("");
  const rows = diagrams.flatMap((bars, dim) =>
    bars.map(([birth, death]) =>
      row([String(dim), cell(birth), cell(death), cell(death === null ? null : death - birth)]),
    ),
  );
  return [row(["dimension", "birth", "death", "length"]), ...rows].join("\n");
}

/** Says what is to be done, and how far it is when that takes a while. */
function reporter(progress: Progress, onTerminal: boolean): (state: RipsProgress) => void {
  let nextAt = performance.now() + PATIENCE_MS;
  let told = false;
  return ({ dim, done, total, bytes }) => {
    if (!told) {
      told = true;
      progress.line(`${total.toLocaleString("en-US")} edges; at least ${formatBytes(bytes)} of memory`);
    }
    if (performance.now() < nextAt) return;
    const share = `${Math.floor((100 * done) / Math.max(1, total))} %`;
    const text = `dimension ${dim}: ${share} of the edges, ${formatBytes(bytes)}`;
    if (onTerminal) {
      progress.show(text);
    } else {
      progress.line(text);
      nextAt = performance.now() + LINE_EVERY_MS;
    }
  };
}

/** topograd tda: persistent homology of a file of distances or points; returns the exit status. */
export async function runTda(args: string[]): Promise<number> {
  const options = parseOptions(args, OPTIONS, true);
  const usage = "topograd tda FILE [options]";
  if (options.flag("help")) {
    console.log(helpText(usage, OPTIONS));
    return 0;
  }
  const [path, ...rest] = options.positionals;
  if (path === undefined || rest.length > 0) throw new UsageError(`expected one file: ${usage}`);
  const given = options.text("format") === undefined ? undefined : options.choice("format", FORMATS);
  const maxDim = options.integer("max-dim", 0, 100);
  const hasThreshold = options.text("threshold") !== undefined;
  const threshold = hasThreshold ? options.number("threshold", 0, Number.MAX_VALUE) : undefined;
  const json = options.flag("json");
  const progress = new Progress(process.stderr, json);

  const text = new TextDecoder().decode(await readBytes(path));
  const { format, distances, about } = readDistanceFile(text, path, given);
  progress.line(`${path}: ${about}${given === undefined ? ` (format ${format}, guessed)` : ""}`);
  const { diagrams } = ripsPersistence(distances, {
    maxDim,
    threshold,
    onProgress: reporter(progress, process.stderr.isTTY),
  });
  progress.clear();

  const bars = diagrams.map(barsOf);
  const result = { file: path, format, points: distances.shape[0], maxDim, threshold: threshold ?? null };
  const encoded = JSON.stringify({ ...result, diagrams: bars });
  console.log(json ? encoded : table(bars));
  const out = options.text("out");
  if (out !== undefined) {
    makeFolder(out);
    writeWhole(join(out, "diagrams.json"), `${encoded}\n`);
    const arrays = scope(() => {
      const pairs = diagrams.map((diagram) => tensor(diagram, { shape: [diagram.length / 2, 2] }));
      return saveNpz(Object.fromEntries(pairs.map((diagram, dim) => [`dimension${dim}`, diagram])));
    });
    writeWhole(join(out, "diagrams.npz"), arrays);
    const title = `Vietoris-Rips persistence of ${basename(path)}`;
    writeWhole(join(out, "diagrams.svg"), persistenceSvg(diagrams, { title }));
    progress.line(`picture: ${resolve(out)}/diagrams.svg`);
  }
  return 0;
}
