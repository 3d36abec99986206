// Distances between persistence diagrams.
//
// A diagram is a Float32Array of [birth, death] pairs, as ripsPersistence() returns one per dimension. The order of the
// bars never matters. Bars of length 0 (points on the diagonal) count for nothing. Every distance is symmetric, and 0
// between equal diagrams, to the bit. A birth that is not finite, or a death that is NaN or -Infinity, is a
// NonFiniteError. A death of Infinity is a bar that never dies: wassersteinDistance and bottleneckDistance match such bars among
// themselves, the other distances do not exist for them.

import * as launch from "../backend/launch/diagrams";
import { checkChoice, checkInteger, checkNumber, checkOptions, describe } from "../core/check";
import { NonFiniteError } from "../core/errors";
import type { Tensor } from "../core/index";
import { cos, sin } from "../core/math";
import { allocate } from "../core/tensor";

/** Options of {@link wassersteinDistance}. */
export interface WassersteinOptions {
  /** The power, at least 1. Default 1. Whole numbers are fastest. */
  p?: number;
  /** Distance between two points: "euclidean" (default), or "chebyshev", which is L-infinity. */
  groundMetric?: "euclidean" | "chebyshev";
}

/** Options of {@link slicedWassersteinDistance}. */
export interface SlicedWassersteinOptions {
  /** Number of directions, spread evenly over half a turn. Default 50. */
  directions?: number;
  /** Gives the distance of the kernel exp(-SW / (2 bandwidth^2)) in place of SW itself. Default: SW itself. */
  bandwidth?: number;
}

/** Options of {@link heatKernelDistance}. */
export interface HeatKernelOptions {
  /** Scale of the kernel, an area: the Gaussians have variance 2 sigma. Default 0.4. */
  sigma?: number;
}

/** The raster of a persistence image. */
export interface PersistenceImageOptions {
  /** Left and right edge, in units of birth. */
  birthRange: readonly [number, number];
  /** Upper edge, in units of persistence (death - birth); the lower edge is 0. */
  maxPersistence: number;
  /** [rows, columns]: rows go with the persistence, columns with the birth. */
  resolution: readonly [number, number];
  /** Standard deviation of the Gaussian on each bar. */
  sigma: number;
}

/** Both are far beyond any use, and keep sizes in bytes below 2^31. */
const MAX_DIRECTIONS = 2 ** 20;
const MAX_PIXELS = 2 ** 24;

/**
 * Exact p-Wasserstein distance between two persistence diagrams: (min sum c^p)^(1/p) over all partial matchings, c the
 * ground distance of matched points, and of every other point to the diagonal: (death - birth) / sqrt(2) for
 * "euclidean", (death - birth) / 2 for "chebyshev". Infinite bars are matched by the rank of their births; different
 * numbers of them give Infinity. Shortest augmenting paths (Jonker, Volgenant 1987): no tolerance; time O(n m (n + m))
 * at worst, mostly far less; memory O(n + m). Throws a RangeError for p below 1 or infinite (that is the bottleneck
 * distance) and for an unknown ground metric.
 */
export function wassersteinDistance(
  d1: Float32Array,
  d2: Float32Array,
  options: WassersteinOptions = {},
): number {
  checkOptions("wassersteinDistance", options, ["p", "groundMetric"]);
  const { p = 1, groundMetric = "euclidean" } = options;
  checkNumber("wassersteinDistance", "p", p, { atLeast: 1 });
  checkChoice("wassersteinDistance", "groundMetric", groundMetric, ["euclidean", "chebyshev"]);
  requireDiagrams("wassersteinDistance", d1, d2);
  return launch.wasserstein(d1, d2, p, groundMetric === "chebyshev");
}

/**
 * Exact bottleneck distance between two persistence diagrams: the least possible greatest distance in a partial
 * matching, L-infinity between matched points and (death - birth) / 2 to the diagonal for all others. Infinite bars are
 * matched by the rank of their births; different numbers of them give Infinity. The result is one of the finitely many
 * candidate values, not an approximation. Bisection with Hopcroft and Karp's algorithm; memory n m / 4 bytes.
 */
export function bottleneckDistance(d1: Float32Array, d2: Float32Array): number {
  requireDiagrams("bottleneckDistance", d1, d2);
  return launch.bottleneck(d1, d2);
}

/**
 * Sliced Wasserstein distance SW between two persistence diagrams (Carriere, Cuturi, Oudot, ICML 2017, algorithm 1): the
 * mean, over directions, of the 1-Wasserstein distance between the points projected on the direction, each diagram with
 * the projections of the other on the diagonal added. With `bandwidth`, sqrt(2 - 2 k), k = exp(-SW / (2 bandwidth^2)).
 * Throws a NonFiniteError for infinite bars.
 */
export function slicedWassersteinDistance(
  d1: Float32Array,
  d2: Float32Array,
  options: SlicedWassersteinOptions = {},
): number {
  checkOptions("slicedWassersteinDistance", options, ["directions", "bandwidth"]);
  const { directions = 50, bandwidth } = options;
  checkInteger("slicedWassersteinDistance", "directions", directions, { atLeast: 1, atMost: MAX_DIRECTIONS });
  if (bandwidth !== undefined) checkNumber("slicedWassersteinDistance", "bandwidth", bandwidth, { above: 0 });
  requireDiagrams("slicedWassersteinDistance", d1, d2);
  requireFiniteBars("slicedWassersteinDistance", d1, d2);
  const vectors = Float64Array.from({ length: 2 * directions }, (_, i) => {
    const angle = ((i >> 1) / directions - 0.5) * Math.PI;
    return i % 2 === 0 ? cos(angle) : sin(angle);
  });
  const distance = launch.slicedWasserstein(d1, d2, vectors);
  return bandwidth === undefined ? distance : launch.gaussianKernelDistance(distance, bandwidth);
}

/**
 * Distance sqrt(k(F,F) + k(G,G) - 2 k(F,G)) of the persistence scale space kernel (Reininghaus, Huber, Bauer, Kwitt,
 * CVPR 2015, equation 10): k(F,G) = 1 / (8 pi sigma) sum over p in F, q in G of exp(-|p - q|^2 / (8 sigma)) -
 * exp(-|p - q'|^2 / (8 sigma)), q' the mirror image of q at the diagonal. Time O((n + m)^2). Throws a NonFiniteError for
 * infinite bars.
 */
export function heatKernelDistance(
  d1: Float32Array,
  d2: Float32Array,
  options: HeatKernelOptions = {},
): number {
  checkOptions("heatKernelDistance", options, ["sigma"]);
  const { sigma = 0.4 } = options;
  checkNumber("heatKernelDistance", "sigma", sigma, { above: 0 });
  requireDiagrams("heatKernelDistance", d1, d2);
  requireFiniteBars("heatKernelDistance", d1, d2);
  return launch.heatKernelDistance(d1, d2, sigma);
}

/**
 * Persistence image (Adams et al., JMLR 2017), a Tensor [rows, columns]: the sum over bars of a Gaussian at
 * (birth, death - birth), weighted by death - birth. A pixel is the density at its centre times its area, which is the
 * paper's integral over the pixel by the midpoint rule. Row 0 is the lowest persistence. Throws a NonFiniteError for
 * infinite bars.
 */
export function persistenceImage(diagram: Float32Array, options: PersistenceImageOptions): Tensor {
  const raster = rasterOf("persistenceImage", options);
  requireDiagrams("persistenceImage", diagram);
  requireFiniteBars("persistenceImage", diagram);
  const image = allocate([raster.height, raster.width]);
  launch.persistenceImage(image, diagram, raster);
  return image;
}

/**
 * Euclidean distance between the persistence images of two diagrams on the same raster, in float64. Throws a
 * NonFiniteError for infinite bars.
 */
export function persistenceImageDistance(
  d1: Float32Array,
  d2: Float32Array,
  options: PersistenceImageOptions,
): number {
  const raster = rasterOf("persistenceImageDistance", options);
  requireDiagrams("persistenceImageDistance", d1, d2);
  requireFiniteBars("persistenceImageDistance", d1, d2);
  return launch.persistenceImageDistance(d1, d2, raster);
}

const RASTER_OPTIONS = ["birthRange", "maxPersistence", "resolution", "sigma"];

function rasterOf(operation: string, options: PersistenceImageOptions): launch.Raster {
  checkOptions(operation, options, RASTER_OPTIONS);
  const { birthRange, maxPersistence, resolution, sigma } = options;
  requirePair(operation, "birthRange", birthRange);
  requirePair(operation, "resolution", resolution);
  const [birthMin, birthMax] = birthRange;
  const [height, width] = resolution;
  if (!(birthMin < birthMax && Number.isFinite(birthMax - birthMin))) {
    throw new RangeError(`${operation}: birthRange must ascend, got [${birthMin}, ${birthMax}]`);
  }
  const isExtent = (extent: number) => Number.isInteger(extent) && extent >= 1;
  if (!isExtent(height) || !isExtent(width) || height * width > MAX_PIXELS) {
    throw new RangeError(
      `${operation}: resolution must be two positive integers of at most ${MAX_PIXELS} pixels, got [${height}, ${width}]`,
    );
  }
  checkNumber(operation, "maxPersistence", maxPersistence, { above: 0 });
  checkNumber(operation, "sigma", sigma, { above: 0 });
  return { birthMin, birthMax, persistenceMax: maxPersistence, sigma, width, height };
}

function requirePair(operation: string, name: string, value: unknown): void {
  const isPair = Array.isArray(value) && value.length === 2 && value.every((n) => typeof n === "number");
  if (!isPair) throw new TypeError(`${operation}: ${name} must be two numbers, got ${describe(value)}`);
}

/** True for those of another realm too, whose Float32Array is another class. */
function isFloat32Array(value: unknown): value is Float32Array {
  return ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === "[object Float32Array]";
}

/** Throws unless these are diagrams with bars that can be. */
function requireDiagrams(operation: string, ...diagrams: Float32Array[]): void {
  const wrong = diagrams.findIndex((diagram) => !isFloat32Array(diagram));
  if (wrong >= 0) {
    throw new TypeError(
      `${operation}: a diagram is a Float32Array of [birth, death] pairs, got ${describe(diagrams[wrong])}`,
    );
  }
  if (diagrams.some(({ length }) => length % 2 !== 0)) {
    const lengths = diagrams.map(({ length }) => length).join(" and ");
    throw new RangeError(`${operation}: a diagram is [birth, death] pairs, got ${lengths} numbers`);
  }
  for (const [i, diagram] of diagrams.entries()) {
    const bad = launch.firstInvalidBar(diagram);
    if (bad < 0) continue;
    const [birth, death] = diagram.subarray(2 * bad);
    throw new NonFiniteError(
      `${operation}: bar ${bad} of the ${i === 0 ? "first" : "second"} diagram is [${birth}, ${death}]`,
    );
  }
}

function requireFiniteBars(operation: string, ...diagrams: Float32Array[]): void {
  for (const diagram of diagrams) {
    const at = diagram.indexOf(Number.POSITIVE_INFINITY);
    if (at % 2 === 1) {
      throw new NonFiniteError(
        `${operation}: bar ${(at - 1) / 2} never dies; leave infinite bars out, or use wassersteinDistance`,
      );
    }
  }
}
