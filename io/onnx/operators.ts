// The operators of ONNX that there is an operation of ours for.

import { describe, isCount, MAX_INTEGER } from "../../core/check";
import { formatShape } from "../../core/errors";
import { concat, DataError, type Tensor, tensor, where } from "../../core/index";
import { sizeOf } from "../../core/shape";
import { FLOAT, INT32, INT64, type OnnxNode, type OnnxTensor } from "./schema";

export function fail(what: string): never {
  throw new DataError(`onnx: ${what}`);
}

/** The elements of a tensor of the file, whose sizes must agree. */
export function tensorOf(given: OnnxTensor): Tensor {
  const { name, dims, dataType, raw } = given;
  if (given.external) fail(`tensor "${name}" lies in another file; join them first`);
  if (!dims.every((extent) => isCount(extent) && extent <= MAX_INTEGER)) {
    fail(`tensor "${name}" has the shape ${formatShape(dims)}`);
  }
  const size = sizeOf(dims);
  const bytes = dataType === INT64 ? 8 : 4;
  if (![FLOAT, INT32, INT64].includes(dataType)) {
    fail(`tensor "${name}" is of type ${dataType}; what can be read is float32, int32 and int64`);
  }
  const listed = dataType === FLOAT ? given.floats : dataType === INT32 ? given.int32s : given.int64s;
  const count = raw === null || raw.length === 0 ? listed.length : raw.length / bytes;
  if (count !== size) fail(`tensor "${name}" of shape ${formatShape(dims)} has ${count} elements`);
  const own = raw === null || raw.length === 0 ? null : new Uint8Array(raw).buffer;
  if (dataType === FLOAT)
    return tensor(own === null ? Float32Array.from(listed) : new Float32Array(own), { shape: dims });
  const wide =
    own === null
      ? listed
      : dataType === INT32
        ? [...new Int32Array(own)]
        : [...new BigInt64Array(own)].map(Number);
  return tensor(Int32Array.from(wide, clipped), { shape: dims });
}

/** Slices to the end are often written with the largest int64. */
const clipped = (value: number) => Math.min(Math.max(value, -(2 ** 31)), 2 ** 31 - 1);

/** A node with its operands, and what it was asked for. */
export class Call {
  constructor(
    readonly node: OnnxNode,
    readonly inputs: readonly (Tensor | null)[],
  ) {}

  fail(what: string): never {
    return fail(`node "${this.node.name}" (${this.node.type}): ${what}`);
  }

  input(at: number): Tensor {
    return this.inputs[at] ?? this.fail(`operand ${at} is missing`);
  }

  has(at: number): boolean {
    return this.inputs[at] != null;
  }

  number(name: string, fallback: number): number {
    const value = this.node.attributes.get(name) ?? fallback;
    return typeof value === "number" ? value : this.fail(`${name} must be a number, got ${describe(value)}`);
  }

  list(name: string, fallback: readonly number[]): readonly number[] {
    const value = this.node.attributes.get(name) ?? fallback;
    return Array.isArray(value) ? value : this.fail(`${name} must be a list, got ${describe(value)}`);
  }

  text(name: string, fallback: string): string {
    const value = this.node.attributes.get(name) ?? fallback;
    return typeof value === "string" ? value : this.fail(`${name} must be a text, got ${describe(value)}`);
  }

  /** Integers that are an operand, or, in older versions, an attribute. */
  integers(at: number, attribute: string, fallback: readonly number[] | null): readonly number[] | null {
    if (this.has(at)) return [...this.input(at).toInt32Array()];
    return this.node.attributes.has(attribute) ? this.list(attribute, []) : fallback;
  }
}

type Operation = (call: Call) => Tensor;

const unary =
  (run: (x: Tensor) => Tensor): Operation =>
  (call) =>
    run(call.input(0));
const binary =
  (run: (a: Tensor, b: Tensor) => Tensor): Operation =>
  (call) =>
    run(call.input(0), call.input(1));
const folded =
  (run: (a: Tensor, b: Tensor) => Tensor): Operation =>
  (call) =>
    call.inputs.map((_, at) => call.input(at)).reduce(run);

/** Axes counted from the end too, ascending. */
const axesOf = (axes: readonly number[], ndim: number) =>
  axes.map((axis) => (axis < 0 ? axis + ndim : axis)).sort((a, b) => a - b);

const reduction =
  (run: (x: Tensor, axes: number[] | undefined, options: { keepDims: boolean }) => Tensor): Operation =>
  (call) => {
    const x = call.input(0);
    const axes = call.integers(1, "axes", null);
    if ((axes === null || axes.length === 0) && call.number("noop_with_empty_axes", 0) === 1) return x;
    const all = axes === null || axes.length === 0 ? undefined : axesOf(axes, x.ndim);
    return run(x, all, { keepDims: call.number("keepdims", 1) === 1 });
  };

/** Kernel, stride, padding and dilation of two axes; what is added before must be what is added after. */
function windowOf(call: Call, kernel: readonly number[]) {
  const rank = kernel.length;
  if (rank !== 1 && rank !== 2) call.fail(`windows over ${rank} axes are not known, only over 1 and 2`);
  const auto = call.text("auto_pad", "NOTSET");
  if (auto !== "NOTSET" && auto !== "VALID") call.fail(`auto_pad ${auto} is not known; give pads`);
  const ones = kernel.map(() => 1);
  const pads = call.list(
    "pads",
    [...ones, ...ones].map(() => 0),
  );
  const [before, after] = [pads.slice(0, rank), pads.slice(rank)];
  if (before.some((pad, d) => pad !== after[d])) call.fail(`pads [${pads}] differ before and after`);
  return {
    stride: call.list("strides", ones),
    padding: before,
    dilation: call.list("dilations", ones),
    rank,
  };
}

const pair = (values: readonly number[]) => [values[0], values[1]] as const;

function convolution(call: Call, transposed: boolean): Tensor {
  const [x, weight] = [call.input(0), call.input(1)];
  const bias = call.has(2) ? call.input(2) : null;
  const { stride, padding, dilation, rank } = windowOf(call, weight.shape.slice(2));
  const groups = call.number("group", 1);
  const extra = call.list(
    "output_padding",
    weight.shape.slice(2).map(() => 0),
  );
  if (rank === 1) {
    const one = { stride: stride[0], padding: padding[0], dilation: dilation[0], groups };
    if (!transposed) return x.conv1d(weight, bias, one);
    return x.convTranspose1d(weight, bias, { ...one, outputPadding: extra[0] });
  }
  const both = { stride: pair(stride), padding: pair(padding), dilation: pair(dilation), groups };
  if (!transposed) return x.conv2d(weight, bias, both);
  return x.convTranspose2d(weight, bias, { ...both, outputPadding: pair(extra) });
}

function pooling(call: Call, largest: boolean): Tensor {
  const x = call.input(0);
  const kernel = call.list("kernel_shape", []);
  const { stride, padding, dilation, rank } = windowOf(call, kernel);
  const ceilMode = call.number("ceil_mode", 0) === 1;
  const countIncludePad = call.number("count_include_pad", 0) === 1;
  if (!largest && dilation.some((d) => d !== 1)) call.fail("means of dilated windows are not known");
  if (rank === 1) {
    const one = { stride: stride[0], padding: padding[0], ceilMode };
    return largest
      ? x.maxPool1d(kernel[0], { ...one, dilation: dilation[0] })
      : x.avgPool1d(kernel[0], { ...one, countIncludePad });
  }
  const both = { stride: pair(stride), padding: pair(padding), ceilMode };
  return largest
    ? x.maxPool2d(pair(kernel), { ...both, dilation: pair(dilation) })
    : x.avgPool2d(pair(kernel), { ...both, countIncludePad });
}

/** One number for each channel of x, as it broadcasts. */
const perChannel = (values: Tensor, x: Tensor) => values.reshape([-1, ...x.shape.slice(2).map(() => 1)]);

function batchNormalization(call: Call): Tensor {
  const x = call.input(0);
  const [weight, bias, mean, variance] = [1, 2, 3, 4].map((at) => call.input(at));
  const { attributes } = call.node;
  const scale = weight.div(variance.add(floatOf(attributes.get("epsilon"), 1e-5)).sqrt());
  return x.mul(perChannel(scale, x)).add(perChannel(bias.sub(mean.mul(scale)), x));
}

function layerNormalization(call: Call): Tensor {
  const x = call.input(0);
  const [first] = axesOf([call.number("axis", -1)], x.ndim);
  const axes = x.shape.map((_, d) => d).slice(first);
  const centred = x.sub(x.mean(axes, { keepDims: true }));
  const variance = centred.square().mean(axes, { keepDims: true });
  const normal = centred.div(variance.add(floatOf(call.node.attributes.get("epsilon"), 1e-5)).sqrt());
  const scaled = normal.mul(call.input(1));
  return call.has(2) ? scaled.add(call.input(2)) : scaled;
}

function floatOf(value: unknown, fallback: number): number {
  if (typeof value === "object" && value !== null && "float" in value) return Number(value.float);
  return typeof value === "number" ? value : fallback;
}

const attributeOf = (call: Call, name: string, fallback: number) =>
  floatOf(call.node.attributes.get(name), fallback);

function gemm(call: Call): Tensor {
  const [a, b] = [call.input(0), call.input(1)];
  const left = call.number("transA", 0) === 1 ? a.T : a;
  const right = call.number("transB", 0) === 1 ? b.T : b;
  const product = left.matmul(right);
  const [alpha, beta] = [attributeOf(call, "alpha", 1), attributeOf(call, "beta", 1)];
  const scaled = alpha === 1 ? product : product.mul(alpha);
  if (!call.has(2)) return scaled;
  return scaled.add(beta === 1 ? call.input(2) : call.input(2).mul(beta));
}

function reshape(call: Call): Tensor {
  const x = call.input(0);
  const shape = call.integers(1, "shape", null) ?? call.fail("the shape is missing");
  const keepsZero = call.number("allowzero", 0) === 1;
  return x.reshape(shape.map((extent, d) => (extent === 0 && !keepsZero ? x.shape[d] : extent)));
}

function slice(call: Call): Tensor {
  const x = call.input(0);
  const starts = call.integers(1, "starts", []) as readonly number[];
  const ends = call.integers(2, "ends", []) as readonly number[];
  const axes = call.integers(3, "axes", null) ?? starts.map((_, d) => d);
  const steps = call.integers(4, "steps", null) ?? starts.map(() => 1);
  if (steps.some((step) => step < 1)) call.fail(`steps [${steps}] must be positive`);
  return axes.reduce((out, axis, i) => out.slice(axis, starts[i], ends[i], steps[i]), x);
}

function gather(call: Call): Tensor {
  const [x, indices] = [call.input(0), call.input(1).astype("int32")];
  const [axis] = axesOf([call.number("axis", 0)], x.ndim);
  const picked = x.indexSelect(axis, indices.reshape([-1]));
  return picked.reshape([...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)]);
}

function pad(call: Call): Tensor {
  const x = call.input(0);
  const widths = call.integers(1, "pads", []) as readonly number[];
  const mode = call.text("mode", "constant");
  if (mode !== "constant") call.fail(`mode ${mode} is not known`);
  const pairs = x.shape.map((_, d) => [widths[d], widths[d + x.ndim]] as const);
  return x.pad(pairs, call.has(2) ? call.input(2).item() : attributeOf(call, "value", 0));
}

function clip(call: Call): Tensor {
  const bound = (at: number, name: string, fallback: number) =>
    call.has(at) ? call.input(at).item() : attributeOf(call, name, fallback);
  return call.input(0).clamp(bound(1, "min", -Infinity), bound(2, "max", Infinity));
}

/** Broadcasts both ways: 1 in the shape leaves an extent as it is. */
function expand(call: Call): Tensor {
  const x = call.input(0);
  const wanted = [...call.input(1).toInt32Array()];
  const lead = Math.max(wanted.length, x.ndim);
  const own = [...new Array<number>(lead - x.ndim).fill(1), ...x.shape];
  const asked = [...new Array<number>(lead - wanted.length).fill(1), ...wanted];
  return x.expand(own.map((extent, d) => (asked[d] === 1 ? extent : asked[d])));
}

export const OPERATORS: Record<string, Operation> = {
  Add: binary((a, b) => a.add(b)),
  Sub: binary((a, b) => a.sub(b)),
  Mul: binary((a, b) => a.mul(b)),
  Div: binary((a, b) => a.div(b)),
  Pow: binary((a, b) => a.pow(b.size === 1 ? b.item() : b)),
  MatMul: binary((a, b) => a.matmul(b)),
  Max: folded((a, b) => a.maximum(b)),
  Min: folded((a, b) => a.minimum(b)),
  Sum: folded((a, b) => a.add(b)),
  Where: (call) => where(call.input(0), call.input(1), call.input(2)),
  Equal: binary((a, b) => a.eq(b)),
  Greater: binary((a, b) => a.gt(b)),
  Less: binary((a, b) => a.lt(b)),
  Neg: unary((x) => x.neg()),
  Abs: unary((x) => x.abs()),
  Sign: unary((x) => x.sign()),
  Floor: unary((x) => x.floor()),
  Ceil: unary((x) => x.ceil()),
  Round: unary((x) => x.round()),
  Sqrt: unary((x) => x.sqrt()),
  Exp: unary((x) => x.exp()),
  Log: unary((x) => x.log()),
  Sin: unary((x) => x.sin()),
  Cos: unary((x) => x.cos()),
  Erf: unary((x) => x.erf()),
  Reciprocal: unary((x) => x.reciprocal()),
  Relu: unary((x) => x.relu()),
  Sigmoid: unary((x) => x.sigmoid()),
  Tanh: unary((x) => x.tanh()),
  Softplus: unary((x) => x.softplus()),
  Gelu: (call) => call.input(0).gelu({ approximate: call.text("approximate", "none") as "none" | "tanh" }),
  LeakyRelu: (call) => call.input(0).leakyRelu(attributeOf(call, "alpha", 0.01)),
  Elu: (call) => call.input(0).elu(attributeOf(call, "alpha", 1)),
  Softmax: (call) => call.input(0).softmax(call.number("axis", -1)),
  LogSoftmax: (call) => call.input(0).logSoftmax(call.number("axis", -1)),
  Clip: clip,
  Gemm: gemm,
  Conv: (call) => convolution(call, false),
  ConvTranspose: (call) => convolution(call, true),
  MaxPool: (call) => pooling(call, true),
  AveragePool: (call) => pooling(call, false),
  GlobalAveragePool: unary((x) => x.mean(axesOf([...x.shape.keys()].slice(2), x.ndim), { keepDims: true })),
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  ReduceSum: reduction((x, axes, options) => x.sum(axes, options)),
  ReduceMean: reduction((x, axes, options) => x.mean(axes, options)),
  ReduceMax: reduction((x, axes, options) => x.max(axes, options)),
  ReduceMin: reduction((x, axes, options) => x.min(axes, options)),
  Reshape: reshape,
  Flatten: (call) => {
    const x = call.input(0);
    const axis = call.number("axis", 1);
    const from = axis < 0 ? axis + x.ndim : axis;
    return x.reshape([sizeOf(x.shape.slice(0, from)), sizeOf(x.shape.slice(from))]);
  },
  Transpose: (call) => {
    const x = call.input(0);
    return x.permute(call.list("perm", [...x.shape.keys()].reverse()));
  },
  Squeeze: (call) => {
    const x = call.input(0);
    const axes = call.integers(1, "axes", null);
    if (axes === null) return x.squeeze();
    return axesOf(axes, x.ndim)
      .reverse()
      .reduce((out, axis) => out.squeeze(axis), x);
  },
  Unsqueeze: (call) => {
    const axes = call.integers(1, "axes", null) ?? call.fail("the axes are missing");
    return axesOf(axes, call.input(0).ndim + axes.length).reduce(
      (out, axis) => out.unsqueeze(axis),
      call.input(0),
    );
  },
  Concat: (call) =>
    concat(
      call.inputs.map((_, at) => call.input(at)),
      call.number("axis", 0),
    ),
  Slice: slice,
  Gather: gather,
  Expand: expand,
  Pad: pad,
  Shape: unary((x) => tensor(Int32Array.from(x.shape))),
  Cast: (call) => call.input(0).astype(call.number("to", FLOAT) === FLOAT ? "float32" : "int32"),
  Identity: unary((x) => x),
  Dropout: unary((x) => x),
  Constant: (call) => {
    const value = call.node.attributes.get("value");
    if (typeof value !== "object" || !("dims" in value))
      return call.fail("only constants given as a tensor are known");
    return tensorOf(value);
  },
};
