// Copies of a model's parameters and buffers, outside the WebAssembly memory.

import { scope, tensor } from "../core/index";
import type { Module } from "../nn/index";

/** Values by name, in row-major order. */
export type Weights = { [name: string]: Float32Array | Int32Array };

export function copyWeights(model: Module): Weights {
  return Object.fromEntries(
    Object.entries(model.stateDict()).map(([name, value]) => [
      name,
      value.dtype === "int32" ? value.toInt32Array() : value.toFloat32Array(),
    ]),
  );
}

/** Throws unless these are the values of a model like this one. */
export function checkWeights(operation: string, model: Module, weights: Weights): void {
  const own = model.stateDict();
  const missing = Object.keys(own).filter((name) => !Object.hasOwn(weights, name));
  const unexpected = Object.keys(weights).filter((name) => !Object.hasOwn(own, name));
  if (missing.length + unexpected.length > 0) {
    throw new RangeError(
      `${operation}: the model differs: missing: ${missing.join(", ") || "none"}; ` +
        `unexpected: ${unexpected.join(", ") || "none"}`,
    );
  }
  for (const [name, value] of Object.entries(own)) {
    if (weights[name].length !== value.size) {
      throw new RangeError(
        `${operation}: ${name} has ${weights[name].length} elements, expected ${value.size}`,
      );
    }
  }
}

/** Gives the model values that copyWeights() took of one like it. */
export function restoreWeights(model: Module, weights: Weights): void {
  checkWeights("restoreWeights", model, weights);
  scope(() => {
    for (const [name, value] of Object.entries(model.stateDict())) {
      value.assign(tensor(weights[name], { shape: value.shape, dtype: value.dtype }));
    }
  });
}
