// Persistent homology of the Vietoris-Rips filtration of a distance matrix.

import { withScratch } from "../backend/storage";
import { kernels, memoryViews } from "../backend/wasm";
import { checkTensor } from "../core/check";
import { contiguous, toFloat32 } from "../core/compute";
import { formatShape, NonFiniteError } from "../core/errors";
import type { Tensor } from "../core/index";
import { withWorkspace } from "./workspace";

/** Options of {@link ripsPersistence}. */
export interface RipsOptions {
  /** Highest dimension, at least 0. Default 1. */
  maxDim?: number;
  /**
   * Longest edge of the filtration. Default: the enclosing radius, the least distance within which one point has all
   * others; nothing is born or dies beyond it. A lower one leaves classes that die later with an infinite death.
   */
  threshold?: number;
  /** Also return a representative cocycle of each bar. Default false. */
  cocycles?: boolean;
  /** Called before the start, now and then while it runs, and at the end. To stop it, throw an error. */
  onProgress?: (progress: RipsProgress) => void;
  /** The most bytes to work with, besides the distances and the results. Default: as much as the memory can grow to. */
  maxMemory?: number;
}

/** How far the computation is. */
export interface RipsProgress {
  /** The dimension that is being computed; 0 is computed with 1. */
  dim: number;
  /** Edges of the filtration that have been dealt with in this dimension. */
  done: number;
  /** All of them. */
  total: number;
  /** Bytes in use; in the first call, what is needed at least. */
  bytes: number;
}

/** Persistence diagrams, one for each dimension. */
export interface RipsPersistence {
  /** `diagrams[d]`: [birth, death] pairs of dimension d. A death may be Infinity. */
  diagrams: Float32Array[];
  /**
   * `cocycles[d][k]`: the simplices of a cocycle of the k-th bar of dimension d, d + 1 vertices each. Those no longer than
   * t represent the class at t, for t from birth to death. Empty for d = 0.
   */
  cocycles?: Int32Array[][];
}

/** Edges or coboundaries between two calls of onProgress. */
const SLICE = 1024;

/**
 * Vietoris-Rips persistent homology over Z/2 of n points with distances D [n,n]. A simplex enters with its longest edge;
 * bars of length 0 are left out; classes that never die have death Infinity. An infinite distance is no edge.
 *
 * Dimensions 0 and 1 keep a cocycle of every living class as rows of bits (de Silva, Morozov, Vejdemo-Johansson 2011):
 * O(n^2) edges, and for each the rows of the classes it ends. Every further dimension d reduces coboundaries of the up to
 * n^(d+1) simplices (Bauer, "Ripser", 2021). Memory in dimensions 0 and 1 is 20 bytes an edge and n / 8 bytes for each
 * vertex of each living cocycle; beyond, it grows with the simplices that are in no apparent pair.
 *
 * Throws a RangeError that names the entry unless D is square and symmetric with a zero diagonal and no negative entry, a
 * NonFiniteError for NaN, and an OutOfMemoryError with the bytes needed when `maxMemory` is reached.
 */
export function ripsPersistence(distances: Tensor, options: RipsOptions = {}): RipsPersistence {
  const { maxDim = 1, threshold = Number.POSITIVE_INFINITY, cocycles = false, onProgress } = options;
  const { maxMemory = Number.POSITIVE_INFINITY } = options;
  checkTensor("ripsPersistence", distances);
  const n = requireSquare(distances);
  if (!Number.isInteger(maxDim) || maxDim < 0) {
    throw new RangeError(`ripsPersistence: maxDim must be a whole number of at least 0, got ${maxDim}`);
  }
  if (!(threshold >= 0)) {
    throw new RangeError(`ripsPersistence: threshold must be a number of at least 0, got ${threshold}`);
  }
  if (!(maxMemory > 0)) {
    throw new RangeError(`ripsPersistence: maxMemory must be a positive number of bytes, got ${maxMemory}`);
  }
  const source = contiguous(toFloat32(distances));
  requireDistances(source, n);
  const k = kernels();
  const longest = Math.min(threshold, k.rips_enclosing_radius_f32(source.ptr, n));
  const edges = k.rips_edge_count_f32(source.ptr, n, longest);
  if (!k.rips_cohomology_fits(n, edges, maxDim)) {
    throw new RangeError(
      `ripsPersistence: the simplices of dimension ${maxDim + 1} on ${n} points cannot be numbered with 64 bits; ` +
        "lower maxDim or threshold",
    );
  }
  // Dimension 1 comes with dimension 0, whether it is wanted or not.
  const computed = Math.max(1, maxDim);
  return withWorkspace("ripsPersistence", maxMemory, (workspace) => {
    const state = workspace.allocate(k.rips_state_bytes(n, edges, computed));
    const report = (dim: number, done: number) =>
      onProgress?.({ dim, done, total: edges, bytes: workspace.bytes });
    report(1, 0);
    k.rips_start_f32(state, source.ptr, n, edges, longest, computed, Number(cocycles));
    workspace.run(state, () => k.rips_dense_start(state));
    workspace.run(
      state,
      () => k.rips_dense_run(state, SLICE),
      () => report(1, k.rips_rank(state)),
    );
    for (let dim = 2; dim <= maxDim; dim++) {
      workspace.run(state, () => k.rips_cohomology_start(state, dim));
      workspace.run(
        state,
        () => k.rips_cohomology_run(state, SLICE),
        () => report(dim, edges - k.rips_rank(state)),
      );
    }
    report(computed, edges);
    const dims = Array.from({ length: maxDim + 1 }, (_, dim) => dim);
    const diagrams = dims.map((dim) => readDiagram(state, dim));
    if (!cocycles) return { diagrams };
    return { diagrams, cocycles: dims.map((dim) => readCocycles(state, dim)) };
  });
}

function requireSquare({ shape }: Tensor): number {
  if (shape.length !== 2 || shape[0] !== shape[1]) {
    throw new RangeError(`ripsPersistence: expected a square matrix, got ${formatShape(shape)}`);
  }
  return shape[0];
}

/** Throws an error that names the first entry that no distance matrix can have. */
function requireDistances({ ptr }: Tensor, n: number): void {
  const i = kernels().rips_check_f32(ptr, n);
  if (i < 0) return;
  const at = (row: number, column: number) => memoryViews().f32[(ptr >>> 2) + row * n + column];
  const entry = (row: number, column: number) => `D[${row},${column}] is ${at(row, column)}`;
  for (let j = 0; j < i; j++) {
    const value = at(i, j);
    if (Number.isNaN(value)) throw new NonFiniteError(`ripsPersistence: ${entry(i, j)}`);
    if (value < 0) throw new RangeError(`ripsPersistence: a distance is negative: ${entry(i, j)}`);
    if (value !== at(j, i)) {
      throw new RangeError(`ripsPersistence: D is not symmetric: ${entry(i, j)}, ${entry(j, i)}`);
    }
  }
  throw new RangeError(`ripsPersistence: the distance of a point from itself is not 0: ${entry(i, i)}`);
}

function readDiagram(state: number, dim: number): Float32Array {
  const k = kernels();
  const count = k.rips_bar_count(state, dim);
  return withScratch(8 * count, (out) => {
    k.rips_bars_f32(out, state, dim);
    return memoryViews().f32.slice(out >>> 2, (out >>> 2) + 2 * count);
  });
}

function readCocycles(state: number, dim: number): Int32Array[] {
  if (dim === 0) return [];
  const k = kernels();
  const count = k.rips_bar_count(state, dim);
  return withScratch(4 * count, (sizesAt) => {
    const total = k.rips_cocycle_sizes(sizesAt, state, dim);
    return withScratch(4 * total * (dim + 1), (out) => {
      if (dim === 1) k.rips_dense_cocycles(out, state);
      else k.rips_cohomology_cocycles(out, state, dim);
      const { i32 } = memoryViews();
      let end = out >>> 2;
      return Array.from(i32.subarray(sizesAt >>> 2, (sizesAt >>> 2) + count), (size) => {
        const start = end;
        end += size * (dim + 1);
        return i32.slice(start, end);
      });
    });
  });
}
