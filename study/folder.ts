// The folder of a study: study.json says what is compared, runs/ has a file for each finished run.

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "../core/index";
import { makeFolder, writeWhole } from "../io/files";
import { VERSION } from "../runs/version";
import { idOf, type RunResult } from "./experiment";
import { type Study, type StudyUnit, unitsOf } from "./plan";

const STUDY = "study.json";
const RUNS = "runs";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/** A result and its checksum as the text of a file. */
export function encodeResult(result: RunResult): string {
  return `${JSON.stringify({ sha256: sha256(JSON.stringify(result)), result })}\n`;
}

/** Reads what encodeResult() wrote; throws a DataError where a byte of it has changed, or where it is another run's. */
export function decodeResult(text: string, id: string): RunResult {
  let file: { sha256?: unknown; result?: RunResult };
  try {
    file = JSON.parse(text);
  } catch (error) {
    throw new DataError(`not JSON: ${(error as Error).message}`);
  }
  if (typeof file !== "object" || file === null || file.result === undefined)
    throw new DataError("not a result");
  if (sha256(JSON.stringify(file.result)) !== file.sha256) throw new DataError("its checksum does not fit");
  if (idOf(file.result.description) !== id) throw new DataError("it belongs to another run");
  return file.result;
}

/** A study as names and texts that can be compared one by one. */
function settingsOf({ schedules, ...rest }: Study): Map<string, string> {
  const others = Object.entries(rest).map(([key, value]): [string, string] => [key, String(value)]);
  const rates = schedules.map(({ name, rates }): [string, string] => [`rates of ${name}`, String(rates)]);
  return new Map([...others, ["schedules", schedules.map(({ name }) => name).join(",")], ...rates]);
}

/** The settings in which two studies differ, in words; empty where they do not. */
function differences(a: Study, b: Study): string {
  const [first, second] = [settingsOf(a), settingsOf(b)];
  return [...first.keys()]
    .filter((key) => second.has(key) && first.get(key) !== second.get(key))
    .map((key) => `${key} ${first.get(key)} and ${second.get(key)}`)
    .join("; ");
}

/** A study on disk. Its results only grow. */
export class StudyFolder {
  /** By the id of the run. */
  readonly results = new Map<string, RunResult>();

  private constructor(
    readonly path: string,
    readonly study: Study,
  ) {}

  /** Whether a study lies there. */
  static exists(path: string): boolean {
    return existsSync(join(path, STUDY));
  }

  /** An existing folder with all its results; throws a DataError that names the file where something is damaged. */
  static read(path: string): StudyFolder {
    const file = join(path, STUDY);
    if (!StudyFolder.exists(path)) throw new DataError(`${path} is no study: it has no ${STUDY}`);
    let saved: { topograd?: unknown; study?: Study };
    try {
      saved = JSON.parse(readFileSync(file, "utf8"));
    } catch (error) {
      throw new DataError(`${file} is damaged: ${(error as Error).message}`);
    }
    if (saved?.study === undefined) throw new DataError(`${file} is damaged: it describes no study`);
    if (saved.topograd !== VERSION) {
      throw new DataError(
        `${path} is of topograd ${String(saved.topograd)}, this is ${VERSION}: results of different versions do not mix`,
      );
    }
    const folder = new StudyFolder(path, saved.study);
    for (const name of existsSync(join(path, RUNS)) ? readdirSync(join(path, RUNS)) : []) {
      if (!name.endsWith(".json")) continue;
      const id = name.slice(0, -".json".length);
      try {
        folder.results.set(id, decodeResult(readFileSync(join(path, RUNS, name), "utf8"), id));
      } catch (error) {
        throw new DataError(
          `${join(path, RUNS, name)} is damaged: ${(error as Error).message}. Remove it to have the run made again`,
        );
      }
    }
    return folder;
  }

  /** The folder of this study, made where there is none; throws a DataError where another study lies there. */
  static open(path: string, study: Study): StudyFolder {
    if (StudyFolder.exists(path)) {
      const folder = StudyFolder.read(path);
      folder.requireSame(study, "this study");
      return folder;
    }
    makeFolder(join(path, RUNS));
    writeWhole(join(path, STUDY), `${JSON.stringify({ topograd: VERSION, study }, null, 2)}\n`);
    return new StudyFolder(path, study);
  }

  /** Throws a DataError unless the folder's study is that one. */
  requireSame(study: Study, name: string): void {
    const found = differences(this.study, study);
    if (found !== "") throw new DataError(`${this.path} and ${name} are different studies: ${found}`);
  }

  /** Keeps a result, in memory and on disk. */
  save(id: string, result: RunResult): void {
    makeFolder(join(this.path, RUNS));
    writeWhole(join(this.path, RUNS, `${id}.json`), encodeResult(result));
    this.results.set(id, result);
  }

  /** How many of the units' runs are there, and how many there are to be. */
  progress(units: readonly StudyUnit[] = unitsOf(this.study)): { done: number; total: number } {
    const ids = units.flatMap((unit) => [...unit.tuning, ...(unit.finals(this.results) ?? [])]);
    return {
      done: ids.filter(({ id }) => this.results.has(id)).length,
      total: units.reduce((sum, unit) => sum + unit.total, 0),
    };
  }
}
