#!/usr/bin/env node
// The command line: topograd COMMAND.

import { runCompare } from "./compare";
import { runExport } from "./export";
import { runInfo } from "./info";
import { runMerge } from "./merge";
import { UsageError } from "./options";
import { runReport } from "./report";
import { runTda } from "./tda";
import { runTrain } from "./train";

const COMMANDS: Record<string, { run: (args: string[]) => Promise<number>; about: string }> = {
  train: { run: runTrain, about: "train a network and leave a run folder" },
  compare: { run: runCompare, about: "compare schedules over seeds, data sets and models" },
  merge: { run: runMerge, about: "join the folders of a study's shares" },
  report: { run: runReport, about: "make the report of a run, of several or of a study again" },
  export: { run: runExport, about: "a run's network as ONNX, its connectomes for NumPy and Gephi" },
  tda: { run: runTda, about: "persistent homology of a file of distances or points" },
  info: { run: runInfo, about: "what this machine can do: SIMD, memory" },
};

function usage(): string {
  const lines = Object.entries(COMMANDS).map(([name, { about }]) => `  ${name.padEnd(9)} ${about}`);
  return `Usage: topograd COMMAND [options]\n\n${lines.join("\n")}\n\ntopograd COMMAND --help tells a command's options.`;
}

async function main([name, ...args]: string[]): Promise<number> {
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    console.log(usage());
    return name === undefined ? 2 : 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) throw new UsageError(`unknown command "${name}".\n\n${usage()}`);
  return command.run(args);
}

// A reader that closes the pipe early, such as head, is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
});

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const usual = error instanceof Error;
  console.error(`topograd: ${usual ? error.message : String(error)}`);
  if (usual && process.env.TOPOGRAD_DEBUG) console.error(error.stack);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
