// Dropout (Srivastava et al. 2014).

import type { Tensor } from "../core/index";
import { globalGenerator } from "../core/random";
import { Module } from "./module";

/** While training, sets elements to 0 with probability p and scales the rest by 1 / (1 - p); the identity in eval mode. */
export class Dropout extends Module {
  /** @param p from 0 to 1. Default 0.5. */
  constructor(readonly p = 0.5) {
    super();
    if (!(p >= 0 && p <= 1)) throw new RangeError(`Dropout: p must lie in [0, 1], got ${p}`);
  }

  forward(x: Tensor): Tensor {
    if (!this.training || this.p === 0) return x;
    const scale = this.p === 1 ? 0 : 1 / (1 - this.p);
    return x.mul(globalGenerator.dropoutMask(x.shape, this.p, scale));
  }
}
