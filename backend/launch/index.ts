// Picking elements by index. A launch returns the position of the first index that is out of range, -1 when all are
// right; nothing outside the operands is read either way.

import { type Shape, sizeOf } from "../shape";
import { targetOf, type View } from "../view";
import { kernels } from "../wasm";
import { launch } from "./frame";

/** Extents before, at and after an axis. */
function around(shape: Shape, axis: number): [outer: number, extent: number, inner: number] {
  return [sizeOf(shape.slice(0, axis)), shape[axis], sizeOf(shape.slice(axis + 1))];
}

/** out[..., j, ...] = x[..., indices[j], ...]; `negative` indices count from the end, if they may be. */
export function indexSelect(out: View, x: View, axis: number, indices: View, negative: boolean): number {
  const [outer, extent, inner] = around(x.extents, axis);
  const n = indices.size;
  return launch((frame) =>
    kernels().index_select_32(
      targetOf(out, x.dtype),
      frame.dense(x, x.dtype),
      frame.dense(indices, "int32"),
      outer,
      extent,
      n,
      inner,
      Number(negative),
    ),
  );
}

/** out[..., indices[j], ...] += g[..., j, ...]; all indices are in range. */
export function indexAdd(out: View, g: View, axis: number, indices: View): void {
  const [outer, extent, inner] = around(out.extents, axis);
  const n = indices.size;
  launch((frame) =>
    kernels().index_add_f32(
      targetOf(out, "float32"),
      frame.dense(g),
      frame.dense(indices, "int32"),
      outer,
      extent,
      n,
      inner,
    ),
  );
}

/** out[.., j, ..] = x[.., indices[.., j, ..], ..]; indices have the extents of x but on the axis. */
export function gather(out: View, x: View, axis: number, indices: View): number {
  const [outer, extent, inner] = around(x.extents, axis);
  return launch((frame) =>
    kernels().gather_32(
      targetOf(out, x.dtype),
      frame.dense(x, x.dtype),
      frame.dense(indices, "int32"),
      outer,
      extent,
      indices.extents[axis],
      inner,
    ),
  );
}

/**
 * out[.., indices[.., j, ..], ..] = source[.., j, ..], or += with "gather_grad_f32"; all indices are in range, and of several for
 * one place the last one stays.
 */
export function scatter(
  kernel: "scatter_32" | "gather_grad_f32",
  out: View,
  source: View,
  axis: number,
  indices: View,
): void {
  const [outer, extent, inner] = around(out.extents, axis);
  launch((frame) =>
    kernels()[kernel](
      targetOf(out, out.dtype),
      frame.dense(source, out.dtype),
      frame.dense(indices, "int32"),
      outer,
      extent,
      indices.extents[axis],
      inner,
    ),
  );
}
