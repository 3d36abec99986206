// Distances between two connectomes of one model, by name.

import { type Entry, entry, find } from "../core/catalogue";
import { checkFunction, checkOptions, describe } from "../core/check";
import {
  type ConnectomeDiagramOptions,
  type ConnectomeMetric,
  type CustomConnectomeDistance,
  frobeniusDistance,
  type NamedConnectomeMetric,
  ofDiagrams,
  ofGraphs,
  ofMatrices,
} from "./connectome-distance";
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
import { componentsDistance, cyclesDistance, topDistance } from "./graph-homology";

/** An entry of a distance without options. */
function plain<const Name extends string>(name: Name, about: string, metric: ConnectomeMetric) {
  return entry(name, about, (options: object): ConnectomeMetric => {
    checkOptions(`ConnectomeTracker: distance "${name}"`, options, []);
    return metric;
  });
}

/** An entry of a distance between Vietoris-Rips diagrams. */
function between<const Name extends string, Options extends object>(
  name: Name,
  about: string,
  distance: (now: Float32Array, before: Float32Array, options: Options) => number,
) {
  return entry(name, about, (options: ConnectomeDiagramOptions & Options): ConnectomeMetric => {
    const { dim, dissimilarity, ...own } = options;
    return ofDiagrams({ dim, dissimilarity }, (now, before) =>
      distance(now, before, own as unknown as Options),
    );
  });
}

const RASTER: PersistenceImageOptions = {
  birthRange: [0, 1],
  maxPersistence: 1,
  resolution: [20, 20],
  sigma: 0.05,
};

/** Distances between connectomes. An entry makes one from its options. */
export const DISTANCES = [
  plain("top", "births and deaths of the graph homology, in O(P^2): topDistance", ofGraphs(topDistance)),
  plain("cycles", "deaths of cycles alone: cyclesDistance", ofGraphs(cyclesDistance)),
  plain("components", "births of components alone: componentsDistance", ofGraphs(componentsDistance)),
  plain("frobenius", "edge by edge, nothing topological: frobeniusDistance", ofMatrices(frobeniusDistance)),
  between(
    "wasserstein",
    "Vietoris-Rips diagrams by wassersteinDistance",
    (now, before, options: WassersteinOptions) => wassersteinDistance(now, before, options),
  ),
  between("bottleneck", "Vietoris-Rips diagrams by bottleneckDistance", (now, before, options: object) => {
    checkOptions('ConnectomeTracker: distance "bottleneck"', options, []);
    return bottleneckDistance(now, before);
  }),
  between(
    "slicedWasserstein",
    "Vietoris-Rips diagrams by slicedWassersteinDistance",
    (now, before, options: SlicedWassersteinOptions) => slicedWassersteinDistance(now, before, options),
  ),
  between("heat", "Vietoris-Rips diagrams by heatKernelDistance", (now, before, options: HeatKernelOptions) =>
    heatKernelDistance(now, before, options),
  ),
  between(
    "persistenceImage",
    "Vietoris-Rips diagrams by persistenceImageDistance; by default on [0, 1] x [0, 1] in 20 x 20 pixels, sigma 0.05",
    (now, before, options: Partial<PersistenceImageOptions>) =>
      persistenceImageDistance(now, before, { ...RASTER, ...options }),
  ),
] as const;

type DistanceEntry = (typeof DISTANCES)[number];

/** The names of distances between connectomes. */
export type DistanceName = DistanceEntry["name"];

type NamedOptions = {
  [E in DistanceEntry as E["name"]]: { name: E["name"] } & Parameters<E["make"]>[0];
}[DistanceName];

/**
 * A distance between connectomes: a name of {@link DISTANCES}, a name with options, a function of two connectomes, or an object
 * that says what is kept of a connectome and how that is compared.
 */
export type ConnectomeDistance =
  | DistanceName
  | NamedOptions
  | CustomConnectomeDistance
  | NamedConnectomeMetric;

/** The distance that is meant, under its name. Throws a RangeError for unknown names and wrong options. */
export function connectomeMetric(distance: ConnectomeDistance): { name: string; metric: ConnectomeMetric } {
  if (typeof distance === "function") return { name: "custom", metric: ofMatrices(distance) };
  const given = typeof distance === "string" ? { name: distance } : distance;
  if (typeof given !== "object" || given === null) {
    throw new TypeError(
      `ConnectomeTracker: distance must be a name, an object or a function, got ${describe(given)}`,
    );
  }
  if ("summarise" in given) {
    const { name, summarise, distance: compare } = given;
    if (typeof name !== "string") {
      throw new TypeError(`ConnectomeTracker: distance.name must be a string, got ${describe(name)}`);
    }
    checkFunction("ConnectomeTracker", "distance.summarise", summarise);
    checkFunction("ConnectomeTracker", "distance.distance", compare);
    return { name, metric: given };
  }
  const { name, ...options } = given;
  const { make } = find<Entry<unknown>>("ConnectomeTracker", "distance", DISTANCES, name);
  return { name, metric: (make as (options: object) => ConnectomeMetric)(options) };
}
