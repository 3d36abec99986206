// Matrix products on the packed GEMM kernel.

import { withScratch } from "../../backend/storage";
import { kernels } from "../../backend/wasm";
import { record } from "../autograd";
import { contiguous, sumTo } from "../compute";
import { formatShape } from "../errors";
import { broadcastShapes, broadcastStrides, type Shape } from "../shape";
import { allocate, type Tensor, viewOf } from "../tensor";
import { operand } from "./arithmetic";
import { reshape, squeeze, unsqueeze } from "./layout";

/** A matrix as the kernel reads it: rows of `stride` elements, transposed or not. */
interface Operand2d {
  matrix: Tensor;
  transposed: number;
  stride: number;
}

/** Reads the last two axes in place when either of them is dense, so that transposes cost nothing. */
function asOperand(x: Tensor): Operand2d {
  const [rows, columns] = x.shape.slice(-2);
  const [rowStride, columnStride] = x.strides.slice(-2);
  if ((columnStride === 1 || columns === 1) && (rowStride >= columns || rows === 1)) {
    return { matrix: x, transposed: 0, stride: rows === 1 ? columns : rowStride };
  }
  if ((rowStride === 1 || rows === 1) && (columnStride >= rows || columns === 1)) {
    return { matrix: x, transposed: 1, stride: columns === 1 ? rows : columnStride };
  }
  return { matrix: contiguous(x), transposed: 0, stride: columns };
}

/** Element offsets of each matrix in a batch of `shape`, relative to the first. */
function batchOffsets(x: Tensor, shape: Shape): number[] {
  const strides = broadcastStrides(x.shape.slice(0, -2), x.strides.slice(0, -2), shape);
  let offsets = [0];
  for (const [d, extent] of shape.entries()) {
    offsets = offsets.flatMap((o) => Array.from({ length: extent }, (_, i) => o + i * strides[d]));
  }
  return offsets;
}

/** Unrecorded product of tensors of at least two axes, broadcasting those before. */
function product(a: Tensor, b: Tensor): Tensor {
  const [m, k] = a.shape.slice(-2);
  const [inner, n] = b.shape.slice(-2);
  if (k !== inner) {
    throw new RangeError(`matmul: inner sizes differ: ${formatShape(a.shape)} x ${formatShape(b.shape)}`);
  }
  const batch = broadcastShapes("matmul", a.shape.slice(0, -2), b.shape.slice(0, -2));
  const out = allocate([...batch, m, n]);
  if (out.size === 0) return out;
  const left = asOperand(a);
  const right = asOperand(b);
  const leftOffsets = batchOffsets(left.matrix, batch);
  const rightOffsets = batchOffsets(right.matrix, batch);
  const kernel = kernels();
  withScratch(kernel.gemm_scratch_bytes(m, n, k), (scratch) => {
    for (let i = 0; i < leftOffsets.length; i++) {
      const c = out.ptr + i * m * n * 4;
      const pa = left.matrix.ptr + leftOffsets[i] * 4;
      const pb = right.matrix.ptr + rightOffsets[i] * 4;
      const { transposed: ta, stride: lda } = left;
      const { transposed: tb, stride: ldb } = right;
      kernel.gemm_f32(c, pa, pb, m, n, k, lda, ldb, n, ta, tb, 0, scratch);
    }
  });
  return out;
}

function swapLast(x: Tensor): Tensor {
  const swap = (list: Shape) => [...list.slice(0, -2), list[list.length - 1], list[list.length - 2]];
  return viewOf(x, swap(x.shape), swap(x.strides), x.offset);
}

/**
 * Matrix product with PyTorch's rules: [m,k] x [k,n]; leading axes are a batch and broadcast; a vector on the left is
 * a row, on the right a column, and its axis is dropped from the result.
 */
export function matmul(left: Tensor, right: Tensor): Tensor {
  const [a, b] = [operand("matmul", left), operand("matmul", right)];
  if (a.ndim === 0 || b.ndim === 0) {
    throw new RangeError(
      `matmul: needs vectors or matrices, got ${formatShape(a.shape)} x ${formatShape(b.shape)}`,
    );
  }
  if (a.ndim === 1 && b.ndim === 1 && a.size !== b.size) {
    throw new RangeError(`matmul: inner sizes differ: ${formatShape(a.shape)} x ${formatShape(b.shape)}`);
  }
  if (a.ndim === 1) return squeeze(matmul(unsqueeze(a, 0), b), b.ndim === 1 ? 0 : -2);
  if (b.ndim === 1) return squeeze(matmul(a, unsqueeze(b, 1)), -1);
  if (a.ndim > 2 && b.ndim === 2) {
    // One large product instead of a batch of small ones.
    const flat = matmul(reshape(a, [-1, a.shape[a.ndim - 1]]), b);
    return reshape(flat, [...a.shape.slice(0, -1), b.shape[1]]);
  }
  return record("matmul", product(a, b), [a, b], [a, b], (g, [sa, sb], needs) => [
    needs[0] ? sumTo(product(g, swapLast(sb)), sa.shape) : null,
    needs[1] ? sumTo(product(swapLast(sa), g), sb.shape) : null,
  ]);
}
