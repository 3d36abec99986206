// Reduction of boundary matrices over Z/2.

import { kernels, memoryViews } from "../wasm";
import { withWorkspace } from "../workspace";
import { launch } from "./frame";

/** The result of {@link reduceBoundary}: pairs flat, or the first column whose boundary has a boundary. */
export type Reduction = { pairs: Int32Array; essential: Int32Array } | { invalid: number };

/** Reduces columns of ascending `rows`; column j is rows[starts[j]] to rows[starts[j + 1] - 1]. */
export function reduceBoundary(starts: Int32Array, rows: Int32Array): Reduction {
  const n = starts.length - 1;
  const k = kernels();
  return launch((frame) =>
    withWorkspace("reduceBoundary", Number.POSITIVE_INFINITY, (workspace) => {
      const [startsAt, rowsAt] = [frame.copyOf(starts), frame.copyOf(rows)];
      const state = workspace.allocate(k.reduction_state_bytes(n));
      const invalid = k.reduction_start(state, startsAt, rowsAt, n);
      if (invalid >= 0) return { invalid };
      workspace.run(state, () => k.reduction_run(state));
      const [pairsAt, essentialAt] = [frame.scratch(4 * n), frame.scratch(4 * n)];
      const count = k.reduction_pairs(pairsAt, essentialAt, state);
      const { i32 } = memoryViews();
      const numbers = (at: number, length: number) => i32.slice(at >>> 2, (at >>> 2) + length);
      return { pairs: numbers(pairsAt, 2 * count), essential: numbers(essentialAt, n - 2 * count) };
    }),
  );
}
