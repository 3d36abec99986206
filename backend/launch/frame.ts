// The span of one launch: addresses of its operands, made contiguous where a kernel wants that, and its scratch memory,
// which are given back when it ends.

import { contiguousStrides, isContiguous } from "../shape";
import { Storage } from "../storage";
import { copyStrided } from "../strided";
import { addressOf, type DType, type View } from "../view";
import { memoryViews } from "../wasm";

export class Frame {
  private held: Storage[] = [];

  /** Address of the elements in row-major order: the view's own, or those of a copy. */
  dense(view: View, dtype: DType = "float32"): number {
    const address = addressOf(view, dtype);
    if (isContiguous(view.extents, view.strides)) return address;
    const copy = this.scratch(view.size * 4);
    copyStrided(copy, contiguousStrides(view.extents), address, view.strides, view.extents);
    return copy;
  }

  /** As dense(); 0, which kernels take for "none", without a view. */
  denseOrNone(view: View | null | undefined, dtype: DType = "float32"): number {
    return view == null ? 0 : this.dense(view, dtype);
  }

  /** Address of so many bytes, 64-byte aligned and uninitialised. */
  scratch(bytes: number): number {
    const storage = new Storage(bytes);
    this.held.push(storage);
    return storage.ptr;
  }

  /** Address of a copy of these numbers, as they are. */
  copyOf(values: Float32Array | Float64Array | Int32Array | Uint8Array): number {
    const ptr = this.scratch(values.byteLength);
    memoryViews().u8.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), ptr);
    return ptr;
  }

  /** Gives everything back. */
  end(): void {
    const { held } = this;
    if (held.length === 0) return;
    this.held = [];
    for (const storage of held) storage.release();
  }
}

/** Frames are used again: most launches hold nothing. */
const idle: Frame[] = [];

/** Runs a launch with a frame of its own. */
export function launch<T>(body: (frame: Frame) => T): T {
  const frame = idle.pop() ?? new Frame();
  try {
    return body(frame);
  } finally {
    frame.end();
    idle.push(frame);
  }
}
