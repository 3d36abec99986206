// What to do when the loss is no number any more.

import { allFinite } from "../core/compute";
import { NonFiniteError, noGrad, scope, type Tensor } from "../core/index";
import { type Module, tapOutputs } from "../nn/index";
import type { Seconds } from "./clock";
import { copyWeights, restoreWeights, type Weights } from "./weights";

/** The training loss became NaN or infinite. The model holds the last finite weights. */
export class DivergenceError extends NonFiniteError {
  constructor(
    message: string,
    /** The step whose loss was not finite, from 1. */
    readonly step: number,
    /** The first parameter or layer that is not finite, or that only the loss is not. */
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

  /** Copies the tensors, unless one of them is not finite: then the last copies stay. */
  take(model: Module, when: string): void {
    if (!Object.values(model.stateDict()).every(isFiniteThroughout)) return;
    this.copies = copyWeights(model);
    this.taken = when;
  }

  /** Puts the copies back. */
  restore(model: Module): void {
    restoreWeights(model, this.copies);
  }
}

const isFiniteThroughout = (value: Tensor) => value.dtype === "int32" || allFinite(value);

/** Names what is not finite: a parameter, else the first layer in the forward pass of this input. */
export function findNonFinite(model: Module, x: Tensor): { what: string; weightsAreFinite: boolean } {
  for (const [name, value] of model.namedParameters()) {
    if (!allFinite(value)) return { what: `parameter "${name}"`, weightsAreFinite: false };
  }
  let first: string | null = isFiniteThroughout(x) ? null : "the input";
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
  return { what: first ?? "only the loss itself", weightsAreFinite: true };
}
