// Checks of arguments: every public entry passes them. A message says what was called, what it got and what it expects.

import { FreedTensorError, formatShape } from "./errors";
import type { Shape } from "./shape";
import { Tensor } from "./tensor";

/** Sizes, counts and offsets reach the kernels as signed 32-bit integers. */
export const MAX_INTEGER = 2 ** 31 - 1;

/** How a message calls a value that is not what was expected. */
export function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  if (typeof value === "string") return value.length > 40 ? `"${value.slice(0, 40)}..."` : `"${value}"`;
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return "a function";
  if (typeof value === "symbol") return "a symbol";
  if (value instanceof Tensor) return `a tensor of ${value.dtype} ${formatShape(value.extents)}`;
  if (Array.isArray(value)) {
    const numbers = value.length <= 8 && value.every((item) => typeof item === "number");
    if (numbers) return `[${value.join(",")}]`;
    return value.some(Array.isArray) ? "a nested array" : `an array of ${value.length}`;
  }
  if (ArrayBuffer.isView(value)) return "a typed array";
  if (value instanceof Promise) return "a promise";
  return "an object";
}

/** Throws unless `value` is a living tensor; every operation calls it on its operands. */
export function checkTensor(operation: string, value: unknown, name = ""): asserts value is Tensor {
  const what = name === "" ? "" : `${name}: `;
  if (!(value instanceof Tensor)) {
    const array = Array.isArray(value) || ArrayBuffer.isView(value) || typeof value === "number";
    const foreign = typeof value === "object" && value !== null && "handle" in value && "dtype" in value;
    const hint = array
      ? ": wrap it in tensor()"
      : foreign
        ? " that comes from another copy of topograd: load the package once"
        : "";
    throw new TypeError(`${operation}: ${what}expected a Tensor, got ${describe(value)}${hint}`);
  }
  if (value.handle.freed !== null) {
    throw new FreedTensorError(
      `${operation}: ${what}a tensor of shape ${formatShape(value.extents)} was freed ${value.handle.freed}. ` +
        "Call keep() on a tensor that must live longer",
    );
  }
}

/** True for integers of 0 or more. */
export const isCount = (n: unknown) => Number.isInteger(n) && (n as number) >= 0;

/** The range of a number. `above` and `below` exclude the bound itself. */
export interface Bounds {
  atLeast?: number;
  above?: number;
  atMost?: number;
  below?: number;
}

function withinBounds(value: number, { atLeast, above, atMost, below }: Bounds): boolean {
  return (
    (atLeast === undefined || value >= atLeast) &&
    (above === undefined || value > above) &&
    (atMost === undefined || value <= atMost) &&
    (below === undefined || value < below)
  );
}

function describeBounds({ atLeast, above, atMost, below }: Bounds): string {
  const parts = [
    atLeast === undefined ? "" : `at least ${atLeast}`,
    above === undefined ? "" : `above ${above}`,
    atMost === undefined ? "" : `at most ${atMost}`,
    below === undefined ? "" : `below ${below}`,
  ].filter((part) => part !== "");
  return parts.length === 0 ? "" : ` ${parts.join(" and ").replace(/^at/, "of at")}`;
}

/** "lie in [0, 1)" where there is a bound on either side. */
function describeInterval({ atLeast, above, atMost, below }: Bounds): string | null {
  const [low, high] = [atLeast ?? above, atMost ?? below];
  if (low === undefined || high === undefined) return null;
  return `lie in ${above === undefined ? "[" : "("}${low}, ${high}${below === undefined ? "]" : ")"}`;
}

/** Throws unless the value is an integer within the bounds and within 32 bits. `name` is the argument's or option's. */
export function checkInteger(
  operation: string,
  name: string,
  value: unknown,
  bounds: Bounds = {},
): asserts value is number {
  const fits = typeof value === "number" && Number.isInteger(value) && Math.abs(value) <= MAX_INTEGER;
  if (fits && withinBounds(value, bounds)) return;
  const large = typeof value === "number" && Number.isInteger(value) && withinBounds(value, bounds);
  const positive = bounds.atLeast === 1 && bounds.atMost === undefined;
  const kind = large
    ? `an integer of at most ${MAX_INTEGER}`
    : positive
      ? "a positive integer"
      : `an integer${describeBounds(bounds)}`;
  const failure = `${operation}: ${name} must be ${kind}, got ${describe(value)}`;
  throw typeof value === "number" ? new RangeError(failure) : new TypeError(failure);
}

/** Throws unless the value is a finite number within the bounds. `name` is the argument's or option's. */
export function checkNumber(
  operation: string,
  name: string,
  value: unknown,
  bounds: Bounds = {},
): asserts value is number {
  if (typeof value === "number" && Number.isFinite(value) && withinBounds(value, bounds)) return;
  const range = describeInterval(bounds) ?? `be a finite number${describeBounds(bounds)}`;
  const failure = `${operation}: ${name} must ${range}, got ${describe(value)}`;
  throw typeof value === "number" ? new RangeError(failure) : new TypeError(failure);
}

/** Throws unless the value is a string. */
export function checkString(operation: string, name: string, value: unknown): asserts value is string {
  if (typeof value === "string") return;
  throw new TypeError(`${operation}: ${name} must be a string, got ${describe(value)}`);
}

/** Throws unless the value is one of the choices. */
export function checkChoice<T extends string>(
  operation: string,
  name: string,
  value: unknown,
  choices: readonly T[],
): asserts value is T {
  if (choices.includes(value as T)) return;
  const list = choices.map((choice) => `"${choice}"`);
  const either = list.length > 1 ? `${list.slice(0, -1).join(", ")} or ${list[list.length - 1]}` : list[0];
  const failure = `${operation}: ${name} must be ${either}, got ${describe(value)}`;
  throw typeof value === "string" ? new RangeError(failure) : new TypeError(failure);
}

/** Throws unless the value is true or false. */
export function checkBoolean(operation: string, name: string, value: unknown): asserts value is boolean {
  if (typeof value === "boolean") return;
  throw new TypeError(`${operation}: ${name} must be true or false, got ${describe(value)}`);
}

/** Throws unless the value is a function. */
export function checkFunction(operation: string, name: string, value: unknown): void {
  if (typeof value === "function") return;
  throw new TypeError(`${operation}: ${name} must be a function, got ${describe(value)}`);
}

/** Letters alone, so that weight_decay is recognised as weightDecay. */
const lettersOf = (name: string) => name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");

/** Throws unless `options` is an object that has no names but the known ones. */
export function checkOptions(operation: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new TypeError(`${operation}: options must be an object, got ${describe(options)}`);
  }
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const meant = known.find((name) => lettersOf(name) === lettersOf(unknown));
  const hint =
    meant !== undefined
      ? `; do you mean ${meant}?`
      : known.length > 0
        ? `; known options: ${known.join(", ")}`
        : "; there are none";
  throw new TypeError(`${operation}: unknown option "${unknown}"${hint}`);
}

/** Throws unless the tensor holds int32 labels of that many classes. */
export function checkLabels(operation: string, labels: Tensor, classes: number): void {
  if (labels.dtype !== "int32") {
    throw new TypeError(`${operation}: labels must be int32, got ${labels.dtype}; use astype("int32")`);
  }
  const wrong = labels.toInt32Array().find((label) => label < 0 || label >= classes);
  if (wrong !== undefined) {
    throw new RangeError(`${operation}: label ${wrong} is out of range for ${classes} classes`);
  }
}

/** A copy of a shape as a caller gave it: an array of integers of 0 or more. */
export function checkShape(operation: string, shape: unknown): number[] {
  if (!Array.isArray(shape)) {
    const hint = typeof shape === "number" ? `; do you mean [${shape}]?` : "";
    throw new TypeError(`${operation}: a shape is an array of integers, got ${describe(shape)}${hint}`);
  }
  if (!shape.every(isCount)) {
    throw new RangeError(`${operation}: a shape holds non-negative integers, got ${describe(shape)}`);
  }
  if (!shape.every((extent) => extent <= MAX_INTEGER)) {
    throw new RangeError(`${operation}: an extent is at most ${MAX_INTEGER}, got ${describe(shape)}`);
  }
  return [...shape];
}

/** The axis as 0..ndim-1; negative axes count from the end. */
export function normalizeAxis(operation: string, axis: number, shape: Shape): number {
  const ndim = shape.length;
  if (!Number.isInteger(axis)) {
    throw new TypeError(
      `${operation}: axis must be an integer, got ${describe(axis)}, for shape ${formatShape(shape)}`,
    );
  }
  if (axis < -ndim || axis >= ndim) {
    const range = ndim === 0 ? "a scalar has no axes" : `expected ${-ndim}..${ndim - 1}`;
    throw new RangeError(
      `${operation}: axis ${axis} is out of range for shape ${formatShape(shape)}: ${range}`,
    );
  }
  return axis < 0 ? axis + ndim : axis;
}

/** Several axes, ascending; all of them when none is given. */
export function normalizeAxes(
  operation: string,
  axes: number | readonly number[] | undefined,
  shape: Shape,
): number[] {
  if (axes === undefined) return shape.map((_, d) => d);
  if (typeof axes !== "number" && !Array.isArray(axes)) {
    throw new TypeError(`${operation}: axes are a number or an array of numbers, got ${describe(axes)}`);
  }
  const list = (typeof axes === "number" ? [axes] : axes).map((axis: number) =>
    normalizeAxis(operation, axis, shape),
  );
  if (new Set(list).size !== list.length) {
    throw new RangeError(
      `${operation}: an axis appears twice in ${describe(axes)} for shape ${formatShape(shape)}`,
    );
  }
  return list.sort((a, b) => a - b);
}
