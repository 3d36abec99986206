// Things that go by name: distances, data sets, models, optimizers, schedules. The command line, its help and the docs are made from
// their catalogues.

import { describe } from "./check";

/** One of them. */
export interface Entry<Make, Name extends string = string> {
  readonly name: Name;
  /** One line for those who choose. */
  readonly about: string;
  readonly make: Make;
}

/** Makes an entry and keeps its name as a type. */
export function entry<const Name extends string, Make>(
  name: Name,
  about: string,
  make: Make,
): Entry<Make, Name> {
  return { name, about, make };
}

/** The entry of that name. Throws a RangeError that names those there are; `what` is what messages call one. */
export function find<E extends Entry<unknown>>(
  operation: string,
  what: string,
  catalogue: readonly E[],
  name: unknown,
): E {
  const found = catalogue.find((item) => item.name === name);
  if (found !== undefined) return found;
  const known = catalogue.map((item) => item.name).join(", ");
  throw new RangeError(`${operation}: unknown ${what} ${describe(name)}; there is ${known}`);
}
