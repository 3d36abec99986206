// Activations as modules; the functions are methods of Tensor.

import { checkInteger, checkTensor } from "../core/check";
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
  static override readonly about: string = "max(x, 0)";
  forward(x: Tensor): Tensor {
    checkTensor("ReLU", x);
    return x.relu();
  }
}

/** x where positive, else slope * x. */
export class LeakyReLU extends Activation {
  static override readonly typeName: string = "LeakyReLU";
  static override readonly about: string = "x where positive, else slope x";
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
  static override readonly about: string = "x where positive, else alpha (e^x - 1)";
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
  static override readonly about: string = "x Phi(x)";
  forward(x: Tensor): Tensor {
    checkTensor("GELU", x);
    return x.gelu();
  }
}

/** x sigmoid(x). */
export class SiLU extends Activation {
  static override readonly typeName: string = "SiLU";
  static override readonly about: string = "x sigmoid(x)";
  forward(x: Tensor): Tensor {
    checkTensor("SiLU", x);
    return x.silu();
  }
}

/** log(1 + e^x). */
export class Softplus extends Activation {
  static override readonly typeName: string = "Softplus";
  static override readonly about: string = "log(1 + e^x)";
  forward(x: Tensor): Tensor {
    checkTensor("Softplus", x);
    return x.softplus();
  }
}

/** 1 / (1 + e^-x). */
export class Sigmoid extends Activation {
  static override readonly typeName: string = "Sigmoid";
  static override readonly about: string = "1 / (1 + e^-x)";
  forward(x: Tensor): Tensor {
    checkTensor("Sigmoid", x);
    return x.sigmoid();
  }
}

/** Hyperbolic tangent. */
export class Tanh extends Activation {
  static override readonly typeName: string = "Tanh";
  static override readonly about: string = "hyperbolic tangent";
  forward(x: Tensor): Tensor {
    checkTensor("Tanh", x);
    return x.tanh();
  }
}

/** Softmax along an axis. */
export class Softmax extends Activation {
  static override readonly typeName: string = "Softmax";
  static override readonly about: string = "e^x over its sum along an axis";
  constructor(readonly axis: number) {
    super();
    checkInteger("Softmax", "axis", axis);
  }
  forward(x: Tensor): Tensor {
    checkTensor("Softmax", x);
    return x.softmax(this.axis);
  }
}

/** log(softmax) along an axis. */
export class LogSoftmax extends Activation {
  static override readonly typeName: string = "LogSoftmax";
  static override readonly about: string = "log(softmax) along an axis";
  constructor(readonly axis: number) {
    super();
    checkInteger("LogSoftmax", "axis", axis);
  }
  forward(x: Tensor): Tensor {
    checkTensor("LogSoftmax", x);
    return x.logSoftmax(this.axis);
  }
}
