// Picking elements by index, and choosing between two tensors.

import { select } from "../../backend/launch/elementwise";
import * as launch from "../../backend/launch/index";
import { readElement, writeElements } from "../../backend/view";
import { type Backward, record } from "../autograd";
import { checkTensor, normalizeAxis } from "../check";
import { binary, broadcastTo, contiguous, contiguousCopy, full, integers, scalar } from "../compute";
import { formatShape } from "../errors";
import { broadcastShapes, type Shape, sameShape } from "../shape";
import { allocate, allocateLike, defineMethods, isTensor, type Tensor } from "../tensor";
import { bothIntegers, isInt32, type Operand, operand } from "./arithmetic";
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

export function indexSelect(x: Tensor, axis: number, indices: Tensor): Tensor {
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
  return record("indexSelect", out, [x], [picks], indexSelectRule(along), { along, picks });
}

function indexSelectRule(axis: number): Backward {
  return (g, [picks], { shapes: [shape] }) => {
    const gradient = full(shape, 0);
    launch.indexAdd(gradient, g, axis, picks);
    return [gradient];
  };
}

export function gather(x: Tensor, axis: number, indices: Tensor): Tensor {
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
    launch.scatter("gather_grad_f32", gradient, g, axis, picks);
    return [gradient];
  };
}

/** Indices that all lie in 0..extent-1. */
function checkTargets(operation: string, indices: Tensor, axis: number, shape: Shape): Tensor {
  const targets = checkIndices(operation, indices);
  const bad = targets.toInt32Array().findIndex((index) => index < 0 || index >= shape[axis]);
  checkRange(operation, bad, targets, axis, shape);
  return targets;
}

function indexAddRule(axis: number): Backward {
  return (g, [picks]) => [g, indexSelect(g, axis, picks)];
}

function indexAdd(input: Tensor, axis: number, indices: Tensor, source: Tensor): Tensor {
  const [x, y] = [operand("indexAdd", input), operand("indexAdd", source)];
  const along = normalizeAxis("indexAdd", axis, x.extents);
  const picks = checkTargets("indexAdd", indices, along, x.extents);
  const expected = x.extents.map((extent, d) => (d === along ? picks.size : extent));
  if (picks.ndim !== 1 || !sameShape(y.extents, expected)) {
    throw new RangeError(
      `indexAdd: expected indices [n] and a source ${formatShape(expected)}, got ${formatShape(picks.extents)} ` +
        `and ${formatShape(y.extents)}`,
    );
  }
  const out = contiguousCopy(x);
  launch.indexAdd(out, y, along, picks);
  return record("indexAdd", out, [x, y], [picks], indexAddRule(along));
}

/** int32 indices of one shape with the source, that of x but on the axis. */
function checkScattered(operation: string, x: Tensor, axis: number, indices: Tensor, source: Tensor): Tensor {
  const picks = checkTargets(operation, indices, axis, x.extents);
  const fits = picks.ndim === x.ndim && picks.extents.every((e, d) => d === axis || e === x.extents[d]);
  if (!fits || !sameShape(picks.extents, source.extents)) {
    throw new RangeError(
      `${operation}: indices ${formatShape(picks.extents)} and source ${formatShape(source.extents)} must have one shape, ` +
        `that of ${formatShape(x.extents)} but on axis ${axis}`,
    );
  }
  return picks;
}

function scatterAddRule(axis: number): Backward {
  return (g, [picks]) => [g, gather(g, axis, picks)];
}

function scatterAdd(input: Tensor, axis: number, indices: Tensor, source: Tensor): Tensor {
  const [x, y] = [operand("scatterAdd", input), operand("scatterAdd", source)];
  const along = normalizeAxis("scatterAdd", axis, x.extents);
  const picks = checkScattered("scatterAdd", x, along, indices, y);
  const out = contiguousCopy(x);
  launch.scatter("gather_grad_f32", out, y, along, picks);
  return record("scatterAdd", out, [x, y], [picks], scatterAddRule(along));
}

/** x with the source where the indices say. */
function scattered(x: Tensor, axis: number, picks: Tensor, source: Tensor): Tensor {
  const out = contiguousCopy(x);
  launch.scatter("scatter_32", out, source, axis, picks);
  return out;
}

/** What was overwritten has no gradient, neither in x nor in the source, where a later element came to the same place. */
function scatterRule(axis: number): Backward {
  return (g, [picks], { needs }) => {
    if (!needs[1]) return [scattered(g, axis, picks, full(picks.extents, 0)), null];
    const places = allocateLike(picks, "int32");
    writeElements(
      places,
      Int32Array.from({ length: places.size }, (_, i) => i),
    );
    const last = gather(scattered(full(g.extents, -1, "int32"), axis, picks, places), axis, picks);
    const stays = integers("scatter", "eq_i32", last, places, "float32");
    return [
      needs[0] ? scattered(g, axis, picks, full(picks.extents, 0)) : null,
      binary("scatter", "weigh_f32", gather(g, axis, picks), stays),
    ];
  };
}

function scatter(input: Tensor, axis: number, indices: Tensor, source: Operand): Tensor {
  // A number as a tensor of the indices' shape; as int32 where a is.
  const isWhole = isTensor(input) && input.dtype === "int32" && typeof source === "number" && isInt32(source);
  const filled =
    typeof source === "number" && isTensor(indices)
      ? full(indices.extents, source, isWhole ? "int32" : "float32")
      : source;
  const [x, y] = bothIntegers("scatter", input, filled) ?? [
    operand("scatter", input),
    operand("scatter", filled),
  ];
  const along = normalizeAxis("scatter", axis, x.extents);
  const picks = checkScattered("scatter", x, along, indices, y);
  return record("scatter", scattered(x, along, picks, y), [x, y], [picks], scatterRule(along));
}

function choose(mask: Tensor, a: Tensor, b: Tensor, shape: Shape): Tensor {
  const out = allocate(shape, a.dtype);
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

/** condition != 0 ? a : b for each element, broadcasting all three; int32 where a and b are integers. */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  const c = operand("where", condition);
  const [x, y] = bothIntegers("where", a, b) ?? [operand("where", a), operand("where", b)];
  const shape = broadcastShapes("where", broadcastShapes("where", c.extents, x.extents), y.extents);
  return record("where", choose(c, x, y, shape), [x, y], [c], whereRule);
}

export interface IndexingMethods {
  /** Elements at int32 indices [n] along an axis; negative ones count from the end. A copy. */
  indexSelect(axis: number, indices: Tensor): Tensor;
  /** A copy of a to which rows of `source` are added: out[indices[j]] += source[j] along an axis; none is negative. */
  indexAdd(axis: number, indices: Tensor, source: Tensor): Tensor;
  /**
   * A copy of a to which each element of `source` is added where its index says: out[i][indices[i][j]] += source[i][j] for
   * axis 1. Indices and source have one shape, that of a but on the axis.
   */
  scatterAdd(axis: number, indices: Tensor, source: Tensor): Tensor;
  /**
   * A copy of a with `source`, a tensor or a number, where the indices say: out[i][indices[i][j]] = source[i][j] for axis 1. Of
   * several elements for one place the last stays. Shapes are as for scatterAdd().
   */
  scatter(axis: number, indices: Tensor, source: Operand): Tensor;
  /**
   * out[i][j] = a[i][indices[i][j]] for axis 1; int32 indices of as many axes as a, which may be shorter on the others;
   * none is negative. A copy.
   */
  gather(axis: number, indices: Tensor): Tensor;
}

declare module "../tensor" {
  interface Tensor extends IndexingMethods {}
}

defineMethods<IndexingMethods>({ indexSelect, gather, indexAdd, scatter, scatterAdd });
