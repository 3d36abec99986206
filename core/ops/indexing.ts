// Picking elements by index, and choosing between two tensors.

import { kernels, memoryViews } from "../../backend/wasm";
import { record } from "../autograd";
import { contiguous, full, sumTo } from "../compute";
import { formatShape } from "../errors";
import { broadcastShapes, normalizeAxis, type Shape, sizeOf } from "../shape";
import { allocate, requireTensor, type Tensor } from "../tensor";
import { type Operand, operand } from "./arithmetic";
import { expand, slice } from "./layout";

/** Extents before, at and after an axis. */
function around(shape: Shape, axis: number): { outer: number; extent: number; inner: number } {
  return { outer: sizeOf(shape.slice(0, axis)), extent: shape[axis], inner: sizeOf(shape.slice(axis + 1)) };
}

function requireIndices(operation: string, indices: Tensor): Tensor {
  requireTensor(operation, indices);
  if (indices.dtype !== "int32") {
    throw new TypeError(
      `${operation}: indices must be an int32 tensor, got ${indices.dtype}; use astype("int32")`,
    );
  }
  return contiguous(indices);
}

function checkBad(operation: string, bad: number, indices: Tensor, axis: number, shape: Shape): void {
  if (bad < 0) return;
  const value = memoryViews().i32[(indices.ptr >>> 2) + bad];
  throw new RangeError(
    `${operation}: index ${value} (position ${bad}) is out of range for axis ${axis} of shape ${formatShape(shape)}`,
  );
}

/** x[..., indices, ...] along one axis; int32 indices of shape [n]. A copy. */
export function indexSelect(x: Tensor, axis: number, indices: Tensor): Tensor {
  requireTensor("indexSelect", x);
  const along = normalizeAxis("indexSelect", axis, x.shape);
  const picks = requireIndices("indexSelect", indices);
  if (picks.ndim !== 1)
    throw new RangeError(`indexSelect: indices must be [n], got ${formatShape(picks.shape)}`);
  const { outer, extent, inner } = around(x.shape, along);
  const n = picks.size;
  const source = contiguous(x);
  const out = allocate(
    x.shape.map((e, d) => (d === along ? n : e)),
    x.dtype,
  );
  checkBad(
    "indexSelect",
    kernels().index_select_32(out.ptr, source.ptr, picks.ptr, outer, extent, n, inner),
    picks,
    along,
    x.shape,
  );
  return record("indexSelect", out, [x], [picks], (g, [saved]) => {
    const gradient = full(x.shape, 0);
    kernels().index_add_f32(gradient.ptr, contiguous(g).ptr, saved.ptr, outer, extent, n, inner);
    return [gradient];
  });
}

/** out[i][j] = x[i][indices[i][j]] for axis 1, and likewise for others; indices may be shorter than x on any axis. */
export function gather(x: Tensor, axis: number, indices: Tensor): Tensor {
  requireTensor("gather", x);
  const along = normalizeAxis("gather", axis, x.shape);
  const picks = requireIndices("gather", indices);
  const fits = picks.ndim === x.ndim && picks.shape.every((e, d) => d === along || e <= x.shape[d]);
  if (!fits) {
    throw new RangeError(
      `gather: indices of shape ${formatShape(picks.shape)} do not fit ${formatShape(x.shape)} on axis ${along}`,
    );
  }
  let source = x;
  for (const [d, e] of picks.shape.entries())
    if (d !== along && e < source.shape[d]) source = slice(source, d, 0, e);
  const { outer, extent, inner } = around(source.shape, along);
  const n = picks.shape[along];
  const out = allocate(picks.shape, x.dtype);
  checkBad(
    "gather",
    kernels().gather_32(out.ptr, contiguous(source).ptr, picks.ptr, outer, extent, n, inner),
    picks,
    along,
    x.shape,
  );
  const shape = source.shape;
  return record("gather", out, [source], [picks], (g, [saved]) => {
    const gradient = full(shape, 0);
    kernels().gather_grad_f32(gradient.ptr, contiguous(g).ptr, saved.ptr, outer, extent, n, inner);
    return [gradient];
  });
}

/** condition != 0 ? a : b for each element, broadcasting all three. */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  const [c, x, y] = [operand("where", condition), operand("where", a), operand("where", b)];
  const shape = broadcastShapes("where", broadcastShapes("where", c.shape, x.shape), y.shape);
  const choose = (p: Tensor, q: Tensor, mask: Tensor) => {
    const out = allocate(shape);
    const [m, l, r] = [mask, p, q].map((t) => contiguous(expand(t, shape)));
    kernels().where_f32(out.ptr, m.ptr, l.ptr, r.ptr, out.size);
    return out;
  };
  return record("where", choose(x, y, c), [x, y], [c], (g, [mask], needs) => {
    const zero = full([], 0);
    return [
      needs[0] ? sumTo(choose(g, zero, mask), x.shape) : null,
      needs[1] ? sumTo(choose(zero, g, mask), y.shape) : null,
    ];
  });
}
