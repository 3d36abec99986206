// Copies and conversions.

import { copyStrided } from "../strided";
import { addressOf, targetOf, type View } from "../view";
import { kernels } from "../wasm";
import { launch } from "./frame";

/** Copies x into `out`, of the same shape and dtype; either may be strided, but they must not overlap. */
export function copy(out: View, x: View): void {
  copyStrided(addressOf(out, x.dtype), out.strides, addressOf(x, x.dtype), x.strides, out.extents);
}

/** Copies x into `out` of the other dtype; to int32, numbers are truncated. */
export function convert(out: View, x: View): void {
  const kernel = out.dtype === "float32" ? kernels().convert_i32_f32 : kernels().convert_f32_i32;
  launch((frame) => kernel(targetOf(out, out.dtype), frame.dense(x, x.dtype), x.size));
}
