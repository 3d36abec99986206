// What a launch is given: a strided window on storage.

import { isContiguous, type Shape } from "./shape";
import type { Storage } from "./storage";
import { memoryViews } from "./wasm";

/** Element types: float32 for all that is computed, int32 for labels and indices. */
export type DType = "float32" | "int32";

/** A strided window on storage. A tensor is one. */
export interface View {
  readonly storage: Storage;
  /** The shape; never changed. */
  readonly extents: Shape;
  /** Number of elements. */
  readonly size: number;
  /** In elements. */
  readonly strides: readonly number[];
  /** Start in elements. */
  readonly offset: number;
  readonly dtype: DType;
}

/** Byte address of the first element; throws a TypeError for another dtype, whose bits would be read as numbers. */
export function addressOf(view: View, dtype: DType): number {
  if (view.dtype !== dtype) throw new TypeError(`expected a tensor of ${dtype}, got ${view.dtype}`);
  return view.storage.ptr + view.offset * 4;
}

/** Byte address of contiguous elements that a launch writes. */
export function targetOf(view: View, dtype: DType): number {
  if (!isContiguous(view.extents, view.strides))
    throw new RangeError("a launch writes contiguous tensors only");
  return addressOf(view, dtype);
}

/** The memory as elements of this dtype. Never hold it across a call that may allocate: growth detaches it. */
function elementsOf(dtype: DType): Float32Array | Int32Array {
  return dtype === "int32" ? memoryViews().i32 : memoryViews().f32;
}

/** The only or first element. */
export function readElement(view: View, index = 0): number {
  return elementsOf(view.dtype)[(addressOf(view, view.dtype) >>> 2) + index];
}

/** Overwrites one element of a contiguous view. */
export function writeElement(view: View, index: number, value: number): void {
  elementsOf(view.dtype)[(targetOf(view, view.dtype) >>> 2) + index] = value;
}

/** A copy of the elements in row-major order. */
export function readElements(view: View): Float32Array | Int32Array {
  const source = elementsOf(view.dtype);
  const start = addressOf(view, view.dtype) >>> 2;
  const { extents: shape, strides, size } = view;
  if (isContiguous(shape, strides)) return source.slice(start, start + size);
  const out = view.dtype === "int32" ? new Int32Array(size) : new Float32Array(size);
  const last = shape.length - 1;
  let position = 0;
  const walk = (axis: number, at: number): void => {
    const [extent, stride] = [shape[axis], strides[axis]];
    if (axis < last) for (let i = 0; i < extent; i++) walk(axis + 1, at + i * stride);
    else for (let i = 0; i < extent; i++) out[position++] = source[at + i * stride];
  };
  walk(0, start);
  return out;
}

/** Overwrites a contiguous view with as many values, which are converted as typed arrays do. */
export function writeElements(view: View, values: ArrayLike<number>): void {
  if (values.length !== view.size) {
    throw new RangeError(`${values.length} values for a tensor of ${view.size} elements`);
  }
  elementsOf(view.dtype).set(values, targetOf(view, view.dtype) >>> 2);
}

/** Fills a contiguous view with one value. */
export function fill(view: View, value: number): void {
  const start = targetOf(view, view.dtype) >>> 2;
  elementsOf(view.dtype).fill(value, start, start + view.size);
}
