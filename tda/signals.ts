// Which modules a connectome is read from by default.

import { Activation, Conv1d, type Module, Residual } from "../nn/index";

/** A module that ran, in the order of the forward pass. */
export interface Evaluated {
  name: string;
  module: Module;
}

/** Layers with weights of two axes or more; normalisation, whose weights have one, belongs to the layer before it. */
function hasWeights({ module }: Evaluated): boolean {
  return module.namedChildren().length === 0 && module.parameters().some((parameter) => parameter.ndim >= 2);
}

/** True when the layers lie in the two branches of a Residual, whose sum is what the activation after it sees. */
function meet(evaluated: readonly Evaluated[], one: string, other: string): boolean {
  return evaluated.some(({ name, module }) => {
    const path = name === "" ? "" : `${name}.`;
    const inModule = one.startsWith(`${path}module`);
    return module instanceof Residual && inModule && other.startsWith(`${path}shortcut`);
  });
}

/**
 * For each layer with weights the activation module that follows it, or the layer itself where none does (as with
 * activations that forward() calls as functions). The last layer, the output, is left out.
 */
export function findSignalLayers(evaluated: readonly Evaluated[]): string[] {
  const names: string[] = [];
  let layer: string | null = null;
  for (const entry of evaluated) {
    if (hasWeights(entry)) {
      if (layer !== null && !meet(evaluated, layer, entry.name)) names.push(layer);
      layer = entry.name;
    } else if (layer !== null && entry.module instanceof Activation) {
      names.push(entry.name);
      layer = null;
    }
  }
  const activated = layer === null;
  if (activated && names.length > 0) names.pop();
  return [...new Set(names)];
}

/** True when the output of module `name` comes from a convolution of signals: [N,C,L], not [N,tokens,D]. */
export function hasChannelsFirst(evaluated: readonly Evaluated[], name: string): boolean {
  const until = evaluated.slice(0, evaluated.findIndex((entry) => entry.name === name) + 1);
  return until.filter(hasWeights).pop()?.module instanceof Conv1d;
}
