// Activations as modules; the functions are methods of Tensor.

import { checkTensor } from "../core/check";
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
  static override readonly typeName: string = "ReLU";
  forward(x: Tensor): Tensor {
    checkTensor("ReLU", x);
    return x.relu();
  }
}

/** x where positive, else slope * x. */
export class LeakyReLU extends Activation {
  static override readonly typeName: string = "LeakyReLU";
  /** @param slope default 0.01. */
  constructor(readonly slope = 0.01) {
    super();
  }
  forward(x: Tensor): Tensor {
    checkTensor("LeakyReLU", x);
    return x.leakyRelu(this.slope);
  }
}

/** x where positive, else alpha (e^x - 1). */
export class ELU extends Activation {
  static override readonly typeName: string = "ELU";
  /** @param alpha default 1. */
  constructor(readonly alpha = 1) {
    super();
  }
  forward(x: Tensor): Tensor {
    checkTensor("ELU", x);
    return x.elu(this.alpha);
  }
}

/** x Phi(x), exact. */
export class GELU extends Activation {
  static override readonly typeName: string = "GELU";
  forward(x: Tensor): Tensor {
    checkTensor("GELU", x);
    return x.gelu();
  }
}

/** x sigmoid(x). */
export class SiLU extends Activation {
  static override readonly typeName: string = "SiLU";
  forward(x: Tensor): Tensor {
    checkTensor("SiLU", x);
    return x.silu();
  }
}

/** log(1 + e^x). */
export class Softplus extends Activation {
  static override readonly typeName: string = "Softplus";
  forward(x: Tensor): Tensor {
    checkTensor("Softplus", x);
    return x.softplus();
  }
}

/** 1 / (1 + e^-x). */
export class Sigmoid extends Activation {
  static override readonly typeName: string = "Sigmoid";
  forward(x: Tensor): Tensor {
    checkTensor("Sigmoid", x);
    return x.sigmoid();
  }
}

/** Hyperbolic tangent. */
export class Tanh extends Activation {
  static override readonly typeName: string = "Tanh";
  forward(x: Tensor): Tensor {
    checkTensor("Tanh", x);
    return x.tanh();
  }
}

/** Softmax along an axis. */
export class Softmax extends Activation {
  static override readonly typeName: string = "Softmax";
  constructor(readonly axis: number) {
    super();
  }
  forward(x: Tensor): Tensor {
    checkTensor("Softmax", x);
    return x.softmax(this.axis);
  }
}

/** log(softmax) along an axis. */
export class LogSoftmax extends Activation {
  static override readonly typeName: string = "LogSoftmax";
  constructor(readonly axis: number) {
    super();
  }
  forward(x: Tensor): Tensor {
    checkTensor("LogSoftmax", x);
    return x.logSoftmax(this.axis);
  }
}
