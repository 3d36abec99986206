// The page of a report: one run, or several compared.

import type { ReportRun } from "../../train/report";
import { comparisonPage } from "./comparison-page";
import { element } from "./dom";
import { statusPill } from "./figures";
import { runPage, runSummary } from "./run-page";
import { themeToggle } from "./theme";

const notes = (runs: readonly ReportRun[]) =>
  runs.flatMap((run) =>
    run.notes.map((note) =>
      element("p", { class: "note", role: "note" }, runs.length > 1 ? `${run.name}: ${note}` : note),
    ),
  );

/** The page for one run, or the comparison of several. */
export function reportPage(runs: readonly ReportRun[]): HTMLElement {
  const single = runs.length === 1;
  const content = (single ? runPage(runs[0]) : comparisonPage(runs)).filter((part) => part !== null);
  const links = content
    .filter((part) => part.id !== "")
    .map((part) => element("a", { href: `#${part.id}` }, part.querySelector("h2")!.textContent));
  const version = String(runs[0].config.topograd ?? "");
  return element(
    "div",
    { class: "page" },
    element(
      "header",
      { class: "bar" },
      element("span", { class: "brand" }, "topograd"),
      element("nav", { "aria-label": "Sections" }, ...links),
      themeToggle(),
    ),
    element(
      "main",
      {},
      element(
        "div",
        { class: "title" },
        element(
          "h1",
          {},
          single ? runs[0].name : `Comparison of ${runs.length} runs`,
          single && statusPill(runs[0]),
        ),
        element("p", {}, single ? runSummary(runs[0]) : runs.map(({ name }) => name).join(" · ")),
      ),
      ...notes(runs),
      ...content,
    ),
    element(
      "footer",
      {},
      `Made by topograd ${version}. Charts share one cursor: point at one, or focus it and use the arrow keys; drag to zoom, double-click to see all again.`,
    ),
  );
}
