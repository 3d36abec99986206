// ONNX models as modules: each node is an operation of ours.

import { describe } from "../../core/check";
import { Tensor } from "../../core/index";
import { Module, parameter } from "../../nn/module";
import { Call, fail, OPERATORS, tensorOf } from "./operators";
import { decodeModel, type OnnxModel } from "./schema";

/** Versions of the operators that are understood. */
const OLDEST = 7;

/** A network read from an ONNX file. Its float32 initializers are parameters, so that it can be trained on. */
export class OnnxModule extends Module<Tensor[], Tensor> {
  static override readonly typeName: string = "OnnxModule";

  /** Names and shapes of the inputs, in the order of forward()'s arguments; an open extent has a name. */
  readonly inputs: readonly { name: string; shape: readonly (number | string)[] }[];
  private readonly weights = new Map<string, Tensor>();
  private readonly graph: OnnxModel;

  /** @internal */
  constructor(graph: OnnxModel) {
    super();
    this.graph = graph;
    for (const initializer of graph.initializers) {
      const value = tensorOf(initializer);
      this.weights.set(initializer.name, value.dtype === "float32" ? parameter(value) : value.keep());
    }
    this.inputs = graph.inputs
      .filter(({ name }) => !this.weights.has(name))
      .map(({ name, shape }) => ({ name, shape }));
  }

  /** The first output of the model for its inputs. */
  override forward(...given: Tensor[]): Tensor {
    if (given.length !== this.inputs.length) {
      throw new RangeError(
        `OnnxModule: expected ${this.inputs.map(({ name }) => name).join(", ")}, got ${given.length} tensors`,
      );
    }
    const values = new Map<string, Tensor>(this.weights);
    for (const [i, { name }] of this.inputs.entries()) {
      if (!(given[i] instanceof Tensor))
        throw new TypeError(`OnnxModule: ${name} must be a Tensor, got ${describe(given[i])}`);
      values.set(name, given[i]);
    }
    const look = (name: string) => values.get(name) ?? fail(`nothing makes the value "${name}"`);
    for (const node of this.graph.nodes) {
      const inputs = node.inputs.map((name) => (name === "" ? null : look(name)));
      values.set(node.outputs[0], run(new Call(node, inputs)));
    }
    return look(this.graph.outputs[0].name);
  }
}

/** An error of an operation says in which node it was. */
function run(call: Call): Tensor {
  try {
    return OPERATORS[call.node.type](call);
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) call.fail(error.message);
    throw error;
  }
}

/**
 * Reads an ONNX model as a module. Safe to open from strangers: a file is data, sizes are checked before anything is allocated, and
 * files that it points to are not opened. Throws a DataError that names the node that has no counterpart here, or what is damaged.
 */
export function importOnnx(bytes: Uint8Array): OnnxModule {
  if (Object.prototype.toString.call(bytes) !== "[object Uint8Array]") {
    throw new TypeError(`importOnnx: expected the file as a Uint8Array, got ${describe(bytes)}`);
  }
  const graph = decodeModel(bytes);
  if (graph.opset < OLDEST)
    fail(`operators of version ${graph.opset} are too old; ${OLDEST} is the oldest that is read`);
  for (const { name, type, domain, outputs } of graph.nodes) {
    const known = (domain === "" || domain === "ai.onnx") && Object.hasOwn(OPERATORS, type);
    if (!known) {
      fail(`node "${name}" is a ${domain === "" ? "" : `${domain}.`}${type}, which has no counterpart here`);
    }
    if (outputs.length === 0) fail(`node "${name}" (${type}) has no result`);
  }
  if (graph.outputs.length === 0) fail("the model has no output");
  return new OnnxModule(graph);
}
