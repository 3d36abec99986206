// Distances between persistence diagrams: [birth, death] pairs of JavaScript, whose bars are valid.

import { targetOf, type View } from "../view";
import { kernels } from "../wasm";
import { launch } from "./frame";

/** A persistence image's pixels and the standard deviation of its Gaussians. */
export interface Raster {
  birthMin: number;
  birthMax: number;
  persistenceMax: number;
  sigma: number;
  width: number;
  height: number;
}

/** Runs a kernel on copies of two diagrams, with scratch memory for bars of these numbers. */
function onDiagrams<T>(
  d1: Float32Array,
  d2: Float32Array,
  scratchBytes: (n: number, m: number) => number,
  kernel: (a: number, n: number, b: number, m: number, scratch: number) => T,
): T {
  const [n, m] = [d1.length / 2, d2.length / 2];
  return launch((frame) =>
    kernel(frame.copyOf(d1), n, frame.copyOf(d2), m, frame.scratch(scratchBytes(n, m))),
  );
}

/** The first bar whose birth is not finite or whose death is NaN or -Infinity; -1 without one. */
export function firstInvalidBar(diagram: Float32Array): number {
  return launch((frame) => kernels().diagram_invalid_bar_f32(frame.copyOf(diagram), diagram.length / 2));
}

export function wasserstein(d1: Float32Array, d2: Float32Array, p: number, chebyshev: boolean): number {
  const k = kernels();
  return onDiagrams(d1, d2, k.wasserstein_scratch_bytes, (a, n, b, m, scratch) =>
    k.wasserstein_f32(a, n, b, m, p, chebyshev, scratch),
  );
}

export function bottleneck(d1: Float32Array, d2: Float32Array): number {
  const k = kernels();
  return onDiagrams(d1, d2, k.bottleneck_scratch_bytes, k.bottleneck_f32);
}

/** @param directions unit vectors, x and y of one after another. */
export function slicedWasserstein(d1: Float32Array, d2: Float32Array, directions: Float64Array): number {
  const k = kernels();
  return launch((frame) => {
    const table = frame.copyOf(directions);
    return onDiagrams(d1, d2, k.sliced_wasserstein_scratch_bytes, (a, n, b, m, scratch) =>
      k.sliced_wasserstein_f32(a, n, b, m, table, directions.length / 2, scratch),
    );
  });
}

/** sqrt(2 - 2 exp(-d / (2 sigma^2))). */
export function gaussianKernelDistance(d: number, sigma: number): number {
  return kernels().gaussian_kernel_distance_f64(d, sigma);
}

export function heatKernelDistance(d1: Float32Array, d2: Float32Array, sigma: number): number {
  const k = kernels();
  return onDiagrams(d1, d2, k.heat_kernel_scratch_bytes, (a, n, b, m, scratch) =>
    k.heat_kernel_distance_f32(a, n, b, m, sigma, scratch),
  );
}

function rasterArguments({ birthMin, birthMax, persistenceMax, sigma, width, height }: Raster) {
  return [birthMin, birthMax, persistenceMax, sigma, width, height] as const;
}

/** out [height,width] = the persistence image. */
export function persistenceImage(out: View, diagram: Float32Array, raster: Raster): void {
  const k = kernels();
  const n = diagram.length / 2;
  launch((frame) => {
    const scratch = frame.scratch(k.persistence_image_scratch_bytes(n, 0, raster.width, raster.height));
    const image = targetOf(out, "float32");
    k.persistence_image_f32(image, frame.copyOf(diagram), n, ...rasterArguments(raster), scratch);
  });
}

export function persistenceImageDistance(d1: Float32Array, d2: Float32Array, raster: Raster): number {
  const k = kernels();
  const bytes = (n: number, m: number) =>
    k.persistence_image_scratch_bytes(n, m, raster.width, raster.height);
  return onDiagrams(d1, d2, bytes, (a, n, b, m, scratch) =>
    k.persistence_image_distance_f32(a, n, b, m, ...rasterArguments(raster), scratch),
  );
}
