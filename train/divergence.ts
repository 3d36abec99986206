// What to do when the loss is no number any more.

import { allFinite } from "../core/compute";
import { NonFiniteError, noGrad, scope, type Tensor } from "../core/index";
import { type Module, tapOutputs } from "../nn/index";
import type { Seconds } from "./clock";
import { copyWeights, restoreWeights, type Weights } from "./weights";

/** A loss, a gradient or a weight became NaN or infinite. The model holds the last finite weights. */
export class DivergenceError extends NonFiniteError {
  constructor(
    message: string,
    /** The step at which it did, from 1. */
    readonly step: number,
    /** The first parameter, gradient or layer that is not finite, or that only the loss is not. */
    readonly layer: string,
    /** Where the time went until then. */
    readonly seconds: Seconds,
  ) {
    super(message);
  }
}

/** The last finite weights of a model, to go back to. */
export class Snapshot {
  private copies: Weights = {};
  /** When it was taken, for messages. */
  taken = "";

  /** Copies the tensors; false where one of them is not finite: then the last copies stay. */
  take(model: Module, when: string): boolean {
    if (!isFiniteModel(model)) return false;
    this.copies = copyWeights(model);
    this.taken = when;
    return true;
  }

  /** Puts the copies back. */
  restore(model: Module): void {
    restoreWeights(model, this.copies);
  }
}

const isFiniteThroughout = (value: Tensor) => value.dtype === "int32" || allFinite(value);

/** True when all parameters and buffers are finite. */
export function isFiniteModel(model: Module): boolean {
  return Object.values(model.stateDict()).every(isFiniteThroughout);
}

/** The first parameter that is not finite; null where there is none. */
export function findWeights(model: Module): string | null {
  const found = model.namedParameters().find(([, value]) => !allFinite(value));
  return found === undefined ? null : `parameter "${found[0]}"`;
}

/** The first parameter whose gradient is not finite. */
export function findGradient(model: Module): string {
  const found = model.namedParameters().find(([, { grad }]) => grad !== null && !allFinite(grad));
  return `the gradient of parameter "${found?.[0]}"`;
}

/** Names what makes a loss not finite: a parameter, else the first layer in the forward pass of this input. */
export function findNonFinite(model: Module, x: Tensor): string {
  let first: string | null = findWeights(model) ?? (isFiniteThroughout(x) ? null : "the input");
  scope(() =>
    noGrad(() =>
      tapOutputs(
        model,
        (name, module, output) => {
          if (first === null && module.namedChildren().length === 0 && !isFiniteThroughout(output))
            first = `layer "${name}"`;
        },
        () => {
          model.forward(x);
        },
      ),
    ),
  );
  return first ?? "only the loss itself";
}
