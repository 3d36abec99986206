// The page of a report: one run, or several compared; and the frame of every page.

import type { ReportRun } from "../columns";
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

/** What every page has around its sections; null stands for a section that is left out. */
export function pageFrame(frame: {
  title: string;
  pill?: HTMLElement;
  summary: string;
  notes: readonly HTMLElement[];
  content: readonly (HTMLElement | null)[];
  /** Ids of the sections that the bar at the top leads to; default all. */
  linked?: readonly string[];
  version: string;
}): HTMLElement {
  const content = frame.content.filter((part) => part !== null);
  const links = content
    .filter(({ id }) => frame.linked?.includes(id) ?? id !== "")
    .map((part) => element("a", { href: `#${part.id}` }, part.querySelector("h2")!.textContent));
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
        element("h1", {}, frame.title, frame.pill),
        element("p", {}, frame.summary),
      ),
      ...frame.notes,
      ...content,
    ),
    element(
      "footer",
      {},
      `Made by topograd ${frame.version}. Charts share one cursor: point at one, or focus it and use the arrow keys; drag to zoom, double-click to see all again.`,
    ),
  );
}

/** The page for one run, or the comparison of several. */
export function reportPage(runs: readonly ReportRun[]): HTMLElement {
  const single = runs.length === 1;
  return pageFrame({
    title: single ? runs[0].name : `Comparison of ${runs.length} runs`,
    pill: single ? statusPill(runs[0]) : undefined,
    summary: single ? runSummary(runs[0]) : runs.map(({ name }) => name).join(" · "),
    notes: notes(runs),
    content: single ? runPage(runs[0]) : comparisonPage(runs),
    version: String(runs[0].config.topograd ?? ""),
  });
}
