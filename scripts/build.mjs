// Builds everything below build/ and dist/: kernels by asc, one ES module per subpath by esbuild, declarations by tsc.
import { execFileSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
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
