// How two connectomes of one model are compared: by their graphs, their matrices, or their Vietoris-Rips diagrams.

import { checkChoice, checkInteger, checkTensor } from "../core/check";
import { formatShape } from "../core/errors";
import { eye, type StateTree, scope, type Tensor, tensor } from "../core/index";
import { sameShape } from "../core/shape";
import type { GraphPersistence } from "./graph-homology";
import { MAX_DIMENSION, ripsPersistence } from "./rips";

/** The persistence diagram of a connectome M that is compared. */
export interface ConnectomeDiagramOptions {
  /** Dimension of the homology. Default 1. */
  dim?: number;
  /** Distances of the Vietoris-Rips filtration: "sqrt" (default) is sqrt(1 - M), "linear" is 1 - M. */
  dissimilarity?: "sqrt" | "linear";
}

/** Any function of two connectomes [P,P], the later one first. */
export type CustomConnectomeDistance = (now: Tensor, before: Tensor) => number;

/** How two connectomes are compared, and what of one has to be kept for that. */
export interface ConnectomeMetric<Summary extends StateTree = StateTree> {
  /** What is kept of a connectome [P,P] with these births and deaths: plain data, so that it can be saved. */
  summarise(connectome: Tensor, persistence: GraphPersistence): Summary;
  distance(now: Summary, before: Summary): number;
}

/** A distance of one's own that keeps less than the whole connectome. The name tells saved states apart. */
export interface NamedConnectomeMetric<Summary extends StateTree = StateTree>
  extends ConnectomeMetric<Summary> {
  name: string;
}

/** Edge-wise distance ||M - M'||_F of two matrices of one shape: nothing topological, a control for the others. */
export function frobeniusDistance(a: Tensor, b: Tensor): number {
  checkTensor("frobeniusDistance", a);
  checkTensor("frobeniusDistance", b);
  if (!sameShape(a.shape, b.shape)) {
    const shapes = `${formatShape(a.shape)} and ${formatShape(b.shape)}`;
    throw new RangeError(`frobeniusDistance: sizes differ: ${shapes}`);
  }
  return scope(() => a.detach().sub(b.detach()).norm().item());
}

/** Compares births and deaths. */
export function ofGraphs(
  distance: (now: GraphPersistence, before: GraphPersistence) => number,
): ConnectomeMetric<GraphPersistence> {
  return { summarise: (_, { births, deaths }) => ({ births, deaths }), distance };
}

/** Compares whole connectomes. */
export function ofMatrices(distance: CustomConnectomeDistance): ConnectomeMetric<Float32Array> {
  const matrix = (values: Float32Array) => {
    const size = Math.sqrt(values.length);
    return tensor(values, { shape: [size, size] });
  };
  return {
    summarise: (connectome) => connectome.toFloat32Array(),
    distance: (now, before) => scope(() => distance(matrix(now), matrix(before))),
  };
}

/** Compares persistence diagrams. The infinite bar of dimension 0, which every connectome has, is left out. */
export function ofDiagrams(
  { dim = 1, dissimilarity = "sqrt" }: ConnectomeDiagramOptions,
  distance: (now: Float32Array, before: Float32Array) => number,
): ConnectomeMetric<Float32Array> {
  checkInteger("ConnectomeTracker", "dim", dim, { atLeast: 0, atMost: MAX_DIMENSION });
  checkChoice("ConnectomeTracker", "dissimilarity", dissimilarity, ["sqrt", "linear"]);
  // Wrong options of the distance itself show now rather than at the second observation.
  distance(new Float32Array(0), new Float32Array(0));
  return {
    summarise: (connectome) =>
      scope(() => {
        const linear = eye(connectome.shape[0]).add(connectome).neg().add(1);
        const distances = dissimilarity === "sqrt" ? linear.sqrt() : linear;
        const diagram = ripsPersistence(distances, { maxDim: dim }).diagrams[dim];
        const endless = diagram.indexOf(Number.POSITIVE_INFINITY);
        return endless < 0 ? diagram : diagram.filter((_, i) => i !== endless - 1 && i !== endless);
      }),
    distance,
  };
}
