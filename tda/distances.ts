// Distances between the points of a cloud.

import * as launch from "../backend/launch/topology";
import { formatShape } from "../core/errors";
import type { Tensor } from "../core/index";
import { allocate } from "../core/tensor";
import { withFloat32 } from "./operands";

/** Euclidean distances between the rows of X: [n,d] -> [n,n]. Sums are in float64. Time O(n^2 d). */
export function euclideanDistances(points: Tensor): Tensor {
  return withFloat32("euclideanDistances", points, (numbers) => {
    if (numbers.ndim !== 2) {
      throw new RangeError(`euclideanDistances: expected points [n,d], got ${formatShape(numbers.shape)}`);
    }
    const out = allocate([numbers.shape[0], numbers.shape[0]]);
    launch.euclideanDistances(out, numbers);
    return out;
  });
}
