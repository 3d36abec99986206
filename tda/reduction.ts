// Persistent homology of a filtered complex that is given by its boundary matrix (kernels/reduction.ts).

import { type ArenaExports, type KernelHost, Workspace } from "./workspace";

/** Persistence pairs of a filtered complex. */
export interface BoundaryPairs {
  /** [birth, death] cells, ascending by birth. */
  pairs: [number, number][];
  /** Cells that are born and never die, ascending. */
  essential: number[];
}

/** The kernels used here. */
export interface ReductionExports extends ArenaExports {
  reduction_state_bytes(columns: number): number;
  reduction_check(starts: number, rows: number, columns: number): number;
  reduction_start(state: number, starts: number, rows: number, columns: number): number;
  reduction_run(state: number): number;
  reduction_pairs(pairs: number, essential: number, state: number): number;
}

/** -1, which no column may have, for what is no index. */
function toIndex(value: number): number {
  return Number.isInteger(value) ? value : -1;
}

/**
 * Persistent homology over Z/2 of any filtered complex. Cells are numbered in the order of the filtration; `columns[j]`
 * holds the facets of cell j, ascending and below j. Throws a RangeError for columns that are not, and for those whose
 * facets' boundaries do not cancel.
 */
export function reduceBoundary(
  host: KernelHost<ReductionExports>,
  columns: readonly ArrayLike<number>[],
  maxBytes = Infinity,
): BoundaryPairs {
  const count = columns.length;
  const starts = new Int32Array(count + 1);
  for (let j = 0; j < count; j++) starts[j + 1] = starts[j] + columns[j].length;
  const rows = new Int32Array(starts[count]);
  for (let j = 0; j < count; j++) rows.set(Array.from(columns[j], toIndex), starts[j]);

  const k = host.exports;
  const work = new Workspace("reduceBoundary", host, maxBytes);
  try {
    const startsAt = work.copyIn(starts);
    const rowsAt = work.copyIn(rows);
    const bad = k.reduction_check(startsAt, rowsAt, count);
    if (bad >= 0) {
      const column = Array.from(columns[bad]).join(", ");
      throw new RangeError(
        `reduceBoundary: column ${bad} must have ascending indices from 0 to ${bad - 1}, got [${column}]`,
      );
    }
    const state = work.alloc(k.reduction_state_bytes(count));
    const open = k.reduction_start(state, startsAt, rowsAt, count);
    if (open >= 0) {
      throw new RangeError(
        `reduceBoundary: the boundary of cell ${open} has a boundary, so this is no complex`,
      );
    }
    work.supply(state, () => k.reduction_run(state));
    const pairsAt = work.alloc(count * 4);
    const essentialAt = work.alloc(count * 4);
    const pairCount = k.reduction_pairs(pairsAt, essentialAt, state);
    const flat = work.readI32(pairsAt, 2 * pairCount);
    return {
      pairs: Array.from({ length: pairCount }, (_, i) => [flat[2 * i], flat[2 * i + 1]]),
      essential: Array.from(work.readI32(essentialAt, count - 2 * pairCount)),
    };
  } finally {
    work.free();
  }
}
