// The parts of the ONNX format (onnx.ai, onnx.proto of IR version 8) that networks need, read and written by field number.

import { PbfReader, PbfWriter } from "pbf";
import { DataError } from "../../core/index";

/** Of TensorProto.DataType. */
export const FLOAT = 1;
export const INT32 = 6;
export const INT64 = 7;

/** Of AttributeProto.AttributeType, by the field that has the value. */
const ATTRIBUTE_TYPES = { f: 1, i: 2, s: 3, t: 4, floats: 6, ints: 7 } as const;

export interface OnnxTensor {
  name: string;
  dims: number[];
  dataType: number;
  raw: Uint8Array | null;
  floats: number[];
  int32s: number[];
  int64s: number[];
  external: boolean;
}

/** Numbers are integers when written, unless they are marked. */
export type OnnxValue = number | { float: number } | string | OnnxTensor | number[];

export interface OnnxNode {
  name: string;
  type: string;
  domain: string;
  inputs: string[];
  outputs: string[];
  attributes: Map<string, OnnxValue>;
}

/** An input or output: extents, or names of those that are open. */
export interface OnnxPort {
  name: string;
  elementType: number;
  shape: (number | string)[];
}

export interface OnnxModel {
  producer: string;
  /** Version of the operators of the default domain. */
  opset: number;
  nodes: OnnxNode[];
  initializers: OnnxTensor[];
  inputs: OnnxPort[];
  outputs: OnnxPort[];
}

const IR_VERSION = 8;

function writeTensor({ dims, dataType, raw, name }: OnnxTensor, pbf: PbfWriter): void {
  for (const extent of dims) pbf.writeVarintField(1, extent);
  pbf.writeVarintField(2, dataType);
  pbf.writeStringField(8, name);
  pbf.writeBytesField(9, raw ?? new Uint8Array());
}

function writeAttribute([name, value]: [string, OnnxValue], pbf: PbfWriter): void {
  pbf.writeStringField(1, name);
  const kind = (of: keyof typeof ATTRIBUTE_TYPES) => pbf.writeVarintField(20, ATTRIBUTE_TYPES[of]);
  if (typeof value === "number") {
    pbf.writeVarintField(3, value);
    kind("i");
  } else if (typeof value === "string") {
    pbf.writeBytesField(4, new TextEncoder().encode(value));
    kind("s");
  } else if (Array.isArray(value)) {
    for (const item of value) pbf.writeVarintField(8, item);
    kind("ints");
  } else if ("float" in value) {
    pbf.writeFloatField(2, value.float);
    kind("f");
  } else {
    pbf.writeMessage(5, writeTensor, value);
    kind("t");
  }
}

function writeNode({ name, type, inputs, outputs, attributes }: OnnxNode, pbf: PbfWriter): void {
  for (const input of inputs) pbf.writeStringField(1, input);
  for (const output of outputs) pbf.writeStringField(2, output);
  pbf.writeStringField(3, name);
  pbf.writeStringField(4, type);
  for (const attribute of attributes) pbf.writeMessage(5, writeAttribute, attribute);
}

function writePort({ name, elementType, shape }: OnnxPort, pbf: PbfWriter): void {
  const writeExtent = (extent: number | string, to: PbfWriter) =>
    typeof extent === "number" ? to.writeVarintField(1, extent) : to.writeStringField(2, extent);
  const writeShape = (_: OnnxPort, to: PbfWriter) => {
    for (const extent of shape) to.writeMessage(1, writeExtent, extent);
  };
  const writeTensorType = (port: OnnxPort, to: PbfWriter) => {
    to.writeVarintField(1, elementType);
    to.writeMessage(2, writeShape, port);
  };
  pbf.writeStringField(1, name);
  pbf.writeMessage(2, (port: OnnxPort, to: PbfWriter) => to.writeMessage(1, writeTensorType, port), {
    name,
    elementType,
    shape,
  });
}

function writeGraph({ nodes, initializers, inputs, outputs }: OnnxModel, pbf: PbfWriter): void {
  for (const node of nodes) pbf.writeMessage(1, writeNode, node);
  pbf.writeStringField(2, "topograd");
  for (const tensor of initializers) pbf.writeMessage(5, writeTensor, tensor);
  for (const port of inputs) pbf.writeMessage(11, writePort, port);
  for (const port of outputs) pbf.writeMessage(12, writePort, port);
}

/** The bytes of a model. */
export function encodeModel(model: OnnxModel): Uint8Array {
  const pbf = new PbfWriter();
  pbf.writeVarintField(1, IR_VERSION);
  pbf.writeStringField(2, model.producer);
  pbf.writeMessage(7, writeGraph, model);
  pbf.writeMessage(8, (opset: number, to: PbfWriter) => to.writeVarintField(2, opset), model.opset);
  return pbf.finish();
}

type Fields<T> = Record<number, (to: T, pbf: PbfReader) => void>;

/** Reads a message: fields that are not named are skipped. */
function read<T>(pbf: PbfReader, fields: Fields<T>, made: T, end?: number): T {
  return pbf.readFields((tag, to, from) => fields[tag]?.(to, from), made, end);
}

/** Where a message or list ends whose length stands here. */
function endOf(pbf: PbfReader): number {
  const end = pbf.readVarint() + pbf.pos;
  if (!(end <= pbf.length)) throw new RangeError(`a part goes on beyond the end, at byte ${pbf.pos}`);
  return end;
}

/** A message within another. */
function nested<T>(pbf: PbfReader, fields: Fields<T>, made: T): T {
  return read(pbf, fields, made, endOf(pbf));
}

const LENGTH_DELIMITED = 2;

/** Numbers one by one, or packed. */
function numbers(pbf: PbfReader, to: number[], next: () => number): void {
  const end = pbf.type === LENGTH_DELIMITED ? endOf(pbf) : pbf.pos + 1;
  while (pbf.pos < end) to.push(next());
}

const integers = (pbf: PbfReader, to: number[]) => numbers(pbf, to, () => pbf.readVarint(true));
const floats = (pbf: PbfReader, to: number[]) => numbers(pbf, to, () => pbf.readFloat());

const TENSOR: Fields<OnnxTensor> = {
  1: (to, pbf) => integers(pbf, to.dims),
  2: (to, pbf) => (to.dataType = pbf.readVarint()),
  4: (to, pbf) => floats(pbf, to.floats),
  5: (to, pbf) => integers(pbf, to.int32s),
  7: (to, pbf) => integers(pbf, to.int64s),
  8: (to, pbf) => (to.name = pbf.readString()),
  9: (to, pbf) => (to.raw = pbf.readBytes()),
  13: (to) => (to.external = true),
};

const newTensor = (): OnnxTensor => ({
  ...{ name: "", dims: [], dataType: 0, raw: null, floats: [], int32s: [], int64s: [], external: false },
});

interface RawAttribute {
  name: string;
  value: OnnxValue;
}

const ATTRIBUTE: Fields<RawAttribute> = {
  1: (to, pbf) => (to.name = pbf.readString()),
  2: (to, pbf) => (to.value = pbf.readFloat()),
  3: (to, pbf) => (to.value = pbf.readVarint(true)),
  4: (to, pbf) => (to.value = pbf.readString()),
  5: (to, pbf) => (to.value = nested(pbf, TENSOR, newTensor())),
  7: (to, pbf) => floats(pbf, listOf(to)),
  8: (to, pbf) => integers(pbf, listOf(to)),
};

function listOf(attribute: RawAttribute): number[] {
  if (!Array.isArray(attribute.value)) attribute.value = [];
  return attribute.value;
}

const NODE: Fields<OnnxNode> = {
  1: (to, pbf) => to.inputs.push(pbf.readString()),
  2: (to, pbf) => to.outputs.push(pbf.readString()),
  3: (to, pbf) => (to.name = pbf.readString()),
  4: (to, pbf) => (to.type = pbf.readString()),
  5: (to, pbf) => {
    const { name, value } = nested(pbf, ATTRIBUTE, { name: "", value: [] });
    to.attributes.set(name, value);
  },
  7: (to, pbf) => (to.domain = pbf.readString()),
};

const EXTENT: Fields<{ extent: number | string }> = {
  1: (to, pbf) => (to.extent = pbf.readVarint(true)),
  2: (to, pbf) => (to.extent = pbf.readString()),
};
const SHAPE: Fields<OnnxPort> = {
  1: (to, pbf) => to.shape.push(nested(pbf, EXTENT, { extent: "" as number | string }).extent),
};
const TENSOR_TYPE: Fields<OnnxPort> = {
  1: (to, pbf) => (to.elementType = pbf.readVarint()),
  2: (to, pbf) => nested(pbf, SHAPE, to),
};
const TYPE: Fields<OnnxPort> = { 1: (to, pbf) => nested(pbf, TENSOR_TYPE, to) };
const PORT: Fields<OnnxPort> = {
  1: (to, pbf) => (to.name = pbf.readString()),
  2: (to, pbf) => nested(pbf, TYPE, to),
};
const newPort = (): OnnxPort => ({ name: "", elementType: 0, shape: [] });
const newNode = (): OnnxNode => ({
  ...{ name: "", type: "", domain: "", inputs: [], outputs: [], attributes: new Map<string, OnnxValue>() },
});

const GRAPH: Fields<OnnxModel> = {
  1: (to, pbf) => to.nodes.push(nested(pbf, NODE, newNode())),
  5: (to, pbf) => to.initializers.push(nested(pbf, TENSOR, newTensor())),
  11: (to, pbf) => to.inputs.push(nested(pbf, PORT, newPort())),
  12: (to, pbf) => to.outputs.push(nested(pbf, PORT, newPort())),
};

const OPSET: Fields<{ domain: string; version: number }> = {
  1: (to, pbf) => (to.domain = pbf.readString()),
  2: (to, pbf) => (to.version = pbf.readVarint()),
};

const MODEL: Fields<OnnxModel> = {
  2: (to, pbf) => (to.producer = pbf.readString()),
  7: (to, pbf) => nested(pbf, GRAPH, to),
  8: (to, pbf) => {
    const { domain, version } = nested(pbf, OPSET, { domain: "", version: 0 });
    if (domain === "" || domain === "ai.onnx") to.opset = version;
  },
};

/** Reads the bytes of a model; throws a DataError where they are none. */
export function decodeModel(bytes: Uint8Array): OnnxModel {
  const made: OnnxModel = { producer: "", opset: 0, nodes: [], initializers: [], inputs: [], outputs: [] };
  try {
    const model = read(new PbfReader(bytes), MODEL, made);
    if (model.opset > 0) return model;
  } catch (error) {
    throw new DataError(`onnx: the file is damaged: ${(error as Error).message}`);
  }
  throw new DataError("onnx: this is no model: it names no version of its operators");
}
