// Observing what modules put out, without changing the model.

import { track } from "../core/memory";
import type { Tensor } from "../core/tensor";
import type { Module } from "./module";

/** Called with each module's name and output, in the order in which the modules finish. */
export type TapVisitor = (name: string, module: Module, output: Tensor) => void;

/**
 * Runs `body` (which calls model.forward) and shows `visit` the output of every module at and below `model`. A module
 * that is called several times is shown each time. The outputs belong to the scope in which this is called.
 */
export function tapOutputs<T>(model: Module, visit: TapVisitor, body: () => T): T {
  // Scopes inside the model must not free what `visit` has seen.
  const held: Tensor[] = [];
  const tapped: { module: Module; own: PropertyDescriptor | undefined }[] = [];
  try {
    for (const [name, module] of model.namedModules()) {
      const own = Object.getOwnPropertyDescriptor(module, "forward");
      const forward = module.forward;
      tapped.push({ module, own });
      Object.defineProperty(module, "forward", {
        configurable: true,
        value: (...inputs: Tensor[]) => {
          const output = forward.apply(module, inputs);
          visit(name, module, output);
          if (!output.kept) {
            output.kept = true;
            held.push(output);
          }
          return output;
        },
      });
    }
    return body();
  } finally {
    for (const output of held) {
      output.kept = false;
      track(output);
    }
    for (const { module, own } of tapped) {
      if (own === undefined) delete (module as { forward?: unknown }).forward;
      else Object.defineProperty(module, "forward", own);
    }
  }
}
