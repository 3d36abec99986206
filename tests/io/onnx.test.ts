// Networks as ONNX models, run by ONNX Runtime, and back.

import * as ort from "onnxruntime-web";
import { DataError, io, manualSeed, nn, noGrad, randn, type Tensor, tensor } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";

ort.env.wasm.numThreads = 1;

class Attention extends nn.Module {
  norm = new nn.LayerNorm(12);
  attention = new nn.MultiheadAttention(12, 3);
  head = new nn.Linear(12, 5);
  forward(x: Tensor) {
    return this.head.forward(x.add(this.attention.forward(this.norm.forward(x)).output));
  }
}

/** Operations that layers do not use, each once. */
class Everything extends nn.Module {
  weight = nn.parameter(randn([6, 4]));
  forward(x: Tensor) {
    const a = x.matmul(this.weight);
    const parts = [a.silu(), a.elu(0.7), a.softplus(), a.sigmoid().log(), a.square().add(1).rsqrt()];
    const b = parts.reduce((sum, part) => sum.add(part));
    const c = b
      .slice(1, 1, 4, 2)
      .sub(b.slice(1, 0, 2))
      .abs()
      .sqrt();
    const d = c
      .maximum(0.2)
      .minimum(tensor([0.9, 0.8]))
      .clamp(0.1, 5)
      .pow(1.5)
      .neg()
      .exp();
    const e = d.unsqueeze(0).permute([1, 2, 0]).expand([-1, 2, 3]).mean(2).div(2).tanh();
    return e
      .sub(e.max(1, { keepDims: true }))
      .logSoftmax(1)
      .mul(b.sum(1, { keepDims: true }).sin())
      .erf();
  }
}

const odd = () =>
  new nn.Sequential(
    new nn.Conv2d(2, 4, [3, 2], { stride: [2, 1], padding: [1, 0], groups: 2 }),
    new nn.GroupNorm(2, 4),
    new nn.GELU(),
    new nn.MaxPool2d(2, { stride: 1, dilation: 2 }),
    new nn.AvgPool2d(2, { ceilMode: true }),
    new nn.AdaptiveAvgPool2d(1),
    new nn.Flatten(),
    new nn.BatchNorm1d(4),
    new nn.Softmax(1),
  );

const signals = () =>
  new nn.Sequential(
    new nn.Conv1d(2, 3, 3, { padding: 1 }),
    new nn.LeakyReLU(0.2),
    new nn.MaxPool1d(2),
    new nn.RMSNorm(4),
  );

const NETWORKS: Record<string, [make: () => nn.Module, shape: number[]]> = {
  mlp: [() => nn.mlp([20, 16, 8, 3]), [2, 20]],
  lenet: [() => nn.lenet({ classes: 10 }), [1, 1, 28, 28]],
  vgg: [() => nn.vgg({ classes: 10 }), [1, 3, 32, 32]],
  resnet8: [() => nn.resnet8({ channels: 3, classes: 10 }), [1, 3, 16, 16]],
  attention: [() => new Attention(), [2, 6, 12]],
  everything: [() => new Everything(), [3, 6]],
  odd: [odd, [2, 2, 11, 9]],
  signals: [signals, [2, 2, 8]],
};

async function runOf(bytes: Uint8Array, x: Tensor): Promise<ort.Tensor> {
  const session = await ort.InferenceSession.create(bytes);
  const { output } = await session.run({
    input: new ort.Tensor("float32", x.toFloat32Array(), [...x.shape]),
  });
  await session.release();
  return output;
}

function near(got: ArrayLike<number>, expected: Float32Array): void {
  assert.is(got.length, expected.length);
  const off = Math.max(...expected.map((v, i) => Math.abs(v - got[i]) / (1 + Math.abs(v))));
  assert.ok(off < 1e-5, `off by ${off}`);
}

for (const [name, [make, shape]] of Object.entries(NETWORKS)) {
  test(`${name}: ONNX Runtime gives the same outputs, for any number of samples, and so does what is read back`, async () => {
    manualSeed(7);
    const model = make();
    // Running statistics that are not those of the start.
    noGrad(() => model.forward(randn([4, ...shape.slice(1)])));
    const bytes = io.exportOnnx(model, shape);
    assert.ok(model.training);
    model.eval();
    const back = io.importOnnx(bytes);
    assert.equal(back.inputs, [{ name: "input", shape: ["batch", ...shape.slice(1)] }]);
    for (const samples of [shape[0], 5]) {
      const x = randn([samples, ...shape.slice(1)]);
      const expected = noGrad(() => model.forward(x));
      const output = await runOf(bytes, x);
      assert.equal([...output.dims], [...expected.shape]);
      near(output.data as Float32Array, expected.toFloat32Array());
      const again = noGrad(() => back.forward(x));
      assert.equal(again.shape, expected.shape);
      near(again.toFloat32Array(), expected.toFloat32Array());
    }
  });
}

test("parameters keep their names, and what was read can be trained", () => {
  manualSeed(1);
  const back = io.importOnnx(io.exportOnnx(nn.lenet({ classes: 10 }), [1, 1, 28, 28]));
  const names = back.namedParameters().map(([name]) => name);
  assert.ok(names.includes("weights.1.weight") && names.includes("weights.8.bias"));
  nn.crossEntropy(back.forward(randn([2, 1, 28, 28])), tensor(Int32Array.of(1, 2))).backward();
  assert.ok(back.parameters().every(({ grad }) => grad !== null));
});

class Chooses extends nn.Module {
  forward(x: Tensor) {
    return x.mul(x.gt(0));
  }
}

class Pairs extends nn.Module {
  forward(x: Tensor) {
    return x.cumsum(1);
  }
}

test("what cannot be written is named", () => {
  const cases: [nn.Module, number[], RegExp][] = [
    [
      new Chooses(),
      [1, 3],
      /exportOnnx: an operand of mul\(\) follows the input through an operation without a gradient/,
    ],
    [new Pairs(), [1, 3], /exportOnnx: cumsum\(\) cannot be written; known operations: matmul, add/],
    [
      new nn.AdaptiveAvgPool2d(3),
      [1, 1, 8, 8],
      /adaptiveAvgPool2d from \[8,8\] to \[3,3\] has windows of several sizes/,
    ],
    [new nn.Linear(3, 2), [0, 3], /exportOnnx: the shape of a batch has samples first/],
  ];
  for (const [model, shape, message] of cases) assert.throws(() => io.exportOnnx(model, shape), message);
});

test("an unknown node is named, and what is damaged is a DataError", () => {
  const bytes = io.exportOnnx(nn.mlp([4, 3, 2]), [1, 4]);
  const text = new TextDecoder("latin1").decode(bytes);
  const renamed = Uint8Array.from(text.replace("\u0006MatMul", "\u0006FatMul"), (c) => c.charCodeAt(0));
  assert.throws(
    () => io.importOnnx(renamed),
    (error: unknown) =>
      error instanceof DataError &&
      /node "MatMul_0" is a FatMul, which has no counterpart here/.test(error.message),
  );
  for (const damaged of [
    bytes.subarray(0, 200),
    new Uint8Array(),
    Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255),
  ]) {
    assert.throws(
      () => io.importOnnx(damaged),
      (error: unknown) => error instanceof DataError,
    );
  }
  assert.throws(
    () => io.importOnnx("model.onnx" as never),
    /expected the file as a Uint8Array, got "model\.onnx"/,
  );
});

test.run();
