// Builds everything below build/ and dist/: kernels by asc, one ES module per subpath by esbuild, declarations by tsc.
// The kernels are compiled only when something that they are made of has changed.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { build } from "esbuild";
import { licencesOf } from "./licences.mjs";

function run(bin, ...args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [bin, ...args], { stdio: "inherit" });
    child.on("error", reject);
    child.on("close", (status) =>
      status === 0 ? resolve() : reject(new Error(`${bin} ${args.join(" ")}: exit status ${status}`)),
    );
  });
}

function say(what) {
  console.error(`build: ${what}`);
}

const STAMP = "build/kernels.sha256";
const COMPILED = ["kernels.wasm", "kernels.relaxed.wasm", "kernels.d.ts"].map((file) => `build/${file}`);

async function buildKernels() {
  const hash = createHash("sha256");
  const sources = readdirSync("kernels", { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`)
    .sort();
  for (const file of [...sources, "asconfig.json", "node_modules/assemblyscript/package.json"]) {
    hash.update(`${file}\n`).update(readFileSync(file));
  }
  const digest = hash.digest("hex");
  const isCurrent = [STAMP, ...COMPILED].every(existsSync) && readFileSync(STAMP, "utf8") === digest;
  if (isCurrent) return say("the kernels are current");
  say("compiling the kernels to WebAssembly");
  rmSync(STAMP, { force: true });
  const asc = (target) =>
    run("node_modules/assemblyscript/bin/asc.js", "--config", "asconfig.json", "--target", target);
  await Promise.all(["release", "relaxed"].map(asc));
  writeFileSync(STAMP, digest);
}

const ENTRIES = {
  index: "index.ts",
  internal: "internal.ts",
  nn: "nn/index.ts",
  optim: "optim/index.ts",
  tda: "tda/index.ts",
  data: "data/index.ts",
  io: "io/index.ts",
  train: "train/index.ts",
  study: "study/index.ts",
  report: "report/index.ts",
  cli: "cli/index.ts",
  worker: "study/worker.ts",
};

async function bundle() {
  say("bundling the modules");
  const { metafile } = await build({
    entryPoints: ENTRIES,
    outdir: "dist",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "neutral",
    target: "es2022",
    mainFields: ["module", "main"],
    external: ["node:*"],
    loader: { ".wasm": "binary" },
    // Operations are registered by import; the annotation in package.json is for those who bundle dist/.
    ignoreAnnotations: true,
    chunkNames: "chunks/[name]-[hash]",
    sourcemap: true,
    metafile: true,
    logLevel: "warning",
  });
  writeFileSync("dist/LICENSES.txt", `${licencesOf(metafile)}\n`);
}

async function declare() {
  say("writing the declarations");
  await run("node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json");
  // Declarations as Node resolves modules: every relative import names its file. The kernels' types come from asc.
  const types = "dist/types";
  cpSync("build/kernels.d.ts", `${types}/build/kernels.d.ts`);
  for (const entry of readdirSync(types, { recursive: true })) {
    if (!entry.endsWith(".d.ts")) continue;
    const file = `${types}/${entry}`;
    const text = readFileSync(file, "utf8");
    writeFileSync(
      file,
      text.replace(/((?:from|import|module) |import\()"(\.[^"]*?)(?:\.js)?"/g, '$1"$2.js"'),
    );
  }
}

mkdirSync("build", { recursive: true });
rmSync("dist", { recursive: true, force: true });
await Promise.all([buildKernels(), run("scripts/report-page.mjs")]);
await Promise.all([bundle(), declare()]);
