// Reverse-mode automatic differentiation. An operation on tensors that require gradients leaves a node: which tensors
// went in, what it saved, and how a gradient of its output becomes gradients of its inputs. backward() walks the nodes
// from the newest to the oldest, which is a topological order, and adds up what arrives.

import { checkOptions, checkTensor } from "./check";
import { addInPlace, contiguousCopy, full, plus, sumTo } from "./compute";
import { formatShape } from "./errors";
import { closeScope, openScope, registerForCollection, type Scope } from "./memory";
import { type Shape, sameShape } from "./shape";
import { alias, defineMethods, isTensor, type Tensor } from "./tensor";

/** What a rule is told of the inputs, which it must not hold on to: whatever it closes over stays in memory. */
export interface Inputs {
  shapes: readonly Shape[];
  /** Whether a gradient of each is wanted. */
  needs: readonly boolean[];
}

/**
 * Turns the gradient of the output into one gradient per input, null where none is needed. A gradient may have the shape
 * to which its input was broadcast: the engine sums it. `saved` are the tensors given to record(); where that was null,
 * so is this.
 */
export type Backward = (gradient: Tensor, saved: readonly Tensor[], inputs: Inputs) => (Tensor | null)[];

let gradientsEnabled = true;
let nextId = 0;

const NOTHING: readonly null[] = [];

/** An operation in the graph. It is reference-counted: by its output and by the nodes that use its output. */
export class Node {
  readonly id = nextId++;
  /** The node that made each input, the input itself where it is a leaf, null where no gradient is wanted. */
  readonly inputs: readonly (Node | Tensor | null)[];
  private readonly needs: readonly boolean[];
  private readonly shapes: readonly Shape[];
  private saved: readonly (Tensor | null)[];
  private readonly versions: readonly number[];
  private references = 1;
  /** Gradient that has arrived so far, during backward(). */
  gradient: Tensor | null = null;
  consumed = false;

  constructor(
    readonly name: string,
    inputs: readonly Tensor[],
    saved: readonly (Tensor | null)[],
    private readonly rule: Backward,
  ) {
    // Loops: small networks spend a good part of a step here.
    const from: (Node | Tensor | null)[] = [];
    const needs: boolean[] = [];
    const shapes: Shape[] = [];
    for (let i = 0; i < inputs.length; i++) {
      const input = inputs[i];
      const maker = input.node;
      if (maker !== null) maker.references++;
      const source = maker ?? (input.requiresGrad ? input : null);
      from.push(source);
      needs.push(source !== null);
      shapes.push(input.extents);
    }
    const kept: (Tensor | null)[] = [];
    const versions: number[] = [];
    for (let i = 0; i < saved.length; i++) {
      const tensor = saved[i];
      kept.push(tensor && alias(tensor));
      versions.push(tensor === null ? 0 : tensor.storage.version);
    }
    this.inputs = from;
    this.needs = needs;
    this.shapes = shapes;
    this.saved = kept;
    this.versions = versions;
  }

  /** Gradients of the inputs from the gradient of the output. */
  differentiate(gradient: Tensor): (Tensor | null)[] {
    const { saved, needs, shapes } = this;
    for (let i = 0; i < saved.length; i++) {
      const tensor = saved[i];
      if (tensor !== null && tensor.storage.version !== this.versions[i]) {
        throw new Error(
          `backward: a tensor of shape ${formatShape(tensor.extents)} that ${this.name} saved was changed by assign() ` +
            "before backward() used it",
        );
      }
    }
    const gradients = this.rule(gradient, saved as Tensor[], { shapes, needs });
    const summed: (Tensor | null)[] = [];
    for (let i = 0; i < shapes.length; i++) {
      const arriving = needs[i] ? (gradients[i] ?? null) : null;
      summed.push(arriving && sumTo(arriving, shapes[i]));
    }
    return summed;
  }

  /** Frees the saved tensors. */
  consume(): void {
    this.consumed = true;
    this.forget("after backward()");
  }

  private forget(reason: string): void {
    const { saved } = this;
    this.saved = NOTHING;
    for (let i = 0; i < saved.length; i++) saved[i]?.free(reason);
  }

  /** One user less. A node without users frees what it saved and lets go of its inputs; iterative, graphs are deep. */
  release(): void {
    const pending: Node[] = [this];
    for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
      if (--node.references > 0) continue;
      node.forget("with its graph");
      for (const input of node.inputs) if (input instanceof Node) pending.push(input);
    }
  }
}

/** Called with each operation that runs: its name, its result, its operands, and what else it was asked for. */
export type OperationVisitor = (
  name: string,
  out: Tensor,
  inputs: readonly Tensor[],
  details: unknown,
) => void;

let visitor: OperationVisitor | null = null;

/** Runs `body` and shows `visit` every operation that has a gradient, whether it is recorded or not. */
export function traceOperations<T>(visit: OperationVisitor, body: () => T): T {
  const before = visitor;
  visitor = visit;
  try {
    return body();
  } finally {
    visitor = before;
  }
}

/**
 * Records that `out` was computed from `inputs`. Does nothing when no input requires a gradient or inside noGrad().
 * `saved` are the tensors that `rule` will need, null for those that it will not; they stay in memory until backward()
 * has used them. `details` are options and constants, for whoever traces operations.
 */
export function record(
  name: string,
  out: Tensor,
  inputs: readonly Tensor[],
  saved: readonly (Tensor | null)[],
  rule: Backward,
  details?: unknown,
): Tensor {
  visitor?.(name, out, inputs, details);
  if (!gradientsEnabled) return out;
  for (let i = 0; i < inputs.length; i++) {
    if (inputs[i].requiresGrad) {
      out.handle.node = new Node(name, inputs, saved, rule);
      break;
    }
  }
  return out;
}

/** Runs `body` without recording; see noGrad() in core/index.ts. */
export function withoutGradients<T>(body: () => T): T {
  const before = gradientsEnabled;
  gradientsEnabled = false;
  try {
    return body();
  } finally {
    gradientsEnabled = before;
  }
}

/** Every node that `root` depends on, newest first. */
function sortedGraph(root: Node): Node[] {
  const seen = new Set<Node>([root]);
  const nodes = [root];
  for (let i = 0; i < nodes.length; i++) {
    for (const input of nodes[i].inputs) {
      if (input instanceof Node && !seen.has(input)) {
        seen.add(input);
        nodes.push(input);
      }
    }
  }
  return nodes.sort((a, b) => b.id - a.id);
}

/**
 * Computes the gradient of `root` by every leaf it depends on and adds it to the leaves' `grad`. `seed` is
 * d(objective)/d(root); default 1 for a tensor of one element. Without `retainGraph` what the graph saved is freed.
 */
function backward(root: Tensor, seed?: Tensor, options: { retainGraph?: boolean } = {}): void {
  checkTensor("backward", root);
  if (seed !== undefined) checkTensor("backward", seed, "gradient");
  checkOptions("backward", options, ["retainGraph"]);
  const { retainGraph = false } = options;
  if (!root.requiresGrad) {
    throw new Error("backward: this tensor does not depend on any tensor with requiresGrad");
  }
  if (seed === undefined && root.size !== 1) {
    throw new Error(
      `backward: a tensor of shape ${formatShape(root.extents)} needs a gradient argument; only one element has a default`,
    );
  }
  if (seed !== undefined && (seed.dtype !== "float32" || !sameShape(seed.extents, root.extents))) {
    throw new RangeError(
      `backward: the ${seed.dtype} gradient has shape ${formatShape(seed.extents)}, the tensor ${formatShape(root.extents)}`,
    );
  }
  withoutGradients(() => {
    const scope = openScope("at the end of backward()");
    try {
      const gradient = seed === undefined ? full(root.extents, 1) : contiguousCopy(seed);
      if (root.node === null) addToLeaf(root, gradient, scope);
      else propagate(root.node, gradient, retainGraph);
    } finally {
      closeScope(scope);
    }
  });
}

function propagate(root: Node, seed: Tensor, retainGraph: boolean): void {
  const nodes = sortedGraph(root);
  const spent = nodes.find((node) => node.consumed);
  if (spent !== undefined) {
    throw new Error(
      `backward: the graph was freed by an earlier backward() (at ${spent.name}); pass { retainGraph: true } to the first`,
    );
  }
  root.gradient = alias(seed);
  try {
    for (const node of nodes) {
      const gradient = node.gradient;
      if (gradient === null) continue;
      node.gradient = null;
      const scope = openScope("at the end of backward()");
      try {
        const gradients = node.differentiate(gradient);
        // Nodes come before leaves, so that a leaf sees which gradients others still need and copies those.
        const { inputs } = node;
        for (let i = 0; i < inputs.length; i++) {
          const [input, arriving] = [inputs[i], gradients[i]];
          if (input instanceof Node && arriving !== null) addToNode(input, arriving);
        }
        for (let i = 0; i < inputs.length; i++) {
          const [input, arriving] = [inputs[i], gradients[i]];
          if (isTensor(input) && arriving !== null) addToLeaf(input, arriving, scope);
        }
        if (!retainGraph) node.consume();
      } finally {
        closeScope(scope);
        gradient.free("by backward()");
      }
    }
  } finally {
    for (const node of nodes) {
      node.gradient?.free("by backward()");
      node.gradient = null;
    }
  }
}

/** True when nobody but this handle and the scope's sees the data, so that it may be changed or kept. */
function ownsData(tensor: Tensor): boolean {
  return tensor.isContiguous && !tensor.handle.storage.shared;
}

function addToNode(node: Node, arriving: Tensor): void {
  if (node.gradient === null) {
    node.gradient = alias(arriving);
  } else if (ownsData(node.gradient)) {
    addInPlace(node.gradient, arriving);
  } else {
    const sum = plus(node.gradient, arriving);
    node.gradient.free("by backward()");
    node.gradient = alias(sum);
  }
}

/** `made` is the scope in which the gradient was computed: what comes from elsewhere, such as a saved tensor, is copied. */
function addToLeaf(leaf: Tensor, arriving: Tensor, made: Scope): void {
  if (leaf.handle.freed !== null) return;
  if (leaf.grad !== null) {
    addInPlace(leaf.grad, arriving);
    return;
  }
  const own = made.tensors.includes(arriving) && ownsData(arriving);
  leaf.grad = alias(own ? arriving : contiguousCopy(arriving));
  leaf.grad.isGradient = true;
  registerForCollection(leaf.grad);
}

export interface BackwardMethod {
  /**
   * Computes the gradient of this tensor by every leaf it depends on and adds it to their `grad`.
   * @param gradient d(objective)/d(this), of the same shape. Default: 1, for a tensor of one element.
   * @param options.retainGraph keep what backward needs, so that it can run again. Default false.
   */
  backward(gradient?: Tensor, options?: { retainGraph?: boolean }): void;
}

declare module "./tensor" {
  interface Tensor extends BackwardMethod {}
}

defineMethods<BackwardMethod>({ backward });
