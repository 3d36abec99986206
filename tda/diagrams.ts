// Distances between persistence diagrams.
//
// A diagram is a Float32Array of [birth, death] pairs, as ripsPersistence() returns one per dimension. The order of the
// bars never matters. Bars of length 0 (points on the diagonal) count for nothing. Every distance is symmetric, and 0
// between equal diagrams, to the bit. A birth that is not finite, or a death that is NaN or -Infinity, is a
// NonFiniteError. A death of Infinity is a bar that never dies: wassersteinDistance and bottleneckDistance match such bars among
// themselves, the other distances do not exist for them.

import { withScratch } from "../backend/storage";
import { kernels, memoryViews } from "../backend/wasm";
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
  const { p = 1, groundMetric = "euclidean" } = options;
  if (!(p >= 1 && p < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`wassersteinDistance: p must be a finite number of at least 1, got ${p}`);
  }
  if (groundMetric !== "euclidean" && groundMetric !== "chebyshev") {
    throw new RangeError(
      `wassersteinDistance: unknown groundMetric ${String(groundMetric)}; use "euclidean" or "chebyshev"`,
    );
  }
  const k = kernels();
  return withDiagrams("wassersteinDistance", d1, d2, k.wasserstein_scratch_bytes, (a, n, b, m, scratch) =>
    k.wasserstein_f32(a, n, b, m, p, groundMetric === "chebyshev", scratch),
  );
}

/**
 * Exact bottleneck distance between two persistence diagrams: the least possible greatest distance in a partial
 * matching, L-infinity between matched points and (death - birth) / 2 to the diagonal for all others. Infinite bars are
 * matched by the rank of their births; different numbers of them give Infinity. The result is one of the finitely many
 * candidate values, not an approximation. Bisection with Hopcroft and Karp's algorithm; memory n m / 4 bytes.
 */
export function bottleneckDistance(d1: Float32Array, d2: Float32Array): number {
  const k = kernels();
  return withDiagrams("bottleneckDistance", d1, d2, k.bottleneck_scratch_bytes, k.bottleneck_f32);
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
  const { directions = 50, bandwidth } = options;
  if (!Number.isInteger(directions) || directions < 1) {
    throw new RangeError(
      `slicedWassersteinDistance: directions must be a positive integer, got ${directions}`,
    );
  }
  if (bandwidth !== undefined) requirePositive("slicedWassersteinDistance", "bandwidth", bandwidth);
  requireFiniteBars("slicedWassersteinDistance", d1, d2);
  const k = kernels();
  const distance = withScratch(directions * 16, (table) => {
    const vectors = Float64Array.from({ length: 2 * directions }, (_, i) => {
      const angle = ((i >> 1) / directions - 0.5) * Math.PI;
      return i % 2 === 0 ? cos(angle) : sin(angle);
    });
    memoryViews().u8.set(new Uint8Array(vectors.buffer), table);
    const bytes = k.sliced_wasserstein_scratch_bytes;
    return withDiagrams("slicedWassersteinDistance", d1, d2, bytes, (a, n, b, m, scratch) =>
      k.sliced_wasserstein_f32(a, n, b, m, table, directions, scratch),
    );
  });
  return bandwidth === undefined ? distance : k.gaussian_kernel_distance_f64(distance, bandwidth);
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
  const { sigma = 0.4 } = options;
  requirePositive("heatKernelDistance", "sigma", sigma);
  requireFiniteBars("heatKernelDistance", d1, d2);
  const k = kernels();
  return withDiagrams("heatKernelDistance", d1, d2, k.heat_kernel_scratch_bytes, (a, n, b, m, scratch) =>
    k.heat_kernel_distance_f32(a, n, b, m, sigma, scratch),
  );
}

/**
 * Persistence image (Adams et al., JMLR 2017), a Tensor [rows, columns]: the sum over bars of a Gaussian at
 * (birth, death - birth), weighted by death - birth. A pixel is the density at its centre times its area, which is the
 * paper's integral over the pixel by the midpoint rule. Row 0 is the lowest persistence. Throws a NonFiniteError for
 * infinite bars.
 */
export function persistenceImage(diagram: Float32Array, options: PersistenceImageOptions): Tensor {
  const [rows, columns] = options.resolution;
  const raster = rasterArguments("persistenceImage", options);
  requireFiniteBars("persistenceImage", diagram);
  const k = kernels();
  const image = allocate([rows, columns]);
  const bytes = () => k.persistence_image_scratch_bytes(diagram.length / 2, 0, columns, rows);
  withDiagrams("persistenceImage", diagram, new Float32Array(0), bytes, (ptr, n, _b, _m, scratch) =>
    k.persistence_image_f32(image.ptr, ptr, n, ...raster, scratch),
  );
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
  const [rows, columns] = options.resolution;
  const raster = rasterArguments("persistenceImageDistance", options);
  requireFiniteBars("persistenceImageDistance", d1, d2);
  const k = kernels();
  const bytes = (n: number, m: number) => k.persistence_image_scratch_bytes(n, m, columns, rows);
  return withDiagrams("persistenceImageDistance", d1, d2, bytes, (a, n, b, m, scratch) =>
    k.persistence_image_distance_f32(a, n, b, m, ...raster, scratch),
  );
}

/** What the kernels call a raster: birthMin, birthMax, persistenceMax, sigma, width, height. */
function rasterArguments(
  name: string,
  { birthRange: [low, high], maxPersistence, resolution: [rows, columns], sigma }: PersistenceImageOptions,
): [number, number, number, number, number, number] {
  if (!(low < high && Number.isFinite(high - low))) {
    throw new RangeError(`${name}: birthRange must ascend, got [${low}, ${high}]`);
  }
  if (!Number.isInteger(rows) || !Number.isInteger(columns) || rows < 1 || columns < 1) {
    throw new RangeError(`${name}: resolution must be two positive integers, got [${rows}, ${columns}]`);
  }
  requirePositive(name, "maxPersistence", maxPersistence);
  requirePositive(name, "sigma", sigma);
  return [low, high, maxPersistence, sigma, columns, rows];
}

function requirePositive(name: string, option: string, value: number): void {
  if (!(value > 0 && value < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`${name}: ${option} must be a positive number, got ${value}`);
  }
}

function requireFiniteBars(name: string, ...diagrams: Float32Array[]): void {
  for (const diagram of diagrams) {
    const at = diagram.indexOf(Number.POSITIVE_INFINITY);
    if (at % 2 === 1) {
      throw new NonFiniteError(
        `${name}: bar ${(at - 1) / 2} never dies; leave infinite bars out, or use wassersteinDistance`,
      );
    }
  }
}

/** Copies two diagrams into the WebAssembly memory, checks them, and runs a kernel on them. */
function withDiagrams<T>(
  name: string,
  d1: Float32Array,
  d2: Float32Array,
  scratchBytes: (n: number, m: number) => number,
  kernel: (a: number, n: number, b: number, m: number, scratch: number) => T,
): T {
  if (!(d1 instanceof Float32Array) || !(d2 instanceof Float32Array)) {
    throw new TypeError(`${name}: a diagram is a Float32Array of [birth, death] pairs`);
  }
  const [n, m] = [d1.length / 2, d2.length / 2];
  if (!Number.isInteger(n) || !Number.isInteger(m)) {
    throw new RangeError(
      `${name}: a diagram is [birth, death] pairs, got ${d1.length} and ${d2.length} numbers`,
    );
  }
  return withScratch(d1.byteLength, (a) =>
    withScratch(d2.byteLength, (b) =>
      withScratch(scratchBytes(n, m), (scratch) => {
        const { f32 } = memoryViews();
        f32.set(d1, a >>> 2);
        f32.set(d2, b >>> 2);
        requireBars(name, "first", a, d1);
        requireBars(name, "second", b, d2);
        return kernel(a, n, b, m, scratch);
      }),
    ),
  );
}

function requireBars(name: string, which: string, ptr: number, diagram: Float32Array): void {
  const bad = kernels().diagram_invalid_bar_f32(ptr, diagram.length / 2);
  if (bad >= 0) {
    const [birth, death] = diagram.subarray(2 * bad);
    throw new NonFiniteError(`${name}: bar ${bad} of the ${which} diagram is [${birth}, ${death}]`);
  }
}
