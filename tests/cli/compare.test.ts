// topograd compare and merge as a user runs them.

import type { ChildProcess } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { start } from "./process";

const folder = mkdtempSync(join(tmpdir(), "topograd-compare-"));
test.after(() => rmSync(folder, { recursive: true }));

const run = (...args: string[]) => start(args).ended;
const config = join(folder, "study.json");
const study = {
  data: ["moons"],
  schedules: ["cg-alr", "constant", "adam", "dog", "yoked", "random-gate"],
  seeds: 2,
  rates: [0.03, 0.1],
  adaptiveRates: [0.001, 0.003],
  trainSamples: 300,
  validationSamples: 100,
  epochs: 3,
  batchSize: 32,
};
writeFileSync(config, JSON.stringify(study));
const RUNS = 6 + 6 * 2;

/** Everything in results.json but the times. */
const outcome = (out: string) =>
  JSON.stringify(JSON.parse(readFileSync(join(out, "results.json"), "utf8")), (key, value) =>
    key === "seconds" || key === "connectomeShare" ? undefined : value,
  );
const runsIn = (out: string) =>
  existsSync(join(out, "runs"))
    ? readdirSync(join(out, "runs")).filter((file) => file.endsWith(".json"))
    : [];

/** Waits until there are more runs than that, or until the process has ended. */
async function runsBeyond(out: string, count: number, child: ChildProcess): Promise<void> {
  while (runsIn(out).length <= count && child.exitCode === null)
    await new Promise((resolve) => setTimeout(resolve, 10));
}

const whole = join(folder, "whole");

test("a study leaves its runs and results, and is not made again", async () => {
  const { code, stdout, stderr } = await run("compare", "--config", config, "--out", whole);
  assert.is(code, 0, stderr);
  assert.match(stdout, /moons mlp\nschedule +lr +test error, %/);
  assert.match(stdout, /report: .*comparison\.html\n$/);
  assert.not((stdout + stderr).includes("\u001b") || (stdout + stderr).includes("\r"));
  assert.is(runsIn(whole).length, RUNS);
  const csv = readFileSync(join(whole, "results.csv"), "utf8").trim().split("\n");
  assert.is(csv.length, RUNS + 1);
  assert.match(csv[0], /^id,phase,data,model,schedule,lr,seed,status,error/);
  const before = readFileSync(join(whole, "results.json"), "utf8");
  const again = await run("compare", "--config", config, "--out", whole, "--quiet");
  assert.match(again.stdout + again.stderr, /^report: .*\n$/);
  assert.is(readFileSync(join(whole, "results.json"), "utf8"), before);
  rmSync(join(whole, "comparison.html"));
  const report = await run("report", whole);
  assert.is(report.code, 0, report.stderr);
  assert.match(readFileSync(join(whole, "comparison.html"), "utf8"), /<title>Study: moons mlp/);
});

test("killed and interrupted studies go on where they were, to the same results", async () => {
  const out = join(folder, "killed");
  const long = ["compare", "--config", config, "--out", out, "--jobs", "2"];
  for (const signal of ["SIGKILL", "SIGINT"] as const) {
    const before = runsIn(out).length;
    const { child, ended } = start(long);
    await runsBeyond(out, before + 2, child);
    child.kill(signal);
    const { code, stderr } = await ended;
    if (signal === "SIGINT" && code !== 0) {
      assert.is(code, 130);
      assert.match(
        stderr,
        /interrupted: \d+ of 18 runs are done and kept; the same command goes on from there/,
      );
    }
  }
  rmSync(join(out, "runs", runsIn(out)[0]));
  assert.match((await run("report", out)).stderr, /has \d+ of 18 runs; topograd compare goes on/);
  const { code, stderr } = await run(...long);
  assert.is(code, 0, stderr);
  assert.is(outcome(out), outcome(whole));
});

test("shares join to what one process makes", async () => {
  const outs = [0, 1, 2].map((index) => join(folder, `share${index}`));
  const environments = [
    {},
    { SLURM_ARRAY_TASK_ID: "2", SLURM_ARRAY_TASK_MIN: "1" },
    { JOB_COMPLETION_INDEX: "2" },
  ];
  for (const [index, out] of outs.entries()) {
    const chosen = index === 0 ? ["--index", "0"] : [];
    const args = ["compare", "--config", config, "--out", out, "--jobs", "1", "--of", "3", ...chosen];
    const { code, stdout, stderr } = await start(args, { env: { ...process.env, ...environments[index] } })
      .ended;
    assert.is(code, 0, stderr);
    assert.match(stdout, /join the folders of all shares with topograd merge/);
  }
  assert.is(
    outs.reduce((sum, out) => sum + runsIn(out).length, 0),
    RUNS,
  );
  const joined = join(folder, "joined");
  const first = await run("merge", joined, outs[0], outs[1]);
  assert.match(first.stdout, /\d+ of 18 runs are in .*joined; the other shares are still to be merged/);
  const { code, stdout, stderr } = await run("merge", joined, ...outs);
  assert.is(code, 0, stderr);
  assert.match(stdout, /^report: .*joined/);
  assert.is(outcome(joined), outcome(whole));
});

test("merge refuses what is damaged, does not belong together or is no study, and writes nothing", async () => {
  const damaged = join(folder, "damaged");
  cpSync(whole, damaged, { recursive: true });
  const file = join(damaged, "runs", runsIn(damaged)[0]);
  const text = readFileSync(file, "utf8");
  const other = join(folder, "other");
  await run("compare", "--config", config, "--out", other, "--schedules", "dog", "--seeds", "1");
  const untrue = join(folder, "untrue");
  cpSync(whole, untrue, { recursive: true });
  const target = join(folder, "target");
  const damages: [string, RegExp][] = [
    [text.slice(0, -100), /runs.*\.json is damaged: not JSON: .*Remove it to have the run made again/],
    ["{}", /is damaged: not a result/],
    [text.replace('"finished"', '"diverged"'), /is damaged: its checksum does not fit/],
    [readFileSync(join(whole, "runs", runsIn(whole)[1]), "utf8"), /is damaged: it belongs to another run/],
  ];
  for (const [content, message] of damages) {
    writeFileSync(file, content);
    const { code, stderr } = await run("merge", target, whole, damaged);
    assert.is(code, 1);
    assert.match(stderr, message);
  }
  const cases: [string[], number, RegExp][] = [
    [
      ["merge", target, whole, other],
      1,
      /other and .*whole are different studies: seeds 1 and 2; schedules dog and cg-alr,/,
    ],
    [["merge", target, join(folder, "nowhere")], 1, /is no study: it has no study\.json/],
    [["merge", target], 2, /expected where to join folders/],
    [
      ["compare", "--config", config, "--out", whole, "--epochs", "4"],
      1,
      /different studies: epochs 3 and 4/,
    ],
    [["compare", "--config", config, "--out", damaged], 1, /is damaged: it belongs to another run/],
  ];
  for (const [args, code, message] of cases) {
    const result = await run(...args);
    assert.is(result.code, code, result.stderr);
    assert.match(result.stderr, message);
  }
  assert.not.ok(existsSync(target));
});

test("settings that cannot be: a clear message and a non-zero exit", async () => {
  const write = (name: string, content: string) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const cases: [string[], number, RegExp][] = [
    [["--data", "imagenet"], 2, /--data: unknown "imagenet"; there is mnist/],
    [["--schedules", "cg-alr,warp"], 2, /--schedules: unknown "warp"; there is cg-alr/],
    [["--schedules", "yoked"], 2, /yoked follows runs of cg-alr, which is not among the schedules/],
    [["--seeds", "0"], 2, /--seeds: expected a whole number of at least 1, got 0/],
    [["--rates", "0.1,fast"], 2, /--rates: expected positive numbers/],
    [["--validation", "12000"], 2, /leave nothing of 12000 training samples/],
    [["--tuning-seeds", "0"], 2, /choosing among several rates needs at least one tuning seed/],
    [["--index", "0"], 2, /share 0: of how many/],
    [["--of", "3"], 2, /--of: which share is meant/],
    [["--index", "3", "--of", "3"], 2, /--index: expected a whole number from 0 to 2, got "3"/],
    [["--data", "mnist,moons", "--data-dir", "x"], 2, /--data-dir is the folder of one data set/],
    [["--config", join(folder, "none.json")], 1, /there is no file .*none\.json/],
    [["--config", write("cut.json", '{"epochs":')], 1, /cut\.json is not JSON/],
    [["--config", write("list.json", "[]")], 1, /list\.json has to hold an object/],
    [["--config", write("key.json", '{"epoch":3}')], 1, /key\.json: unknown "epoch"; there is data/],
    [["--config", write("twice.json", '{"epochs":3,"epochs":4}')], 1, /duplicate key "epochs"/],
    [["--config", write("value.json", '{"epochs":"3"}')], 1, /value\.json: epochs: expected a whole number/],
    [["--data", "moons"], 1, /12000 training samples, 2000 of them held out, asked of moons, which has 2000/],
  ];
  for (const [i, [args, code, message]] of cases.entries()) {
    const result = await run("compare", ...args, "--out", join(folder, `bad${i}`));
    assert.is(result.code, code, `${args.join(" ")}: ${result.stderr}`);
    assert.match(result.stderr, message);
  }
});

test("help is help", async () => {
  for (const command of ["compare", "merge"]) {
    const { code, stdout } = await run(command, "--help");
    assert.is(code, 0);
    assert.match(stdout, new RegExp(`Usage: topograd ${command}`));
  }
});

test.run();
