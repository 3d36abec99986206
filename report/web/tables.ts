// Figures and tables.

import { element } from "./dom";

type Cell = string | Node;

/** A table whose first column names the rows. It scrolls sideways where it is too wide. */
export function table(head: readonly Cell[], rows: readonly (readonly Cell[])[]): HTMLElement {
  const line = (cells: readonly Cell[], scope: "col" | "row") =>
    element(
      "tr",
      {},
      ...cells.map((cell, i) =>
        scope === "col" || i === 0 ? element("th", { scope }, cell) : element("td", {}, cell),
      ),
    );
  return element(
    "div",
    { class: "table" },
    element(
      "table",
      {},
      element("thead", {}, line(head, "col")),
      element("tbody", {}, ...rows.map((row) => line(row, "row"))),
    ),
  );
}

/** One headline figure: what it is, the figure, and what stands behind it. */
export interface Headline {
  label: string;
  value: string;
  detail?: string;
}

/** Headline figures in a row. */
export function headlines(figures: readonly Headline[]): HTMLElement {
  return element(
    "dl",
    { class: "headlines" },
    ...figures.map(({ label, value, detail }) =>
      element(
        "div",
        {},
        element("dt", {}, label),
        element("dd", {}, value),
        detail !== undefined && element("dd", { class: "detail" }, detail),
      ),
    ),
  );
}

/** Names and values under a title. */
export function definitions(title: string, entries: readonly (readonly [string, Cell])[]): HTMLElement {
  return element(
    "section",
    { class: "card definitions" },
    element("h3", {}, title),
    element(
      "dl",
      {},
      ...entries.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]),
    ),
  );
}
