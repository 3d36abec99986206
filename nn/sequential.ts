// Modules in a row.

import { scope, type Tensor } from "../core/index";
import { checkModule, Module } from "./module";

/**
 * Modules applied one after the other, named by their position: "0", "1", ... What a module makes on the way to its
 * output is freed as soon as the next one has run, unless backward() needs it.
 */
export class Sequential extends Module {
  static override readonly typeName: string = "Sequential";
  static override readonly about: string = "modules one after the other";
  private readonly modules: Module[];

  constructor(...modules: Module[]) {
    super();
    for (const [i, module] of modules.entries()) {
      checkModule("Sequential", module, `argument ${i}`);
    }
    this.modules = modules;
  }

  override namedChildren(): [string, Module][] {
    return this.modules.map((module, i) => [String(i), module]);
  }

  forward(x: Tensor): Tensor {
    // Each scope holds the module's input and frees it when the output is there.
    const upTo = (last: number): Tensor =>
      last < 0 ? x : scope(() => this.modules[last].forward(upTo(last - 1)));
    return upTo(this.modules.length - 1);
  }
}
