// Plain float64 arithmetic on small arrays, for references that share nothing with the kernels.

import { type Tensor, tensor } from "topograd";

/** A float64 array with a shape. */
export interface Ref {
  shape: number[];
  data: number[];
}

export const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** Deterministic float32 values in [low, high). */
export function sample(shape: number[], seed: number, low = -1, high = 1): Ref {
  let state = (seed * 2654435761) >>> 0 || 1;
  const data = Array.from({ length: size(shape) }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return Math.fround(low + ((state >>> 0) / 4294967296) * (high - low));
  });
  return { shape, data };
}

export const toTensor = (ref: Ref, requiresGrad = false): Tensor =>
  tensor(Float32Array.from(ref.data), { shape: ref.shape, requiresGrad });

/** Calls fn with every multi-index of a shape. */
export function each(shape: readonly number[], fn: (index: number[]) => void): void {
  const walk = (index: number[]): void => {
    if (index.length === shape.length) fn(index);
    else for (let i = 0; i < shape[index.length]; i++) walk([...index, i]);
  };
  walk([]);
}

/** Element at a multi-index; axes of extent 1 and missing leading axes broadcast. */
export function at(ref: Ref, index: readonly number[]): number {
  const lead = index.length - ref.shape.length;
  let flat = 0;
  for (let d = 0; d < ref.shape.length; d++) {
    flat = flat * ref.shape[d] + (ref.shape[d] === 1 ? 0 : index[d + lead]);
  }
  return ref.data[flat];
}

/** An array built element by element. */
export function build(shape: number[], fn: (index: number[]) => number): Ref {
  const data: number[] = [];
  each(shape, (index) => data.push(fn(index)));
  return { shape, data };
}

export const map = (a: Ref, fn: (x: number) => number): Ref => ({ shape: a.shape, data: a.data.map(fn) });

export function broadcast(a: Ref, b: Ref, fn: (x: number, y: number) => number): Ref {
  const n = Math.max(a.shape.length, b.shape.length);
  const shape = Array.from({ length: n }, (_, d) =>
    Math.max(a.shape[d - n + a.shape.length] ?? 1, b.shape[d - n + b.shape.length] ?? 1),
  );
  return build(shape, (index) => fn(at(a, index), at(b, index)));
}

/** Folds the values along `axes` into one. */
export function reduceOver(a: Ref, axes: number[], keepDims: boolean, fn: (values: number[]) => number): Ref {
  const kept = a.shape.map((extent, d) => (axes.includes(d) ? 1 : extent));
  const out = build(kept, (index) => {
    const values: number[] = [];
    each(
      axes.map((d) => a.shape[d]),
      (inner) => {
        const full = [...index];
        for (const [i, d] of axes.entries()) full[d] = inner[i];
        values.push(at(a, full));
      },
    );
    return fn(values);
  });
  return keepDims ? out : { shape: a.shape.filter((_, d) => !axes.includes(d)), data: out.data };
}

/** Replaces each line of values along an axis by another of the same length. */
export function alongAxis(a: Ref, axis: number, fn: (values: number[]) => number[]): Ref {
  return build(a.shape, (index) => {
    const line = Array.from({ length: a.shape[axis] }, (_, i) =>
      at(
        a,
        index.map((v, d) => (d === axis ? i : v)),
      ),
    );
    return fn(line)[index[axis]];
  });
}

export function matmulRef(a: Ref, b: Ref): Ref {
  const [m, k] = a.shape.slice(-2);
  const n = b.shape[b.shape.length - 1];
  const lead = broadcast(
    { shape: a.shape.slice(0, -2), data: new Array(size(a.shape.slice(0, -2))).fill(0) },
    { shape: b.shape.slice(0, -2), data: new Array(size(b.shape.slice(0, -2))).fill(0) },
    () => 0,
  ).shape;
  return build([...lead, m, n], (index) => {
    const batch = index.slice(0, -2);
    const [i, j] = index.slice(-2);
    let total = 0;
    for (let p = 0; p < k; p++) total += at(a, [...batch, i, p]) * at(b, [...batch, p, j]);
    return total;
  });
}

/** Largest |a - b| / (1 + |b|). */
export function worst(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let most = 0;
  for (let i = 0; i < expected.length; i++) {
    if (Object.is(actual[i], expected[i]) || (Number.isNaN(actual[i]) && Number.isNaN(expected[i]))) continue;
    const error = Math.abs(actual[i] - expected[i]) / (1 + Math.abs(expected[i]));
    most = Number.isNaN(error) ? Number.POSITIVE_INFINITY : Math.max(most, error);
  }
  return most;
}
