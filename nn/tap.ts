// Observing what modules put out, without changing the model.

import type { Tensor } from "../core/index";
import type { Module } from "./module";

/** Called with each module's name and output, in the order in which the modules finish. */
export type TapVisitor = (name: string, module: Module, output: Tensor) => void;

/**
 * Runs `body` (which calls model.forward) and shows `visit` the output of every module at and below `model`. A module
 * that is called several times is shown each time. The outputs belong to the scope of `body`.
 */
export function tapOutputs<T>(model: Module, visit: TapVisitor, body: () => T): T {
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
          return output;
        },
      });
    }
    return body();
  } finally {
    for (const { module, own } of tapped) {
      if (own === undefined) delete (module as { forward?: unknown }).forward;
      else Object.defineProperty(module, "forward", own);
    }
  }
}
