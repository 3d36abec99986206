// Making tensors from JavaScript values.

import { fill, writeElement, writeElements } from "../backend/view";
import {
  checkChoice,
  checkInteger,
  checkNumber,
  checkOptions,
  checkShape,
  checkTensor,
  describe,
} from "./check";
import { formatShape } from "./errors";
import { type Shape, sizeOf } from "./shape";
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

/** Also those of another realm (an iframe, a vm context), whose classes are not ours. */
function kindOf(value: unknown): string {
  return ArrayBuffer.isView(value) ? Object.prototype.toString.call(value).slice(8, -1) : "";
}

const KINDS = new Set(
  "Float32Array Float64Array Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array".split(
    " ",
  ),
);

function isTypedArray(value: unknown): value is TypedArray {
  return KINDS.has(kindOf(value));
}

const OPTIONS = ["dtype", "requiresGrad"];
const DTYPES: readonly DType[] = ["float32", "int32"];

function checkTensorOptions(operation: string, options: TensorOptions, known = OPTIONS): DType {
  checkOptions(operation, options, known);
  const { dtype = "float32", requiresGrad = false } = options;
  checkChoice(operation, "dtype", dtype, DTYPES);
  if (typeof requiresGrad !== "boolean") {
    throw new TypeError(`${operation}: requiresGrad must be true or false, got ${describe(requiresGrad)}`);
  }
  return dtype;
}

function finish(out: Tensor, options: TensorOptions): Tensor {
  if (options.requiresGrad) out.requiresGrad = true;
  return out;
}

/** Deeper nesting is a mistake, such as an array that holds itself. */
const MAX_DEPTH = 64;

function flatten(data: NestedArray): { values: number[]; shape: number[] } {
  const shape: number[] = [];
  for (let level: NestedArray = data; Array.isArray(level); level = level[0] as NestedArray) {
    shape.push(level.length);
    if (shape.length > MAX_DEPTH) {
      throw new RangeError(`tensor: arrays are nested at most ${MAX_DEPTH} deep; is one part of itself?`);
    }
    if (level.length === 0) break;
  }
  const values: number[] = [];
  const walk = (item: NestedArray, axis: number, path: string): void => {
    if (axis === shape.length) {
      if (typeof item !== "number") {
        throw new TypeError(`tensor: element ${path || "0"} is ${describe(item)}, expected a number`);
      }
      values.push(item);
      return;
    }
    if (!Array.isArray(item) || item.length !== shape[axis]) {
      const got = Array.isArray(item) ? `${item.length} elements` : describe(item);
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
  checkOptions("tensor", options, [...OPTIONS, "shape"]);
  const kind = kindOf(data);
  const fallback: DType = kind === "Int32Array" ? "int32" : "float32";
  const { shape: wanted, ...rest } = options;
  const dtype = checkTensorOptions("tensor", { ...rest, dtype: options.dtype ?? fallback });
  if (kind !== "" && !KINDS.has(kind)) {
    throw new TypeError(
      `tensor: a ${kind} does not hold 32-bit numbers; convert it, for example to Float64Array`,
    );
  }
  const { values, shape } = isTypedArray(data) ? { values: data, shape: [data.length] } : flatten(data);
  const target = wanted === undefined ? shape : inferShape("tensor", wanted, values.length);
  if (dtype === "int32" && kind !== "Int32Array") {
    const odd = findNonInteger(values);
    if (odd >= 0)
      throw new TypeError(`tensor: int32 element ${odd} is ${values[odd]}, expected a 32-bit integer`);
  }
  const out = allocate(target, dtype);
  writeElements(out, values);
  return finish(out, options);
}

function findNonInteger(values: ArrayLike<number>): number {
  for (let i = 0; i < values.length; i++) if ((values[i] | 0) !== values[i]) return i;
  return -1;
}

/** Resolves a -1 in `shape` from the number of elements, and checks that the counts agree. */
export function inferShape(operation: string, shape: Shape, size: number): number[] {
  const unknown = Array.isArray(shape) ? shape.indexOf(-1) : -1;
  const out = checkShape(
    operation,
    unknown < 0 ? shape : shape.map((extent, d) => (d === unknown ? 0 : extent)),
  );
  if (unknown >= 0) {
    const known = shape.reduce((product, extent, d) => (d === unknown ? product : product * extent), 1);
    out[unknown] = known > 0 ? size / known : 0;
  }
  if (unknown >= 0 && !Number.isInteger(out[unknown])) {
    throw new RangeError(`${operation}: ${size} elements do not fill shape ${formatShape(shape)}`);
  }
  if (sizeOf(out) !== size) {
    throw new RangeError(
      `${operation}: ${size} elements do not fill shape ${formatShape(shape)} of ${sizeOf(out)}`,
    );
  }
  return out;
}

function filled(operation: string, shape: Shape, value: number, options: TensorOptions): Tensor {
  const dtype = checkTensorOptions(operation, options);
  if (typeof value !== "number" || (dtype === "int32" && (value | 0) !== value)) {
    const kind = dtype === "int32" ? "a 32-bit integer" : "a number";
    throw new TypeError(`${operation}: expected ${kind}, got ${describe(value)}`);
  }
  const out = allocate(checkShape(operation, shape), dtype);
  fill(out, value);
  return finish(out, options);
}

/** A tensor filled with one value. */
export function full(shape: Shape, value: number, options: TensorOptions = {}): Tensor {
  return filled("full", shape, value, options);
}

/** A tensor of zeros. */
export function zeros(shape: Shape, options: TensorOptions = {}): Tensor {
  return filled("zeros", shape, 0, options);
}

/** A tensor of ones. */
export function ones(shape: Shape, options: TensorOptions = {}): Tensor {
  return filled("ones", shape, 1, options);
}

/** Zeros of another tensor's shape and dtype. */
export function zerosLike(x: Tensor, options: TensorOptions = {}): Tensor {
  checkTensor("zerosLike", x);
  return filled("zerosLike", x.extents, 0, { dtype: x.dtype, ...options });
}

/** The n x n identity matrix. */
export function eye(n: number, options: TensorOptions = {}): Tensor {
  checkInteger("eye", "n", n, { atLeast: 0 });
  const out = filled("eye", [n, n], 0, options);
  for (let i = 0; i < n; i++) writeElement(out, i * (n + 1), 1);
  return out;
}

/** start + i * step for n positions, computed in float64. */
function sequenceOf(n: number, start: number, step: number): Float64Array {
  const values = new Float64Array(n);
  for (let i = 0; i < n; i++) values[i] = start + i * step;
  return values;
}

/** A tensor [n] of these values. */
function sequence(
  operation: string,
  n: number,
  make: (n: number) => Float64Array,
  options: TensorOptions,
): Tensor {
  const dtype = checkTensorOptions(operation, options);
  const out = allocate(checkShape(operation, [n]), dtype);
  const values = make(n);
  const odd = dtype === "int32" ? findNonInteger(values) : -1;
  if (odd >= 0) {
    throw new TypeError(`${operation}: int32 element ${odd} is ${values[odd]}, expected a 32-bit integer`);
  }
  writeElements(out, values);
  return finish(out, options);
}

/** start, start + step, ... below `stop` (above it for a negative step). `arange(n)` counts from 0. */
export function arange(start: number, stop?: number, step = 1, options: TensorOptions = {}): Tensor {
  const from = stop === undefined ? 0 : start;
  const to = stop ?? start;
  if (step === 0 || ![from, to, step].every(Number.isFinite)) {
    throw new RangeError(
      `arange: needs finite bounds and a step that is not 0, got ${[from, to, step].map(describe).join(", ")}`,
    );
  }
  const count = Math.max(0, Math.ceil((to - from) / step));
  return sequence("arange", count, (n) => sequenceOf(n, from, step), options);
}

/** `count` evenly spaced values from `start` to `stop`, both included. */
export function linspace(start: number, stop: number, count: number, options: TensorOptions = {}): Tensor {
  checkNumber("linspace", "start", start);
  checkNumber("linspace", "stop", stop);
  checkInteger("linspace", "count", count, { atLeast: 0 });
  const step = count > 1 ? (stop - start) / (count - 1) : 0;
  const make = (n: number) => {
    const values = sequenceOf(n, start, step);
    if (n > 1) values[n - 1] = stop;
    return values;
  };
  return sequence("linspace", count, make, options);
}
