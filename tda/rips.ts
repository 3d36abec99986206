// Persistent homology of the Vietoris-Rips filtration of a distance matrix.

import * as launch from "../backend/launch/rips";
import { checkFunction, checkInteger, checkOptions, describe } from "../core/check";
import { formatShape, NonFiniteError } from "../core/errors";
import type { Tensor } from "../core/index";
import { withFloat32 } from "./operands";

/** Options of {@link ripsPersistence}. */
export interface RipsOptions {
  /** Highest dimension, from 0 to 64. Default 1. */
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

const OPTIONS = ["maxDim", "threshold", "cocycles", "onProgress", "maxMemory"];
/** With a class of dimension d there are 2 d + 2 points: far below this, their simplices outgrow 64 bits. */
export const MAX_DIMENSION = 64;
/** Edges are numbered with 32 bits, 16 a point. */
const MAX_POINTS = 32767;

/**
 * Vietoris-Rips persistent homology over Z/2 of n points with distances D [n,n]. A simplex enters with its longest edge;
 * bars of length 0 are left out; classes that never die have death Infinity. An infinite distance is no edge.
 *
 * Dimensions 0 and 1 keep a cocycle of every living class as rows of bits (de Silva, Morozov, Vejdemo-Johansson 2011):
 * O(n^2) edges, and for each the rows of the classes it ends. Every further dimension d reduces coboundaries of the up to
 * n^(d+1) simplices (Bauer, "Ripser", 2021). Memory in dimensions 0 and 1 is 20 bytes an edge and n / 8 bytes for each
 * vertex of each living cocycle; beyond, it grows with the simplices that are in no apparent pair. A class of dimension d
 * takes 2 d + 2 points: diagrams of dimensions above n / 2 - 1 are empty, and cost nothing.
 *
 * Throws a RangeError that names the entry unless D is square and symmetric with a zero diagonal and no negative entry, a
 * NonFiniteError for NaN, and an OutOfMemoryError with the bytes needed when `maxMemory` is reached.
 */
export function ripsPersistence(distances: Tensor, options: RipsOptions = {}): RipsPersistence {
  checkOptions("ripsPersistence", options, OPTIONS);
  const { maxDim = 1, threshold = Number.POSITIVE_INFINITY, cocycles = false, onProgress } = options;
  const { maxMemory = Number.POSITIVE_INFINITY } = options;
  checkInteger("ripsPersistence", "maxDim", maxDim, { atLeast: 0, atMost: MAX_DIMENSION });
  if (!(threshold >= 0)) {
    throw new RangeError(
      `ripsPersistence: threshold must be a number of at least 0, got ${describe(threshold)}`,
    );
  }
  if (!(maxMemory > 0)) {
    throw new RangeError(
      `ripsPersistence: maxMemory must be a positive number of bytes, got ${describe(maxMemory)}`,
    );
  }
  if (onProgress !== undefined) checkFunction("ripsPersistence", "onProgress", onProgress);
  return withFloat32("ripsPersistence", distances, (numbers) => {
    const n = requireSquare(numbers);
    requireDistances(numbers, n);
    const longest = Math.min(threshold, launch.enclosingRadius(numbers));
    const edges = launch.edgeCount(numbers, longest);
    const highest = Math.max(0, Math.min(maxDim, Math.floor(n / 2) - 1));
    if (!launch.simplicesFit(n, edges, highest)) {
      throw new RangeError(
        `ripsPersistence: the simplices of dimension ${highest + 1} on ${n} points cannot be numbered with 64 bits; ` +
          "lower maxDim or threshold",
      );
    }
    const result = launch.ripsHomology(numbers, {
      edges,
      longest,
      maxDim: highest,
      cocycles,
      maxMemory,
      report: (dim, done, bytes) => onProgress?.({ dim, done, total: edges, bytes }),
    });
    const diagrams = upTo(maxDim, result.diagrams, () => new Float32Array(0));
    return cocycles ? { diagrams, cocycles: upTo(maxDim, result.cocycles, () => []) } : { diagrams };
  });
}

/** What was computed, and nothing in the dimensions above. */
function upTo<T>(maxDim: number, computed: readonly T[], nothing: () => T): T[] {
  return Array.from({ length: maxDim + 1 }, (_, dim) => computed[dim] ?? nothing());
}

function requireSquare({ shape }: Tensor): number {
  if (shape.length !== 2 || shape[0] !== shape[1]) {
    throw new RangeError(`ripsPersistence: expected a square matrix, got ${formatShape(shape)}`);
  }
  if (shape[0] > MAX_POINTS) {
    throw new RangeError(`ripsPersistence: at most ${MAX_POINTS} points, got ${shape[0]}`);
  }
  return shape[0];
}

/** Throws an error that names the first entry that no distance matrix can have. */
function requireDistances(distances: Tensor, n: number): void {
  const i = launch.invalidDistances(distances);
  if (i < 0) return;
  const values = distances.toFloat32Array();
  const at = (row: number, column: number) => values[row * n + column];
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
