// Networks as ONNX models: what is written are the operations that run, whatever layers they belong to.

import { traceOperations } from "../../core/autograd";
import { checkShape, describe } from "../../core/check";
import { formatShape } from "../../core/errors";
import { Generator, noGrad, type Shape, scope, Tensor, zeros } from "../../core/index";
import { sameShape, sizeOf } from "../../core/shape";
import { inEvaluationMode } from "../../nn/evaluation-mode";
import { Holder, init, type Module } from "../../nn/index";
import { checkModule } from "../../nn/module";
import { encodeModel, FLOAT, type OnnxPort } from "./schema";
import { Graph, isRepeated, type Step, WRITERS } from "./writers";

const OPSET = 18;

interface Trace {
  x: Tensor;
  y: Tensor;
  steps: Step[];
}

/** Scopes inside the model must not free what a trace has seen: the holder keeps it. */
function traceOf(model: Module, shape: Shape, seed: number, holder: Holder): Trace {
  const x = init.normal(zeros(shape), 0, 1, new Generator(seed));
  const steps: Step[] = [];
  const y: unknown = traceOperations(
    (name, out, inputs, details) => {
      steps.push({ name, out, inputs, details });
      for (const tensor of [out, ...inputs, ...hiddenInputs(details)]) holder.hold(tensor);
    },
    () => model.forward(x),
  );
  if (!(y instanceof Tensor)) {
    throw new TypeError(`exportOnnx: the model must give a Tensor, got ${describe(y)}`);
  }
  return { x, y, steps };
}

/** Tensors that stand in a trace as they are: neither the input nor what an operation made. */
function constantsOf({ x, y, steps }: Trace): Tensor[] {
  const made = new Set<Tensor>([x]);
  const found = new Set<Tensor>();
  for (const { inputs, out, details } of steps) {
    for (const input of [...inputs, ...hiddenInputs(details)]) if (!made.has(input)) found.add(input);
    made.add(out);
  }
  if (!made.has(y)) found.add(y);
  return [...found];
}

/** Operands without a gradient. */
function hiddenInputs(details: unknown): Tensor[] {
  if (typeof details !== "object" || details === null || Array.isArray(details)) return [];
  return Object.values(details).filter((value) => value instanceof Tensor);
}

const bitsOf = (x: Tensor) =>
  x.dtype === "int32" ? x.toInt32Array() : new Int32Array(x.toFloat32Array().buffer);
const equal = (a: Tensor, b: Tensor) => {
  const [p, q] = [bitsOf(a), bitsOf(b)];
  return sameShape(a.extents, b.extents) && p.every((bits, i) => bits === q[i]);
};

/** Throws where something that follows the input reached an operation on a way that was not traced. */
function checkConstants(trace: Trace, other: Trace): void {
  const [own, others] = [constantsOf(trace), constantsOf(other)];
  const same = own.length === others.length && own.every((tensor, i) => equal(tensor, others[i]));
  if (same) return;
  const at = own.findIndex((tensor, i) => others[i] === undefined || !equal(tensor, others[i]));
  const step = trace.steps.find(({ inputs, details }) =>
    [...inputs, ...hiddenInputs(details)].includes(own[at]),
  );
  throw new RangeError(
    `exportOnnx: ${step === undefined ? "the result" : `an operand of ${step.name}()`} follows the input through an ` +
      "operation without a gradient, which cannot be exported; choose by weights instead of comparisons or indices",
  );
}

/** The trace of one sample more, when that takes the same steps; null where the batch is part of the network. */
function largerTrace(model: Module, trace: Trace, shape: Shape, holder: Holder): Trace | null {
  let other: Trace;
  try {
    other = traceOf(model, [shape[0] + 1, ...shape.slice(1)], 1, holder);
  } catch {
    return null;
  }
  const [own, others] = [constantsOf(trace), constantsOf(other)];
  const sameSteps =
    trace.steps.length === other.steps.length &&
    trace.steps.every((step, i) => {
      const { name, out } = other.steps[i];
      if (name !== step.name || out.ndim !== step.out.ndim) return false;
      const open = [...out.extents.keys()].filter((d) => out.extents[d] !== step.out.extents[d]);
      if (name === "expand") return open.every((d) => !isRepeated(step, d));
      return open.length <= 1;
    });
  return sameSteps && own.length === others.length && own.every((tensor, i) => equal(tensor, others[i]))
    ? other
    : null;
}

const port = (name: string, shape: Shape, dynamic: boolean): OnnxPort => ({
  name,
  elementType: FLOAT,
  shape: dynamic ? ["batch", ...shape.slice(1)] : [...shape],
});

/**
 * Writes a feed-forward network as an ONNX model (opset 18) with one input "input" and one output "output", as it is in evaluation
 * mode. Operations are traced while they run, so that any module can be exported whose operations are known. The number of
 * samples stays open unless the network depends on it.
 *
 * @param inputShape shape of a batch of inputs, samples first, such as [1, 784]; float32.
 * @throws RangeError that names an operation that cannot be written, or whose operand follows the input untraced.
 */
export function exportOnnx(model: Module, inputShape: Shape): Uint8Array {
  checkModule("exportOnnx", model);
  const shape = checkShape("exportOnnx", inputShape);
  if (sizeOf(shape) === 0 || shape.length === 0) {
    throw new RangeError(`exportOnnx: the shape of a batch has samples first, got ${formatShape(shape)}`);
  }
  const holder = new Holder();
  return scope(() => {
    try {
      return noGrad(() => inEvaluationMode(model, () => exported(model, shape, holder)));
    } finally {
      holder.release();
    }
  });
}

function exported(model: Module, shape: Shape, holder: Holder): Uint8Array {
  const trace = traceOf(model, shape, 1, holder);
  checkConstants(trace, traceOf(model, shape, 2, holder));
  const larger = largerTrace(model, trace, shape, holder);
  const named = Object.entries(model.stateDict()).map(([name, tensor]): [Tensor, string] => [tensor, name]);
  const graph = new Graph(new Map(named));
  graph.name(trace.x, "input");
  for (const [i, step] of trace.steps.entries()) {
    // What does not depend on the input is written as what it came to.
    if (step.inputs.every((input) => graph.isConstant(input))) continue;
    const writer = Object.hasOwn(WRITERS, step.name) ? WRITERS[step.name] : undefined;
    if (writer === undefined) {
      throw new RangeError(
        `exportOnnx: ${step.name}() cannot be written; known operations: ${Object.keys(WRITERS).join(", ")}`,
      );
    }
    const extents = larger?.steps[i].out.extents;
    const open = step.out.extents.map((extent, d) =>
      extents !== undefined && extents[d] !== extent ? -1 : extent,
    );
    const inputs = step.inputs.map((input) => graph.of(input));
    graph.name(step.out, writer(graph, inputs, step, open));
  }
  graph.add("Identity", [graph.of(trace.y)], {}, "output");
  const dynamic = larger !== null;
  return encodeModel({
    producer: "topograd",
    opset: OPSET,
    nodes: graph.nodes,
    initializers: graph.initializers,
    inputs: [port("input", shape, dynamic)],
    outputs: [port("output", trace.y.extents, dynamic && larger.y.extents[0] !== trace.y.extents[0])],
  });
}
