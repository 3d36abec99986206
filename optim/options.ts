// Options of optimizers and schedules: their defaults, and checks that several of them share.

import { checkNumber, describe } from "../core/check";

/** All options that there are, with their defaults; undefined for one that has none and must be given. */
export type Defaults<O> = { readonly [K in keyof O]: O[K] | undefined };

/** Options with defaults for those that are left out or undefined; arrays are copied, so that nothing is shared. */
export function withDefaults<O extends object>(defaults: Defaults<O>, ...given: readonly object[]): O {
  const merged: Record<string, unknown> = { ...defaults };
  for (const options of given) {
    for (const [name, value] of Object.entries(options)) if (value !== undefined) merged[name] = value;
  }
  for (const [name, value] of Object.entries(merged)) {
    if (Array.isArray(value)) merged[name] = [...value];
  }
  return merged as O;
}

/** Throws unless both coefficients of the moving averages lie in [0, 1). */
export function checkBetas(name: string, betas: unknown): void {
  if (!Array.isArray(betas) || betas.length !== 2) {
    throw new RangeError(`${name}: betas must be two numbers, got ${describe(betas)}`);
  }
  for (const [i, beta] of betas.entries()) checkNumber(name, `betas[${i}]`, beta, { atLeast: 0, below: 1 });
}

/** Throws unless an estimate may stay as it is or grow. */
export function checkGrowthRate(name: string, growthRate: number): void {
  if (growthRate !== Number.POSITIVE_INFINITY) checkNumber(name, "growthRate", growthRate, { atLeast: 1 });
}
