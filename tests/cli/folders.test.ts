// Folders of runs and studies: nothing there is lost, and nobody writes where another does.

import { type ChildProcess, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { io, nn, tensor } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { start as startAnywhere } from "./process";

const folder = mkdtempSync(join(tmpdir(), "topograd-folders-"));
test.after(() => rmSync(folder, { recursive: true }));
const cli = resolve("dist/cli.js");

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], {
    cwd: folder,
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

const moons = ["train", "--data", "moons", "--epochs", "2", "--quiet"];
const dirs = () => readdirSync(join(folder, "runs")).sort();

const start = (...args: string[]) => startAnywhere(args, { cwd: folder });

/** Waits for what a process is to write. */
async function appears(path: string, child: ChildProcess): Promise<void> {
  while (!existsSync(path)) {
    assert.is(child.exitCode, null, `it ended without ${path}`);
    await new Promise((wake) => setTimeout(wake, 10));
  }
}

test("the default name tells data, model, schedule, optimizer, rate and seed, and is numbered", () => {
  const given: string[][] = [
    [],
    [],
    ["--lr", "0.01"],
    ["--lr", "1e-2"],
    ["--lr", "1000"],
    ["--optimizer", "adam"],
    ["--seed", "7"],
  ];
  for (const options of given) run(...moons, ...options);
  assert.equal(dirs(), [
    "moons-mlp-cg-alr-adam-seed1",
    "moons-mlp-cg-alr-sgd-lr0.01-seed1",
    "moons-mlp-cg-alr-sgd-lr0.01-seed1-2",
    "moons-mlp-cg-alr-sgd-lr1000-seed1",
    "moons-mlp-cg-alr-sgd-seed1",
    "moons-mlp-cg-alr-sgd-seed1-2",
    "moons-mlp-cg-alr-sgd-seed7",
  ]);
});

test("--resume without a folder goes on with the last of the name", () => {
  const count = dirs().length;
  const { status, stdout } = run(...moons.slice(0, 3), "--epochs", "3", "--resume");
  assert.is(status, 0);
  assert.match(stdout, /report: .*moons-mlp-cg-alr-sgd-seed1-2.report\.html/);
  assert.is(dirs().length, count);
  assert.is(
    JSON.parse(readFileSync(join(folder, "runs", "moons-mlp-cg-alr-sgd-seed1-2", "config.json"), "utf8"))
      .epochs,
    3,
  );
});

test("a folder that holds a run is refused, resumed or overwritten as it is said", () => {
  const out = join(folder, "held");
  assert.is(run(...moons, "--out", out, "--momentum", "0.5").status, 0);
  const cases: [string[], number, RegExp][] = [
    [
      moons,
      2,
      /held holds another run: choose another folder, or give --resume to go on with it or --overwrite/,
    ],
    [[...moons, "--resume", "--overwrite"], 2, /--resume goes on with a run, --overwrite removes it/],
    [
      ["train", "--resume", "--epochs", "1", "--lr", "0.2", "--momentum", "0.9", "--augment"],
      2,
      /--momentum 0\.9 \(the run has 0\.5\), --epochs 1 \(the run has 2\), --augment true \(the run has false\)|--lr 0\.2 \(the run has none\)/,
    ],
  ];
  const before = readFileSync(join(out, "metrics.jsonl"), "utf8");
  for (const [args, code, message] of cases) {
    const { status, stderr } = run(...args, "--out", out);
    assert.is(status, code);
    assert.match(stderr, message);
    assert.is(readFileSync(join(out, "metrics.jsonl"), "utf8"), before);
  }
  assert.match(run("train", "--resume", "--out", out).stdout, /is finished/);
  assert.is(run(...moons, "--overwrite", "--seed", "9", "--out", out).status, 0);
  assert.is(JSON.parse(readFileSync(join(out, "config.json"), "utf8")).seed, 9);
  writeFileSync(join(out, "config.json"), "{}");
  assert.match(
    run("train", "--resume", "--out", out).stderr,
    /cannot be resumed: its config\.json does not say/,
  );
});

test("a second process on a run or a study is told who has it", async () => {
  const out = join(folder, "busy");
  const first = start("train", "--data", "moons", "--epochs", "100000", "--quiet", "--out", out);
  await appears(join(out, "metrics.jsonl"), first.child);
  for (const option of ["--resume", "--overwrite"]) {
    const { status, stderr } = run("train", "--data", "moons", "--epochs", "100000", option, "--out", out);
    assert.is(status, 1);
    assert.match(
      stderr,
      new RegExp(`busy is in use by process ${first.child.pid} on .* since .*remove .*lock\\.json`),
    );
  }
  first.child.kill("SIGINT");
  first.child.kill("SIGINT");
  const { code, stderr } = await first.ended;
  assert.is(code, 130, stderr);
  assert.not.ok(existsSync(join(out, "lock.json")));
  assert.ok(readdirSync(join(out, "checkpoints")).length > 0);

  const study = join(folder, "study");
  const options = [
    "--data",
    "moons",
    "--schedules",
    "constant",
    "--train-samples",
    "300",
    "--validation",
    "100",
    "--epochs",
    "200",
    "--rates",
    "0.1",
    "--seeds",
    "40",
    "--jobs",
    "1",
  ];
  const comparing = start("compare", ...options, "--out", study);
  await appears(join(study, "lock.json"), comparing.child);
  const second = run("compare", ...options, "--out", study);
  assert.match(second.stderr, new RegExp(`study is in use by process ${comparing.child.pid}`));
  comparing.child.kill("SIGKILL");
  await comparing.ended;
  // It goes on although the lock of the process that was killed is there; a new run tells that it is under way.
  const results = () => readdirSync(join(study, "runs")).filter((name) => name.endsWith(".json")).length;
  const before = results();
  const merged = start("compare", ...options, "--out", study);
  while (results() === before) {
    assert.is(merged.child.exitCode, null);
    await new Promise((wake) => setTimeout(wake, 10));
  }
  merged.child.kill("SIGINT");
  assert.match((await merged.ended).stderr, /interrupted: \d+ of 40 runs are done/);
});

test("places that cannot be written: the message names the file, the checkpoint before stays, nothing half is left", () => {
  const file = join(folder, "file");
  writeFileSync(file, "");
  assert.match(
    run(...moons, "--out", join(file, "run")).stderr,
    /cannot write .*run: a part of its path is a file/,
  );
  assert.match(
    run(...moons, "--out", file).stderr,
    /cannot write .*file: there is a file where a folder should be/,
  );
  const study = [
    "--data",
    "moons",
    "--schedules",
    "constant",
    "--seeds",
    "1",
    "--rates",
    "0.1",
    "--train-samples",
    "300",
    "--validation",
    "100",
  ];
  assert.match(
    run("compare", ...study, "--out", join(file, "study")).stderr,
    /cannot write .*: a part of its path is a file/,
  );

  // A limit on the size of files stands in for a full disk.
  const out = join(folder, "full");
  run("train", "--data", "moons", "--epochs", "2", "--quiet", "--out", out);
  const checkpoints = readdirSync(join(out, "checkpoints"));
  const largest = Math.max(...checkpoints.map((name) => statSync(join(out, "checkpoints", name)).size));
  const limited = spawnSync(
    "bash",
    [
      "-c",
      `trap '' XFSZ; ulimit -f ${Math.floor(largest / 1024) - 8}; exec "$@"`,
      "bash",
      process.execPath,
      cli,
    ].concat(["train", "--resume", "--epochs", "4", "--quiet", "--out", out]),
    { cwd: folder, encoding: "utf8" },
  );
  assert.is(limited.status, 1);
  assert.match(
    limited.stderr,
    /cannot write .*step-000000048\.ckpt: it would be larger than files may be here/,
  );
  assert.equal(readdirSync(join(out, "checkpoints")), checkpoints);
  assert.is(run("train", "--resume", "--epochs", "4", "--quiet", "--out", out).status, 0);
  const whole = join(folder, "never full");
  mkdirSync(whole);
  run("train", "--data", "moons", "--epochs", "4", "--quiet", "--out", whole);
  const weights = [out, whole].map((path) => readFileSync(join(path, "weights.safetensors")));
  assert.ok(weights[0].equals(weights[1]));
});

test("a damaged newest checkpoint is told, and the run goes on from the one before it", () => {
  const [out, whole] = [join(folder, "cut"), join(folder, "never full")];
  run("train", "--data", "moons", "--epochs", "3", "--quiet", "--out", out);
  const newest = join(out, "checkpoints", readdirSync(join(out, "checkpoints")).sort().pop() as string);
  writeFileSync(newest, readFileSync(newest).subarray(0, 5000));
  const { status, stderr } = run("train", "--resume", "--epochs", "4", "--quiet", "--out", out);
  assert.is(status, 0, stderr);
  assert.match(stderr, /step-000000048\.ckpt: checkpoint: it is damaged.*an older checkpoint is used/);
  const weights = [out, whole].map((path) => readFileSync(join(path, "weights.safetensors")));
  assert.ok(weights[0].equals(weights[1]));
});

test("topograd export: the network and the connectomes for other tools", () => {
  const out = join(folder, "exported");
  run(...moons, "--out", join(folder, "to export"));
  const { status, stdout, stderr } = run("export", join(folder, "to export"), "--out", out);
  assert.is(status, 0, stderr);
  assert.match(stdout, /model\.onnx: the network.*\n.*connectomes\.npz: .*\n.*connectome\.graphml: /);
  const model = io.importOnnx(readFileSync(join(out, "model.onnx")));
  const { tensors } = io.readSafetensors(join(folder, "to export", "weights.safetensors"));
  const own = nn.mlp([2, 64, 32, 2]);
  own.loadStateDict(tensors);
  const x = tensor([[0.3, -0.2]]);
  const off = model.forward(x).sub(own.forward(x)).abs().max().item();
  assert.ok(off < 1e-6, String(off));
  assert.match(readFileSync(join(out, "connectome.graphml"), "utf8"), /<node id="n95"><data key="layer">3</);
  assert.match(run("export", folder).stderr, /is no run/);
  assert.is(run("export").status, 2);
});

test("--on-nan rollback: the run goes on with half the rate", () => {
  const args = [
    "train",
    "--data",
    "moons",
    "--epochs",
    "3",
    "--lr",
    "1e5",
    "--momentum",
    "0.99",
    "--schedule",
    "constant",
  ];
  const out = join(folder, "rollback");
  const { status, stderr } = run(...args, "--on-nan", "rollback", "--rollbacks", "60", "--out", out);
  assert.is(status, 0, stderr);
  assert.match(stderr, /training diverged at step \d+: .*Going back to step 0, with the rate 5\.00e\+4/);
  const lines = readFileSync(join(out, "metrics.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.ok(lines.some(({ type }) => type === "rollback"));
  assert.match(
    readFileSync(join(out, "report.html"), "utf8"),
    /Diverged at step \d+; went on from step 0 with the rate/,
  );
  assert.is(
    run(...args, "--on-nan", "rollback", "--rollbacks", "1", "--out", join(folder, "once")).status,
    1,
  );
});

test.run();
