// What all optimizers share: parameter groups, per-parameter state, saving.

import { formatShape } from "../core/errors";
import { type Stateful, scope, Tensor } from "../core/index";
import { requireRate, restore } from "./state";

/** Options that every group has. */
export interface GroupOptions {
  /** Learning rate. */
  lr: number;
}

/** Parameters that share their options, as in PyTorch. */
export type ParameterGroup<O extends GroupOptions> = O & { params: Tensor[] };

/** What constructors take: tensors, or groups whose options override the defaults. */
export type Parameters<O extends GroupOptions> =
  | readonly Tensor[]
  | readonly (Partial<O> & { params: readonly Tensor[] })[];

/** Values kept for one parameter: tensors of its shape, and numbers. */
export type ParameterState = Record<string, Tensor | number>;

/** Saved optimizer: the groups' options, the state of each parameter in order, and numbers kept for all together. */
export interface OptimizerState {
  groups: Record<string, unknown>[];
  state: Record<string, Float32Array | number>[];
  shared: Record<string, number>;
}

/** A parameter that has a gradient, and what its update needs. */
export interface Pending<O extends GroupOptions> {
  parameter: Tensor;
  gradient: Tensor;
  group: ParameterGroup<O>;
  state: ParameterState;
}

/**
 * Base class of optimizers. A subclass defines update() for one parameter, and prepare() where the update depends on
 * all parameters at once.
 */
export abstract class Optimizer<O extends GroupOptions = GroupOptions> implements Stateful<OptimizerState> {
  readonly groups: ParameterGroup<O>[];
  /** True for optimizers that find their learning rate themselves and refuse schedules. */
  readonly setsOwnRate: boolean = false;
  /** Numbers kept between steps for all parameters together. */
  protected shared: Record<string, number> = {};
  private readonly state = new Map<Tensor, ParameterState>();

  constructor(parameters: Parameters<O>, defaults: O) {
    const list = [...parameters];
    if (list.length === 0) throw new RangeError(`${this.name}: no parameters were given`);
    const groups = (list[0] instanceof Tensor ? [{ params: list }] : list) as (Partial<O> & {
      params: Tensor[];
    })[];
    this.groups = groups.map((group) => ({ ...defaults, ...group, params: [...group.params] }));
    const seen = new Set<Tensor>();
    for (const group of this.groups) {
      this.checkGroup(group);
      for (const parameter of group.params) {
        if (!(parameter instanceof Tensor)) throw new TypeError(`${this.name}: a parameter is not a tensor`);
        if (!parameter.isContiguous) {
          throw new RangeError(
            `${this.name}: a parameter ${formatShape(parameter.shape)} is a strided view; optimize its clone()`,
          );
        }
        if (seen.has(parameter)) throw new RangeError(`${this.name}: a parameter appears twice`);
        seen.add(parameter);
      }
    }
  }

  /** The class name, for messages. */
  get name(): string {
    return this.constructor.name;
  }

  /** The learning rate of the first group. Setting it sets that of the first group. */
  get lr(): number {
    return this.groups[0].lr;
  }

  set lr(value: number) {
    requireRate(this.name, value);
    this.groups[0].lr = value;
  }

  /** Validates one group's options; subclasses add their own. */
  protected checkGroup(group: ParameterGroup<O>): void {
    requireRate(this.name, group.lr);
  }

  /** Updates one parameter in place from its gradient. */
  protected abstract update(
    parameter: Tensor,
    gradient: Tensor,
    group: ParameterGroup<O>,
    state: ParameterState,
  ): void;

  /** Runs before the updates of a step, for what depends on all gradients at once. */
  protected prepare(_pending: readonly Pending<O>[]): void {}

  /** Updates every parameter that has a gradient. */
  step(): void {
    scope(() => {
      const pending = this.pending();
      this.prepare(pending);
      for (const { parameter, gradient, group, state } of pending) {
        this.update(parameter, gradient, group, state);
        // backward() refuses values that changed after they were saved for it.
        parameter.handle.storage.version++;
      }
    });
  }

  private pending(): Pending<O>[] {
    const pending: Pending<O>[] = [];
    for (const group of this.groups) {
      for (const parameter of group.params) {
        const gradient = parameter.grad;
        if (gradient !== null) pending.push({ parameter, gradient, group, state: this.stateOf(parameter) });
      }
    }
    return pending;
  }

  /** Drops the gradients: they are null until the next backward(). */
  zeroGrad(): void {
    for (const group of this.groups)
      for (const parameter of group.params) parameter.clearGrad("by zeroGrad()");
  }

  /** Moves the parameters to the training point; only schedule-free optimizers have two points. */
  train(): void {}

  /** Moves the parameters to the evaluation point; only schedule-free optimizers have two points. */
  eval(): void {}

  /** The state kept for a parameter, empty at first. */
  protected stateOf(parameter: Tensor): ParameterState {
    let state = this.state.get(parameter);
    if (state === undefined) {
      state = {};
      this.state.set(parameter, state);
    }
    return state;
  }

  /** A copy of all options and state, as plain values. */
  stateDict(): OptimizerState {
    return {
      groups: this.groups.map(({ params: _, ...options }) => structuredClone(options)),
      state: this.parameters().map((parameter) =>
        Object.fromEntries(
          Object.entries(this.stateOf(parameter)).map(([key, value]) => [
            key,
            value instanceof Tensor ? value.toFloat32Array() : value,
          ]),
        ),
      ),
      shared: { ...this.shared },
    };
  }

  /** Restores options and state that stateDict() gave for the same parameters in the same groups. */
  loadStateDict(saved: OptimizerState): void {
    const parameters = this.parameters();
    if (saved.groups.length !== this.groups.length || saved.state.length !== parameters.length) {
      throw new RangeError(
        `${this.name}.loadStateDict: expected ${this.groups.length} groups and ${parameters.length} parameters, ` +
          `got ${saved.groups.length} and ${saved.state.length}`,
      );
    }
    for (const [i, parameter] of parameters.entries()) {
      for (const [key, value] of Object.entries(saved.state[i])) {
        if (typeof value !== "number" && value.length !== parameter.size) {
          throw new RangeError(
            `${this.name}.loadStateDict: ${key} of parameter ${i} has ${value.length} elements, ` +
              `expected ${formatShape(parameter.shape)}`,
          );
        }
      }
    }
    for (const [i, group] of this.groups.entries()) Object.assign(group, structuredClone(saved.groups[i]));
    for (const [i, parameter] of parameters.entries()) {
      const state: ParameterState = {};
      for (const [key, value] of Object.entries(saved.state[i])) {
        state[key] = typeof value === "number" ? value : restore(parameter, value);
      }
      this.state.set(parameter, state);
    }
    this.shared = { ...saved.shared };
  }

  /** An option that all groups must share, because the update depends on all parameters at once. */
  protected common<K extends keyof O & string>(option: K): O[K] {
    const [first, ...rest] = this.groups.map((group) => group[option]);
    for (const other of rest) {
      if (String(other) !== String(first)) {
        throw new RangeError(`${this.name}: all groups must share ${option}, got ${first} and ${other}`);
      }
    }
    return first;
  }

  /** The parameters of all groups. */
  protected parameters(): Tensor[] {
    return this.groups.flatMap((group) => group.params);
  }
}
