// Every layer of the catalogue: its gradients, what it saves, and that evaluation changes nothing. A layer without a row fails.

import { gradcheck, manualSeed, nn, randn, scope, type Tensor, tensor } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";

interface Row {
  make: () => nn.Module;
  input: () => Tensor;
}

/** A layer whose result is a record, as the module that gives its "output". */
class Output extends nn.Module {
  constructor(readonly layer: nn.Module<[Tensor], { output: Tensor }>) {
    super();
  }
  forward(x: Tensor) {
    return this.layer.forward(x).output;
  }
}

/** A layer of two inputs, given the input and what is beside it. */
class Pairs extends nn.Module {
  constructor(readonly layer: nn.Module<[Tensor, Tensor]>) {
    super();
  }
  forward(x: Tensor) {
    return this.layer.forward(x, x.flip(0));
  }
}

const row = (make: () => nn.Module, ...shape: number[]): Row => ({ make, input: () => randn(shape) });
/** Values no two of which lie within a step of gradcheck, in any order. */
const distinct = (...shape: number[]): Tensor => {
  const size = shape.reduce((a, b) => a * b, 1);
  const values = Float32Array.from({ length: size }, (_, i) => (((i * 37) % size) + 0.25) / 10 - size / 20);
  return tensor(values).reshape(shape);
};

const ROWS: Record<string, Row> = {
  Linear: row(() => new nn.Linear(4, 3), 2, 5, 4),
  Conv1d: row(() => new nn.Conv1d(2, 3, 3, { padding: 1 }), 2, 2, 5),
  Conv2d: row(() => new nn.Conv2d(2, 3, 3, { stride: 2 }), 2, 2, 5, 5),
  ConvTranspose2d: row(() => new nn.ConvTranspose2d(2, 3, 2, { stride: 2 }), 2, 2, 3, 3),
  Embedding: {
    make: () => new nn.Embedding(5, 3),
    input: () => tensor(Int32Array.from([0, 3, 4, 1, 1, 3, 0, 2])).reshape([2, 4]),
  },
  BatchNorm1d: row(() => new nn.BatchNorm1d(3), 6, 3),
  BatchNorm2d: row(() => new nn.BatchNorm2d(3), 2, 3, 2, 2),
  LayerNorm: row(() => new nn.LayerNorm([2, 4]), 3, 2, 4),
  GroupNorm: row(() => new nn.GroupNorm(2, 4), 2, 4, 2, 2),
  MaxPool2d: { make: () => new nn.MaxPool2d(2), input: () => distinct(1, 2, 4, 4) },
  MaxPool1d: { make: () => new nn.MaxPool1d(2), input: () => distinct(1, 2, 6) },
  AvgPool1d: row(() => new nn.AvgPool1d(2), 1, 2, 6),
  AdaptiveAvgPool1d: row(() => new nn.AdaptiveAvgPool1d(3), 1, 2, 7),
  CosineSimilarity: row(() => new Pairs(new nn.CosineSimilarity()), 3, 5),
  AvgPool2d: row(() => new nn.AvgPool2d(2), 1, 2, 4, 4),
  AdaptiveAvgPool2d: row(() => new nn.AdaptiveAvgPool2d([2, 3]), 1, 2, 5, 5),
  Upsample: row(() => new nn.Upsample(2), 1, 2, 3, 3),
  Flatten: row(() => new nn.Flatten(), 2, 3, 2),
  Reshape: row(() => new nn.Reshape([2, 3]), 4, 6),
  ReLU: { make: () => new nn.ReLU(), input: () => distinct(3, 5) },
  LeakyReLU: { make: () => new nn.LeakyReLU(0.1), input: () => distinct(3, 5) },
  ELU: { make: () => new nn.ELU(), input: () => distinct(3, 5) },
  GELU: row(() => new nn.GELU(), 3, 5),
  SiLU: row(() => new nn.SiLU(), 3, 5),
  Softplus: row(() => new nn.Softplus(), 3, 5),
  Sigmoid: row(() => new nn.Sigmoid(), 3, 5),
  Tanh: row(() => new nn.Tanh(), 3, 5),
  Softmax: row(() => new nn.Softmax(-1), 3, 5),
  LogSoftmax: row(() => new nn.LogSoftmax(-1), 3, 5),
  RMSNorm: row(() => new nn.RMSNorm(4), 3, 2, 4),
  MultiheadAttention: row(() => new Output(new nn.MultiheadAttention(4, 2)), 2, 3, 4),
  LSTM: row(() => new Output(new nn.LSTM(3, 2)), 2, 4, 3),
  GRU: row(() => new Output(new nn.GRU(3, 2)), 2, 4, 3),
  Dropout: row(() => new nn.Dropout(0.5), 3, 5),
  Residual: row(() => new nn.Residual(new nn.Linear(4, 4)), 3, 4),
  Sequential: row(() => new nn.Sequential(new nn.Linear(4, 3), new nn.Tanh(), new nn.Linear(3, 2)), 3, 4),
};

test("each layer has a row, and says what it is about", () => {
  assert.equal(nn.LAYERS.map(({ name }) => name).sort(), Object.keys(ROWS).sort());
  for (const { name, about, make } of nn.LAYERS) {
    assert.ok(about.length > 5, name);
    assert.is(make, (nn as unknown as Record<string, unknown>)[name]);
  }
});

for (const [name, { make, input }] of Object.entries(ROWS)) {
  test(`${name}: gradients of input and parameters`, () => {
    manualSeed(3);
    const layer = make();
    const x = input();
    if (x.dtype === "float32") assert.ok(gradcheck((given) => layer.forward(given), [x]));
    // Normalisation takes away the first moments: a weighted sum would leave little to compare.
    for (const [at, [, parameter]] of layer.namedParameters().entries()) {
      for (const each of layer.parameters()) each.grad = null;
      const original = parameter.clone();
      layer.forward(x).square().sum().backward();
      const slope = parameter.grad as Tensor;
      const direction = randn(parameter.shape);
      const lossAt = (by: number) =>
        scope(() => {
          parameter.assign(original.add(direction.mul(by)));
          return layer.forward(x).square().sum().item();
        });
      const numeric = (lossAt(0.01) - lossAt(-0.01)) / 0.02;
      const analytic = slope.mul(direction).sum().item();
      assert.ok(
        Math.abs(numeric - analytic) < 2e-2 * (1 + Math.abs(analytic)),
        `${at}: ${numeric} ${analytic}`,
      );
      parameter.assign(original);
    }
  });

  test(`${name}: a copy made of its state gives the same outputs, and evaluation changes nothing`, () => {
    manualSeed(4);
    const layer = make();
    const x = input();
    layer.forward(x);
    const copy = make();
    copy.loadStateDict(layer.stateDict());
    const expected = layer.eval().forward(x).toArray();
    assert.equal(copy.eval().forward(x).toArray(), expected);
    assert.equal(layer.forward(x).toArray(), expected);
  });
}

test.run();
