// Builds everything below build/ and dist/: kernels by asc, one ES module per subpath by esbuild, declarations by tsc.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const run = (bin, ...args) => execFileSync(process.execPath, [bin, ...args], { stdio: "inherit" });

rmSync("build", { recursive: true, force: true });
rmSync("dist", { recursive: true, force: true });
for (const target of ["release", "relaxed"]) {
  run("node_modules/assemblyscript/bin/asc.js", "--config", "asconfig.json", "--target", target);
}
run("scripts/report-page.mjs");

const entries = {
  index: "index.ts",
  internal: "internal.ts",
  nn: "nn/index.ts",
  optim: "optim/index.ts",
  tda: "tda/index.ts",
  data: "data/index.ts",
  io: "io/index.ts",
  train: "train/index.ts",
  report: "report/index.ts",
  cli: "cli/index.ts",
  worker: "cli/worker.ts",
};
await build({
  entryPoints: Object.fromEntries(Object.entries(entries).filter(([, file]) => existsSync(file))),
  outdir: "dist",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "neutral",
  target: "es2022",
  mainFields: ["module", "main"],
  external: ["node:*"],
  loader: { ".wasm": "binary" },
  // core/methods.ts is imported for its effect; the annotation in package.json is for those who bundle dist/.
  ignoreAnnotations: true,
  chunkNames: "chunks/[name]-[hash]",
  sourcemap: true,
  logLevel: "warning",
});
run("node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json");

// Declarations as Node resolves modules: every relative import names its file. The kernels' types come from asc.
const types = "dist/types";
cpSync("build/kernels.d.ts", `${types}/build/kernels.d.ts`);
for (const entry of readdirSync(types, { recursive: true })) {
  if (!entry.endsWith(".d.ts")) continue;
  const file = `${types}/${entry}`;
  const text = readFileSync(file, "utf8");
  writeFileSync(file, text.replace(/((?:from|import|module) |import\()"(\.[^"]*?)(?:\.js)?"/g, '$1"$2.js"'));
}
