// Matrix products on the packed GEMM kernel.

import * as launch from "../../backend/launch/matmul";
import { type Backward, record } from "../autograd";
import { formatShape } from "../errors";
import { broadcastShapes, type Shape } from "../shape";
import { allocate, defineMethods, type Tensor, viewOf } from "../tensor";
import { operand } from "./arithmetic";
import { reshape, squeeze, unsqueeze } from "./layout";

/** Unrecorded product of tensors of at least two axes, broadcasting those before. */
function product(a: Tensor, b: Tensor): Tensor {
  const m = a.extents[a.ndim - 2];
  const k = a.extents[a.ndim - 1];
  const inner = b.extents[b.ndim - 2];
  const n = b.extents[b.ndim - 1];
  if (k !== inner) {
    throw new RangeError(`matmul: inner sizes differ: ${formatShape(a.extents)} x ${formatShape(b.extents)}`);
  }
  const plain = a.ndim === 2 && b.ndim === 2;
  const batch = plain ? [] : broadcastShapes("matmul", a.extents.slice(0, -2), b.extents.slice(0, -2));
  const out = allocate(plain ? [m, n] : [...batch, m, n]);
  launch.matmul(out, a, b, batch);
  return out;
}

function swapLast(x: Tensor): Tensor {
  const swap = (list: Shape) => [...list.slice(0, -2), list[list.length - 1], list[list.length - 2]];
  return viewOf(x, swap(x.extents), swap(x.strides), x.offset);
}

const productRule: Backward = (g, [a, b], { needs }) => [
  needs[0] ? product(g, swapLast(b)) : null,
  needs[1] ? product(swapLast(a), g) : null,
];

export function matmul(left: Tensor, right: Tensor): Tensor {
  const [a, b] = [operand("matmul", left), operand("matmul", right)];
  if (a.ndim === 0 || b.ndim === 0) {
    throw new RangeError(
      `matmul: needs vectors or matrices, got ${formatShape(a.extents)} x ${formatShape(b.extents)}`,
    );
  }
  if (a.ndim === 1 && b.ndim === 1 && a.size !== b.size) {
    throw new RangeError(`matmul: inner sizes differ: ${formatShape(a.extents)} x ${formatShape(b.extents)}`);
  }
  if (a.ndim === 1) return squeeze(matmul(unsqueeze(a, 0), b), b.ndim === 1 ? 0 : -2);
  if (b.ndim === 1) return squeeze(matmul(a, unsqueeze(b, 1)), -1);
  if (a.ndim > 2 && b.ndim === 2) {
    // One large product instead of a batch of small ones.
    const rows = a.extents.slice(0, -1).reduce((n, extent) => n * extent, 1);
    const flat = matmul(reshape(a, [rows, a.extents[a.ndim - 1]]), b);
    return reshape(flat, [...a.extents.slice(0, -1), b.extents[1]]);
  }
  const saved = [b.requiresGrad ? a : null, a.requiresGrad ? b : null];
  return record("matmul", product(a, b), [a, b], saved, productRule);
}

function outer(left: Tensor, right: Tensor): Tensor {
  const [a, b] = [operand("outer", left), operand("outer", right)];
  if (a.ndim !== 1 || b.ndim !== 1) {
    throw new RangeError(
      `outer: expected two vectors, got ${formatShape(a.extents)} and ${formatShape(b.extents)}`,
    );
  }
  return matmul(unsqueeze(a, 1), unsqueeze(b, 0));
}

export interface MatmulMethods {
  /** All products of the elements of two vectors: [m] and [n] -> [m,n]. */
  outer(b: Tensor): Tensor;
  /**
   * Matrix product with PyTorch's rules: [m,k] x [k,n] -> [m,n]. Leading axes are a batch and broadcast; a vector on the
   * left is a row, on the right a column, and its axis is dropped.
   */
  matmul(b: Tensor): Tensor;
}

declare module "../tensor" {
  interface Tensor extends MatmulMethods {}
}

defineMethods<MatmulMethods>({ matmul, outer });
