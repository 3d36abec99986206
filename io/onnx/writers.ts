// How each operation of ours is written as nodes of an ONNX graph.

import { formatShape } from "../../core/errors";
import type { Shape, Tensor } from "../../core/index";
import { sizeOf } from "../../core/shape";
import { FLOAT, INT64, type OnnxNode, type OnnxTensor, type OnnxValue } from "./schema";

/** An operation that ran. */
export interface Step {
  name: string;
  out: Tensor;
  inputs: readonly Tensor[];
  details: unknown;
}

/** Whether expand() repeats along this axis of its result. */
export function isRepeated({ inputs: [x], out }: Step, axis: number): boolean {
  const own = axis - (out.ndim - x.ndim);
  return own < 0 || x.extents[own] !== out.extents[axis];
}

/** Builds the nodes of a graph. */
export class Graph {
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

export const WRITERS: Record<string, Writer> = {
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
