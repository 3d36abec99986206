// Which tensors of a forward pass a connectome is read from. The pass is traced as a graph of module calls and of the
// operations between them; for each call of a layer with weights the activation that its output flows into is its signal.

import { traceOperations } from "../core/autograd";
import { formatShape } from "../core/errors";
import type { Tensor } from "../core/index";
import { Holder, type Module, tapCalls, tensorsIn } from "../nn/index";

/** Where the signals of one layer are read. */
export interface SignalSource {
  /** Name of the activation module that follows the layer, or of the layer itself; "#2" and so on for further calls. */
  layer: string;
  output: Tensor;
  /** Axis 1 holds the units, else the last. */
  channelsFirst: boolean;
}

/** Operations that bend: what follows a layer up to the first of them is not its activation yet. */
const BENDING = new Set(
  "relu leakyRelu elu gelu silu softplus tanh sigmoid exp erf sin cos clamp maximum minimum softmax logSoftmax".split(
    " ",
  ),
);
/** Operations through which a layer's output is followed: sums with shortcuts, scales, normalisation, pooling, other shapes. */
const TRANSPARENT = new Set(
  (
    "add sub mul div neg batchNorm normalizeRows reshape squeeze unsqueeze permute expand slice clone " +
    "maxPool2d avgPool2d adaptiveAvgPool2d"
  ).split(" "),
);
/** Operations that layers are made of. */
const WEIGHTED = new Set("matmul conv1d conv2d convTranspose2d indexSelect".split(" "));

type Role = "layer" | "activation" | "nothing";

/** A step of the pass: the call of a module that is not looked into, or an operation outside of such calls. */
interface Step {
  /** Of the module, with the number of the call; or of the operation. */
  name: string;
  call: { module: Module; role: Role; channelsFirst: boolean } | null;
  outputs: readonly Tensor[];
  inputs: readonly Tensor[];
}

/** True for modules whose calls are one step each. */
function isAtomic(module: Module): boolean {
  return module.signals !== "auto" || module.namedChildren().length === 0;
}

function hasWeights(module: Module): boolean {
  return module.parameters().some((parameter) => parameter.ndim >= 2);
}

/** What the call of a module was, from what it says of itself or, if it says nothing, from what it did. */
function judge(
  module: Module,
  operations: ReadonlySet<string>,
  inputs: readonly Tensor[],
  outputs: readonly Tensor[],
): NonNullable<Step["call"]> {
  const { signals } = module;
  const [output] = outputs;
  const images = output !== undefined && output.ndim === 4;
  const as = (role: Role, channelsFirst = images) => ({ module, role, channelsFirst });
  if (signals === "units" || signals === "channels") return as("layer", signals === "channels");
  if (signals !== "auto") return as(signals);
  if (hasWeights(module)) return as("layer");
  const keepsShape = inputs.some((input) => formatShape(input.shape) === formatShape(output?.shape ?? []));
  const bends = [...operations].some((name) => BENDING.has(name));
  return as(keepsShape && bends ? "activation" : "nothing");
}

/** A forward pass as a graph: which steps read a tensor, in the order in which they ran. */
class Trace {
  readonly steps: Step[] = [];
  private readonly readers = new Map<Tensor, Step[]>();
  private readonly calls = new Map<Module, number>();

  add(step: Step): void {
    this.steps.push(step);
    for (const input of new Set(step.inputs)) {
      const readers = this.readers.get(input);
      if (readers === undefined) this.readers.set(input, [step]);
      else readers.push(step);
    }
  }

  /** The module's name, with the number of this call after the first. */
  nameCall(name: string, module: Module): string {
    const count = (this.calls.get(module) ?? 0) + 1;
    this.calls.set(module, count);
    return count === 1 ? name : `${name}#${count}`;
  }

  ran(module: Module): boolean {
    return this.calls.has(module);
  }

  readersOf(tensor: Tensor): readonly Step[] {
    return this.readers.get(tensor) ?? [];
  }
}

/** Runs the model and traces it. What a signal can be read from belongs to the scope of the caller. */
function traceForward(model: Module, inputs: Tensor): Trace {
  const trace = new Trace();
  const holder = new Holder();
  const open: { module: Module; operations: Set<string> }[] = [];
  const tap = {
    enter: (_: string, module: Module) => {
      if (open.length === 0 && isAtomic(module)) open.push({ module, operations: new Set() });
      else if (open.length > 0) open.push({ module, operations: open[0].operations });
    },
    leave: (name: string, module: Module, output: unknown, given: readonly unknown[]) => {
      if (open.length === 0) return;
      const { operations } = open.pop() as (typeof open)[number];
      if (open.length > 0) return;
      const [from, outputs] = [tensorsIn(given), tensorsIn(output)];
      const call = judge(module, operations, from, outputs);
      trace.add({ name: trace.nameCall(name, module), call, outputs, inputs: from });
    },
  };
  const visit = (name: string, out: Tensor, from: readonly Tensor[]) => {
    if (open.length > 0) {
      open[0].operations.add(name);
      return;
    }
    trace.add({ name, call: null, outputs: [out], inputs: from });
    holder.hold(out);
  };
  try {
    tapCalls(model, tap, () => traceOperations(visit, () => model.forward(inputs)));
  } finally {
    holder.release();
  }
  return trace;
}

/** Follows tensors through steps that let them through; `stop` sees every other step and ends the search with a result. */
function follow<T>(trace: Trace, from: Tensor, stop: (step: Step, read: Tensor) => T | null): T | null {
  const seen = new Set<Tensor>([from]);
  const pending = [from];
  for (let tensor = pending.shift(); tensor !== undefined; tensor = pending.shift()) {
    for (const step of trace.readersOf(tensor)) {
      const result = stop(step, tensor);
      if (result !== null) return result;
      const isTransparent = step.call === null ? TRANSPARENT.has(step.name) : step.call.role === "nothing";
      if (!isTransparent) continue;
      for (const output of step.outputs) {
        if (seen.has(output)) continue;
        seen.add(output);
        pending.push(output);
      }
    }
  }
  return null;
}

/** Where a layer's output has become an activation. */
function activationAfter(trace: Trace, layer: Step): { name: string; output: Tensor } | null {
  return follow(trace, layer.outputs[0], (step, read) => {
    if (step.call?.role === "activation") return { name: step.name, output: step.outputs[0] };
    if (step.call !== null || !BENDING.has(step.name)) return null;
    const [bent] = step.outputs;
    // x * sigmoid(x) and the like: the product is the activation.
    const gate = trace
      .readersOf(bent)
      .find(({ name, call, inputs }) => call === null && name === "mul" && inputs.includes(read));
    return { name: layer.name, output: gate?.outputs[0] ?? bent };
  });
}

/** True when what is computed from the tensor reaches another layer: it is not the output of the model. */
function feedsLayer(trace: Trace, tensor: Tensor): boolean {
  const seen = new Set<Tensor>([tensor]);
  const pending = [tensor];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (const step of trace.readersOf(next)) {
      if (step.call === null ? WEIGHTED.has(step.name) : step.call.role === "layer") return true;
      for (const output of step.outputs) {
        if (seen.has(output)) continue;
        seen.add(output);
        pending.push(output);
      }
    }
  }
  return false;
}

/** A signal has samples first and one axis of units; images and tokens have others, over which it is averaged. */
function isReadable({ ndim }: Tensor): boolean {
  return ndim >= 2 && ndim <= 4;
}

/** Sources of the layers that were asked for, wherever they lie. Throws when one does not run or puts out no units. */
function namedSources(
  trace: Trace,
  model: Module,
  layers: readonly string[],
  inputs: Tensor,
): SignalSource[] {
  const outputs = new Map<string, Tensor>();
  const leave = (name: string, _: Module, output: unknown) => {
    const [first] = tensorsIn(output);
    if (first !== undefined && !outputs.has(name)) outputs.set(name, first);
  };
  const within = trace.steps.filter(({ call }) => call !== null);
  const isWithin = layers.every((layer) => within.some(({ name }) => name === layer));
  // Modules with children are no steps of the trace.
  if (!isWithin) tapCalls(model, { leave }, () => model.forward(inputs));
  return layers.map((layer) => {
    const step = within.find(({ name }) => name === layer);
    const output = step?.outputs[0] ?? outputs.get(layer);
    if (output === undefined) throw new Error(`ConnectomeTracker: forward() does not run module "${layer}"`);
    if (!isReadable(output)) {
      throw new RangeError(
        `ConnectomeTracker: layer "${layer}" puts out ${formatShape(output.shape)}, not units`,
      );
    }
    return { layer, output, channelsFirst: step?.call?.channelsFirst ?? output.ndim === 4 };
  });
}

/** What observeSignals() found. */
export interface ObservedSignals {
  sources: SignalSource[];
  /** What was passed over, and why, in sentences. */
  warnings: string[];
}

/**
 * Runs the model and finds its signals: for each call of a layer with weights the activation that its output flows into,
 * through normalisation, pooling and sums with shortcuts; the layer's own output where it flows into none. What does not
 * reach another layer is the model's output and left out.
 * @param layers names of the modules to read instead.
 */
export function observeSignals(
  model: Module,
  inputs: Tensor,
  layers: readonly string[] | null,
): ObservedSignals {
  const trace = traceForward(model, inputs);
  if (layers !== null) return { sources: namedSources(trace, model, layers, inputs), warnings: [] };
  const warnings: string[] = [];
  const found = new Map<Tensor, SignalSource>();
  const calls = trace.steps.filter(({ call }) => call?.role === "layer");
  for (const layer of calls) {
    const [own] = layer.outputs;
    const activation = activationAfter(trace, layer);
    const { name, output } = activation ?? { name: layer.name, output: own };
    if (output === undefined || !feedsLayer(trace, output)) continue;
    if (!isReadable(output)) {
      warnings.push(
        `layer "${name}" puts out ${formatShape(output.shape)}, which are no units: it is passed over`,
      );
      continue;
    }
    const channelsFirst = layer.call?.channelsFirst ?? false;
    if (!found.has(output)) found.set(output, { layer: name, output, channelsFirst });
  }
  warnings.push(...passedOver(model, trace));
  const order = new Map(
    trace.steps.flatMap(({ outputs }, i) => outputs.map((output) => [output, i] as const)),
  );
  const position = ({ output }: SignalSource) => order.get(output) ?? 0;
  return { sources: [...found.values()].sort((a, b) => position(a) - position(b)), warnings };
}

/** What looks as if it had signals but is not read. */
function passedOver(model: Module, trace: Trace): string[] {
  const warnings: string[] = [];
  // What lies below an atomic module is part of that module.
  const inner = new Set<Module>();
  for (const [name, module] of model.namedModules()) {
    if (!isAtomic(module)) continue;
    for (const [below, part] of module.namedModules()) if (below !== "") inner.add(part);
    if (inner.has(module) || !hasWeights(module)) continue;
    if (module.signals === "nothing" || module.signals === "activation") continue;
    const weights = module.parameters().filter(({ ndim }) => ndim >= 2).length;
    if (!trace.ran(module)) warnings.push(`layer "${name}" did not run: it has no signals`);
    else if (module.signals === "auto" && weights > 1) {
      warnings.push(
        `layer "${name}" has ${weights} weights but is read at its output only: make each a module to see what lies between`,
      );
    }
  }
  const loose = trace.steps.filter(
    ({ call, name, inputs }) =>
      call === null && WEIGHTED.has(name) && inputs.some((input) => input.requiresGrad),
  );
  for (const name of new Set(loose.map((step) => step.name))) {
    warnings.push(
      `a ${name} with a parameter runs outside of any layer: put it into a module to see its units`,
    );
  }
  return warnings;
}
