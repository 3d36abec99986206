// Drives the table of operations: values and gradients against float64, views, scopes, and completeness.

import { concat, nn, runtime, scope, Tensor, tensor } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Ref, toTensor, worst } from "../reference";
import { OPERATIONS, type OperationCase } from "./operations";

const groups = new Map<string, OperationCase[]>();
for (const operation of OPERATIONS)
  groups.set(operation.name, [...(groups.get(operation.name) ?? []), operation]);

/** Weights that tell the elements of an output apart. */
const weightOf = (i: number) => 0.5 + ((i * 7) % 11) / 11;
const objective = (out: Ref) => out.data.reduce((sum, v, i) => sum + v * weightOf(i), 0);

/** The gradient of the weighted sum of the reference, by central differences in float64. */
function referenceGradient({ inputs, reference }: OperationCase, which: number): number[] {
  const step = 1e-5;
  return inputs[which].data.map((value, e) => {
    const shifted = (by: number) => {
      const moved = inputs.map((input, i) =>
        i === which
          ? { shape: input.shape, data: input.data.map((v, k) => (k === e ? value + by : v)) }
          : input,
      );
      return objective(reference(...moved));
    };
    return (shifted(step) - shifted(-step)) / (2 * step);
  });
}

/** The same values in a tensor that is a strided window of a larger one. */
function asView(ref: Ref): Tensor {
  const whole = toTensor(ref);
  const last = ref.shape.length - 1;
  const padded = concat([whole.mul(0).add(9), whole, whole.mul(0).sub(9)], last);
  return padded.slice(last, ref.shape[last], 2 * ref.shape[last]);
}

for (const [name, cases] of groups) {
  test(`${name}: values`, () => {
    for (const operation of cases) {
      const { inputs, run, reference, tolerance = 1e-5 } = operation;
      const expected = reference(...inputs);
      for (const make of [toTensor, asView]) {
        const actual = run(...inputs.map((input) => make(input)));
        assert.equal([...actual.shape], expected.shape);
        const error = worst(actual.toFloat32Array(), expected.data);
        assert.ok(error <= tolerance, `${name} of ${inputs.map((i) => `[${i.shape}]`)}: off by ${error}`);
      }
    }
  });

  const differentiable = cases.filter((operation) => operation.differentiable !== false);
  if (differentiable.length > 0) {
    test(`${name}: gradients`, () => {
      for (const operation of differentiable) {
        const leaves = operation.inputs.map((input) => toTensor(input, true));
        const out = operation.run(...leaves);
        const weights = Float32Array.from({ length: out.size }, (_, i) => weightOf(i));
        out.backward(tensor(weights, { shape: out.shape }));
        for (const [i, leaf] of leaves.entries()) {
          const expected = referenceGradient(operation, i);
          const error = worst(leaf.grad!.toFloat32Array(), expected);
          assert.ok(error < 3e-4, `${name} input ${i} of [${leaf.shape}]: gradient off by ${error}`);
        }
      }
    });
  }

  test(`${name}: refuses tensors that were freed`, () => {
    const { inputs, run } = cases[0];
    for (const which of inputs.keys()) {
      const tensors = inputs.map((input) => toTensor(input));
      tensors[which].dispose();
      assert.throws(() => run(...tensors), /a tensor of shape \[[\d,]*\] was freed by dispose\(\).*keep\(\)/);
    }
  });

  test(`${name}: leaves no memory behind`, () => {
    const before = runtime().bytesInUse;
    scope(() => {
      for (const { inputs, run, differentiable: wanted } of cases) {
        const out = run(...inputs.map((input) => toTensor(input, wanted !== false)));
        if (out.requiresGrad) out.sum().backward();
      }
    });
    assert.is(runtime().bytesInUse, before);
  });
}

test("every public operation is in the table", () => {
  const notOperations = new Set(
    (
      "constructor ndim shape requiresGrad grad node storage ptr isContiguous backward item toFloat32Array toInt32Array toArray " +
      "toString keep dispose free clearGrad copyOut"
    ).split(" "),
  );
  const methods = Object.getOwnPropertyNames(Tensor.prototype).filter((name) => !notOperations.has(name));
  const losses = Object.keys(nn).filter((name) => /^[a-z].*Loss$/.test(name));
  losses.push("crossEntropy", "bceWithLogits", "klDiv", "cosineSimilarity");
  const missing = [...methods, "concat", "stack", "where", "einsum", "meshgrid", ...losses].filter(
    (name) => !groups.has(name),
  );
  assert.equal(missing, []);
  for (const loss of losses) assert.type((nn as unknown as Record<string, unknown>)[loss], "function");
});

test.run();
