// What optimizers keep between steps, and checks of their options.

import { withScratch } from "../backend/storage";
import { memoryViews } from "../backend/wasm";
import { type Tensor, tensor, zeros } from "../core/index";
import type { ParameterState } from "./optimizer";

/** The tensor of that name in a parameter's state; zeros of the parameter's shape at first. It outlives any scope. */
export function slot(state: ParameterState, name: string, parameter: Tensor): Tensor {
  state[name] ??= zeros(parameter.shape).keep();
  return state[name] as Tensor;
}

/** The tensor of that name in a parameter's state; the parameter's values now at first. It outlives any scope. */
export function copySlot(state: ParameterState, name: string, parameter: Tensor): Tensor {
  state[name] ??= parameter.detach().clone().keep();
  return state[name] as Tensor;
}

/** Counts the updates of a parameter: 1 at the first. */
export function countStep(state: ParameterState): number {
  const step = ((state.step as number | undefined) ?? 0) + 1;
  state.step = step;
  return step;
}

/** A saved slot as a tensor. */
export function restore(parameter: Tensor, values: Float32Array): Tensor {
  return tensor(values, { shape: parameter.shape }).keep();
}

/** Throws unless the learning rate is a finite number of at least 0. */
export function requireRate(name: string, lr: unknown): void {
  if (typeof lr !== "number" || !(lr >= 0 && lr < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`${name}: lr must be a finite number of at least 0, got ${String(lr)}`);
  }
}

/** Throws unless the value lies in [low, high). */
export function requireWithin(name: string, option: string, value: unknown, low: number, high: number): void {
  if (typeof value !== "number" || !(value >= low && value < high)) {
    throw new RangeError(`${name}: ${option} must lie in [${low}, ${high}), got ${String(value)}`);
  }
}

/** Throws unless the value is a finite number above 0. */
export function requirePositive(name: string, option: string, value: unknown): void {
  if (typeof value !== "number" || !(value > 0 && value < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`${name}: ${option} must be a positive number, got ${String(value)}`);
  }
}

/** Throws unless both coefficients of the moving averages lie in [0, 1). */
export function requireBetas(name: string, betas: readonly number[]): void {
  if (betas.length !== 2) throw new RangeError(`${name}: betas must be two numbers, got ${betas.length}`);
  for (const [i, beta] of betas.entries()) requireWithin(name, `betas[${i}]`, beta, 0, 1);
}

/** Runs `accumulate` with the address of `count` float64 zeros, and returns what it added up there. */
export function accumulated(count: number, accumulate: (sums: number) => void): Float64Array {
  return withScratch(count * Float64Array.BYTES_PER_ELEMENT, (ptr) => {
    const sums = () => new Float64Array(memoryViews().buffer, ptr, count);
    sums().fill(0);
    accumulate(ptr);
    return sums().slice();
  });
}
