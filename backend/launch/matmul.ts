// Matrix products on the packed GEMM kernel (kernels/linear/gemm.ts).

import { broadcastStrides, contiguousStrides, type Shape, sizeOf } from "../shape";
import { addressOf, targetOf, type View } from "../view";
import { kernels } from "../wasm";
import { type Frame, launch } from "./frame";

/** A batch of matrices as the kernel reads them: rows of `stride` elements, transposed or not. */
interface Matrices {
  address: number;
  transposed: 0 | 1;
  stride: number;
  /** Elements from one matrix to the next along each axis of the batch; 0 repeats. */
  steps: readonly number[];
}

/** Reads the last two axes in place when either of them is dense, so that transposes cost nothing. */
function matricesOf(frame: Frame, x: View, batch: Shape): Matrices {
  const { extents, strides } = x;
  const at = extents.length - 2;
  const [rows, columns] = [extents[at], extents[at + 1]];
  const [rowStride, columnStride] = [strides[at], strides[at + 1]];
  const address = addressOf(x, "float32");
  if ((columnStride === 1 || columns === 1) && (rowStride >= columns || rows === 1)) {
    return {
      address,
      transposed: 0,
      stride: rows === 1 ? columns : rowStride,
      steps: stepsOf(extents, strides, batch),
    };
  }
  if ((rowStride === 1 || rows === 1) && (columnStride >= rows || columns === 1)) {
    return {
      address,
      transposed: 1,
      stride: columns === 1 ? rows : columnStride,
      steps: stepsOf(extents, strides, batch),
    };
  }
  return {
    address: frame.dense(x),
    transposed: 0,
    stride: columns,
    steps: stepsOf(extents, contiguousStrides(extents), batch),
  };
}

const NO_BATCH: readonly number[] = [];

/** The steps of the axes before the last two, broadcast to the batch. */
function stepsOf(shape: Shape, strides: Shape, batch: Shape): readonly number[] {
  if (batch.length === 0) return NO_BATCH;
  return broadcastStrides(shape.slice(0, -2), strides.slice(0, -2), batch);
}

/** Elements from one matrix of the whole batch to the next; null where they are not evenly spaced. */
function evenStep(steps: readonly number[], batch: Shape): number | null {
  const last = batch.length - 1;
  for (let d = last; d > 0; d--) if (steps[d - 1] !== steps[d] * batch[d]) return null;
  return steps[last];
}

/** Byte offsets of the matrices of a batch. */
function offsetsOf(steps: readonly number[], batch: Shape): number[] {
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
    const { gemm_f32, gemm_batch_f32 } = kernels();
    const { stride: lda, transposed: ta } = left;
    const { stride: ldb, transposed: tb } = right;
    if (batch.length === 0) {
      gemm_f32(c, left.address, right.address, m, n, k, lda, ldb, n, ta, tb, 0, scratch);
      return;
    }
    const [stepA, stepB] = [left, right].map(({ steps }) => evenStep(steps, batch));
    if (stepA !== null && stepB !== null) {
      const { address: p } = left;
      gemm_batch_f32(
        c,
        p,
        right.address,
        sizeOf(batch),
        stepA * 4,
        stepB * 4,
        m,
        n,
        k,
        lda,
        ldb,
        ta,
        tb,
        scratch,
      );
      return;
    }
    const [lefts, rights] = [left, right].map(({ steps }) => offsetsOf(steps, batch));
    for (const [i, offset] of lefts.entries()) {
      const [from, other] = [left.address + offset, right.address + rights[i]];
      gemm_f32(c + i * m * n * 4, from, other, m, n, k, lda, ldb, n, ta, tb, 0, scratch);
    }
  });
}
