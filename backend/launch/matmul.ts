// Matrix products on the packed GEMM kernel (kernels/linear/gemm.ts).

import { broadcastStrides, type Shape } from "../shape";
import { addressOf, targetOf, type View } from "../view";
import { kernels } from "../wasm";
import { type Frame, launch } from "./frame";

/** A batch of matrices as the kernel reads them: rows of `stride` elements, transposed or not. */
interface Matrices {
  address: number;
  transposed: 0 | 1;
  stride: number;
  /** Byte offset of each matrix of the batch. */
  offsets: number[];
}

/** Reads the last two axes in place when either of them is dense, so that transposes cost nothing. */
function matricesOf(frame: Frame, x: View, batch: Shape): Matrices {
  const [rows, columns] = x.extents.slice(-2);
  const [rowStride, columnStride] = x.strides.slice(-2);
  const address = addressOf(x, "float32");
  const outer = x.extents.slice(0, -2);
  if ((columnStride === 1 || columns === 1) && (rowStride >= columns || rows === 1)) {
    const offsets = offsetsOf(outer, x.strides.slice(0, -2), batch);
    return { address, transposed: 0, stride: rows === 1 ? columns : rowStride, offsets };
  }
  if ((rowStride === 1 || rows === 1) && (columnStride >= rows || columns === 1)) {
    const offsets = offsetsOf(outer, x.strides.slice(0, -2), batch);
    return { address, transposed: 1, stride: columns === 1 ? rows : columnStride, offsets };
  }
  const strides: number[] = [];
  let step = rows * columns;
  for (let d = outer.length - 1; d >= 0; d--) {
    strides[d] = step;
    step *= outer[d];
  }
  return {
    address: frame.dense(x),
    transposed: 0,
    stride: columns,
    offsets: offsetsOf(outer, strides, batch),
  };
}

function offsetsOf(outer: Shape, strides: Shape, batch: Shape): number[] {
  const steps = broadcastStrides(outer, strides, batch);
  let offsets = [0];
  for (const [d, extent] of batch.entries()) {
    offsets = offsets.flatMap((o) => Array.from({ length: extent }, (_, i) => o + i * steps[d] * 4));
  }
  return offsets;
}

/** out [...batch, m, n] = a [..., m, k] times b [..., k, n], broadcasting the axes before the last two. */
export function matmul(out: View, a: View, b: View): void {
  if (out.size === 0) return;
  const batch = out.extents.slice(0, -2);
  const [m, n] = out.extents.slice(-2);
  const [k] = a.extents.slice(-1);
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
