// The built package: entries, one core, no side effects on import.

import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as root from "topograd";
import * as data from "topograd/data";
import * as io from "topograd/io";
import * as nn from "topograd/nn";
import * as optim from "topograd/optim";
import * as report from "topograd/report";
import * as study from "topograd/study";
import * as tda from "topograd/tda";
import * as train from "topograd/train";
import { test } from "uvu";
import * as assert from "uvu/assert";

test("importing takes no memory", () => {
  assert.is(root.runtime().tensorsInUse, 0);
});

test("subpaths and the root share one core", () => {
  const subpaths = { data, io, nn, optim, tda, train };
  for (const [name, module] of Object.entries(subpaths)) {
    const whole = (root as unknown as Record<string, object>)[name];
    assert.equal(Object.keys(module).sort(), Object.keys(whole).sort());
  }
  assert.is(nn.Linear, root.nn.Linear);
  assert.instance(new nn.Linear(2, 2).weight, root.Tensor);
});

test("studies and reports are subpaths of their own, beside the root", () => {
  assert.type(study.summariseStudy, "function");
  assert.type(report.renderReport, "function");
  assert.not("study" in root || "report" in root);
});

/** The files that an entry loads at once, by following its static imports, and what they import from outside. */
function loadedWith(entry: string): { files: Set<string>; outside: Set<string> } {
  const [files, outside] = [new Set<string>(), new Set<string>()];
  const visit = (file: string): void => {
    if (files.has(file)) return;
    files.add(file);
    const imports = readFileSync(file, "utf8").matchAll(
      /^\s*(?:import|export)\s+(?:[^"();]*?from\s+)?"([^"]+)"/gm,
    );
    for (const [, name] of imports) {
      if (name.startsWith(".")) visit(join(dirname(file), name));
      else outside.add(name);
    }
  };
  visit(entry);
  return { files, outside };
}

test("what browsers load imports nothing of Node's", () => {
  for (const name of ["index", "nn", "optim", "tda", "data", "io", "train", "report"]) {
    const { files, outside } = loadedWith(`dist/${name}.js`);
    assert.ok(files.size > 1, name);
    assert.equal([...outside], [], name);
  }
});

test("where there is no file system, files say so, and bytes go", () => {
  const program =
    'process.getBuiltinModule = undefined; const { io } = await import("./dist/index.js");' +
    "console.log(io.decodeCheckpoint(io.encodeCheckpoint([1])).length);" +
    'try { io.saveCheckpoint("x", [1]); } catch (error) { console.log(error.name, error.message); }';
  const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    encoding: "utf8",
  });
  assert.match(
    stdout,
    /^1\nDataError files can be read and written in Node \(20\.16 and newer\), Deno and Bun only/,
  );
});

test("the kernels are embedded once", () => {
  const chunks = readdirSync("dist", { recursive: true })
    .map(String)
    .filter((file) => file.endsWith(".js"));
  const holding = chunks.filter((file) => readFileSync(`dist/${file}`, "utf8").includes("__toBinary("));
  assert.is(holding.length, 1);
});

test("configure before the first tensor; afterwards it is too late", async () => {
  // runtime() above has started the kernels.
  assert.throws(() => root.configure({ maxMemory: 2 ** 31 }), /before the first tensor/);
});

test("a strict consumer compiles against the declarations, as Node and as bundlers resolve them", () => {
  const source = `import { nn, optim, scope, tensor, type Tensor } from "topograd";
import { ConnectomeTracker } from "topograd/tda";
const model = new nn.Sequential(new nn.Linear(2, 3), new nn.ReLU(), new nn.Linear(3, 2));
const out: Tensor = model.forward(tensor([[1, 2]])).softmax(-1).T;
export const value: number = scope(() => out.sum().item());
export const tracker = new ConnectomeTracker(model, { probe: out });
export const optimizer = new optim.Adam(model.parameters(), { lr: 0.1 });
// @ts-expect-error a tensor has no such method
out.nothing();
`;
  writeFileSync("build/consumer.ts", source);
  for (const [module, resolution] of [
    ["nodenext", "nodenext"],
    ["esnext", "bundler"],
  ]) {
    const options = `--noEmit --strict --target es2022 --lib es2022,dom,esnext.disposable --types node`;
    const { status, stdout } = spawnSync(
      process.execPath,
      [
        "node_modules/typescript/bin/tsc",
        ...options.split(" "),
        "--ignoreConfig",
        ...["--module", module, "--moduleResolution", resolution, "build/consumer.ts"],
      ],
      { encoding: "utf8" },
    );
    assert.is(status, 0, stdout);
  }
});

test("every public name of the contract is there", () => {
  const names =
    "tensor zeros ones full eye arange linspace rand randn zerosLike concat stack where scope noGrad manualSeed " +
    "configure runtime gradcheck nn optim tda data io train";
  assert.equal(
    names.split(" ").filter((name) => !(name in root)),
    [],
  );
});

test.run();
