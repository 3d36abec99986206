// Modules: parameters, buffers, random streams and other modules, found by looking at the properties.

import { checkTensor, describe } from "../core/check";
import { formatShape } from "../core/errors";
import { FreedTensorError, Generator, type Shape, Tensor } from "../core/index";
import { summarize } from "./summary";

const parameters = new WeakSet<Tensor>();

/**
 * Marks a tensor as a trainable parameter: it requires a gradient and outlives the scope it was made in. Any other
 * tensor that is a property of a module is a buffer: saved with the model, not trained.
 */
export function parameter(tensor: Tensor): Tensor {
  checkTensor("parameter", tensor);
  tensor.requiresGrad = true;
  parameters.add(tensor);
  return tensor.keep();
}

/** Throws unless the value is a module. */
export function checkModule(operation: string, value: unknown, name = "the model"): asserts value is Module {
  if (value instanceof Module) return;
  const foreign = typeof value === "object" && value !== null && "namedModules" in value;
  throw new TypeError(
    `${operation}: ${name} must be a Module, got ${describe(value)}` +
      (foreign ? " that comes from another copy of topograd: load the package once" : ""),
  );
}

/** Tensors by name, as saved and loaded. */
export type StateDict = Record<string, Tensor>;

/**
 * What a module's output is to a connectome tracker.
 * - "units": a layer with weights; each element of the last axis is a signal, read after the activation that follows.
 * - "channels": the same for axis 1, such as the channels of images.
 * - "activation": what a layer before it signals is read here.
 * - "nothing": neither; the tracker looks through it, as through dropout, pooling and normalisation.
 * - "auto": a module without children is a layer when it has a weight of two axes or more, an activation when it keeps the
 *   shape and bends (relu, tanh, exp, ...), and else nothing; of a module with children these are looked at.
 */
export type Signals = "units" | "channels" | "activation" | "nothing" | "auto";

/** A module of whatever inputs and outputs. */
export type AnyModule = Module<never[], unknown>;

/**
 * Base class of layers and models. A subclass sets parameters, buffers and modules as properties, also in arrays, plain
 * objects, Maps and Sets as deep as it likes (but not in #private fields, which nobody can look into), and defines forward():
 *
 *     class Gate extends nn.Module {
 *       linear = new nn.Linear(8, 8);
 *       forward(x: Tensor) { return x.mul(this.linear.forward(x).sigmoid()); }
 *     }
 *
 * What goes in and comes out may be any tree of tensors: `class Cell extends nn.Module<[Tensor, State], [Tensor, State]>`.
 */
export abstract class Module<Inputs extends unknown[] = Tensor[], Output = Tensor> {
  /** The name of the class in messages and tables, also where a bundler has shortened it; else the class's own. */
  static readonly typeName: string = "";
  /** One line for those who choose a layer. */
  static readonly about: string = "";

  /** Names of properties in state dicts and among the modules, where they are not the properties' own: those of PyTorch. */
  static readonly stateNames: Readonly<Record<string, string>> = {};
  /** Names that state dicts of PyTorch have beside: loadStateDict() lets them pass. */
  static readonly ignoredState: readonly string[] = [];

  /** True after train() (the default), false after eval(): Dropout and batch normalisation look at it. */
  training = true;

  abstract forward(...inputs: Inputs): Output;

  /** What the output is to a connectome tracker: see {@link Signals}. Override it to say so. */
  get signals(): Signals {
    return "auto";
  }

  /** Multiply-adds that produce an output of this shape, for summary(); layers that multiply override it. */
  multiplyAdds(_outputShape: Shape): number {
    return 0;
  }

  /** Modules among the properties, by name; those inside an array, object or Map are named `property.key`. */
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
    visit(this as AnyModule as Module, "");
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

  /** Streams of random numbers of its own that layers were given, by dotted name; shared ones appear once. */
  namedGenerators(): [string, Generator][] {
    return this.namedValues((value): value is Generator => value instanceof Generator);
  }

  /** Parameters and buffers by name: the model's own tensors, not copies. */
  stateDict(): StateDict {
    return Object.fromEntries([...this.namedParameters(), ...this.namedBuffers()]);
  }

  /**
   * Copies values into the parameters and buffers. Every name must be there, none may be left over (but counters of PyTorch's
   * that have no meaning here), shapes and dtypes must agree; else nothing is changed.
   */
  loadStateDict(state: StateDict): void {
    if (typeof state !== "object" || state === null) {
      throw new TypeError(`loadStateDict: expected tensors by name, got ${describe(state)}`);
    }
    const own = this.stateDict();
    const missing = Object.keys(own).filter((name) => !Object.hasOwn(state, name));
    const ignored = new Set(
      this.namedModules().flatMap(([prefix, module]) =>
        (module.constructor as typeof Module).ignoredState.map((name) =>
          prefix === "" ? name : `${prefix}.${name}`,
        ),
      ),
    );
    const unexpected = Object.keys(state).filter((name) => !Object.hasOwn(own, name) && !ignored.has(name));
    if (missing.length + unexpected.length > 0) {
      throw new RangeError(
        `loadStateDict: missing: ${missing.join(", ") || "none"}; unexpected: ${unexpected.join(", ") || "none"}`,
      );
    }
    for (const [name, tensor] of Object.entries(own)) {
      checkTensor("loadStateDict", state[name], name);
      const [want, got] = [formatShape(tensor.shape), formatShape(state[name].shape)];
      if (want !== got) throw new RangeError(`loadStateDict: ${name}: expected shape ${want}, got ${got}`);
      if (state[name].dtype !== tensor.dtype) {
        throw new TypeError(`loadStateDict: ${name}: expected ${tensor.dtype}, got ${state[name].dtype}`);
      }
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
    return summarize(this as AnyModule as Module, inputShape);
  }

  private namedTensors(wanted: (tensor: Tensor) => boolean): [string, Tensor][] {
    return this.namedValues((value): value is Tensor => value instanceof Tensor && wanted(value)).map(
      ([name, tensor]) => {
        if (tensor.handle.freed !== null)
          throw new FreedTensorError(`${name} was freed ${tensor.handle.freed}`);
        return [name, tensor];
      },
    );
  }

  /** Values of this kind among the properties of this module and of all below it, each once. */
  private namedValues<T>(wanted: (value: unknown) => value is T): [string, T][] {
    const found = new Map<T, string>();
    for (const [prefix, module] of this.namedModules()) {
      for (const [key, value] of module.namedProperties(wanted)) {
        if (!found.has(value)) found.set(value, prefix === "" ? key : `${prefix}.${key}`);
      }
    }
    return [...found].map(([value, name]) => [name, value]);
  }

  private namedProperties<T>(wanted: (value: unknown) => value is T): [string, T][] {
    const found: [string, T][] = [];
    const seen = new Set<unknown>();
    const look = (name: string, value: unknown): void => {
      if (wanted(value)) {
        found.push([name, value]);
        return;
      }
      const parts = partsOf(value);
      if (parts === null || seen.has(value)) return;
      seen.add(value);
      for (const [key, part] of parts) look(`${name}.${String(key)}`, part);
    };
    const { stateNames } = this.constructor as typeof Module;
    for (const [key, value] of Object.entries(this)) {
      look(Object.hasOwn(stateNames, key) ? stateNames[key] : key, value);
    }
    return found;
  }
}

/** Keys and values of a container; null for anything else. */
function partsOf(value: unknown): Iterable<[unknown, unknown]> | null {
  if (Array.isArray(value)) return value.entries();
  if (value instanceof Map) return value;
  if (value instanceof Set) return [...value].entries();
  if (typeof value !== "object" || value === null) return null;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null ? Object.entries(value) : null;
}
