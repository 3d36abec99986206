// Vietoris-Rips persistent homology.

import type { View } from "../view";
import { kernels, memoryViews } from "../wasm";
import { type Workspace, withWorkspace } from "../workspace";
import { launch } from "./frame";

/** The first row of D [n,n] with an entry that no distance matrix has, at or before its diagonal; -1 without one. */
export function invalidDistances(distances: View): number {
  return launch((frame) => kernels().rips_check_f32(frame.dense(distances), distances.extents[0]));
}

/** The least distance within which one point has all others. */
export function enclosingRadius(distances: View): number {
  return launch((frame) => kernels().rips_enclosing_radius_f32(frame.dense(distances), distances.extents[0]));
}

/** The number of edges no longer than that. */
export function edgeCount(distances: View, longest: number): number {
  return launch((frame) =>
    kernels().rips_edge_count_f32(frame.dense(distances), distances.extents[0], longest),
  );
}

/** Whether the simplices up to dimension dim + 1 can be numbered with 64 bits. */
export function simplicesFit(points: number, edges: number, dim: number): boolean {
  return Boolean(kernels().rips_cohomology_fits(points, edges, dim));
}

/** What {@link ripsHomology} is to compute. */
export interface RipsPlan {
  /** Edges no longer than `longest`: as many as edgeCount() says. */
  edges: number;
  longest: number;
  maxDim: number;
  cocycles: boolean;
  /** The most bytes to work with. */
  maxMemory: number;
  /** Called now and then. */
  report: (dim: number, done: number, bytes: number) => void;
}

/** Diagrams of the dimensions up to maxDim and, where asked for, cocycles of their bars. */
export interface RipsResult {
  diagrams: Float32Array[];
  cocycles: Int32Array[][];
}

/** Edges or coboundaries between two reports. */
const SLICE = 1024;

/** Persistent homology of valid distances D [n,n]. */
export function ripsHomology(distances: View, plan: RipsPlan): RipsResult {
  return launch((frame) => {
    const source = frame.dense(distances);
    return withWorkspace("ripsPersistence", plan.maxMemory, (workspace) =>
      compute(workspace, source, distances.extents[0], plan),
    );
  });
}

function compute(workspace: Workspace, source: number, n: number, plan: RipsPlan): RipsResult {
  const { edges, longest, maxDim, cocycles } = plan;
  const k = kernels();
  // Dimension 1 comes with dimension 0, whether it is wanted or not.
  const computed = Math.max(1, maxDim);
  const state = workspace.allocate(k.rips_state_bytes(n, edges, computed));
  const report = (dim: number, done: number) => plan.report(dim, done, workspace.bytes);
  report(1, 0);
  k.rips_start_f32(state, source, n, edges, longest, computed, Number(cocycles));
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
  return {
    diagrams: dims.map((dim) => readDiagram(state, dim)),
    cocycles: cocycles ? dims.map((dim) => readCocycles(state, dim)) : [],
  };
}

function readDiagram(state: number, dim: number): Float32Array {
  const k = kernels();
  const count = k.rips_bar_count(state, dim);
  return launch((frame) => {
    const out = frame.scratch(8 * count);
    k.rips_bars_f32(out, state, dim);
    return memoryViews().f32.slice(out >>> 2, (out >>> 2) + 2 * count);
  });
}

function readCocycles(state: number, dim: number): Int32Array[] {
  if (dim === 0) return [];
  const k = kernels();
  const count = k.rips_bar_count(state, dim);
  return launch((frame) => {
    const sizesAt = frame.scratch(4 * count);
    const total = k.rips_cocycle_sizes(sizesAt, state, dim);
    const out = frame.scratch(4 * total * (dim + 1));
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
}
