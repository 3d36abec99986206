// What optimizers keep between steps, and how it is saved.

import { checkNumber, checkString, checkTensor, describe } from "../core/check";
import { formatShape } from "../core/errors";
import { type StateTree, Tensor, tensor, zeros } from "../core/index";
import { sameShape } from "../core/shape";

/**
 * What is kept for one parameter from step to step, by name: tensors and numbers; empty at first, and saved by
 * stateDict(). Tensors must outlive the scope of a step: take them from {@link slot} or {@link copySlot}, or keep() them.
 */
export type ParameterState = Record<string, Tensor | number>;

/** The tensor of that name in a parameter's state; zeros of the parameter's shape at first. It outlives any scope. */
export function slot(state: ParameterState, name: string, parameter: Tensor): Tensor {
  checkRecord("slot", state);
  checkString("slot", "name", name);
  checkTensor("slot", parameter, "the parameter");
  state[name] ??= zeros(parameter.shape).keep();
  return state[name] as Tensor;
}

/** The tensor of that name in a parameter's state; the parameter's values now at first. It outlives any scope. */
export function copySlot(state: ParameterState, name: string, parameter: Tensor): Tensor {
  checkRecord("copySlot", state);
  checkString("copySlot", "name", name);
  checkTensor("copySlot", parameter, "the parameter");
  state[name] ??= parameter.detach().clone().keep();
  return state[name] as Tensor;
}

/** Counts the updates of a parameter, under the name "step" in its state: 1 at the first. */
export function countStep(state: ParameterState): number {
  checkRecord("countStep", state);
  const step = ((state.step as number | undefined) ?? 0) + 1;
  state.step = step;
  return step;
}

/** A saved tensor: its elements, and its shape where that is not the parameter's. */
export type SavedTensor = Float32Array | { shape: number[]; values: Float32Array | Int32Array };

/** Saved {@link ParameterState}. */
export type SavedParameterState = { [name: string]: SavedTensor | number };

/** A copy of a parameter's state. */
export function saveState(state: ParameterState, parameter: Tensor): SavedParameterState {
  const save = (value: Tensor): SavedTensor =>
    value.dtype === "float32" && sameShape(value.shape, parameter.shape)
      ? value.toFloat32Array()
      : {
          shape: [...value.shape],
          values: value.dtype === "int32" ? value.toInt32Array() : value.toFloat32Array(),
        };
  return Object.fromEntries(
    Object.entries(state).map(([name, value]) => [name, value instanceof Tensor ? save(value) : value]),
  );
}

/** Names of what an optimizer keeps: for each parameter, and numbers for all together. */
export interface StateNames {
  tensors: readonly string[];
  numbers: readonly string[];
  shared: readonly string[];
}

/** A parameter's state from what saveState() gave. `what` is what messages call it; without `names` any are taken. */
export function restoreState(
  what: string,
  saved: unknown,
  parameter: Tensor,
  names: StateNames | null,
): ParameterState {
  const entries = Object.entries(checkRecord(what, saved));
  return Object.fromEntries(
    entries.map(([name, value]) => {
      const isNumber = typeof value === "number";
      const known = isNumber ? names?.numbers : names?.tensors;
      if (known !== undefined && !known.includes(name)) {
        throw new RangeError(
          `${what}: ${name} is ${isNumber ? "a number" : describe(value)}, and not what is kept here`,
        );
      }
      if (!isNumber) return [name, restoreTensor(`${what}: ${name}`, value, parameter)];
      checkNumber(what, name, value);
      return [name, value];
    }),
  );
}

/** A saved tensor, as it was. It outlives any scope. */
export function restoreTensor(what: string, saved: unknown, parameter: Tensor): Tensor {
  if (saved instanceof Float32Array) {
    if (saved.length !== parameter.size) {
      throw new RangeError(`${what} has ${saved.length} elements, expected ${formatShape(parameter.shape)}`);
    }
    return tensor(saved, { shape: parameter.shape }).keep();
  }
  const { shape, values } = (saved ?? {}) as { shape?: unknown; values?: unknown };
  if (
    !Array.isArray(shape) ||
    !(values instanceof Float32Array || values instanceof Int32Array) ||
    shape.reduce((product, extent) => product * extent, 1) !== values.length
  ) {
    throw new TypeError(
      `${what} must be a Float32Array or elements with their shape, got ${describe(saved)}`,
    );
  }
  return tensor(values, { shape }).keep();
}

/** Throws unless the value is a plain record, as saved states are. */
export function checkRecord(what: string, value: unknown): Record<string, StateTree> {
  if (typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value)) {
    return value as Record<string, StateTree>;
  }
  throw new TypeError(`${what}: expected a saved state, got ${describe(value)}`);
}

/** Throws unless the saved state has exactly these names. */
export function checkNames(what: string, saved: unknown, names: readonly string[]): void {
  const record = checkRecord(what, saved);
  const unknown = Object.keys(record).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new RangeError(`${what}: unknown "${unknown}" in the saved state; expected ${names.join(", ")}`);
  }
  const missing = names.find((name) => record[name] === undefined);
  if (missing !== undefined) throw new RangeError(`${what}: no "${missing}" in the saved state`);
}

/** Throws unless the value is an array. */
export function checkArray(what: string, name: string, value: unknown): asserts value is readonly unknown[] {
  if (!Array.isArray(value)) {
    throw new TypeError(`${what}: ${name} must be an array, got ${describe(value)}`);
  }
}
