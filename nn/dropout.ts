// Dropout (Srivastava et al. 2014).

import { checkNumber, checkOptions, checkTensor } from "../core/check";
import type { Generator, Tensor } from "../core/index";
import { globalGenerator } from "../core/random";
import { Module, type Signals } from "./module";

/** While training, sets elements to 0 with probability p and scales the rest by 1 / (1 - p); the identity in eval mode. */
export class Dropout extends Module {
  static override readonly typeName: string = "Dropout";
  static override readonly about: string = "sets elements to 0 at random while training";
  override get signals(): Signals {
    return "nothing";
  }

  /** The stream that it draws from; null for the global one. */
  readonly generator: Generator | null;

  /**
   * @param p from 0 to 1. Default 0.5.
   * @param options.generator a random stream of its own. Default: the global one.
   */
  constructor(
    readonly p = 0.5,
    options: { generator?: Generator } = {},
  ) {
    super();
    checkNumber("Dropout", "p", p, { atLeast: 0, atMost: 1 });
    checkOptions("Dropout", options, ["generator"]);
    this.generator = options.generator ?? null;
  }

  forward(x: Tensor): Tensor {
    checkTensor("Dropout", x);
    if (!this.training || this.p === 0) return x;
    const scale = this.p === 1 ? 0 : 1 / (1 - this.p);
    return x.mul((this.generator ?? globalGenerator).dropoutMask(x.shape, this.p, scale));
  }
}
