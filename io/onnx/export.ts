// Networks as ONNX models: what is written are the operations that run, whatever layers they belong to.

import { traceOperations } from "../../core/autograd";
import { checkShape, describe } from "../../core/check";
import { formatShape } from "../../core/errors";
import { Generator, noGrad, type Shape, scope, Tensor, zeros } from "../../core/index";
import { sameShape, sizeOf } from "../../core/shape";
import { inEvaluationMode } from "../../nn/evaluation-mode";
import { Holder, init, type Module } from "../../nn/index";
import { checkModule } from "../../nn/module";
import {
  encodeModel,
  FLOAT,
  INT64,
  type OnnxNode,
  type OnnxPort,
  type OnnxTensor,
  type OnnxValue,
} from "./schema";

const OPSET = 18;

/** An operation that ran. */
interface Step {
  name: string;
  out: Tensor;
  inputs: readonly Tensor[];
  details: unknown;
}

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

/** Whether expand() repeats along this axis of its result. */
function isRepeated({ inputs: [x], out }: Step, axis: number): boolean {
  const own = axis - (out.ndim - x.ndim);
  return own < 0 || x.extents[own] !== out.extents[axis];
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

/** Builds the nodes of a graph. */
class Graph {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: OnnxTensor[] = [];
  private readonly names = new Map<Tensor, string>();
  private readonly numbers = new Map<string, number>();

  /** @param parameters names of the model's own tensors. */
  constructor(private readonly parameters: ReadonlyMap<Tensor, string>) {}

  name(tensor: Tensor, name: string): void {
    this.names.set(tensor, name);
  }

  /** A name that nothing has yet. */
  fresh(kind: string): string {
    const number = this.numbers.get(kind) ?? 0;
    this.numbers.set(kind, number + 1);
    return `${kind}_${number}`;
  }

  isConstant(tensor: Tensor): boolean {
    return !this.names.has(tensor);
  }

  /** The name of a value; a tensor that no operation made becomes an initializer. */
  of(tensor: Tensor): string {
    const known = this.names.get(tensor);
    if (known !== undefined) return known;
    const name = this.parameters.get(tensor) ?? this.fresh("constant");
    const own =
      tensor.dtype === "int32" ? BigInt64Array.from(tensor.toInt32Array(), BigInt) : tensor.toFloat32Array();
    this.initializer(name, tensor.extents, tensor.dtype === "int32" ? INT64 : FLOAT, own);
    this.names.set(tensor, name);
    return name;
  }

  private initializer(
    name: string,
    dims: Shape,
    dataType: number,
    values: Float32Array | BigInt64Array,
  ): void {
    const raw = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const empty = { floats: [], int32s: [], int64s: [], external: false };
    this.initializers.push({ name, dims: [...dims], dataType, raw, ...empty });
  }

  /** An initializer of integers, as shapes and axes are. */
  integers(values: readonly number[]): string {
    const name = this.fresh("integers");
    this.initializer(name, [values.length], INT64, BigInt64Array.from(values, BigInt));
    return name;
  }

  /** An initializer of one number, or of as many as a shape says. */
  number(value: number, shape: Shape = []): string {
    const name = this.fresh("number");
    this.initializer(name, shape, FLOAT, new Float32Array(sizeOf(shape)).fill(value));
    return name;
  }

  /** Appends a node; returns the name of its result. */
  add(
    type: string,
    inputs: readonly string[],
    attributes: Record<string, OnnxValue> = {},
    output?: string,
  ): string {
    const out = output ?? this.fresh(type.toLowerCase());
    this.nodes.push({
      ...{ name: `${type}_${this.nodes.length}`, type, domain: "", inputs: [...inputs], outputs: [out] },
      attributes: new Map(Object.entries(attributes)),
    });
    return out;
  }
}

/** How an operation is written: the names of its operands are `inputs`, and the result is the name of its own. */
type Writer = (graph: Graph, inputs: string[], step: Step, open: Shape) => string;

const plain =
  (type: string): Writer =>
  (graph, inputs) =>
    graph.add(type, inputs);

const withNumber =
  (type: string, attribute: string): Writer =>
  (graph, inputs, { details }) =>
    graph.add(type, inputs, { [attribute]: { float: (details as number[])[0] } });

/** Reductions: their axes are an operand, and kept axes show in the number of axes of the result. */
const reduction =
  (type: string): Writer =>
  (graph, inputs, { details, out, inputs: [x] }) =>
    graph.add(type, [...inputs, graph.integers(details as number[])], {
      keepdims: Number(out.ndim === x.ndim),
    });

const alongAxis =
  (type: string): Writer =>
  (graph, inputs, { details }) =>
    graph.add(type, inputs, { axis: details as number });

/** To the shape of the result, whose open extent follows from the others. */
const reshape: Writer = (graph, inputs, _step, open) =>
  graph.add("Reshape", [...inputs, graph.integers(open)]);

/** Sizes of windows as launches have them. */
interface Windows {
  kernelHeight: number;
  kernelWidth: number;
  strideHeight: number;
  strideWidth: number;
  paddingHeight: number;
  paddingWidth: number;
  dilationHeight?: number;
  dilationWidth?: number;
  groups?: number;
  countIncludePad?: boolean;
  height: number;
  width: number;
  outHeight: number;
  outWidth: number;
}

/** How windows lie, as ONNX says it: padding before the axes, then after. */
function windowAttributes(w: Windows): Record<string, OnnxValue> {
  const [dh, dw] = [w.dilationHeight ?? 1, w.dilationWidth ?? 1];
  return {
    kernel_shape: [w.kernelHeight, w.kernelWidth],
    strides: [w.strideHeight, w.strideWidth],
    pads: [w.paddingHeight, w.paddingWidth, w.paddingHeight, w.paddingWidth],
    dilations: [dh, dw],
  };
}

/** Whether the last window reaches beyond the padding. */
function isCeiled(w: Windows): number {
  const reach = (count: number, stride: number, taps: number, dilation: number) =>
    (count - 1) * stride + (taps - 1) * dilation + 1;
  return Number(
    reach(w.outHeight, w.strideHeight, w.kernelHeight, w.dilationHeight ?? 1) >
      w.height + 2 * w.paddingHeight ||
      reach(w.outWidth, w.strideWidth, w.kernelWidth, w.dilationWidth ?? 1) > w.width + 2 * w.paddingWidth,
  );
}

const convolution: Writer = (graph, inputs, { details }) => {
  const windows = details as Windows;
  return graph.add("Conv", inputs, { ...windowAttributes(windows), group: windows.groups ?? 1 });
};

const WRITERS: Record<string, Writer> = {
  matmul: plain("MatMul"),
  add: plain("Add"),
  sub: plain("Sub"),
  mul: plain("Mul"),
  weigh: plain("Mul"),
  div: plain("Div"),
  maximum: plain("Max"),
  minimum: plain("Min"),
  neg: plain("Neg"),
  abs: plain("Abs"),
  sign: plain("Sign"),
  floor: plain("Floor"),
  ceil: plain("Ceil"),
  round: plain("Round"),
  sqrt: plain("Sqrt"),
  exp: plain("Exp"),
  log: plain("Log"),
  sin: plain("Sin"),
  cos: plain("Cos"),
  tanh: plain("Tanh"),
  sigmoid: plain("Sigmoid"),
  softplus: plain("Softplus"),
  erf: plain("Erf"),
  reciprocal: plain("Reciprocal"),
  relu: plain("Relu"),
  clone: plain("Identity"),
  square: (graph, [x]) => graph.add("Mul", [x, x]),
  rsqrt: (graph, inputs) => graph.add("Reciprocal", [graph.add("Sqrt", inputs)]),
  silu: (graph, [x]) => graph.add("Mul", [x, graph.add("Sigmoid", [x])]),
  gelu: (graph, [x]) => {
    const inner = graph.add("Erf", [graph.add("Mul", [x, graph.number(Math.SQRT1_2)])]);
    const share = graph.add("Mul", [graph.add("Add", [inner, graph.number(1)]), graph.number(0.5)]);
    return graph.add("Mul", [x, share]);
  },
  leakyRelu: withNumber("LeakyRelu", "alpha"),
  elu: withNumber("Elu", "alpha"),
  pow: (graph, inputs, { details }) => {
    const exponent = Array.isArray(details) ? [graph.number(details[0])] : [];
    return graph.add("Pow", [...inputs, ...exponent]);
  },
  clamp: (graph, inputs, { details }) =>
    graph.add("Clip", [...inputs, ...(details as number[]).map((bound) => graph.number(bound))]),
  sum: reduction("ReduceSum"),
  mean: reduction("ReduceMean"),
  max: reduction("ReduceMax"),
  min: reduction("ReduceMin"),
  softmax: alongAxis("Softmax"),
  logSoftmax: alongAxis("LogSoftmax"),
  concat: alongAxis("Concat"),
  reshape,
  squeeze: reshape,
  unsqueeze: reshape,
  permute: (graph, inputs, { details }) =>
    graph.add("Transpose", inputs, { perm: [...(details as number[])] }),
  // 1 leaves an extent as it is, open ones too.
  expand: (graph, inputs, step) => {
    const shape = step.out.extents.map((extent, d) => (isRepeated(step, d) ? extent : 1));
    return graph.add("Expand", [...inputs, graph.integers(shape)]);
  },
  slice: (graph, inputs, { details }) => {
    const [axis, from, length, step] = details as number[];
    const bounds = [from, from + (length - 1) * step + 1, axis, step].map((value) => graph.integers([value]));
    return graph.add("Slice", [...inputs, ...bounds]);
  },
  indexSelect: (graph, inputs, { details }) => {
    const { along, picks } = details as { along: number; picks: Tensor };
    return graph.add("Gather", [...inputs, graph.of(picks)], { axis: along });
  },
  conv2d: convolution,
  conv1d: convolution,
  maxPool2d: (graph, inputs, { details }) => {
    const windows = details as Windows;
    return graph.add("MaxPool", inputs, { ...windowAttributes(windows), ceil_mode: isCeiled(windows) });
  },
  avgPool2d: (graph, inputs, { details }) => {
    const windows = details as Windows;
    const { dilations: _, ...attributes } = windowAttributes(windows);
    const counted = Number(windows.countIncludePad);
    return graph.add("AveragePool", inputs, {
      ...attributes,
      ceil_mode: isCeiled(windows),
      count_include_pad: counted,
    });
  },
  adaptiveAvgPool2d: (graph, inputs, { inputs: [x], out }) => {
    const [from, to] = [x, out].map(({ extents }) => extents.slice(2));
    if (to.every((extent) => extent === 1)) return graph.add("GlobalAveragePool", inputs);
    const sizes = from.map((extent, d) => extent / to[d]);
    if (!sizes.every(Number.isInteger)) {
      throw new RangeError(
        `exportOnnx: adaptiveAvgPool2d from ${formatShape(from)} to ${formatShape(to)} has windows of several sizes, ` +
          "which ONNX does not know",
      );
    }
    return graph.add("AveragePool", inputs, { kernel_shape: sizes, strides: sizes });
  },
  batchNorm: (graph, [x, weight, bias], { details, inputs: [, w] }) => {
    const { mean, variance, eps } = details as { mean: Tensor; variance: Tensor; eps: number };
    const affine =
      w === undefined ? [graph.number(1, mean.extents), graph.number(0, mean.extents)] : [weight, bias];
    const operands = [x, ...affine, graph.of(mean), graph.of(variance)];
    return graph.add("BatchNormalization", operands, { epsilon: { float: eps } });
  },
  normalizeRows: (graph, inputs, { details }, open) => {
    const { size, eps } = details as { size: number; eps: number };
    const rows = graph.add("Reshape", [...inputs, graph.integers([-1, size])]);
    const operands = [rows, graph.number(1, [size])];
    const normal = graph.add("LayerNormalization", operands, { axis: -1, epsilon: { float: eps } });
    return graph.add("Reshape", [normal, graph.integers(open)]);
  },
};

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
