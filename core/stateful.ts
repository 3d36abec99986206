// What can be saved and restored exactly.

import type { Tensor } from "./tensor";

/** Elements of any kind that a state may hold. */
export type StateArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array;

/**
 * A saved state: records and arrays, nested as deep as need be, of tensors, typed arrays, numbers (NaN and Infinity too),
 * strings, booleans and null. Declare the types of states with `type`; an interface has no index signature.
 */
export type StateTree =
  | Tensor
  | StateArray
  | number
  | string
  | boolean
  | null
  | readonly StateTree[]
  | { readonly [name: string]: StateTree };

/**
 * Anything whose state can be saved and restored exactly: optimizers, schedules, generators, trackers, trainers.
 * stateDict() gives copies, which later changes do not reach (a Module gives its own tensors, as in PyTorch);
 * loadStateDict() checks all of a state before it changes anything.
 */
export interface Stateful<State = StateTree> {
  stateDict(): State;
  loadStateDict(state: State): void;
}
