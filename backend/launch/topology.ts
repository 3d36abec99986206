// Correlations, connectomes, the homology of weighted graphs, distances between points.

import { Storage } from "../storage";
import { targetOf, type View } from "../view";
import { kernels, memoryViews } from "../wasm";
import { launch } from "./frame";

/** out [P,P] = Pearson correlation of the columns of x [N,P]. Returns the first column that is not finite, or -1. */
export function correlation(out: View, x: View): number {
  const [n, p] = x.extents;
  const k = kernels();
  return launch((frame) =>
    k.correlation_f32(
      targetOf(out, "float32"),
      frame.dense(x),
      n,
      p,
      frame.scratch(k.correlation_scratch_bytes(n, p)),
    ),
  );
}

/** The sums that correlations of P columns are made of, over rows that come in batches. Release them in the end. */
export class CorrelationSums {
  private readonly storage: Storage;

  constructor(private readonly p: number) {
    const bytes = kernels().correlation_state_bytes(p);
    this.storage = new Storage(bytes);
    memoryViews().u8.fill(0, this.storage.ptr, this.storage.ptr + bytes);
  }

  /** Takes in the rows of x [n,P]. */
  add(x: View): void {
    const k = kernels();
    launch((frame) =>
      k.correlation_update_f32(
        this.storage.ptr,
        frame.dense(x),
        x.extents[0],
        this.p,
        frame.scratch(k.correlation_update_scratch_bytes(this.p)),
      ),
    );
  }

  /** out [P,P] = the correlations. Returns the first column that is not finite, or -1. */
  finish(out: View): number {
    return kernels().correlation_finish_f32(targetOf(out, "float32"), this.storage.ptr, this.p);
  }

  release(): void {
    this.storage.release();
  }
}

/** out [P,P] = |rho| within [0, 1], with a zero diagonal. */
export function connectome(out: View, rho: View): void {
  launch((frame) => kernels().connectome_f32(targetOf(out, "float32"), frame.dense(rho), rho.extents[0]));
}

/**
 * Fills in the births [P - 1] and deaths of the complete graph with weights m [P,P]. Returns the first row with a weight that is
 * not finite, or -1.
 */
export function graphPersistence(births: Float32Array, deaths: Float32Array, m: View): number {
  const [p] = m.extents;
  const k = kernels();
  return launch((frame) => {
    const [birthsAt, deathsAt] = [frame.scratch(births.byteLength), frame.scratch(deaths.byteLength)];
    const scratch = frame.scratch(k.graph_persistence_scratch_bytes(p));
    const bad = k.graph_persistence_f32(birthsAt, deathsAt, frame.dense(m), p, scratch);
    const { f32 } = memoryViews();
    births.set(f32.subarray(birthsAt >>> 2, (birthsAt >>> 2) + births.length));
    deaths.set(f32.subarray(deathsAt >>> 2, (deathsAt >>> 2) + deaths.length));
    return bad;
  });
}

/** out [n,n] = Euclidean distances between the rows of points [n,d]. */
export function euclideanDistances(out: View, points: View): void {
  const [n, d] = points.extents;
  launch((frame) => kernels().euclidean_distances_f32(targetOf(out, "float32"), frame.dense(points), n, d));
}
