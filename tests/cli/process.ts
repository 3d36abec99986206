// The command line as a process of its own.

import { type ChildProcess, spawn } from "node:child_process";
import { resolve } from "node:path";

export interface Result {
  /** Null when a signal ended it. */
  code: number | null;
  stdout: string;
  stderr: string;
  /** From start to end. */
  milliseconds: number;
}

/** Starts Node with these arguments; `ended` is there when its output is. */
export function startNode(
  args: string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): { child: ChildProcess; ended: Promise<Result> } {
  const begun = performance.now();
  const child = spawn(process.execPath, args, options);
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (text) => (stdout += text));
  child.stderr.on("data", (text) => (stderr += text));
  return {
    child,
    ended: new Promise((done) =>
      child.on("close", (code) => done({ code, stdout, stderr, milliseconds: performance.now() - begun })),
    ),
  };
}

/** Starts the command line. */
export const start = (args: string[], options?: { cwd?: string; env?: NodeJS.ProcessEnv }) =>
  startNode([resolve("dist/cli.js"), ...args], options);
