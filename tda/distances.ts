// Distances between the points of a cloud.

import { kernels } from "../backend/wasm";
import { checkTensor } from "../core/check";
import { contiguous, toFloat32 } from "../core/compute";
import { formatShape } from "../core/errors";
import type { Tensor } from "../core/index";
import { allocate } from "../core/tensor";

/** Euclidean distances between the rows of X: [n,d] -> [n,n]. Sums are in float64. Time O(n^2 d). */
export function euclideanDistances(points: Tensor): Tensor {
  checkTensor("euclideanDistances", points);
  if (points.ndim !== 2) {
    throw new RangeError(`euclideanDistances: expected points [n,d], got ${formatShape(points.shape)}`);
  }
  const [n, d] = points.shape;
  const source = contiguous(toFloat32(points));
  const out = allocate([n, n]);
  kernels().euclidean_distances_f32(out.ptr, source.ptr, n, d);
  return out;
}
