// Arithmetic on shapes and strides.

export type Shape = readonly number[];

/** Number of elements; 1 for the empty shape of a scalar. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (let d = 0; d < shape.length; d++) size *= shape[d];
  return size;
}

/** Strides in elements of a row-major layout. */
export function contiguousStrides(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    strides[d] = stride;
    stride *= shape[d];
  }
  return strides;
}

export function isContiguous(shape: Shape, strides: readonly number[]): boolean {
  let expected = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    if (shape[d] === 1) continue;
    if (strides[d] !== expected) return false;
    expected *= shape[d];
  }
  return true;
}

export function sameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let d = 0; d < a.length; d++) if (a[d] !== b[d]) return false;
  return true;
}

/** Strides that read a tensor as if it had the larger shape `target`: 0 along the axes it is repeated on. */
export function broadcastStrides(shape: Shape, strides: readonly number[], target: Shape): number[] {
  const lead = target.length - shape.length;
  const steps: number[] = [];
  for (let d = 0; d < target.length; d++) {
    steps.push(d < lead || shape[d - lead] === 1 ? 0 : strides[d - lead]);
  }
  return steps;
}

/**
 * Merges neighbouring dimensions that all operands step through evenly and drops those of size 1, so that kernels see
 * as few dimensions as possible. Always returns at least one dimension.
 */
export function collapse(
  shape: Shape,
  operands: readonly (readonly number[])[],
): { shape: number[]; strides: number[][] } {
  const outShape: number[] = [];
  const strides: number[][] = operands.map(() => []);
  for (let d = 0; d < shape.length; d++) {
    if (shape[d] === 1) continue;
    const top = outShape.length - 1;
    let merges = top >= 0;
    for (let k = 0; merges && k < operands.length; k++) {
      merges = strides[k][top] === operands[k][d] * shape[d];
    }
    if (merges) {
      outShape[top] *= shape[d];
      for (let k = 0; k < operands.length; k++) strides[k][top] = operands[k][d];
    } else {
      outShape.push(shape[d]);
      for (let k = 0; k < operands.length; k++) strides[k].push(operands[k][d]);
    }
  }
  if (outShape.length === 0) {
    outShape.push(1);
    for (const s of strides) s.push(0);
  }
  return { shape: outShape, strides };
}
