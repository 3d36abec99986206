// Tables of comma-separated values (RFC 4180).

import { checkOptions, describe } from "../core/check";
import { DataError, type Tensor, tensor } from "../core/index";
import { TensorDataset } from "./dataset";
import { readBytes } from "./files";

/** Options of {@link csv}. */
export interface CsvOptions {
  /** The column of labels or targets, by name or by index; negative indices count from the end. Default -1, the last. */
  label?: string | number;
  /**
   * The first row names the columns. Default: it does when one of its inputs is no number, when its label is the only one that is
   * none, or when it numbers its inputs from 0 and its label never comes again.
   */
  header?: boolean;
}

/** What csv() returns. */
export interface CsvData {
  /** x [N, columns - 1] float32; y as {@link csv} says. */
  dataset: TensorDataset;
  /** Names of the columns of x, or their indices in the file when it has no header. */
  columns: string[];
  /** The text of each class when labels are text, else empty. */
  classes: string[];
}

interface Row {
  /** Of the file, from 1. */
  line: number;
  cells: string[];
}

/** Larger whole numbers are not exact in float32: they are no labels. */
const MAX_CLASS = 2 ** 24;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/**
 * Reads a table of numbers with a column of labels.
 *
 * Labels that are whole numbers from 0 become y [N] int32 as they are; text becomes int32 classes in the order of its
 * code units, whatever the order of the rows; other numbers become targets y [N,1] float32. Anything else, such as an
 * empty cell among the numbers, is a DataError that names line and column.
 * @param source a path, or the text itself when it has a line break.
 */
export async function csv(source: string, options: CsvOptions = {}): Promise<CsvData> {
  checkOptions("csv", options, ["label", "header"]);
  if (typeof source !== "string") {
    throw new TypeError(`csv: expected a path or text, got ${describe(source)}`);
  }
  const isText = /[\r\n]/.test(source);
  const name = isText ? "csv" : source;
  const text = isText ? source : new TextDecoder().decode(await readBytes(source));
  const rows = await parseRows(text, name);
  if (rows.length === 0) throw new DataError(`${name}: no rows`);
  const width = rows[0].cells.length;
  if (width < 2) throw new DataError(`${name}: needs a column of labels and at least one of numbers`);
  for (const { line, cells } of rows) {
    if (cells.length !== width) {
      throw new DataError(`${name}: line ${line} has ${cells.length} cells, expected ${width}`);
    }
  }

  const { label = -1 } = options;
  const header = options.header ?? (typeof label === "string" || looksLikeHeader(rows, label));
  const names = header ? (rows.shift() as Row).cells : rows[0].cells.map((_, column) => String(column));
  const target = labelColumn(label, header ? names : [], width, name);
  if (rows.length === 0) throw new DataError(`${name}: no rows below the header`);

  const columns = names.filter((_, column) => column !== target);
  const x = new Float32Array(rows.length * (width - 1));
  let at = 0;
  for (const row of rows) {
    for (const [column, cell] of row.cells.entries()) {
      if (column !== target) x[at++] = parseNumber(cell, row.line, names[column], name);
    }
  }
  const { y, classes } = parseLabels(rows, target, names[target], name);
  return { dataset: new TensorDataset(tensor(x, { shape: [rows.length, width - 1] }), y), columns, classes };
}

/** Rows that are not blank. */
async function parseRows(text: string, name: string): Promise<Row[]> {
  // Loaded only where it is needed.
  const { CsvError, parse } = await import("csv-parse/browser/esm/sync");
  try {
    const parsed = parse(text, {
      bom: true,
      info: true,
      record_delimiter: ["\r\n", "\n", "\r"],
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
    }) as unknown as { record: string[]; info: { lines: number } }[];
    // It tells the last line of a row. Its types do not follow the option info.
    return parsed.map(({ record, info }) => ({ line: info.lines - lineBreaks(record), cells: record }));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new DataError(`${name}: line ${error.lines}: a quote is out of place or never closed`);
  }
}

/** Line breaks within quotes. */
function lineBreaks(cells: readonly string[]): number {
  return cells.reduce((count, cell) => count + (cell.match(/\r\n|\r|\n/g)?.length ?? 0), 0);
}

/** True when the first row names the columns; see CsvOptions. */
function looksLikeHeader([{ cells }, ...below]: readonly Row[], label: number): boolean {
  const target = label < 0 ? label + cells.length : label;
  const inputs = cells.filter((_, column) => column !== target);
  if (inputs.some((cell) => !NUMBER.test(cell))) return true;
  if (below.length === 0 || target >= cells.length || NUMBER.test(cells[target])) return false;
  const others = below.map((row) => row.cells[target]);
  const numbered = inputs.length > 1 && inputs.every((cell, i) => cell === String(i));
  return others.every((cell) => NUMBER.test(cell)) || (numbered && !others.includes(cells[target]));
}

/** The index of the column of labels. */
function labelColumn(label: string | number, names: readonly string[], width: number, name: string): number {
  if (typeof label === "number") {
    if (Number.isInteger(label) && label >= -width && label < width) return label < 0 ? label + width : label;
    throw new RangeError(`${name}: label column ${label} is not one of ${width} columns`);
  }
  const found = names.indexOf(label);
  if (found < 0 || names.indexOf(label, found + 1) >= 0) {
    const state = found < 0 ? "no column" : "more than one column";
    throw new RangeError(
      `${name}: ${state} is named "${label}"; there is ${names.join(", ") || "no header"}`,
    );
  }
  return found;
}

function parseNumber(cell: string, line: number, column: string, name: string): number {
  const value = NUMBER.test(cell) ? Math.fround(Number(cell)) : Number.NaN;
  if (!Number.isFinite(value)) {
    throw new DataError(
      `${name}: line ${line}, column ${column}: expected a finite float32 number, got "${cell}"`,
    );
  }
  return value;
}

/** The column of labels as classes or targets. */
function parseLabels(
  rows: readonly Row[],
  target: number,
  column: string,
  name: string,
): { y: Tensor; classes: string[] } {
  const labels = rows.map(({ cells }) => cells[target]);
  const missing = labels.indexOf("");
  if (missing >= 0) {
    throw new DataError(`${name}: line ${rows[missing].line}, column ${column}: the label is missing`);
  }
  if (!labels.every((label) => NUMBER.test(label))) {
    const classes = [...new Set(labels)].sort();
    const indices = new Map(classes.map((label, i) => [label, i]));
    return { y: tensor(Int32Array.from(labels, (label) => indices.get(label) as number)), classes };
  }
  const values = labels.map((label, i) => parseNumber(label, rows[i].line, column, name));
  const isClass = (value: number) => Number.isInteger(value) && value >= 0 && value <= MAX_CLASS;
  return values.every(isClass)
    ? { y: tensor(Int32Array.from(values)), classes: [] }
    : { y: tensor(Float32Array.from(values), { shape: [values.length, 1] }), classes: [] };
}
