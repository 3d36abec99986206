// topograd merge OUT DIR [DIR ...]

import { resolve } from "node:path";
import { DataError } from "../core/index";
import { StudyFolder } from "../study/folder";
import type { RunResult } from "../study/index";
import { helpText, type OptionSpecs, parseOptions, UsageError } from "./options";
import { writeStudy } from "./study-report";

const OPTIONS: OptionSpecs = { help: { type: "boolean", about: "print this help" } };

/** Everything about a result that does not depend on the machine. */
const outcome = ({ seconds: _, ...rest }: RunResult) => JSON.stringify(rest);

/** topograd merge: joins the folders of a study's shares. Everything is read and checked before anything is written. */
export async function runMerge(args: string[]): Promise<number> {
  const options = parseOptions(args, OPTIONS, true);
  const usage = "topograd merge OUT DIR [DIR ...]";
  if (options.flag("help")) {
    console.log(helpText(usage, OPTIONS));
    return 0;
  }
  const [out, ...paths] = options.positionals;
  if (paths.length === 0) throw new UsageError(`expected where to join folders, and the folders: ${usage}`);
  const sources = [...(StudyFolder.exists(out) ? [out] : []), ...paths].map((path) => StudyFolder.read(path));
  const { study, path } = sources[0];
  for (const source of sources) source.requireSame(study, path);
  const origins = new Map<string, StudyFolder>();
  for (const source of sources) {
    for (const [id, result] of source.results) {
      const other = origins.get(id) ?? source;
      if (outcome(other.results.get(id) as RunResult) !== outcome(result)) {
        throw new DataError(
          `merge: run ${id} has different results in ${other.path} and ${source.path}: ` +
            "the same description always gives the same result, so one of them is not what it claims to be",
        );
      }
      origins.set(id, other);
    }
  }
  const target = StudyFolder.open(out, study);
  for (const [id, { results }] of origins) {
    if (!target.results.has(id)) target.save(id, results.get(id) as RunResult);
  }
  const { done, total } = target.progress();
  if (done < total) {
    console.log(`${done} of ${total} runs are in ${resolve(out)}; the other shares are still to be merged`);
    return 0;
  }
  writeStudy(target);
  console.log(`report: ${resolve(out, "comparison.html")}`);
  return 0;
}
