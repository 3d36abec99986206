// The HTML of every report: one file that loads nothing. Its script is web/report, bundled by scripts/report-page.mjs.

import { script, style } from "../build/report-page.js";

const escapeHtml = (text: string) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

/**
 * A page that draws some data.
 * @param kind what the data are; the page's script looks for an element of this id.
 */
export function htmlPage(title: string, kind: "runs" | "study", data: unknown): string {
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
