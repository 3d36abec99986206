// What all optimizers share: parameter groups, per-parameter state, saving.

import { checkNumber, checkTensor } from "../core/check";
import { noGrad, type Stateful, type StateTree, scope, type Tensor } from "../core/index";
import { type GroupOptions, makeGroups, type ParameterGroup, type Parameters } from "./groups";
import type { Defaults } from "./options";
import {
  checkArray,
  checkNames,
  checkRecord,
  type ParameterState,
  restoreState,
  type SavedParameterState,
  type StateNames,
  saveState,
} from "./state";

/** Saved optimizer: the groups' options, the state of each parameter in order, and numbers kept for all together. */
export type OptimizerState = {
  groups: { [option: string]: StateTree }[];
  state: SavedParameterState[];
  shared: { [name: string]: number };
};

/** A parameter that has a gradient, and what its update needs. */
export interface Pending<O extends GroupOptions> {
  parameter: Tensor;
  gradient: Tensor;
  group: ParameterGroup<O>;
  state: ParameterState;
}

/**
 * Base class of optimizers. A subclass defines update() for one parameter, and prepare() where the update depends on
 * all parameters at once:
 *
 *     class Momentum extends optim.Optimizer {
 *       constructor(parameters, options) {
 *         super(parameters, { lr: 0.1, momentum: 0.9 }, options);
 *       }
 *       update(parameter, gradient, { lr, momentum }, state) {
 *         const velocity = optim.slot(state, "velocity", parameter);
 *         velocity.assign(velocity.mul(momentum).add(gradient));
 *         parameter.assign(parameter.sub(velocity.mul(lr)));
 *       }
 *     }
 */
export abstract class Optimizer<O extends GroupOptions = GroupOptions> implements Stateful<OptimizerState> {
  readonly groups: ParameterGroup<O>[];
  /** True for optimizers that find their learning rate themselves and refuse schedules. */
  readonly setsOwnRate: boolean = false;
  /** Numbers kept between steps for all parameters together. */
  protected shared: Record<string, number> = {};
  /** Names of what is kept, so that loadStateDict() refuses others; null where any may be. */
  protected readonly keeps: StateNames | null = null;
  /** @internal Steps taken since the construction. */
  steps = 0;
  private readonly state = new Map<Tensor, ParameterState>();

  /**
   * @param parameters tensors, or groups `{ params, ...options }` whose options go before those given here.
   * @param defaults all options that there are; undefined for those that must be given.
   * @param options those given; unknown names are errors, undefined ones take their default.
   */
  constructor(parameters: Parameters<O>, defaults: Defaults<O>, options: Partial<O> = {}) {
    this.groups = makeGroups(this.name, parameters, defaults, options);
    for (const group of this.groups) this.checkGroup(group);
  }

  /** What messages call it. Bundlers rename classes, so those of the library say it themselves. */
  get name(): string {
    return this.constructor.name;
  }

  /** The learning rate of the first group. Setting it sets that of the first group. */
  get lr(): number {
    return this.groups[0].lr;
  }

  set lr(value: number) {
    checkNumber(this.name, "lr", value, { atLeast: 0 });
    this.groups[0].lr = value;
  }

  /** Throws when options of a group make no sense; subclasses add their own. */
  protected checkGroup(group: ParameterGroup<O>): void {
    checkNumber(this.name, "lr", group.lr, { atLeast: 0 });
  }

  /** Updates one parameter in place from its gradient. Runs unrecorded, in a scope of its own. */
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
    const pending = this.pending();
    scope(() =>
      noGrad(() => {
        this.prepare(pending);
        for (const { parameter, gradient, group, state } of pending) {
          this.update(parameter, gradient, group, state);
          // backward() refuses values that changed after they were saved for it.
          parameter.handle.storage.version++;
        }
      }),
    );
    this.steps++;
  }

  private pending(): Pending<O>[] {
    const pending: Pending<O>[] = [];
    for (const group of this.groups) {
      const { lr } = group;
      // What is as it should be costs a step of a small network next to nothing.
      if (!(lr >= 0 && lr < Number.POSITIVE_INFINITY))
        checkNumber(`${this.name}.step`, "lr", lr, { atLeast: 0 });
      for (const parameter of group.params) {
        if (parameter.handle.freed !== null) checkTensor(`${this.name}.step`, parameter, "a parameter");
        const gradient = parameter.grad;
        if (gradient === null) continue;
        if (gradient.handle.freed !== null) checkTensor(`${this.name}.step`, gradient, "a gradient");
        pending.push({ parameter, gradient, group, state: this.stateOf(parameter) });
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

  /** A copy of all options and state. */
  stateDict(): OptimizerState {
    return {
      groups: this.groups.map(({ params: _, ...options }) =>
        structuredClone(options as OptimizerState["groups"][0]),
      ),
      state: this.parameters().map((parameter) => saveState(this.stateOf(parameter), parameter)),
      shared: { ...this.shared },
    };
  }

  /**
   * Restores options and state that stateDict() gave for the same parameters in the same groups. Throws, and changes
   * nothing, when they do not fit.
   */
  loadStateDict(saved: OptimizerState): void {
    const what = `${this.name}.loadStateDict`;
    checkNames(what, saved, ["groups", "state", "shared"]);
    checkArray(what, "groups", saved.groups);
    checkArray(what, "state", saved.state);
    const parameters = this.parameters();
    if (saved.groups.length !== this.groups.length || saved.state.length !== parameters.length) {
      throw new RangeError(
        `${what}: expected ${this.groups.length} groups and ${parameters.length} parameters, ` +
          `got ${saved.groups.length} and ${saved.state.length}`,
      );
    }
    const groups = this.groups.map((group, i) => {
      const { params, ...options } = group;
      checkNames(`${what}: group ${i}`, saved.groups[i], Object.keys(options));
      const loaded = { ...structuredClone(saved.groups[i]), params } as ParameterGroup<O>;
      this.checkGroup(loaded);
      return loaded;
    });
    const { keeps } = this;
    for (const [name, value] of Object.entries(checkRecord(`${what}: shared`, saved.shared))) {
      if (keeps !== null && !keeps.shared.includes(name)) {
        throw new RangeError(`${what}: unknown "${name}" in the saved state`);
      }
      checkNumber(what, name, value);
    }
    const states = parameters.map((parameter, i) => {
      checkTensor(what, parameter, `parameter ${i}`);
      return restoreState(`${what}: parameter ${i}`, saved.state[i], parameter, keeps);
    });
    for (const [i, group] of this.groups.entries()) Object.assign(group, groups[i]);
    for (const [i, parameter] of parameters.entries()) this.state.set(parameter, states[i]);
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
