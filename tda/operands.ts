// Operands of topology: float32, whatever they come as.

import { checkTensor } from "../core/check";
import { scope, type Tensor } from "../core/index";

/** Runs `use` with the tensor as float32: itself, or a converted copy of int32 that is freed afterwards. */
export function withFloat32<T>(operation: string, value: unknown, use: (numbers: Tensor) => T): T {
  checkTensor(operation, value);
  return value.dtype === "float32" ? use(value) : scope(() => use(value.astype("float32")));
}
