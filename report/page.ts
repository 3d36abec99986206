// Reports as HTML: one file that loads nothing. Its script is report/web, bundled by scripts/report-page.mjs.
// Host-neutral: data in, text out.

import { script, style } from "../build/report-page.js";
import type { RunData } from "../runs/run";
import type { StudySummary } from "../study/summary";
import { reportRun } from "./columns";

const escapeHtml = (text: string) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

/**
 * A page that draws some data.
 * @param kind what the data are; the page's script looks for an element of this id.
 */
function htmlPage(title: string, kind: "runs" | "study", data: unknown): string {
  // "<" is escaped inside JSON, so no string of the data can end the script element.
  const json = JSON.stringify(data).replace(/</g, "\\u003c");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="topograd">
<title>${escapeHtml(title)} · topograd</title>
<style>${style}</style>
</head>
<body>
<noscript>This report draws its charts with JavaScript, which is off.</noscript>
<script type="application/json" id="${kind}">${json}</script>
<script>${script}</script>
</body>
</html>
`;
}

/**
 * The report as one self-contained HTML text: of one run, or the comparison of several.
 *
 * @param runs parsed run folders, at least one.
 * @throws RangeError without a run.
 */
export function renderReport(runs: readonly RunData[]): string {
  if (runs.length === 0) throw new RangeError("renderReport: expected at least one run");
  const title = runs.length === 1 ? runs[0].name : `Comparison of ${runs.length} runs`;
  return htmlPage(title, "runs", runs.map(reportRun));
}

/** The report of a study as one self-contained HTML text. */
export function renderStudy(summary: StudySummary): string {
  const parts = summary.parts.map(({ data, model }) => `${data} ${model}`);
  return htmlPage(`Study: ${parts.join(", ")}`, "study", summary);
}
