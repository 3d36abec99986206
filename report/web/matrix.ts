// Symmetric weight matrices, as connectomes are.

/** A symmetric matrix of weights in [0, 1]: `values` is [size, size], row-major. */
export interface Matrix {
  size: number;
  values: Float32Array;
}

/** The bytes that a base64 text stands for. */
export function bytesOfBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** The matrix whose strict lower triangle, row by row, is given in bytes: 255 stands for a weight of 1. */
export function unpackTriangle(bytes: Uint8Array, size: number): Matrix {
  const values = new Float32Array(size * size);
  let next = 0;
  for (let i = 1; i < size; i++) {
    for (let j = 0; j < i; j++) {
      values[i * size + j] = values[j * size + i] = bytes[next++] / 255;
    }
  }
  return { size, values };
}

/** The weight that the given share of all pairs does not exceed. */
export function weightQuantile({ size, values }: Matrix, share: number): number {
  const weights = values.filter((_, index) => index % size < Math.floor(index / size)).sort();
  return weights.length === 0 ? 0 : weights[Math.round(share * (weights.length - 1))];
}
