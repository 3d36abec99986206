// Persistent homology of a weighted graph (Songdechakraiwut and Chung 2020, arXiv 2012.00675): as edges are removed in
// ascending order of weight, components are born and cycles die.

import * as launch from "../backend/launch/topology";
import { describe } from "../core/check";
import { formatShape, NonFiniteError } from "../core/errors";
import type { Tensor } from "../core/index";
import { withFloat32 } from "./operands";

/** Weights at which components are born and cycles die, each ascending. */
export type GraphPersistence = {
  births: Float32Array;
  deaths: Float32Array;
};

/**
 * Births and deaths of the complete graph with symmetric weights M [P,P] (the upper triangle is read; zero weights are
 * edges too): births are the P - 1 weights of the maximum spanning tree, deaths the P (P - 1) / 2 - (P - 1) others.
 * Time and memory O(P^2).
 */
export function graphPersistence(weights: Tensor): GraphPersistence {
  return withFloat32("graphPersistence", weights, (numbers) => {
    const [p, q] = numbers.shape;
    if (numbers.ndim !== 2 || p !== q || p < 1) {
      throw new RangeError(`graphPersistence: expected a square matrix, got ${formatShape(numbers.shape)}`);
    }
    const births = new Float32Array(p - 1);
    const deaths = new Float32Array((p * (p - 1)) / 2 - births.length);
    const row = launch.graphPersistence(births, deaths, numbers);
    if (row >= 0) throw new NonFiniteError(`graphPersistence: a weight in row ${row} is NaN or infinite`);
    return { births, deaths };
  });
}

/** sum of (a_l - b_l)^2 in float64. */
function squaredDistance(a: Float32Array, b: Float32Array): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += (a[i] - b[i]) * (a[i] - b[i]);
  return total;
}

function checkPersistence(name: string, value: unknown): asserts value is GraphPersistence {
  const { births, deaths } = (value ?? {}) as Partial<GraphPersistence>;
  if (births instanceof Float32Array && deaths instanceof Float32Array) return;
  throw new TypeError(
    `${name}: expected births and deaths as graphPersistence() gives them, got ${describe(value)}`,
  );
}

function requireSameSize(name: string, p: GraphPersistence, q: GraphPersistence): void {
  checkPersistence(name, p);
  checkPersistence(name, q);
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
