// Running sums, products and extremes along an axis (kernels/array/scan.ts).

import * as launch from "../../backend/launch/reduce";
import { type Backward, record } from "../autograd";
import { checkTensor, normalizeAxis } from "../check";
import { throughRows } from "../compute";
import { type DType, defineMethods, type Tensor } from "../tensor";
import { operand } from "./arithmetic";
import { gather } from "./indexing";
import type { Ordered } from "./order";

/** The rows of x along an axis, each scanned by a kernel that writes this dtype. */
function scan(
  kernel: launch.RowKernel,
  x: Tensor,
  axis: number,
  dtype: DType,
  parameters: readonly number[] = [],
): Tensor {
  const run = (rows: Tensor) => launch.mapRows(kernel, rows, x, [axis], parameters);
  return throughRows(x, [axis], run, dtype);
}

function cumsumRule(axis: number): Backward {
  return (g) => [scan("cumsum_f32", g, axis, "float32", [1])];
}

function cumsum(x: Tensor, axis: number): Tensor {
  checkTensor("cumsum", x);
  const along = normalizeAxis("cumsum", axis, x.extents);
  if (x.dtype === "int32") return scan("cumsum_i32", x, along, "int32");
  return record("cumsum", scan("cumsum_f32", x, along, "float32", [0]), [x], [], cumsumRule(along));
}

function cumprodRule(axis: number): Backward {
  return (g, [x]) => [
    throughRows(x, [axis], (rows) => launch.productGradient("cumprod_grad_f32", rows, g, x, [axis])),
  ];
}

function cumprod(input: Tensor, axis: number): Tensor {
  const x = operand("cumprod", input);
  const along = normalizeAxis("cumprod", axis, x.extents);
  return record("cumprod", scan("cumprod_f32", x, along, "float32"), [x], [x], cumprodRule(along));
}

/** Where each extreme stands is found by a kernel, and what stands there, with its gradient, by gather(). */
function runningExtremum(name: "cummax" | "cummin", kernel: launch.RowKernel) {
  return (input: Tensor, axis: number): Ordered => {
    const x = operand(name, input);
    const along = normalizeAxis(name, axis, x.extents);
    const indices = scan(kernel, x, along, "int32");
    return { values: gather(x, along, indices), indices };
  };
}

const cummax = runningExtremum("cummax", "cummax_positions_f32");
const cummin = runningExtremum("cummin", "cummin_positions_f32");

export interface ScanMethods {
  /** Running sums along an axis, in float64; those of int32 stay int32 and wrap around beyond it. */
  cumsum(axis: number): Tensor;
  /** Running products along an axis, in float64; the gradient is exact at zeros too. */
  cumprod(axis: number): Tensor;
  /** The largest element so far along an axis and where it stands: the last of equal ones; a NaN stays. */
  cummax(axis: number): Ordered;
  /** The smallest element so far along an axis and where it stands: the last of equal ones; a NaN stays. */
  cummin(axis: number): Ordered;
}

declare module "../tensor" {
  interface Tensor extends ScanMethods {}
}

defineMethods<ScanMethods>({ cumsum, cumprod, cummax, cummin });
