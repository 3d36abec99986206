// Persistent homology of Vietoris-Rips complexes over Z/2: kernels/rips.ts and its neighbours, run in slices.

import { type ArenaExports, type KernelHost, Status, Workspace } from "./workspace";

/** Options of {@link ripsPersistence}. */
export interface RipsOptions {
  /** Highest dimension of the homology. Default 1. */
  maxDim?: number;
  /**
   * Longest edge that enters; classes that live then are reported as living for ever. Default: the enclosing radius
   * min_i max_j D_ij, beyond which nothing changes.
   */
  threshold?: number;
  /** Also return a cocycle that represents each class of dimension 1 and above. Default false. */
  cocycles?: boolean;
  /** The most bytes of memory to use. Default: whatever the runtime allows. */
  maxBytes?: number;
  /** Called before the start and every few milliseconds; to stop, throw from it. */
  onProgress?: (progress: RipsProgress) => void;
}

/** What {@link RipsOptions.onProgress} is told. */
export interface RipsProgress {
  /** Dimension being computed; 1 includes 0. */
  dimension: number;
  /** Share of the edges that have been dealt with in it, from 0 to 1. */
  fraction: number;
  /** Bytes of memory taken so far. */
  bytes: number;
  /** Bytes that are needed whatever the data are like, {@link leastRipsBytes}; known at the first call. */
  leastBytes: number;
}

/** Persistence diagrams. */
export interface RipsPersistence {
  /** For each dimension [birth, death] pairs, flat; death may be Infinity. Bars of length 0 are left out. */
  diagrams: Float32Array[];
  /**
   * cocycles[d][k]: simplices of the cocycle of bar k in dimension d, d + 1 vertices each, flat. Its simplices of
   * length t at most represent the class at t, for every t between birth and death. cocycles[0] is empty.
   */
  cocycles?: Int32Array[][];
}

/** The kernels used here. */
export interface RipsExports extends ArenaExports {
  rips_check_f32(d: number, n: number): number;
  rips_enclosing_radius_f32(d: number, n: number): number;
  rips_edge_count_f32(d: number, n: number, threshold: number): number;
  rips_state_bytes(n: number, edges: number, maxDim: number): number;
  rips_start_f32(
    state: number,
    d: number,
    n: number,
    edges: number,
    threshold: number,
    maxDim: number,
    keepCocycles: number,
  ): void;
  rips_rank(state: number): number;
  rips_dense_start(state: number): number;
  rips_dense_run(state: number, slice: number): number;
  rips_dense_cocycles(out: number, state: number): void;
  rips_cohomology_fits(n: number, edges: number, dim: number): number | boolean;
  rips_cohomology_start(state: number, dim: number): number;
  rips_cohomology_run(state: number, slice: number): number;
  rips_cohomology_cocycles(out: number, state: number, dim: number): void;
  rips_bar_count(state: number, dim: number): number;
  rips_bars_f32(out: number, state: number, dim: number): void;
  rips_cocycle_sizes(out: number, state: number, dim: number): number;
}

/** Work between two calls of onProgress: edges, or coboundaries. */
const SLICE = 10000;
// Distances of more points do not fit into the memory.
const MAX_POINTS = 32767;

/**
 * Bytes that {@link ripsPersistence} takes for n points and that many edges up to the threshold, before what depends on
 * how many classes live at the same time: the distances, 20 bytes an edge, and from dimension 2 on a matrix of ranks.
 */
export function leastRipsBytes(n: number, edges = (n * (n - 1)) / 2, maxDim = 1): number {
  return 4 * n * n * (maxDim > 1 ? 2 : 1) + 20 * edges + Math.ceil(n / 128) * 16 * n;
}

/**
 * Persistent homology over Z/2, up to dimension `maxDim`, of the Vietoris-Rips filtration of distances D [n,n]: symmetric,
 * not negative, a zero diagonal; Infinity means that there is no edge.
 *
 * Dimensions 0 and 1 keep the living cocycles as bit vectors, in the order of the filtration; higher ones reduce implicit
 * coboundary columns (Bauer, "Ripser", 2021). Memory: leastRipsBytes, and what the classes that live at the same time
 * need. When `maxBytes` does not suffice, or the simplices cannot be numbered with 64 bits, a RangeError says so.
 */
export function ripsPersistence(
  host: KernelHost<RipsExports>,
  distances: Float32Array,
  options: RipsOptions = {},
): RipsPersistence {
  const { maxDim = 1, threshold, cocycles = false, maxBytes = Infinity, onProgress } = options;
  const n = Math.sqrt(distances.length);
  if (!Number.isInteger(n) || n > MAX_POINTS) {
    throw new RangeError(
      `ripsPersistence: expected n x n distances, n at most ${MAX_POINTS}, got ${distances.length}`,
    );
  }
  if (!Number.isInteger(maxDim) || maxDim < 0) {
    throw new RangeError(`ripsPersistence: maxDim must be an integer of at least 0, got ${maxDim}`);
  }
  if (threshold !== undefined && !(threshold >= 0)) {
    throw new RangeError(`ripsPersistence: threshold must be at least 0, got ${threshold}`);
  }
  const work = new Workspace("ripsPersistence", host, maxBytes);
  try {
    const d = work.copyIn(distances);
    const k = host.exports;
    const bad = k.rips_check_f32(d, n);
    if (bad >= 0) throw new RangeError(describeRow(distances, n, bad));
    const longest = threshold ?? k.rips_enclosing_radius_f32(d, n);
    const edges = k.rips_edge_count_f32(d, n, longest);
    const dims = Math.max(maxDim, 1);
    const leastBytes = leastRipsBytes(n, edges, maxDim);
    if (leastBytes > maxBytes) {
      throw new RangeError(
        `ripsPersistence: ${n} points with ${edges} edges need at least ${leastBytes} bytes; maxBytes is ${maxBytes}`,
      );
    }
    if (!k.rips_cohomology_fits(n, edges, maxDim)) {
      throw new RangeError(
        `ripsPersistence: the simplices of dimension ${maxDim + 1} on ${n} points cannot be numbered with 64 bits; ` +
          "lower maxDim or threshold",
      );
    }
    const state = work.alloc(k.rips_state_bytes(n, edges, dims));
    k.rips_start_f32(state, d, n, edges, longest, dims, cocycles ? 1 : 0);

    const report = (dimension: number, dealtWith: number) =>
      onProgress?.({ dimension, fraction: edges > 0 ? dealtWith / edges : 1, bytes: work.bytes, leastBytes });
    const slice = onProgress ? SLICE : 2 ** 30;
    report(1, 0);
    work.supply(state, () => k.rips_dense_start(state));
    while (work.supply(state, () => k.rips_dense_run(state, slice)) !== Status.Done)
      report(1, k.rips_rank(state));
    for (let dim = 2; dim <= maxDim; dim++) {
      work.supply(state, () => k.rips_cohomology_start(state, dim));
      while (work.supply(state, () => k.rips_cohomology_run(state, slice)) !== Status.Done) {
        report(dim, edges - k.rips_rank(state));
      }
    }
    report(dims, edges);
    const all = Array.from({ length: maxDim + 1 }, (_, dim) => dim);
    return {
      diagrams: all.map((dim) => readDiagram(work, state, dim)),
      ...(cocycles && { cocycles: all.map((dim) => (dim === 0 ? [] : readCocycles(work, state, dim))) }),
    };
  } finally {
    work.free();
  }
}

/** What is wrong with a row that the check rejected. */
function describeRow(distances: Float32Array, n: number, i: number): string {
  const at = (row: number, column: number) => distances[row * n + column];
  if (at(i, i) !== 0)
    return `ripsPersistence: the distance of point ${i} to itself must be 0, got ${at(i, i)}`;
  for (let j = 0; j < i; j++) {
    if (!(at(i, j) >= 0)) return `ripsPersistence: the distance of points ${i} and ${j} is ${at(i, j)}`;
    if (at(i, j) !== at(j, i)) {
      return `ripsPersistence: distances are not symmetric: ${at(i, j)} at [${i},${j}], ${at(j, i)} at [${j},${i}]`;
    }
  }
  return `ripsPersistence: row ${i} holds no distances`;
}

function readDiagram(work: Workspace<RipsExports>, state: number, dim: number): Float32Array {
  const { exports } = work.host;
  const count = exports.rips_bar_count(state, dim);
  const out = work.alloc(count * 8);
  exports.rips_bars_f32(out, state, dim);
  return work.readF32(out, 2 * count);
}

function readCocycles(work: Workspace<RipsExports>, state: number, dim: number): Int32Array[] {
  const { exports } = work.host;
  const count = exports.rips_bar_count(state, dim);
  const sizesAt = work.alloc(count * 4);
  const total = exports.rips_cocycle_sizes(sizesAt, state, dim);
  const sizes = work.readI32(sizesAt, count);
  const out = work.alloc(total * (dim + 1) * 4);
  if (dim === 1) exports.rips_dense_cocycles(out, state);
  else exports.rips_cohomology_cocycles(out, state, dim);
  const vertices = work.readI32(out, total * (dim + 1));
  let start = 0;
  return Array.from(sizes, (size) => {
    const end = start + size * (dim + 1);
    const cocycle = vertices.slice(start, end);
    start = end;
    return cocycle;
  });
}
