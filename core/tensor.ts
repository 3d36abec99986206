// The tensor: a strided window on reference-counted storage, with its place in the autograd graph. The operations are
// in core/ops/, each file of which adds its methods here.

import { copy as copyInto } from "../backend/launch/copy";
import { Storage } from "../backend/storage";
import { type DType, readElement, readElements } from "../backend/view";
import type { Node } from "./autograd";
import { formatShape } from "./errors";
import {
  assertAlive,
  Handle,
  type Managed,
  registerForCollection,
  track,
  unregisterFromCollection,
} from "./memory";
import { contiguousStrides, isContiguous, type Shape, sameShape, sizeOf } from "./shape";

export type { DType };

/** Numbers nested as deep as the shape has axes. */
export type NestedArray = number | NestedArray[];

const MAX_PRINTED = 6;

/**
 * A multi-dimensional array whose data lie in the WebAssembly memory. Make one with `tensor`, `zeros`, `randn` and the
 * like; the constructor is internal.
 */
export class Tensor implements Managed {
  /** @internal The shape as launches and operations read it. Never changed, and never handed out. */
  readonly extents: Shape;
  /** Number of elements. */
  readonly size: number;
  readonly dtype: DType;
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
  private gradient: Tensor | null = null;
  private frozenShape: Shape | null = null;

  /** @internal */
  constructor(storage: Storage, shape: Shape, dtype: DType, strides: readonly number[], offset: number) {
    if (!(storage instanceof Storage)) {
      throw new TypeError(
        "Tensor: the constructor is internal; make tensors with tensor(), zeros(), randn() and the like",
      );
    }
    this.extents = shape;
    this.size = sizeOf(shape);
    this.dtype = dtype;
    this.strides = strides;
    this.offset = offset;
    this.handle = new Handle(storage);
  }

  /** Extent of each axis; empty for a scalar. Frozen. */
  get shape(): Shape {
    // A copy, made when somebody asks: freezing costs more than a small operation.
    this.frozenShape ??= Object.freeze([...this.extents]);
    return this.frozenShape;
  }

  /** Number of axes. */
  get ndim(): number {
    return this.extents.length;
  }

  /**
   * The gradient that backward() accumulated, of the same shape; null before, and after zeroGrad(). A float32 tensor of
   * that shape may be put in its place; a strided view is copied.
   */
  get grad(): Tensor | null {
    return this.gradient;
  }

  set grad(value: Tensor | null) {
    if (value === null || value === this.gradient) {
      this.gradient = value;
      return;
    }
    if (!(value instanceof Tensor)) throw new TypeError("grad: a gradient is a Tensor or null");
    assertAlive(value, "grad");
    if (value.dtype !== "float32" || !sameShape(value.extents, this.extents)) {
      throw new RangeError(
        `grad: the gradient of a tensor ${formatShape(this.extents)} is float32 of that shape, ` +
          `got ${value.dtype} ${formatShape(value.extents)}`,
      );
    }
    this.gradient = value.isContiguous ? value : copyOf(value);
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

  /** @internal */
  get isContiguous(): boolean {
    return isContiguous(this.extents, this.strides);
  }

  /** The value of a tensor of one element. */
  item(): number {
    assertAlive(this, "item");
    if (this.size !== 1) {
      throw new RangeError(`item: needs a tensor of one element, got shape ${formatShape(this.extents)}`);
    }
    return readElement(this);
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
      return Array.from({ length: this.extents[axis] }, () => nest(axis + 1));
    };
    return nest(0);
  }

  /** Shape, dtype and the first and last elements of each axis. */
  toString(): string {
    if (this.handle.freed !== null) return `Tensor(freed ${this.handle.freed})`;
    const flat = this.copyOut("toString");
    const strides = contiguousStrides(this.extents);
    const write = (axis: number, start: number): string => {
      if (axis === this.ndim) return String(Number(flat[start].toPrecision(5)));
      const extent = this.extents[axis];
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
    return `Tensor(${write(0, 0)}, shape ${formatShape(this.extents)}, ${this.dtype}${flags})`;
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
    if (this.gradient !== null && !this.gradient.kept) this.gradient.free(reason);
    this.gradient = null;
  }

  private copyOut(operation: string): Float32Array | Int32Array {
    assertAlive(this, operation);
    return readElements(this);
  }
}

/** A contiguous copy that no scope owns. */
function copyOf(tensor: Tensor): Tensor {
  const { extents: shape, dtype, size } = tensor;
  const copy = new Tensor(new Storage(size * 4), shape, dtype, contiguousStrides(shape), 0);
  copyInto(copy, tensor);
  return copy;
}

export function isTensor(value: unknown): value is Tensor {
  return value instanceof Tensor;
}

/** A new contiguous tensor with uninitialised elements, owned by the innermost scope. */
export function allocate(shape: Shape, dtype: DType = "float32"): Tensor {
  const strides = contiguousStrides(shape);
  const tensor = new Tensor(new Storage(sizeOf(shape) * 4), shape, dtype, strides, 0);
  track(tensor);
  return tensor;
}

/** A new contiguous tensor of another's shape, which they share. */
export function allocateLike(x: Tensor, dtype: DType = "float32"): Tensor {
  const { extents: shape, size } = x;
  const tensor = new Tensor(new Storage(size * 4), shape, dtype, contiguousStrides(shape), 0);
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
  tensor.storage.retain();
  return new Tensor(tensor.storage, tensor.extents, tensor.dtype, tensor.strides, tensor.offset);
}

function aliasAs(tensor: Tensor, shape: Shape, strides: readonly number[], offset: number): Tensor {
  const { storage } = tensor.handle;
  storage.retain();
  return new Tensor(storage, shape, tensor.dtype, strides, offset);
}

type Methods<M> = {
  [K in keyof M]: M[K] extends (...rest: infer Rest) => infer Out ? (x: Tensor, ...rest: Rest) => Out : never;
};

/**
 * Makes operations into methods: `x.add(b)` calls `add(x, b)`. Every method that the interface `M` declares needs an
 * entry, or this does not compile.
 */
export function defineMethods<M>(operations: Methods<M>): void {
  for (const [name, operation] of Object.entries(operations) as [string, (...all: unknown[]) => unknown][]) {
    Object.defineProperty(Tensor.prototype, name, {
      value(this: Tensor, ...rest: unknown[]) {
        return operation(this, ...rest);
      },
      writable: true,
      configurable: true,
    });
  }
}
