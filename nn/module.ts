// Modules: parameters, buffers and other modules, found by looking at the properties.

import { formatShape } from "../core/errors";
import { FreedTensorError, type Shape, scope, Tensor } from "../core/index";
import { summarize } from "./summary";

const parameters = new WeakSet<Tensor>();

/**
 * Marks a tensor as a trainable parameter: it requires a gradient and outlives the scope it was made in. Any other
 * tensor that is a property of a module is a buffer: saved with the model, not trained.
 */
export function parameter(tensor: Tensor): Tensor {
  tensor.requiresGrad = true;
  parameters.add(tensor);
  return tensor.keep();
}

/** Tensors by name, as saved and loaded. */
export type StateDict = Record<string, Tensor>;

/**
 * Base class of layers and models. A subclass sets parameters, buffers and modules (also arrays of modules) as
 * properties and defines forward():
 *
 *     class Gate extends nn.Module {
 *       linear = new nn.Linear(8, 8);
 *       forward(x: Tensor) { return x.mul(this.linear.forward(x).sigmoid()); }
 *     }
 */
export abstract class Module {
  /** True after train() (the default), false after eval(): Dropout and batch normalisation look at it. */
  training = true;

  abstract forward(...inputs: Tensor[]): Tensor;

  /** Multiply-adds that produce an output of this shape, for summary(); layers that multiply override it. */
  multiplyAdds(_outputShape: Shape): number {
    return 0;
  }

  /** Modules that are properties of this one, by name; those in an array are named `property.index`. */
  namedChildren(): [string, Module][] {
    return this.namedProperties((value): value is Module => value instanceof Module);
  }

  /** This module and all below it, by dotted name; "" is this one. Shared modules appear once. */
  namedModules(): [string, Module][] {
    const found = new Map<Module, string>();
    const visit = (module: Module, name: string): void => {
      if (found.has(module)) return;
      found.set(module, name);
      for (const [key, child] of module.namedChildren()) visit(child, name === "" ? key : `${name}.${key}`);
    };
    visit(this, "");
    return [...found].map(([module, name]) => [name, module]);
  }

  /** Trainable tensors by dotted name; shared ones appear once. Frozen ones are included. */
  namedParameters(): [string, Tensor][] {
    return this.namedTensors((tensor) => parameters.has(tensor));
  }

  /** Trainable tensors. */
  parameters(): Tensor[] {
    return this.namedParameters().map(([, tensor]) => tensor);
  }

  /** Tensors that are saved but not trained, by dotted name. */
  namedBuffers(): [string, Tensor][] {
    return this.namedTensors((tensor) => !parameters.has(tensor));
  }

  /** Tensors that are saved but not trained, such as running statistics. */
  buffers(): Tensor[] {
    return this.namedBuffers().map(([, tensor]) => tensor);
  }

  /** Parameters and buffers by name: the model's own tensors, not copies. */
  stateDict(): StateDict {
    return Object.fromEntries([...this.namedParameters(), ...this.namedBuffers()]);
  }

  /** Copies values into the parameters and buffers. Every name must be there, none may be left over, shapes must agree. */
  loadStateDict(state: StateDict): void {
    const own = this.stateDict();
    const missing = Object.keys(own).filter((name) => !(name in state));
    const unexpected = Object.keys(state).filter((name) => !(name in own));
    if (missing.length + unexpected.length > 0) {
      throw new RangeError(
        `loadStateDict: missing: ${missing.join(", ") || "none"}; unexpected: ${unexpected.join(", ") || "none"}`,
      );
    }
    for (const [name, tensor] of Object.entries(own)) {
      const [want, got] = [formatShape(tensor.shape), formatShape(state[name].shape)];
      if (want !== got) throw new RangeError(`loadStateDict: ${name}: expected shape ${want}, got ${got}`);
    }
    for (const [name, tensor] of Object.entries(own)) tensor.assign(state[name]);
  }

  /** Puts this module and all below it into training mode. */
  train(mode = true): this {
    for (const [, module] of this.namedModules()) module.training = mode;
    return this;
  }

  /** Puts this module and all below it into evaluation mode. */
  eval(): this {
    return this.train(false);
  }

  /** Stops training of all parameters: they need no gradient any more. */
  freeze(): this {
    for (const tensor of this.parameters()) tensor.requiresGrad = false;
    return this;
  }

  /** A table of the layers for an input of this shape: output shape, parameters, multiply-adds, memory. */
  summary(inputShape: Shape): string {
    return summarize(this, inputShape);
  }

  private namedTensors(wanted: (tensor: Tensor) => boolean): [string, Tensor][] {
    const found = new Map<Tensor, string>();
    for (const [prefix, module] of this.namedModules()) {
      const own = module.namedProperties((value): value is Tensor => value instanceof Tensor);
      for (const [key, tensor] of own) {
        const name = prefix === "" ? key : `${prefix}.${key}`;
        if (tensor.handle.freed !== null)
          throw new FreedTensorError(`${name} was freed ${tensor.handle.freed}`);
        if (wanted(tensor) && !found.has(tensor)) found.set(tensor, name);
      }
    }
    return [...found].map(([tensor, name]) => [name, tensor]);
  }

  private namedProperties<T>(wanted: (value: unknown) => value is T): [string, T][] {
    const found: [string, T][] = [];
    for (const [key, value] of Object.entries(this)) {
      if (wanted(value)) found.push([key, value]);
      else if (Array.isArray(value)) {
        for (const [i, item] of value.entries()) if (wanted(item)) found.push([`${key}.${i}`, item]);
      }
    }
    return found;
  }
}

/**
 * Modules applied one after the other, named by their position: "0", "1", ... What a module makes on the way to its
 * output is freed as soon as the next one has run, unless backward() needs it.
 */
export class Sequential extends Module {
  private readonly modules: Module[];

  constructor(...modules: Module[]) {
    super();
    for (const [i, module] of modules.entries()) {
      if (!(module instanceof Module)) throw new TypeError(`Sequential: argument ${i} is not a module`);
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
