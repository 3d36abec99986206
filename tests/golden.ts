// Reads the golden values: made with independent tools in float64, rounded to nine digits (tests/fixtures/README.md).

import { readFileSync } from "node:fs";

export function golden<T>(file: string): T {
  return JSON.parse(readFileSync(new URL(`./fixtures/${file}`, import.meta.url), "utf8")) as T;
}

/** Evaluates the arrow function of a case with the given names in sight. */
export function evaluateJs<T>(js: string, names: Record<string, unknown>): T {
  return new Function(...Object.keys(names), `return (${js})`)(...Object.values(names)) as T;
}
