// y = module(x) + shortcut(x) (He et al. 2016).

import { checkTensor } from "../core/check";
import { formatShape } from "../core/errors";
import type { Tensor } from "../core/index";
import { sameShape } from "../core/shape";
import { checkModule, Module } from "./module";

/** Adds a module's input to its output. */
export class Residual extends Module {
  static override readonly typeName: string = "Residual";
  static override readonly about: string = "adds a module's input to its output";
  /** @param shortcut brings the input to the shape of the output; default: the input as it is. */
  constructor(
    readonly module: Module,
    readonly shortcut: Module | null = null,
  ) {
    super();
    checkModule("Residual", module, "the module");
    if (shortcut !== null) checkModule("Residual", shortcut, "the shortcut");
  }

  forward(x: Tensor): Tensor {
    checkTensor("Residual", x);
    const y = this.module.forward(x);
    const around = this.shortcut === null ? x : this.shortcut.forward(x);
    if (!sameShape(y.shape, around.shape)) {
      throw new RangeError(
        `Residual: the module puts out ${formatShape(y.shape)}, the shortcut ${formatShape(around.shape)}`,
      );
    }
    return y.add(around);
  }
}
