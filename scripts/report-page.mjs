// Bundles report/web into build/report-page.js: the script and the style of every report, as two texts.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { build } from "esbuild";
import { licencesOf } from "./licences.mjs";

/** Its colour tables are made by plain calls; marked as pure, those that no report shows are left out. */
const pureTables = {
  name: "pure tables",
  setup({ onLoad }) {
    onLoad({ filter: /d3-scale-chromatic\.mjs$/ }, ({ path }) => ({
      contents: readFileSync(path, "utf8")
        .replace(/^(var \S+ = )(?=colors\(|ramp|new |cubehelix|interpolate)/gm, "$1/* @__PURE__ */ ")
        .replaceAll("(colors(", "(/* @__PURE__ */ colors("),
    }));
  },
};

const { outputFiles, metafile } = await build({
  entryPoints: ["report/web/main.ts", "report/web/theme.css"],
  outdir: "build",
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  plugins: [pureTables],
  metafile: true,
  write: false,
  logLevel: "warning",
});
const text = (extension) => outputFiles.find(({ path }) => path.endsWith(extension)).text.trim();
// Every report is a copy of the libraries in it and has to carry their licences.
const script = `/* ${licencesOf(metafile)} */\n${text(".js")}`;

mkdirSync("build", { recursive: true });
writeFileSync(
  "build/report-page.js",
  `export const script = ${JSON.stringify(script)};\nexport const style = ${JSON.stringify(text(".css"))};\n`,
);
writeFileSync(
  "build/report-page.d.ts",
  "export declare const script: string;\nexport declare const style: string;\n",
);
