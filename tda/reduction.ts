// Persistent homology of any filtered complex, given by its boundary matrix.

import * as launch from "../backend/launch/reduction";
import { describe } from "../core/check";

/** Pairs of cells and cells without a partner, by their indices in the filtration. */
export interface BoundaryPersistence {
  /** The cell that a class is born with and the cell that ends it, ascending by birth. */
  pairs: [birth: number, death: number][];
  /** The cells whose classes never die, ascending. */
  essential: number[];
}

/**
 * Persistent homology over Z/2 of a filtered cell complex. `columns[j]` lists the cells on the boundary of cell j in
 * ascending order; they come before j in the filtration. A vertex has an empty column. Columns are reduced from the highest
 * dimension down, so that those known to be boundaries are passed over (Chen and Kerber 2011).
 *
 * Time O(n^3) for n cells at worst, mostly near the size of the input; memory 17 n bytes and the reduced columns.
 * Throws a RangeError that names the column unless the indices ascend, lie below the column's own, and boundaries have no
 * boundary.
 */
export function reduceBoundary(columns: readonly ArrayLike<number>[]): BoundaryPersistence {
  if (!Array.isArray(columns)) {
    throw new TypeError(`reduceBoundary: expected an array of columns, got ${describe(columns)}`);
  }
  const n = columns.length;
  const starts = new Int32Array(n + 1);
  for (let j = 0; j < n; j++) {
    requireColumn(columns[j], j);
    starts[j + 1] = starts[j] + columns[j].length;
  }
  const rows = new Int32Array(starts[n]);
  for (let j = 0; j < n; j++) rows.set(columns[j], starts[j]);
  const result = launch.reduceBoundary(starts, rows);
  if ("invalid" in result) {
    throw new RangeError(
      `reduceBoundary: the boundary of column ${result.invalid} has a boundary itself: no complex`,
    );
  }
  const { pairs, essential } = result;
  return {
    pairs: Array.from({ length: pairs.length / 2 }, (_, i) => [pairs[2 * i], pairs[2 * i + 1]]),
    essential: [...essential],
  };
}

function requireColumn(column: ArrayLike<number>, j: number): void {
  if (!Array.isArray(column) && !ArrayBuffer.isView(column)) {
    throw new TypeError(`reduceBoundary: column ${j}: expected an array of indices, got ${describe(column)}`);
  }
  let last = -1;
  for (let i = 0; i < column.length; i++) {
    const row = column[i];
    if (!Number.isInteger(row) || row < 0 || row >= j) {
      throw new RangeError(
        `reduceBoundary: column ${j}: expected indices of earlier columns, got ${describe(row)}`,
      );
    }
    if (row <= last)
      throw new RangeError(`reduceBoundary: column ${j}: ${row} comes after ${last}; indices ascend`);
    last = row;
  }
}
