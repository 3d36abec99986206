// Making tensors from JavaScript values.

import { memoryViews } from "../backend/wasm";
import { full as filled } from "./compute";
import { formatShape } from "./errors";
import { checkShape, type Shape, sizeOf } from "./shape";
import { allocate, type DType, type NestedArray, type Tensor } from "./tensor";

/** Options of the functions that make tensors. */
export interface TensorOptions {
  /** Default "float32"; Int32Array input makes "int32". */
  dtype?: DType;
  /** Record operations on this tensor for backward(). Default false. */
  requiresGrad?: boolean;
}

type TypedArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array;

function isTypedArray(value: unknown): value is TypedArray {
  return (
    ArrayBuffer.isView(value) &&
    !(value instanceof DataView) &&
    !(value instanceof BigInt64Array) &&
    !(value instanceof BigUint64Array)
  );
}

function finish(out: Tensor, options: TensorOptions): Tensor {
  if (options.requiresGrad) out.requiresGrad = true;
  return out;
}

function flatten(data: NestedArray): { values: number[]; shape: number[] } {
  const shape: number[] = [];
  for (let level: NestedArray = data; Array.isArray(level); level = level[0] as NestedArray) {
    shape.push(level.length);
    if (level.length === 0) break;
  }
  const values: number[] = [];
  const walk = (item: NestedArray, axis: number, path: string): void => {
    if (axis === shape.length) {
      if (typeof item !== "number") {
        throw new TypeError(
          `tensor: element ${path || "0"} is ${Array.isArray(item) ? "an array" : typeof item}, expected a number`,
        );
      }
      values.push(item);
      return;
    }
    if (!Array.isArray(item) || item.length !== shape[axis]) {
      const got = Array.isArray(item) ? `${item.length} elements` : typeof item;
      throw new RangeError(
        `tensor: nested arrays must be even: ${path || "the array"} has ${got}, expected ${shape[axis]}`,
      );
    }
    for (const [i, inner] of item.entries()) walk(inner, axis + 1, `${path}[${i}]`);
  };
  walk(data, 0, "");
  return { values, shape };
}

/**
 * A tensor from a number, nested arrays or a typed array.
 * @param data numbers nested evenly, or a typed array (then of shape [length] unless `shape` is given).
 * @param options.shape the shape to give the elements, in row-major order; one extent may be -1.
 */
export function tensor(
  data: NestedArray | TypedArray,
  options: TensorOptions & { shape?: Shape } = {},
): Tensor {
  const { values, shape } = isTypedArray(data) ? { values: data, shape: [data.length] } : flatten(data);
  const dtype = options.dtype ?? (data instanceof Int32Array ? "int32" : "float32");
  if (dtype !== "float32" && dtype !== "int32") {
    throw new TypeError(`tensor: dtype must be "float32" or "int32", got ${String(dtype)}`);
  }
  const target = options.shape === undefined ? shape : inferShape("tensor", options.shape, values.length);
  if (dtype === "int32" && !(values instanceof Int32Array)) {
    const odd = (values as ArrayLike<number>).length > 0 ? findNonInteger(values) : -1;
    if (odd >= 0)
      throw new TypeError(`tensor: int32 element ${odd} is ${values[odd]}, expected a 32-bit integer`);
  }
  const out = allocate(target, dtype);
  const { f32, i32 } = memoryViews();
  (dtype === "int32" ? i32 : f32).set(values, out.ptr >>> 2);
  return finish(out, options);
}

function findNonInteger(values: ArrayLike<number>): number {
  for (let i = 0; i < values.length; i++) if ((values[i] | 0) !== values[i]) return i;
  return -1;
}

/** Resolves a -1 in `shape` from the number of elements, and checks that the counts agree. */
export function inferShape(operation: string, shape: Shape, size: number): number[] {
  const unknown = shape.indexOf(-1);
  const out = [...shape];
  if (unknown >= 0) {
    const known = shape.reduce((product, extent, d) => (d === unknown ? product : product * extent), 1);
    out[unknown] = known > 0 ? size / known : 0;
  }
  if (unknown >= 0 && !Number.isInteger(out[unknown])) {
    throw new RangeError(`${operation}: ${size} elements do not fill shape ${formatShape(shape)}`);
  }
  checkShape(operation, out);
  if (sizeOf(out) !== size) {
    throw new RangeError(
      `${operation}: ${size} elements do not fill shape ${formatShape(shape)} of ${sizeOf(out)}`,
    );
  }
  return out;
}

/** A tensor filled with one value. */
export function full(shape: Shape, value: number, options: TensorOptions = {}): Tensor {
  return finish(filled(shape, value, options.dtype), options);
}

/** A tensor of zeros. */
export function zeros(shape: Shape, options: TensorOptions = {}): Tensor {
  return full(shape, 0, options);
}

/** A tensor of ones. */
export function ones(shape: Shape, options: TensorOptions = {}): Tensor {
  return full(shape, 1, options);
}

/** Zeros of another tensor's shape and dtype. */
export function zerosLike(x: Tensor, options: TensorOptions = {}): Tensor {
  return zeros(x.shape, { dtype: x.dtype, ...options });
}

/** The n x n identity matrix. */
export function eye(n: number, options: TensorOptions = {}): Tensor {
  const out = filled([n, n], 0, options.dtype);
  const { f32, i32 } = memoryViews();
  const view = out.dtype === "int32" ? i32 : f32;
  for (let i = 0; i < n; i++) view[(out.ptr >>> 2) + i * (n + 1)] = 1;
  return finish(out, options);
}

/** start, start + step, ... below `stop` (above it for a negative step). `arange(n)` counts from 0. */
export function arange(start: number, stop?: number, step = 1, options: TensorOptions = {}): Tensor {
  const from = stop === undefined ? 0 : start;
  const to = stop ?? start;
  if (step === 0 || !Number.isFinite(step) || !Number.isFinite(to - from)) {
    throw new RangeError(`arange: needs finite bounds and a step that is not 0, got ${from}, ${to}, ${step}`);
  }
  const n = Math.max(0, Math.ceil((to - from) / step));
  return tensor(
    Float64Array.from({ length: n }, (_, i) => from + i * step),
    options,
  );
}

/** `count` evenly spaced values from `start` to `stop`, both included. */
export function linspace(start: number, stop: number, count: number, options: TensorOptions = {}): Tensor {
  if (!Number.isInteger(count) || count < 0)
    throw new RangeError(`linspace: count must be 0 or more, got ${count}`);
  const step = count > 1 ? (stop - start) / (count - 1) : 0;
  const values = Float64Array.from({ length: count }, (_, i) =>
    i === count - 1 && count > 1 ? stop : start + i * step,
  );
  return tensor(values, options);
}
