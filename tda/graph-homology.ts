// Persistent homology of a weighted graph (Songdechakraiwut and Chung 2020, arXiv 2012.00675): as edges are removed in
// ascending order of weight, components are born and cycles die.

import { withScratch } from "../backend/storage";
import { kernels, memoryViews } from "../backend/wasm";
import { checkTensor } from "../core/check";
import { contiguous } from "../core/compute";
import { formatShape, NonFiniteError } from "../core/errors";
import type { Tensor } from "../core/index";

/** Weights at which components are born and cycles die, each ascending. */
export interface GraphPersistence {
  births: Float32Array;
  deaths: Float32Array;
}

/**
 * Births and deaths of the complete graph with symmetric weights M [P,P] (the upper triangle is read; zero weights are
 * edges too): births are the P - 1 weights of the maximum spanning tree, deaths the P (P - 1) / 2 - (P - 1) others.
 * Time and memory O(P^2).
 */
export function graphPersistence(weights: Tensor): GraphPersistence {
  checkTensor("graphPersistence", weights);
  const [p, q] = weights.shape;
  if (weights.ndim !== 2 || p !== q || p < 1) {
    throw new RangeError(`graphPersistence: expected a square matrix, got ${formatShape(weights.shape)}`);
  }
  const source = contiguous(weights);
  const birthCount = p - 1;
  const deathCount = (p * (p - 1)) / 2 - birthCount;
  const outBytes = (birthCount + deathCount) * 4;
  return withScratch(outBytes + 64, (out) =>
    withScratch(kernels().graph_persistence_scratch_bytes(p), (scratch) => {
      const deathsAt = out + birthCount * 4;
      const code = kernels().graph_persistence_f32(out, deathsAt, source.ptr, p, scratch);
      if (code >= 0) throw new NonFiniteError(`graphPersistence: a weight in row ${code} is NaN or infinite`);
      const { f32 } = memoryViews();
      return {
        births: f32.slice(out >>> 2, deathsAt >>> 2),
        deaths: f32.slice(deathsAt >>> 2, (out + outBytes) >>> 2),
      };
    }),
  );
}

/** sum of (a_l - b_l)^2 in float64. */
function squaredDistance(a: Float32Array, b: Float32Array): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += (a[i] - b[i]) * (a[i] - b[i]);
  return total;
}

function requireSameSize(name: string, p: GraphPersistence, q: GraphPersistence): void {
  if (p.births.length !== q.births.length || p.deaths.length !== q.deaths.length) {
    const [a, b] = [p.births.length + 1, q.births.length + 1];
    throw new RangeError(
      `${name}: the graphs have ${a} and ${b} nodes; only graphs of equal size can be compared`,
    );
  }
}

/**
 * 2-Wasserstein distance between the births and the deaths of two graphs of equal size, exact by sorting
 * (arXiv 2112.00101): sqrt(sum (b_l - b'_l)^2 + sum (d_l - d'_l)^2).
 */
export function topDistance(p: GraphPersistence, q: GraphPersistence): number {
  requireSameSize("topDistance", p, q);
  return Math.sqrt(squaredDistance(p.births, q.births) + squaredDistance(p.deaths, q.deaths));
}

/** topDistance by the deaths of cycles alone. */
export function cyclesDistance(p: GraphPersistence, q: GraphPersistence): number {
  requireSameSize("cyclesDistance", p, q);
  return Math.sqrt(squaredDistance(p.deaths, q.deaths));
}

/** topDistance by the births of components alone. */
export function componentsDistance(p: GraphPersistence, q: GraphPersistence): number {
  requireSameSize("componentsDistance", p, q);
  return Math.sqrt(squaredDistance(p.births, q.births));
}
