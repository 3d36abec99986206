// Saved states that may come from anywhere, held against the state of what is to take them.

import { describe } from "../core/check";

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);

const kindOf = (value: unknown) =>
  Array.isArray(value)
    ? "an array"
    : isRecord(value)
      ? "a record"
      : ArrayBuffer.isView(value)
        ? "elements"
        : typeof value;

/**
 * Throws a TypeError where a saved state has not the records and kinds of values of this one. What either has as null is let
 * pass, and so is what lies in arrays: whoever takes it looks at it.
 */
export function checkAlike(operation: string, saved: unknown, own: unknown, path = "the state"): void {
  if (own === null || (saved === null && path !== "the state")) return;
  if (kindOf(saved) !== kindOf(own)) {
    throw new TypeError(`${operation}: ${path} must be ${kindOf(own)}, got ${describe(saved)}`);
  }
  if (!isRecord(saved) || !isRecord(own)) return;
  for (const name of Object.keys(own)) {
    if (!Object.hasOwn(saved, name)) throw new RangeError(`${operation}: ${path} has no "${name}"`);
    checkAlike(operation, saved[name], own[name], path === "the state" ? name : `${path}.${name}`);
  }
}
