// The README's programs run as pasted, and its commands exist.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";

const readme = readFileSync("README.md", "utf8");

test("the quick start learns the moons", () => {
  const programs = [...readme.matchAll(/```js\n([\s\S]*?)```/g)].map(([, program]) => program);
  assert.is(programs.length, 1);
  // Within the package, so that "topograd" is the package itself.
  writeFileSync("build/readme.mjs", programs[0]);
  const output = execFileSync(process.execPath, ["build/readme.mjs"], { encoding: "utf8" });
  const accuracy = /accuracy ([\d.]+) %/.exec(output)?.[1];
  assert.ok(Number(accuracy) > 95, output);
});

test("the programs of docs/saving.md run", () => {
  const text = readFileSync("docs/saving.md", "utf8");
  const programs = [...text.matchAll(/```js\n([\s\S]*?)```/g)].map(([, program]) => program);
  assert.is(programs.length, 2);
  for (const program of programs) {
    rmSync("build/saving", { recursive: true, force: true });
    mkdirSync("build/saving", { recursive: true });
    writeFileSync("build/saving/program.mjs", program);
    execFileSync(process.execPath, ["program.mjs"], { cwd: "build/saving" });
  }
});

test("every npm script and command that is named exists", () => {
  const { scripts } = JSON.parse(readFileSync("package.json", "utf8"));
  for (const [, name] of readme.matchAll(/npm (?:run )?(start|test|bench|coverage)\b/g))
    assert.ok(scripts[name]);
  for (const [, command] of readme.matchAll(/topograd (train|report|export|tda|info)\b/g)) {
    const { status } = spawnSync(process.execPath, ["dist/cli.js", command, "--help"]);
    assert.is(status, 0);
  }
});

test("every file that is linked is there", () => {
  for (const file of ["README.md", "SECURITY.md", "docs/saving.md"]) {
    for (const [, path] of readFileSync(file, "utf8").matchAll(/\]\((?!https?:)([^)#]+)\)/g)) {
      readFileSync(join(dirname(file), path));
    }
  }
});

test("docs/catalogue.md is what the catalogues say", () => {
  const printed = execFileSync(process.execPath, ["scripts/catalogue.mjs"], { encoding: "utf8" });
  assert.is(readFileSync("docs/catalogue.md", "utf8"), printed, "npm run docs writes it");
});

test.run();
