// Tables of comma-separated values (RFC 4180).

import { DataError, type Tensor, tensor } from "../core/index";
import { TensorDataset } from "./dataset";
import { readBytes } from "./files";

/** Options of {@link csv}. */
export interface CsvOptions {
  /** The column of labels or targets, by name or by index; negative indices count from the end. Default -1, the last. */
  label?: string | number;
  /** The first row names the columns. Default: it does when one of its inputs is no number. */
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
  const isText = /[\r\n]/.test(source);
  const name = isText ? "csv" : source;
  const text = isText ? source : new TextDecoder().decode(await readBytes(source));
  const rows = parseRows(text, name);
  if (rows.length === 0) throw new DataError(`${name}: no rows`);
  const width = rows[0].cells.length;
  if (width < 2) throw new DataError(`${name}: needs a column of labels and at least one of numbers`);
  for (const { line, cells } of rows) {
    if (cells.length !== width) {
      throw new DataError(`${name}: line ${line} has ${cells.length} cells, expected ${width}`);
    }
  }

  const { label = -1 } = options;
  const header = options.header ?? (typeof label === "string" || looksLikeHeader(rows[0], label));
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

/** A cell, quoted or plain, and what ends it. */
const CELL = /(?:"([^"]*(?:""[^"]*)*)"|([^",\r\n]*))(,|\r\n|\r|\n|$)/y;

/** Rows that are not blank. */
function parseRows(text: string, name: string): Row[] {
  const rows: Row[] = [];
  let line = 1;
  let row: Row = { line, cells: [] };
  CELL.lastIndex = text.startsWith("\ufeff") ? 1 : 0;
  let end = "";
  do {
    const cell = CELL.exec(text);
    if (cell === null) throw new DataError(`${name}: line ${line}: a quote is out of place or never closed`);
    const [, quoted, plain] = cell;
    end = cell[3];
    row.cells.push(quoted === undefined ? plain.trim() : quoted.replaceAll('""', '"'));
    if (quoted !== undefined) line += quoted.match(/\r\n|\r|\n/g)?.length ?? 0;
    if (end === ",") continue;
    if (row.cells.length > 1 || row.cells[0] !== "") rows.push(row);
    line++;
    row = { line, cells: [] };
  } while (end === "," || CELL.lastIndex < text.length);
  return rows;
}

/** True when an input of this row is no number. */
function looksLikeHeader({ cells }: Row, label: number): boolean {
  const target = label < 0 ? label + cells.length : label;
  return cells.some((cell, column) => column !== target && !NUMBER.test(cell));
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
