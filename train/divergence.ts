// What to do when the loss is no number any more.

import { kernels } from "../backend/wasm";
import { contiguous } from "../core/compute";
import { NonFiniteError, noGrad, scope, type Tensor, tensor } from "../core/index";
import { type Module, tapOutputs } from "../nn/index";
import type { Seconds } from "./clock";

function allFinite(value: Tensor): boolean {
  return kernels().all_finite_f32(contiguous(value).ptr, value.size) === 1;
}

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

/** Copies of a model's parameters and buffers, to go back to. */
export class Snapshot {
  private copies: Record<string, Float32Array> = {};
  /** When it was taken, for messages. */
  taken = "";

  /** Copies the tensors, unless one of them is not finite: then the last copies stay. */
  take(model: Module, when: string): void {
    const state = Object.entries(model.stateDict());
    if (!state.every(([, value]) => allFinite(value))) return;
    this.copies = Object.fromEntries(state.map(([name, value]) => [name, value.toFloat32Array()]));
    this.taken = when;
  }

  /** Puts the copies back. */
  restore(model: Module): void {
    scope(() => {
      for (const [name, value] of Object.entries(model.stateDict())) {
        value.assign(tensor(this.copies[name], { shape: value.shape }));
      }
    });
  }
}

/** Names what is not finite: a parameter, else the first layer in the forward pass of this input. */
export function findNonFinite(model: Module, x: Tensor): { what: string; weightsAreFinite: boolean } {
  for (const [name, value] of model.namedParameters()) {
    if (!allFinite(value)) return { what: `parameter "${name}"`, weightsAreFinite: false };
  }
  let first: string | null = allFinite(x) ? null : "the input";
  scope(() =>
    noGrad(() =>
      tapOutputs(
        model,
        (name, module, output) => {
          if (first === null && module.namedChildren().length === 0 && !allFinite(output))
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
