// Matrix products on the packed GEMM kernel (kernels/linear/gemm.ts).

import { broadcastStrides, contiguousStrides, type Shape } from "../shape";
import { addressOf, targetOf, type View } from "../view";
import { kernels } from "../wasm";
import { type Frame, launch } from "./frame";

/** A batch of matrices as the kernel reads them: rows of `stride` elements, transposed or not. */
interface Matrices {
  address: number;
  transposed: 0 | 1;
  stride: number;
  /** Byte offset of each matrix of the batch. */
  offsets: readonly number[];
}

/** Reads the last two axes in place when either of them is dense, so that transposes cost nothing. */
function matricesOf(frame: Frame, x: View, batch: Shape): Matrices {
  const { extents, strides } = x;
  const at = extents.length - 2;
  const [rows, columns] = [extents[at], extents[at + 1]];
  const [rowStride, columnStride] = [strides[at], strides[at + 1]];
  const address = addressOf(x, "float32");
  if ((columnStride === 1 || columns === 1) && (rowStride >= columns || rows === 1)) {
    const offsets = offsetsOf(extents, strides, batch);
    return { address, transposed: 0, stride: rows === 1 ? columns : rowStride, offsets };
  }
  if ((rowStride === 1 || rows === 1) && (columnStride >= rows || columns === 1)) {
    const offsets = offsetsOf(extents, strides, batch);
    return { address, transposed: 1, stride: columns === 1 ? rows : columnStride, offsets };
  }
  return {
    address: frame.dense(x),
    transposed: 0,
    stride: columns,
    offsets: offsetsOf(extents, contiguousStrides(extents), batch),
  };
}

/** The offsets of what is no batch. */
const SINGLE: readonly number[] = [0];

/** Byte offsets of the matrices, the last two axes of a tensor, for each element of the batch. */
function offsetsOf(shape: Shape, strides: Shape, batch: Shape): readonly number[] {
  if (batch.length === 0) return SINGLE;
  const steps = broadcastStrides(shape.slice(0, -2), strides.slice(0, -2), batch);
  let offsets = [0];
  for (const [d, extent] of batch.entries()) {
    offsets = offsets.flatMap((o) => Array.from({ length: extent }, (_, i) => o + i * steps[d] * 4));
  }
  return offsets;
}

/** out [...batch, m, n] = a [..., m, k] times b [..., k, n], broadcasting the axes before the last two to `batch`. */
export function matmul(out: View, a: View, b: View, batch: Shape): void {
  if (out.size === 0) return;
  const m = out.extents[batch.length];
  const n = out.extents[batch.length + 1];
  const k = a.extents[a.extents.length - 1];
  launch((frame) => {
    const left = matricesOf(frame, a, batch);
    const right = matricesOf(frame, b, batch);
    const c = targetOf(out, "float32");
    const scratch = frame.scratch(kernels().gemm_scratch_bytes(m, n, k));
    const { gemm_f32 } = kernels();
    const { stride: lda, transposed: ta } = left;
    const { stride: ldb, transposed: tb } = right;
    for (let i = 0; i < left.offsets.length; i++) {
      const to = c + i * m * n * 4;
      const from = left.address + left.offsets[i];
      gemm_f32(to, from, right.address + right.offsets[i], m, n, k, lda, ldb, n, ta, tb, 0, scratch);
    }
  });
}
