// Parameter groups: parameters that share their options, as in PyTorch.

import { checkOptions, checkTensor, describe } from "../core/check";
import { formatShape } from "../core/errors";
import type { Tensor } from "../core/index";
import { type Defaults, withDefaults } from "./options";

/** Options that every group has. */
export interface GroupOptions {
  /** Learning rate. */
  lr: number;
}

/** Parameters that share their options, as in PyTorch. */
export type ParameterGroup<O extends GroupOptions> = O & { params: Tensor[] };

/** What constructors take: tensors, or groups whose options override the defaults. */
export type Parameters<O extends GroupOptions> =
  | Iterable<Tensor>
  | Iterable<Partial<O> & { params: readonly Tensor[] }>;

/** The groups that an optimizer called `name` keeps. Throws when they, their options or their parameters make no sense. */
export function makeGroups<O extends GroupOptions>(
  name: string,
  parameters: Parameters<O>,
  defaults: Defaults<O>,
  options: Partial<O>,
): ParameterGroup<O>[] {
  if (typeof defaults !== "object" || defaults === null) {
    throw new TypeError(
      `${name}: a subclass gives its defaults, which name all options; got ${describe(defaults)}`,
    );
  }
  const known = Object.keys(defaults);
  checkOptions(name, options, known);
  const groups = listed(name, parameters).map((group, i) => {
    const { params, ...own } = group;
    checkOptions(`${name}: group ${i}`, own, known);
    return { ...withDefaults<O>(defaults, options, own), params: [...params] };
  });
  const all = groups.flatMap(({ params }) => params);
  if (all.length === 0) {
    throw new RangeError(
      `${name}: no parameters were given. nn.Module.parameters() looks at properties, arrays, plain objects and Maps, ` +
        "not at #private fields or closures: keep layers where it looks",
    );
  }
  const seen = new Set<Tensor>();
  for (const parameter of all) {
    checkParameter(name, parameter);
    if (seen.has(parameter)) {
      throw new RangeError(
        `${name}: a parameter ${formatShape(parameter.shape)} appears twice; it would be updated twice in a step`,
      );
    }
    seen.add(parameter);
  }
  return groups;
}

/** The groups as they are given; plain parameters are one. */
function listed<O extends GroupOptions>(
  name: string,
  parameters: Parameters<O>,
): (Partial<O> & { params: readonly Tensor[] })[] {
  if (
    typeof (parameters as Partial<Iterable<unknown>> | null | undefined)?.[Symbol.iterator] !== "function"
  ) {
    throw new TypeError(
      `${name}: expected an array of parameters or of groups, got ${describe(parameters)}; of a model, give model.parameters()`,
    );
  }
  const list: unknown[] = [...parameters];
  const isGroup = (item: unknown) => typeof item === "object" && item !== null && "params" in item;
  if (!list.some(isGroup)) return [{ params: list as Tensor[] } as Partial<O> & { params: Tensor[] }];
  for (const [i, group] of list.entries()) {
    if (!isGroup(group)) {
      throw new TypeError(`${name}: group ${i}: expected { params, ... }, got ${describe(group)}`);
    }
    const { params } = group as { params: unknown };
    if (!Array.isArray(params)) {
      throw new TypeError(`${name}: group ${i}: params must be an array of tensors, got ${describe(params)}`);
    }
  }
  return list as (Partial<O> & { params: readonly Tensor[] })[];
}

function checkParameter(name: string, parameter: unknown): void {
  checkTensor(name, parameter, "a parameter");
  const shape = formatShape(parameter.shape);
  if (parameter.dtype !== "float32") {
    throw new TypeError(`${name}: a parameter must be float32, got ${parameter.dtype} ${shape}`);
  }
  if (!parameter.isContiguous) {
    throw new RangeError(`${name}: a parameter ${shape} is a strided view; optimize its clone()`);
  }
  if (parameter.requiresGrad && parameter.node !== null) {
    throw new RangeError(
      `${name}: a parameter ${shape} is the result of an operation, and has no gradient of its own; ` +
        "optimize the tensor that it was made from, or its detach().clone()",
    );
  }
}
