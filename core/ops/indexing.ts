// Picking elements by index, and choosing between two tensors.

import { select } from "../../backend/launch/elementwise";
import * as launch from "../../backend/launch/index";
import { readElement } from "../../backend/view";
import { type Backward, record } from "../autograd";
import { checkTensor, normalizeAxis } from "../check";
import { broadcastTo, contiguous, full, scalar } from "../compute";
import { formatShape } from "../errors";
import { broadcastShapes, type Shape } from "../shape";
import { allocate, allocateLike, defineMethods, type Tensor } from "../tensor";
import { type Operand, operand } from "./arithmetic";
import { slice } from "./layout";

function checkIndices(operation: string, indices: Tensor): Tensor {
  checkTensor(operation, indices, "indices");
  if (indices.dtype !== "int32") {
    throw new TypeError(
      `${operation}: indices must be an int32 tensor, got ${indices.dtype}; use astype("int32")`,
    );
  }
  return contiguous(indices);
}

/** Throws when a launch says that the index at this position is out of range. */
function checkRange(operation: string, bad: number, indices: Tensor, axis: number, shape: Shape): void {
  if (bad < 0) return;
  throw new RangeError(
    `${operation}: index ${readElement(indices, bad)} (position ${bad}) is out of range for axis ${axis} of shape ` +
      formatShape(shape),
  );
}

function indexSelect(x: Tensor, axis: number, indices: Tensor): Tensor {
  return select1d("indexSelect", x, axis, indices, true);
}

/** Rows of a table [count, ...] at indices [n] of 0 or more. */
export function lookUp(operation: string, table: Tensor, indices: Tensor): Tensor {
  return select1d(operation, table, 0, indices, false);
}

function select1d(operation: string, x: Tensor, axis: number, indices: Tensor, negative: boolean): Tensor {
  checkTensor(operation, x);
  const along = normalizeAxis(operation, axis, x.extents);
  const picks = checkIndices(operation, indices);
  if (picks.ndim !== 1)
    throw new RangeError(`${operation}: indices must be [n], got ${formatShape(picks.extents)}`);
  const out = allocate(
    x.extents.map((e, d) => (d === along ? picks.size : e)),
    x.dtype,
  );
  checkRange(operation, launch.indexSelect(out, x, along, picks, negative), picks, along, x.extents);
  return record("indexSelect", out, [x], [picks], indexSelectRule(along));
}

function indexSelectRule(axis: number): Backward {
  return (g, [picks], { shapes: [shape] }) => {
    const gradient = full(shape, 0);
    launch.indexAdd(gradient, g, axis, picks);
    return [gradient];
  };
}

function gather(x: Tensor, axis: number, indices: Tensor): Tensor {
  checkTensor("gather", x);
  const along = normalizeAxis("gather", axis, x.extents);
  const picks = checkIndices("gather", indices);
  const fits = picks.ndim === x.ndim && picks.extents.every((e, d) => d === along || e <= x.extents[d]);
  if (!fits) {
    throw new RangeError(
      `gather: indices of shape ${formatShape(picks.extents)} do not fit ${formatShape(x.extents)} on axis ${along}`,
    );
  }
  let source = x;
  for (const [d, e] of picks.extents.entries())
    if (d !== along && e < source.extents[d]) source = slice(source, d, 0, e);
  const out = allocateLike(picks, x.dtype);
  checkRange("gather", launch.gather(out, source, along, picks), picks, along, x.extents);
  return record("gather", out, [source], [picks], gatherRule(along));
}

function gatherRule(axis: number): Backward {
  return (g, [picks], { shapes: [shape] }) => {
    const gradient = full(shape, 0);
    launch.gatherGradient(gradient, g, axis, picks);
    return [gradient];
  };
}

function choose(mask: Tensor, a: Tensor, b: Tensor, shape: Shape): Tensor {
  const out = allocate(shape);
  select(out, broadcastTo(mask, shape), broadcastTo(a, shape), broadcastTo(b, shape));
  return out;
}

const whereRule: Backward = (g, [mask], { needs }) => {
  const zero = scalar(0);
  return [
    needs[0] ? choose(mask, g, zero, g.extents) : null,
    needs[1] ? choose(mask, zero, g, g.extents) : null,
  ];
};

/** condition != 0 ? a : b for each element, broadcasting all three. */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  const [c, x, y] = [operand("where", condition), operand("where", a), operand("where", b)];
  const shape = broadcastShapes("where", broadcastShapes("where", c.extents, x.extents), y.extents);
  return record("where", choose(c, x, y, shape), [x, y], [c], whereRule);
}

export interface IndexingMethods {
  /** Elements at int32 indices [n] along an axis; negative ones count from the end. A copy. */
  indexSelect(axis: number, indices: Tensor): Tensor;
  /**
   * out[i][j] = a[i][indices[i][j]] for axis 1; int32 indices of as many axes as a, which may be shorter on the others;
   * none is negative. A copy.
   */
  gather(axis: number, indices: Tensor): Tensor;
}

declare module "../tensor" {
  interface Tensor extends IndexingMethods {}
}

defineMethods<IndexingMethods>({ indexSelect, gather });
