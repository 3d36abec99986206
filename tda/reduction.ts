// Persistent homology of any filtered complex, given by its boundary matrix.

import { withScratch } from "../backend/storage";
import { kernels, memoryViews } from "../backend/wasm";
import { withWorkspace } from "./workspace";

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
  const n = columns.length;
  const starts = new Int32Array(n + 1);
  for (let j = 0; j < n; j++) {
    requireColumn(columns[j], j);
    starts[j + 1] = starts[j] + columns[j].length;
  }
  const rows = new Int32Array(starts[n]);
  for (let j = 0; j < n; j++) rows.set(columns[j], starts[j]);
  const k = kernels();
  return withWorkspace("reduceBoundary", Number.POSITIVE_INFINITY, (workspace) => {
    const startsAt = workspace.allocate(starts.byteLength);
    const rowsAt = workspace.allocate(rows.byteLength);
    const state = workspace.allocate(k.reduction_state_bytes(n));
    const { i32 } = memoryViews();
    i32.set(starts, startsAt >>> 2);
    i32.set(rows, rowsAt >>> 2);
    const bad = k.reduction_start(state, startsAt, rowsAt, n);
    if (bad >= 0) {
      throw new RangeError(`reduceBoundary: the boundary of column ${bad} has a boundary itself: no complex`);
    }
    workspace.run(state, () => k.reduction_run(state));
    return readPairs(state, n);
  });
}

function requireColumn(column: ArrayLike<number>, j: number): void {
  let last = -1;
  for (let i = 0; i < column.length; i++) {
    const row = column[i];
    if (!Number.isInteger(row) || row < 0 || row >= j) {
      throw new RangeError(`reduceBoundary: column ${j}: expected indices of earlier columns, got ${row}`);
    }
    if (row <= last)
      throw new RangeError(`reduceBoundary: column ${j}: ${row} comes after ${last}; indices ascend`);
    last = row;
  }
}

function readPairs(state: number, n: number): BoundaryPersistence {
  return withScratch(4 * n, (pairsAt) =>
    withScratch(4 * n, (essentialAt) => {
      const count = kernels().reduction_pairs(pairsAt, essentialAt, state);
      const { i32 } = memoryViews();
      const [pairs, essential] = [pairsAt >>> 2, essentialAt >>> 2];
      return {
        pairs: Array.from({ length: count }, (_, i) => [i32[pairs + 2 * i], i32[pairs + 2 * i + 1]]),
        essential: [...i32.subarray(essential, essential + n - 2 * count)],
      };
    }),
  );
}
