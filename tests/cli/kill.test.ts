// Runs killed with SIGKILL at any moment end, resumed, with the same bits as runs that were never interrupted.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { io } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { startNode } from "./process";

const folder = mkdtempSync(join(tmpdir(), "topograd-kill-"));
test.after(() => rmSync(folder, { recursive: true }));

const KILLS = 5;

/** Numbers in [0, 1) that are other ones in each run of the suite: the seed is in the message of a failure. */
const seed = Date.now() % 2 ** 31;
let random = seed;
function draw(): number {
  random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
  return random / 2 ** 32;
}

/** Kills a run again and again, and compares it whenever it has come to its end. */
async function killAndResume(args: string[], out: string, whole: number, compare: () => void): Promise<void> {
  let kills = 0;
  while (true) {
    const { child, ended } = startNode(args);
    const timer = setTimeout(() => kills < KILLS && child.kill("SIGKILL"), (0.1 + 0.7 * draw()) * whole);
    const { code, stderr } = await ended;
    clearTimeout(timer);
    if (code === null) {
      kills++;
      continue;
    }
    assert.is(code, 0, `seed ${seed}: ${stderr}`);
    compare();
    if (kills === KILLS) return;
    rmSync(out, { recursive: true });
  }
}

const TIMES = new Set(["seconds", "milliseconds", "clock", "epochTime", "file"]);

/** The state in the newest checkpoint, without times, as text. */
function stateIn(path: string): string {
  const newest = readdirSync(path)
    .filter((name) => name.startsWith("step-"))
    .sort()
    .pop() as string;
  const state = io.loadCheckpoint(join(path, newest)) as { trainer: { callbacks: unknown[] } };
  return JSON.stringify(state, (key, value) => {
    if (TIMES.has(key) || key === "metricsBytes") return undefined;
    return ArrayBuffer.isView(value) ? Array.from(value as Float32Array, String).join() : value;
  });
}

const metricsIn = (path: string) =>
  readFileSync(join(path, "metrics.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.stringify(JSON.parse(line), (key, value) => (TIMES.has(key) ? undefined : value)));

const moons = ["--data", "moons", "--epochs", "40", "--validation", "200", "--seed", "5", "--quiet"];
const RUNS: Record<string, string[]> = {
  "SGD with CG-ALR": [],
  "Adam with cosine": ["--optimizer", "adam", "--schedule", "cosine"],
  "schedule-free SGD": ["--optimizer", "schedule-free-sgd", "--schedule", "constant"],
};

for (const [name, options] of Object.entries(RUNS)) {
  test(`the command line, ${name}`, async () => {
    const [whole, killed] = ["whole", "killed"].map((part) => join(folder, `${name} ${part}`));
    const args = (out: string) => ["dist/cli.js", "train", ...moons, ...options, "--resume", "--out", out];
    const { code, stderr, milliseconds } = await startNode(args(whole)).ended;
    assert.is(code, 0, stderr);
    await killAndResume(args(killed), killed, milliseconds, () => compare(whole, killed));
  });
}

/** Throws where the folders of two runs differ in anything but times. */
function compare(whole: string, killed: string): void {
  for (const file of ["weights.safetensors", "connectomes.safetensors"]) {
    if (!existsSync(join(whole, file))) continue;
    assert.ok(
      readFileSync(join(whole, file)).equals(readFileSync(join(killed, file))),
      `seed ${seed}: ${file} differs`,
    );
  }
  assert.equal(metricsIn(killed), metricsIn(whole));
  assert.ok(
    stateIn(join(killed, "checkpoints")) === stateIn(join(whole, "checkpoints")),
    `seed ${seed}: the states differ`,
  );
  for (const path of [killed, join(killed, "checkpoints")]) {
    assert.not.ok(readdirSync(path).some((file) => file.endsWith(".part") || file.startsWith("lock")));
  }
}

test("fit() with a convolutional network, augmentation and dropout", async () => {
  const [whole, killed] = ["cnn whole", "cnn killed"].map((part) => join(folder, part));
  const args = (out: string) => ["tests/cli/killed-cnn.mjs", out];
  const { code, stderr, milliseconds } = await startNode(args(whole)).ended;
  assert.is(code, 0, stderr);
  await killAndResume(args(killed), killed, milliseconds, () =>
    assert.ok(stateIn(killed) === stateIn(whole), `seed ${seed}: the states differ`),
  );
});

test.run();
