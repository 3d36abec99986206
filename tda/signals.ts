// Which modules a connectome is read from by default.

import { Activation, type Module } from "../nn/index";

/** A module that ran, in the order of the forward pass. */
export interface Evaluated {
  name: string;
  module: Module;
}

/** Layers with weights of two axes or more; normalisation, whose weights have one, belongs to the layer before it. */
function hasWeights({ module }: Evaluated): boolean {
  return module.namedChildren().length === 0 && module.parameters().some((parameter) => parameter.ndim >= 2);
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
      if (layer !== null) names.push(layer);
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
