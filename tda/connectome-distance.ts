// Distances between two connectomes of one model, by name.

import { checkTensor } from "../core/check";
import { formatShape } from "../core/errors";
import { eye, scope, type Tensor, tensor } from "../core/index";
import { sameShape } from "../core/shape";
import {
  bottleneckDistance,
  type HeatKernelOptions,
  heatKernelDistance,
  type PersistenceImageOptions,
  persistenceImageDistance,
  type SlicedWassersteinOptions,
  slicedWassersteinDistance,
  type WassersteinOptions,
  wassersteinDistance,
} from "./diagrams";
import { componentsDistance, cyclesDistance, type GraphPersistence, topDistance } from "./graph-homology";
import { ripsPersistence } from "./rips";

/** The persistence diagram of a connectome M that is compared. */
export interface ConnectomeDiagramOptions {
  /** Dimension of the homology. Default 1. */
  dim?: number;
  /** Distances of the Vietoris-Rips filtration: "sqrt" (default) is sqrt(1 - M), "linear" is 1 - M. */
  dissimilarity?: "sqrt" | "linear";
}

/** What can be set beside each distance's name. */
interface DistanceOptions {
  top: object;
  cycles: object;
  components: object;
  frobenius: object;
  wasserstein: ConnectomeDiagramOptions & WassersteinOptions;
  bottleneck: ConnectomeDiagramOptions;
  slicedWasserstein: ConnectomeDiagramOptions & SlicedWassersteinOptions;
  heat: ConnectomeDiagramOptions & HeatKernelOptions;
  persistenceImage: ConnectomeDiagramOptions & Partial<PersistenceImageOptions>;
}

type DistanceName = keyof DistanceOptions;

/** Any function of two connectomes [P,P], the later one first. */
export type CustomConnectomeDistance = (now: Tensor, before: Tensor) => number;

/**
 * A distance between connectomes: a name, a name with options, or a function.
 *
 * "top", "cycles" and "components" compare births and deaths of the graph homology, in O(P^2) ({@link topDistance} and
 * its parts); "frobenius" is {@link frobeniusDistance}. "wasserstein", "bottleneck", "slicedWasserstein", "heat" and
 * "persistenceImage" compare Vietoris-Rips diagrams by the functions of those names. The infinite bar of dimension 0,
 * which every connectome has, is left out. The persistence image's raster is [0, 1] x [0, 1] in 20 x 20 pixels with sigma
 * 0.05 unless given.
 */
export type ConnectomeDistance =
  | DistanceName
  | { [Name in DistanceName]: { name: Name } & DistanceOptions[Name] }[DistanceName]
  | CustomConnectomeDistance;

/** How two connectomes are compared, and what of one has to be kept for that. */
export interface ConnectomeMetric<Summary = unknown> {
  /** Plain objects and typed arrays, so that it can be saved. */
  summarise(connectome: Tensor, persistence: GraphPersistence): Summary;
  distance(now: Summary, before: Summary): number;
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

function ofGraphs(
  distance: (now: GraphPersistence, before: GraphPersistence) => number,
): ConnectomeMetric<GraphPersistence> {
  return { summarise: (_, { births, deaths }) => ({ births, deaths }), distance };
}

function ofMatrices(distance: CustomConnectomeDistance): ConnectomeMetric<Float32Array> {
  const matrix = (values: Float32Array) => {
    const size = Math.sqrt(values.length);
    return tensor(values, { shape: [size, size] });
  };
  return {
    summarise: (connectome) => connectome.toFloat32Array(),
    distance: (now, before) => scope(() => distance(matrix(now), matrix(before))),
  };
}

function ofDiagrams(
  { dim = 1, dissimilarity = "sqrt" }: ConnectomeDiagramOptions,
  distance: (now: Float32Array, before: Float32Array) => number,
): ConnectomeMetric<Float32Array> {
  if (!Number.isInteger(dim) || dim < 0) {
    throw new RangeError(`ConnectomeTracker: dim must be a whole number of at least 0, got ${dim}`);
  }
  if (dissimilarity !== "sqrt" && dissimilarity !== "linear") {
    throw new RangeError(
      `ConnectomeTracker: unknown dissimilarity "${String(dissimilarity)}"; use "sqrt" or "linear"`,
    );
  }
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

const RASTER: PersistenceImageOptions = {
  birthRange: [0, 1],
  maxPersistence: 1,
  resolution: [20, 20],
  sigma: 0.05,
};

const METRICS: { [Name in DistanceName]: (options: DistanceOptions[Name]) => ConnectomeMetric } = {
  top: () => ofGraphs(topDistance),
  cycles: () => ofGraphs(cyclesDistance),
  components: () => ofGraphs(componentsDistance),
  frobenius: () => ofMatrices(frobeniusDistance),
  wasserstein: (options) => ofDiagrams(options, (a, b) => wassersteinDistance(a, b, options)),
  bottleneck: (options) => ofDiagrams(options, bottleneckDistance),
  slicedWasserstein: (options) => ofDiagrams(options, (a, b) => slicedWassersteinDistance(a, b, options)),
  heat: (options) => ofDiagrams(options, (a, b) => heatKernelDistance(a, b, options)),
  persistenceImage: (options) =>
    ofDiagrams(options, (a, b) => persistenceImageDistance(a, b, { ...RASTER, ...options })),
};

/** The distance that is meant, under its name. Throws a RangeError for unknown names and wrong options. */
export function connectomeMetric(distance: ConnectomeDistance): { name: string; metric: ConnectomeMetric } {
  if (typeof distance === "function") {
    return { name: "custom", metric: ofMatrices(distance) };
  }
  const options = typeof distance === "string" ? { name: distance } : distance;
  const { name } = options;
  if (!Object.hasOwn(METRICS, name)) {
    const known = Object.keys(METRICS).join(", ");
    throw new RangeError(`ConnectomeTracker: unknown distance "${String(name)}"; there is ${known}`);
  }
  return { name, metric: (METRICS[name] as (given: object) => ConnectomeMetric)(options) };
}
