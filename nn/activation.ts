// Activations as modules; the functions are methods of Tensor.

import type { Tensor } from "../core/index";
import { Module, type Signals } from "./module";

/** Base class of the activations: what the layer before them signals is read from their output. */
export abstract class Activation extends Module {
  override get signals(): Signals {
    return "activation";
  }
}

/** max(x, 0). */
export class ReLU extends Activation {
  forward(x: Tensor): Tensor {
    return x.relu();
  }
}

/** x where positive, else slope * x. */
export class LeakyReLU extends Activation {
  /** @param slope default 0.01. */
  constructor(readonly slope = 0.01) {
    super();
  }
  forward(x: Tensor): Tensor {
    return x.leakyRelu(this.slope);
  }
}

/** x where positive, else alpha (e^x - 1). */
export class ELU extends Activation {
  /** @param alpha default 1. */
  constructor(readonly alpha = 1) {
    super();
  }
  forward(x: Tensor): Tensor {
    return x.elu(this.alpha);
  }
}

/** x Phi(x), exact. */
export class GELU extends Activation {
  forward(x: Tensor): Tensor {
    return x.gelu();
  }
}

/** x sigmoid(x). */
export class SiLU extends Activation {
  forward(x: Tensor): Tensor {
    return x.silu();
  }
}

/** log(1 + e^x). */
export class Softplus extends Activation {
  forward(x: Tensor): Tensor {
    return x.softplus();
  }
}

/** 1 / (1 + e^-x). */
export class Sigmoid extends Activation {
  forward(x: Tensor): Tensor {
    return x.sigmoid();
  }
}

/** Hyperbolic tangent. */
export class Tanh extends Activation {
  forward(x: Tensor): Tensor {
    return x.tanh();
  }
}

/** Softmax along an axis. */
export class Softmax extends Activation {
  constructor(readonly axis: number) {
    super();
  }
  forward(x: Tensor): Tensor {
    return x.softmax(this.axis);
  }
}

/** log(softmax) along an axis. */
export class LogSoftmax extends Activation {
  constructor(readonly axis: number) {
    super();
  }
  forward(x: Tensor): Tensor {
    return x.logSoftmax(this.axis);
  }
}
