// Observing what modules put out, without changing the model.

import { checkFunction, describe } from "../core/check";
import { track } from "../core/memory";
import { Tensor } from "../core/tensor";
import type { AnyModule, Module } from "./module";

/** Called with each module's name, itself, its output and its inputs, in the order in which the modules finish. */
export type TapVisitor = (name: string, module: Module, output: Tensor, inputs: readonly unknown[]) => void;

/** What tapCalls() shows of a call: all of it, when it begins and when it ends. */
export interface CallVisitor {
  enter?(name: string, module: Module): void;
  leave(name: string, module: Module, output: unknown, inputs: readonly unknown[]): void;
}

/** The tensors in a tree of arrays, Maps and plain objects, in order. */
export function tensorsIn(tree: unknown): Tensor[] {
  const found: Tensor[] = [];
  const seen = new Set<object>();
  const pending = [tree];
  while (pending.length > 0) {
    const value = pending.pop();
    if (value instanceof Tensor) found.push(value);
    else if (typeof value === "object" && value !== null && !seen.has(value)) {
      seen.add(value);
      const parts = value instanceof Map ? [...value.values()] : Object.values(value);
      for (const part of parts.reverse()) pending.push(part);
    }
  }
  return found;
}

/** Keeps tensors from being freed by scopes until release(). */
export class Holder {
  private readonly held: Tensor[] = [];

  hold(tensor: Tensor): void {
    if (tensor.kept) return;
    tensor.kept = true;
    this.held.push(tensor);
  }

  /** The tensors pass to the scope in which this is called. */
  release(): void {
    for (const tensor of this.held) {
      tensor.kept = false;
      track(tensor);
    }
    this.held.length = 0;
  }
}

/**
 * Runs `body` (which calls model.forward) and shows `visitor` every call of a module at and below `model`; one that is
 * called several times is shown each time. The outputs belong to the scope in which this is called.
 */
export function tapCalls<T>(model: AnyModule, visitor: CallVisitor, body: () => T): T {
  // Scopes inside the model must not free what the visitor has seen.
  if (typeof (model as Partial<AnyModule> | null)?.namedModules !== "function") {
    throw new TypeError(`tapCalls: the model must be a Module, got ${describe(model)}`);
  }
  checkFunction("tapCalls", "body", body);
  const holder = new Holder();
  const tapped: { module: Module; own: PropertyDescriptor | undefined }[] = [];
  try {
    for (const [name, module] of model.namedModules()) {
      const own = Object.getOwnPropertyDescriptor(module, "forward");
      const forward = module.forward;
      tapped.push({ module, own });
      Object.defineProperty(module, "forward", {
        configurable: true,
        value: (...inputs: Tensor[]) => {
          visitor.enter?.(name, module);
          const output: unknown = forward.apply(module, inputs);
          visitor.leave(name, module, output, inputs);
          for (const tensor of tensorsIn(output)) holder.hold(tensor);
          return output;
        },
      });
    }
    return body();
  } finally {
    holder.release();
    for (const { module, own } of tapped) {
      if (own === undefined) delete (module as { forward?: unknown }).forward;
      else Object.defineProperty(module, "forward", own);
    }
  }
}

/** tapCalls() for each tensor that a module puts out. */
export function tapOutputs<T>(model: AnyModule, visit: TapVisitor, body: () => T): T {
  checkFunction("tapOutputs", "visit", visit);
  const leave: CallVisitor["leave"] = (name, module, output, inputs) => {
    for (const tensor of tensorsIn(output)) visit(name, module, tensor, inputs);
  };
  return tapCalls(model, { leave }, body);
}
