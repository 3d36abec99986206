// Files of distances or points, as `topograd tda` reads them.

import { DataError, type Tensor, tensor } from "../core/index";
import { euclideanDistances } from "../tda/index";

/**
 * "distance": a symmetric matrix, a row a line. "points": the coordinates of a point a line. "lower-distance": what
 * Ripser reads, the distances below the diagonal, row after row, however they are broken into lines.
 */
export const FORMATS = ["distance", "points", "lower-distance"] as const;
export type Format = (typeof FORMATS)[number];

/** A file that was understood. */
export interface DistanceFile {
  format: Format;
  /** Distances [n,n]. */
  distances: Tensor;
  /** What was read, in words. */
  about: string;
}

interface Row {
  /** Of the file, from 1. */
  line: number;
  values: number[];
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const INFINITE = /^\+?inf(inity)?$/i;

/** A cell as messages show it. */
const quote = (cell: string) => JSON.stringify(cell.length > 20 ? `${cell.slice(0, 20)}…` : cell);

/** Cells separated by commas, semicolons or white space; a separator may also end the line. */
function cellsOf(line: string): string[] {
  const separator = /[,;]/.exec(line)?.[0];
  if (separator === undefined) return line.split(/\s+/);
  const cells = line.split(separator).map((cell) => cell.trim());
  if (cells.at(-1) === "") cells.pop();
  return cells;
}

function parseCell(cell: string, place: string): number {
  if (INFINITE.test(cell)) return Number.POSITIVE_INFINITY;
  const value = NUMBER.test(cell) ? Math.fround(Number(cell)) : Number.NaN;
  if (!Number.isFinite(value)) {
    throw new DataError(`${place}: expected a number that float32 can hold, got ${quote(cell)}`);
  }
  return value;
}

/** Lines with numbers; blank ones, those that begin with #, and a first one of names alone are passed over. */
function parseRows(text: string, name: string): Row[] {
  const lines = text.replace(/^\ufeff/, "").split(/\r\n|\r|\n/);
  const rows = lines
    .map((content, i) => ({ line: i + 1, content: content.trim() }))
    .filter(({ content }) => content !== "" && !content.startsWith("#"))
    .map(({ line, content }) => ({ line, cells: cellsOf(content) }));
  const isNumber = (cell: string) => NUMBER.test(cell) || INFINITE.test(cell);
  if (rows.length > 1 && rows[0].cells.every((cell) => /^"?[a-z_]/i.test(cell) && !isNumber(cell)))
    rows.shift();
  if (rows.length === 0) throw new DataError(`${name}: no numbers`);
  return rows.map(({ line, cells }) => ({
    line,
    values: cells.map((cell, column) => parseCell(cell, `${name}: line ${line}, column ${column + 1}`)),
  }));
}

const isTriangular = (rows: readonly Row[]) => rows.every(({ values }, i) => values.length === i + 1);

function isDistanceMatrix(rows: readonly Row[]): boolean {
  const n = rows.length;
  return rows.every(
    ({ values }, i) =>
      values.length === n && values[i] === 0 && values.every((value, j) => value === rows[j].values[i]),
  );
}

/** What the numbers look like: triangular rows, a symmetric matrix with a zero diagonal, or else points. */
function guessFormat(rows: readonly Row[]): Format {
  if (isDistanceMatrix(rows)) return "distance";
  return isTriangular(rows) ? "lower-distance" : "points";
}

function requireWidth(rows: readonly Row[], width: number, why: string, name: string): void {
  for (const { line, values } of rows) {
    if (values.length !== width) {
      const numbers = values.length === 1 ? "1 number" : `${values.length} numbers`;
      throw new DataError(`${name}: line ${line} has ${numbers}, expected ${width}, ${why}`);
    }
  }
}

function requireNoNegative(rows: readonly Row[], name: string): void {
  for (const { line, values } of rows) {
    const column = values.findIndex((value) => value < 0);
    if (column >= 0) {
      throw new DataError(
        `${name}: line ${line}, column ${column + 1}: a distance is negative: ${values[column]}`,
      );
    }
  }
}

function readDistances(rows: readonly Row[], name: string): Tensor {
  const n = rows.length;
  requireWidth(rows, n, `as there are ${n} rows`, name);
  requireNoNegative(rows, name);
  for (const [i, { line, values }] of rows.entries()) {
    if (values[i] !== 0) {
      throw new DataError(
        `${name}: line ${line}, column ${i + 1}: the distance of a point from itself is ${values[i]}, not 0`,
      );
    }
    const j = values.findIndex((value, column) => value !== rows[column].values[i]);
    if (j >= 0) {
      throw new DataError(
        `${name}: line ${line}, column ${j + 1}: ${values[j]} is ${rows[j].values[i]} in line ${rows[j].line}, ` +
          `column ${i + 1}: distances are symmetric`,
      );
    }
  }
  return tensor(Float32Array.from(rows.flatMap(({ values }) => values)), { shape: [n, n] });
}

function readPoints(rows: readonly Row[], name: string): { points: Tensor; dimensions: number } {
  const dimensions = rows[0].values.length;
  requireWidth(rows, dimensions, `as line ${rows[0].line} has`, name);
  for (const { line, values } of rows) {
    const column = values.indexOf(Number.POSITIVE_INFINITY);
    if (column >= 0)
      throw new DataError(`${name}: line ${line}, column ${column + 1}: a point is infinitely far`);
  }
  const flat = Float32Array.from(rows.flatMap(({ values }) => values));
  return { points: tensor(flat, { shape: [rows.length, dimensions] }), dimensions };
}

function readLowerDistances(rows: readonly Row[], name: string): Tensor {
  requireNoNegative(rows, name);
  const values = rows.flatMap((row) => row.values);
  const n = Math.floor((1 + Math.sqrt(1 + 8 * values.length)) / 2);
  if ((n * (n - 1)) / 2 !== values.length) {
    const [less, more] = [(n * (n - 1)) / 2, (n * (n + 1)) / 2];
    throw new DataError(
      `${name}: line ${rows.at(-1)?.line}: the file ends after ${values.length} distances; ` +
        `${n} points have ${less}, ${n + 1} have ${more}`,
    );
  }
  const matrix = new Float32Array(n * n);
  let next = 0;
  for (let i = 1; i < n; i++) {
    for (let j = 0; j < i; j++) matrix[i * n + j] = matrix[j * n + i] = values[next++];
  }
  return tensor(matrix, { shape: [n, n] });
}

/**
 * Reads distances, or points and the Euclidean distances between them, from the text of a file.
 *
 * @param name what errors call the file.
 * @param format guessed when it is left out.
 * @throws DataError with the number of the line for whatever is not as the format has it.
 */
export function readDistanceFile(text: string, name: string, format?: Format): DistanceFile {
  const rows = parseRows(text, name);
  const chosen = format ?? guessFormat(rows);
  if (chosen === "points") {
    const { points, dimensions } = readPoints(rows, name);
    const about = `${rows.length} points in ${dimensions} dimension${dimensions === 1 ? "" : "s"}`;
    return { format: chosen, distances: euclideanDistances(points), about };
  }
  const distances = chosen === "distance" ? readDistances(rows, name) : readLowerDistances(rows, name);
  const matrix = chosen === "distance" ? "distance matrix" : "lower triangle of the distance matrix";
  return { format: chosen, distances, about: `the ${matrix} of ${distances.shape[0]} points` };
}
