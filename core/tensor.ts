// The tensor: a strided window on reference-counted storage, with its place in the autograd graph. The operations are
// in core/ops/ and become methods in core/methods.ts.

import { Storage } from "../backend/storage";
import type { DType, View } from "../backend/view";
import { memoryViews } from "../backend/wasm";
import type { Node } from "./autograd";
import { FreedTensorError, formatShape } from "./errors";
import {
  assertAlive,
  Handle,
  type Managed,
  registerForCollection,
  track,
  unregisterFromCollection,
} from "./memory";
import { checkShape, contiguousStrides, isContiguous, type Shape, sizeOf } from "./shape";

export type { DType };

/** Numbers nested as deep as the shape has axes. */
export type NestedArray = number | NestedArray[];

const MAX_PRINTED = 6;

/**
 * A multi-dimensional array whose data lie in the WebAssembly memory. Make one with `tensor`, `zeros`, `randn` and the
 * like; the constructor is internal.
 */
export class Tensor implements Managed, View {
  /** Extent of each axis; empty for a scalar. */
  readonly shape: Shape;
  readonly dtype: DType;
  /** The gradient that backward() accumulated, of the same shape; null before, and after zeroGrad(). */
  grad: Tensor | null = null;
  /** @internal */
  readonly handle: Handle;
  /** @internal Strides in elements. */
  readonly strides: readonly number[];
  /** @internal Start in elements. */
  readonly offset: number;
  /** @internal */
  kept = false;
  /** @internal */
  isGradient = false;
  /** @internal */
  registered = false;
  private leaf = false;

  /** @internal */
  constructor(storage: Storage, shape: Shape, dtype: DType, strides: readonly number[], offset: number) {
    this.shape = shape;
    this.dtype = dtype;
    this.strides = strides;
    this.offset = offset;
    this.handle = new Handle(storage);
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  /** Number of axes. */
  get ndim(): number {
    return this.shape.length;
  }

  /** True when the result of operations on this tensor is recorded for backward(). Set it on leaves only. */
  get requiresGrad(): boolean {
    return this.leaf || this.handle.node !== null;
  }

  set requiresGrad(value: boolean) {
    if (this.handle.node !== null) {
      if (value) return;
      throw new Error(
        "requiresGrad: this tensor is the result of an operation; use detach() to leave the graph",
      );
    }
    if (value && this.dtype !== "float32") {
      throw new TypeError(`requiresGrad: only float32 tensors have gradients, got ${this.dtype}`);
    }
    this.leaf = value;
  }

  /** @internal The operation that made this tensor; null for leaves. */
  get node(): Node | null {
    return this.handle.node as Node | null;
  }

  /** @internal */
  get storage(): Storage {
    return this.handle.storage;
  }

  /** @internal Byte address of the first element. */
  get ptr(): number {
    return this.handle.storage.ptr + this.offset * 4;
  }

  /** @internal */
  get isContiguous(): boolean {
    return isContiguous(this.shape, this.strides);
  }

  /** The value of a tensor of one element. */
  item(): number {
    assertAlive(this, "item");
    if (this.size !== 1) {
      throw new RangeError(`item: needs a tensor of one element, got shape ${formatShape(this.shape)}`);
    }
    const at = this.ptr >>> 2;
    return this.dtype === "int32" ? memoryViews().i32[at] : memoryViews().f32[at];
  }

  /** A copy of the elements in row-major order, as float32 whatever the dtype. */
  toFloat32Array(): Float32Array {
    return Float32Array.from(this.copyOut("toFloat32Array"));
  }

  /** A copy of the elements in row-major order, as int32; float32 values are truncated. */
  toInt32Array(): Int32Array {
    return Int32Array.from(this.copyOut("toInt32Array"));
  }

  /** A copy as nested arrays, a number for a scalar. */
  toArray(): NestedArray {
    const flat = this.copyOut("toArray");
    let position = 0;
    const nest = (axis: number): NestedArray => {
      if (axis === this.ndim) return flat[position++];
      return Array.from({ length: this.shape[axis] }, () => nest(axis + 1));
    };
    return nest(0);
  }

  /** Shape, dtype and the first and last elements of each axis. */
  toString(): string {
    if (this.handle.freed !== null) return `Tensor(freed ${this.handle.freed})`;
    const flat = this.copyOut("toString");
    const strides = contiguousStrides(this.shape);
    const write = (axis: number, start: number): string => {
      if (axis === this.ndim) return String(Number(flat[start].toPrecision(5)));
      const extent = this.shape[axis];
      const items: string[] = [];
      for (let i = 0; i < extent; i++) {
        if (extent > 2 * MAX_PRINTED && i === MAX_PRINTED) {
          items.push("...");
          i = extent - MAX_PRINTED;
        }
        items.push(write(axis + 1, start + i * strides[axis]));
      }
      const separator = axis === this.ndim - 1 ? ", " : `,\n${" ".repeat(axis + 8)}`;
      return `[${items.join(separator)}]`;
    };
    const flags = this.requiresGrad ? ", requiresGrad" : "";
    return `Tensor(${write(0, 0)}, shape ${formatShape(this.shape)}, ${this.dtype}${flags})`;
  }

  /** Shows the values when a console prints the tensor in Node. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  /** Makes the tensor outlive its scope; it then lives until dispose() or until nothing refers to it. Returns it. */
  keep(): this {
    assertAlive(this, "keep");
    this.kept = true;
    registerForCollection(this);
    return this;
  }

  /** Frees the tensor now. Views of it and recorded operations keep the data they need. */
  dispose(): void {
    this.free("by dispose()");
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** @internal */
  free(reason: string): void {
    if (this.handle.freed !== null) return;
    unregisterFromCollection(this);
    this.handle.release(reason);
    this.clearGrad(reason);
  }

  /** @internal Drops the gradient; it is freed unless somebody kept it. */
  clearGrad(reason: string): void {
    if (this.grad !== null && !this.grad.kept) this.grad.free(reason);
    this.grad = null;
  }

  private copyOut(operation: string): Float32Array | Int32Array {
    assertAlive(this, operation);
    const { f32, i32 } = memoryViews();
    const source = this.dtype === "int32" ? i32 : f32;
    const base = this.ptr >>> 2;
    if (this.isContiguous) return source.slice(base, base + this.size);
    const out = this.dtype === "int32" ? new Int32Array(this.size) : new Float32Array(this.size);
    let position = 0;
    const walk = (axis: number, at: number): void => {
      if (axis === this.ndim) {
        out[position++] = source[at];
        return;
      }
      for (let i = 0; i < this.shape[axis]; i++) walk(axis + 1, at + i * this.strides[axis]);
    };
    walk(0, base);
    return out;
  }
}

export function isTensor(value: unknown): value is Tensor {
  return value instanceof Tensor;
}

/** A new contiguous tensor with uninitialised elements, owned by the innermost scope. */
export function allocate(shape: Shape, dtype: DType = "float32"): Tensor {
  checkShape("tensor", shape);
  const tensor = new Tensor(new Storage(sizeOf(shape) * 4), shape, dtype, contiguousStrides(shape), 0);
  track(tensor);
  return tensor;
}

/** Another tensor on the same storage, owned by the innermost scope. */
export function viewOf(tensor: Tensor, shape: Shape, strides: readonly number[], offset: number): Tensor {
  const view = aliasAs(tensor, shape, strides, offset);
  track(view);
  return view;
}

/** A second handle on the same data that no scope owns: the caller frees it. */
export function alias(tensor: Tensor): Tensor {
  return aliasAs(tensor, tensor.shape, tensor.strides, tensor.offset);
}

function aliasAs(tensor: Tensor, shape: Shape, strides: readonly number[], offset: number): Tensor {
  const { storage } = tensor.handle;
  storage.retain();
  return new Tensor(storage, shape, tensor.dtype, strides, offset);
}

/** Throws a clear error unless `value` is a living tensor; every operation calls it on its operands. */
export function requireTensor(operation: string, value: unknown): asserts value is Tensor {
  if (!(value instanceof Tensor)) {
    const got = value === null ? "null" : Array.isArray(value) ? "an array" : typeof value;
    throw new TypeError(`${operation}: expected a tensor, got ${got}`);
  }
  if (value.handle.freed !== null) {
    throw new FreedTensorError(
      `${operation}: a tensor of shape ${formatShape(value.shape)} was freed ${value.handle.freed}. ` +
        "Call keep() on a tensor that must live longer",
    );
  }
}
