// Walks the outer dimensions of a plan: a table in memory with, for each dimension (outermost first), its size and
// two strides in elements, each an i32, followed by one i32 counter a dimension. The innermost dimension is the
// caller's own loop.

/** Bytes of one dimension's entry in a plan. */
export const PLAN_ENTRY: usize = 12;

@inline
function counters(plan: usize, rank: i32): usize {
  return plan + <usize>rank * PLAN_ENTRY;
}

export namespace Odometer {
  /** Zeroes the counters and returns the number of rows, the product of the outer sizes. */
  export function start(plan: usize, rank: i32): i32 {
    let rows = 1;
    for (let d = 0; d < rank - 1; d++) {
      rows *= load<i32>(plan + <usize>d * PLAN_ENTRY);
      store<i32>(counters(plan, rank) + (<usize>d << 2), 0);
    }
    return rows;
  }

  /** Steps to the next row. Returns the dimension that moved on; those further in went back to 0. */
  export function advance(plan: usize, rank: i32): i32 {
    let d = rank - 2;
    while (d >= 0) {
      const counter = counters(plan, rank) + (<usize>d << 2);
      const next = load<i32>(counter) + 1;
      if (next < load<i32>(plan + <usize>d * PLAN_ENTRY)) {
        store<i32>(counter, next);
        return d;
      }
      store<i32>(counter, 0);
      d--;
    }
    return d;
  }

  /** By how many bytes an operand moves in that step; `field` is 4 for the first stride and 8 for the second. */
  export function offset(plan: usize, rank: i32, moved: i32, field: usize): usize {
    let delta = 0;
    for (let d = rank - 2; d > moved; d--) {
      const entry = plan + <usize>d * PLAN_ENTRY;
      delta -= (load<i32>(entry) - 1) * load<i32>(entry + field);
    }
    if (moved >= 0) delta += load<i32>(plan + <usize>moved * PLAN_ENTRY + field);
    return <usize>(delta << 2);
  }
}
