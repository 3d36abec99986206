// Who frees a tensor: handles on storage, and the scopes that release them.

import { bytesInUse, type Storage } from "../backend/storage";
import { activeFeatures, memorySize } from "../backend/wasm";
import { FreedTensorError } from "./errors";

let tensorsInUse = 0;

/** What a tensor holds on to. Separate from the tensor, so that a finalizer can release it. */
export class Handle {
  /** Why the tensor was freed; null while it lives. */
  freed: string | null = null;

  constructor(
    readonly storage: Storage,
    public node: { release(): void } | null = null,
  ) {
    tensorsInUse++;
  }

  release(reason: string): void {
    if (this.freed !== null) return;
    this.freed = reason;
    tensorsInUse--;
    this.storage.release();
    this.node?.release();
    this.node = null;
  }
}

/** What the memory manager needs to know of a tensor. */
export interface Managed {
  /** @internal */
  readonly handle: Handle;
  /** @internal Set by keep(): no scope frees it. */
  kept: boolean;
  /** @internal Set on gradients, which live as long as the tensor they belong to. */
  isGradient: boolean;
  /** @internal The garbage collector watches it. */
  registered: boolean;
  /** @internal */
  free(reason: string): void;
}

const registry = new FinalizationRegistry<Handle>((handle) => handle.release("collected"));

/** Leaves the tensor to the garbage collector. */
export function registerForCollection(tensor: Managed): void {
  if (tensor.registered) return;
  tensor.registered = true;
  registry.register(tensor, tensor.handle, tensor);
}

/** Takes it back from the garbage collector, because it was freed. */
export function unregisterFromCollection(tensor: Managed): void {
  if (tensor.registered) registry.unregister(tensor);
}

/** A span of time whose tensors are freed together. */
export class Scope {
  tensors: Managed[] = [];
  constructor(readonly reason: string) {}
}

/** Scopes that capture what is made now, innermost last. */
const active: Scope[] = [];

/** Gives a new tensor to the innermost scope, or to the garbage collector. */
export function track(tensor: Managed): void {
  const scope = active[active.length - 1];
  if (scope === undefined) registerForCollection(tensor);
  else scope.tensors.push(tensor);
}

export function openScope(reason: string): Scope {
  const scope = new Scope(reason);
  active.push(scope);
  return scope;
}

/** Stops capturing without freeing anything. */
function suspendScope(scope: Scope): void {
  if (active[active.length - 1] === scope) {
    active.pop();
    return;
  }
  const at = active.lastIndexOf(scope);
  if (at >= 0) active.splice(at, 1);
}

const NONE: ReadonlySet<Managed> = new Set();

/** Frees what the scope captured, but for the survivors, which pass to the enclosing scope. */
export function closeScope(
  scope: Scope,
  survivors: ReadonlySet<Managed> = NONE,
  reason = scope.reason,
): void {
  suspendScope(scope);
  for (const tensor of survivors) {
    // A gradient that is returned must outlive the tensor it belongs to.
    if (tensor.isGradient) tensor.kept = true;
  }
  const { tensors } = scope;
  scope.tensors = [];
  for (let i = 0; i < tensors.length; i++) {
    const tensor = tensors[i];
    if (tensor.handle.freed !== null || tensor.kept) continue;
    if (survivors.size > 0 && survivors.has(tensor)) track(tensor);
    else tensor.free(reason);
  }
}

/**
 * Passes everything the scope captured to the enclosing scope. Returns what frees it before that scope does, as long as that is
 * the innermost one again: what it has handed on is no longer ours.
 */
export function dissolveScope(scope: Scope): (reason: string) => void {
  suspendScope(scope);
  const enclosing = active[active.length - 1];
  const passed = scope.tensors.filter((tensor) => tensor.handle.freed === null && !tensor.kept);
  for (const tensor of passed) track(tensor);
  scope.tensors = [];
  // Weak, so that the garbage collector need not wait for it.
  const rest = passed.map((tensor) => new WeakRef(tensor));
  return (reason) => {
    if (active[active.length - 1] !== enclosing) return;
    for (const reference of rest) {
      const tensor = reference.deref();
      if (tensor !== undefined && !tensor.kept) tensor.free(reason);
    }
    if (enclosing) enclosing.tensors = enclosing.tensors.filter((tensor) => tensor.handle.freed === null);
  };
}

let suspendQueued = false;

/**
 * Opens a scope that ends with the synchronous part of the running code: whatever is made after an `await` is
 * ordinary. No scope of another kind can be open when a microtask runs, so the task may suspend them all.
 */
export function openSynchronousScope(reason: string): Scope {
  if (!suspendQueued) {
    suspendQueued = true;
    queueMicrotask(() => {
      suspendQueued = false;
      active.length = 0;
    });
  }
  return openScope(reason);
}

function partsOf(value: object): Iterable<unknown> {
  if (Array.isArray(value) || value instanceof Set) return value;
  if (value instanceof Map) return value.values();
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null ? Object.values(value) : [];
}

/** The tensors in a result: in arrays, maps, sets and plain objects, as deep as they are nested. */
function collectManaged(
  root: unknown,
  isManaged: (value: unknown) => value is Managed,
): ReadonlySet<Managed> {
  if (typeof root !== "object" || root === null) return NONE;
  if (isManaged(root)) return new Set([root]);
  const found = new Set<Managed>();
  const seen = new Set<unknown>();
  const pending: unknown[] = [root];
  for (let i = 0; i < pending.length; i++) {
    const value = pending[i];
    if (typeof value !== "object" || value === null || seen.has(value)) continue;
    seen.add(value);
    if (isManaged(value)) found.add(value);
    else for (const item of partsOf(value)) pending.push(item);
  }
  return found;
}

/** True for promises and other thenables. */
export function isThenable(value: unknown): boolean {
  return (
    typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function"
  );
}

/** Runs `body` in a scope of its own; see scope() in core/index.ts. */
export function runInScope<T>(
  body: () => T,
  reason: string,
  isManaged: (value: unknown) => value is Managed,
): T {
  const scope = openScope(reason);
  let survivors = NONE;
  try {
    const result = body();
    if (isThenable(result)) {
      throw new TypeError("scope: the callback returned a promise; a scope covers synchronous code only");
    }
    survivors = collectManaged(result, isManaged);
    return result;
  } finally {
    closeScope(scope, survivors);
  }
}

/** Throws when the tensor was freed; `operation` is what was about to use it. */
export function assertAlive(tensor: Managed, operation: string): void {
  if (tensor.handle.freed !== null) {
    throw new FreedTensorError(
      `${operation}: this tensor was freed ${tensor.handle.freed}. Call keep() on a tensor that must live longer`,
    );
  }
}

/** What `runtime()` reports. */
export interface RuntimeInfo {
  /** Fixed-width SIMD kernels are in use. */
  simd: boolean;
  /** Fused multiply-adds are in use: fast, not reproducible across engines. */
  relaxedSimd: boolean;
  threads: number;
  /** Bytes held by tensors, gradients, saved activations and optimizer state. */
  bytesInUse: number;
  /** Bytes of WebAssembly memory taken from the host. It grows and never shrinks. */
  bytesReserved: number;
  tensorsInUse: number;
  /** Why something that was configured is not active. */
  reasons: string[];
}

/** What is active in this process, and how much memory it uses. */
export function runtime(): RuntimeInfo {
  const features = activeFeatures();
  return { ...features, bytesInUse: bytesInUse(), bytesReserved: memorySize(), tensorsInUse };
}
