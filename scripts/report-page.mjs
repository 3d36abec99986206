// Bundles report/web into build/report-page.js: the script and the style of every report, as two texts.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const { outputFiles } = await build({
  entryPoints: ["report/web/main.ts", "report/web/theme.css"],
  outdir: "build",
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  // Every report is a copy of uPlot and has to carry its licence.
  banner: { js: `/* uPlot: ${readFileSync("node_modules/uplot/LICENSE", "utf8")}*/` },
  write: false,
  logLevel: "warning",
});
const text = (extension) => outputFiles.find(({ path }) => path.endsWith(extension)).text.trim();

mkdirSync("build", { recursive: true });
writeFileSync(
  "build/report-page.js",
  `export const script = ${JSON.stringify(text(".js"))};\nexport const style = ${JSON.stringify(text(".css"))};\n`,
);
writeFileSync(
  "build/report-page.d.ts",
  "export declare const script: string;\nexport declare const style: string;\n",
);
