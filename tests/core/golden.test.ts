// Operations against PyTorch: the cases of ops.json.

import * as tg from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { evaluateJs, golden } from "../golden";
import { worst } from "../reference";

interface Case {
  name: string;
  js: string;
  tol: number;
  inputs: { shape: number[]; dtype: tg.DType; data: number[]; grad: boolean }[];
  output: { shape: number[]; data: number[] };
  weights?: number[];
  grads?: (number[] | null)[];
}

for (const c of golden<{ cases: Case[] }>("ops.json").cases) {
  test(c.name, () => {
    const inputs = c.inputs.map(({ shape, dtype, data, grad }) =>
      tg.tensor(dtype === "int32" ? Int32Array.from(data) : Float32Array.from(data), {
        shape,
        requiresGrad: grad,
      }),
    );
    const out = evaluateJs<(...inputs: tg.Tensor[]) => tg.Tensor>(c.js, { tg })(...inputs);
    assert.equal([...out.shape], c.output.shape);
    const error = worst(out.toFloat32Array(), c.output.data);
    assert.ok(error <= c.tol, `value off by ${error}`);
    if (c.weights === undefined || c.grads === undefined) return;
    out.backward(tg.tensor(Float32Array.from(c.weights), { shape: out.shape }));
    for (const [i, expected] of c.grads.entries()) {
      if (expected === null) continue;
      const off = worst(inputs[i].grad!.toFloat32Array(), expected.flat(9));
      assert.ok(off <= c.tol, `gradient ${i} off by ${off}`);
    }
  });
}

test.run();
