// Attention and recurrent layers beside the equations of their papers, in float64.

import { manualSeed, nn, randn, type Tensor, tensor } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";

type Matrix = number[][];

const matrix = (x: Tensor) => x.toArray() as Matrix;
const near = (got: unknown, expected: unknown, tolerance = 1e-5) => {
  const [a, b] = [[got].flat(9), [expected].flat(9)] as number[][];
  assert.is(a.length, b.length);
  for (const [i, v] of a.entries()) assert.ok(Math.abs(v - b[i]) <= tolerance, `${v} instead of ${b[i]}`);
};
const dot = (a: number[], b: number[]) => a.reduce((sum, v, i) => sum + v * b[i], 0);
const sigmoid = (v: number) => 1 / (1 + Math.exp(-v));

/** x W^T + b. */
const affine = (x: number[], weight: Tensor, bias: Tensor) =>
  matrix(weight).map((row, i) => dot(row, x) + (bias.toArray() as number[])[i]);

test("LSTM follows its equations, and goes on from its state", () => {
  manualSeed(1);
  const layer = new nn.LSTM(3, 2);
  const x = randn([2, 4, 3]);
  const { output, state } = layer.forward(x);
  for (const [n, sequence] of (x.toArray() as Matrix[]).entries()) {
    let [h, c] = [
      [0, 0],
      [0, 0],
    ];
    const expected = sequence.map((step) => {
      const recurrent = affine(h, layer.hiddenWeight, layer.hiddenBias);
      const gates = affine(step, layer.inputWeight, layer.inputBias).map((v, i) => v + recurrent[i]);
      c = c.map((v, i) => sigmoid(gates[2 + i]) * v + sigmoid(gates[i]) * Math.tanh(gates[4 + i]));
      h = c.map((v, i) => sigmoid(gates[6 + i]) * Math.tanh(v));
      return h;
    });
    near((output.toArray() as Matrix[])[n], expected);
    near([matrix(state.hidden)[n], matrix(state.cell)[n]], [h, c]);
  }
  const first = layer.forward(x.slice(1, 0, 2));
  near(layer.forward(x.slice(1, 2), first.state).output.toArray(), output.slice(1, 2).toArray());
  assert.throws(() => layer.forward(randn([2, 3])), /LSTM: expected \[N,L,3\], got \[2,3\]/);
});

test("GRU follows its equations, and goes on from its state", () => {
  manualSeed(2);
  const layer = new nn.GRU(3, 2);
  const x = randn([2, 4, 3]);
  const { output, state } = layer.forward(x);
  for (const [n, sequence] of (x.toArray() as Matrix[]).entries()) {
    let h = [0, 0];
    const expected = sequence.map((step) => {
      const [a, b] = [
        affine(step, layer.inputWeight, layer.inputBias),
        affine(h, layer.hiddenWeight, layer.hiddenBias),
      ];
      h = h.map((v, i) => {
        const [r, z] = [sigmoid(a[i] + b[i]), sigmoid(a[2 + i] + b[2 + i])];
        return (1 - z) * Math.tanh(a[4 + i] + r * b[4 + i]) + z * v;
      });
      return h;
    });
    near((output.toArray() as Matrix[])[n], expected);
    near(matrix(state)[n], h);
  }
  near(layer.forward(x.slice(1, 1), layer.forward(x.slice(1, 0, 1)).state).state.toArray(), state.toArray());
});

/** Attention of one head over rows, by its definition. `sees` says which keys a query sees. */
function attend(q: Matrix, k: Matrix, v: Matrix, sees: (query: number, key: number) => boolean): Matrix {
  return q.map((query, i) => {
    const scores = k.map((key, j) => (sees(i, j) ? Math.exp(dot(query, key) / Math.sqrt(query.length)) : 0));
    const sum = scores.reduce((a, b) => a + b, 0);
    return v[0].map((_, d) => scores.reduce((total, s, j) => total + (s / sum) * v[j][d], 0));
  });
}

test("scaled dot-product attention: all keys, a mask, causal", () => {
  manualSeed(3);
  const [q, k, v] = [randn([3, 4]), randn([5, 4]), randn([5, 2])];
  const plain = nn.scaledDotProductAttention(q, k, v);
  near(
    plain.output.toArray(),
    attend(matrix(q), matrix(k), matrix(v), () => true),
  );
  near(plain.weights.sum(-1).toArray(), [1, 1, 1]);
  const mask = tensor([1, 0, 1, 1, 0]);
  near(
    nn.scaledDotProductAttention(q, k, v, { mask }).output.toArray(),
    attend(matrix(q), matrix(k), matrix(v), (_, j) => j !== 1 && j !== 4),
  );
  near(
    nn.scaledDotProductAttention(k, k, v, { causal: true }).output.toArray(),
    attend(matrix(k), matrix(k), matrix(v), (i, j) => j <= i),
  );
});

test("several heads attend each for itself", () => {
  manualSeed(4);
  const layer = new nn.MultiheadAttention(4, 2);
  const [x, y] = [randn([1, 3, 4]), randn([1, 5, 4])];
  const { output, weights } = layer.forward(x, y);
  assert.equal(weights.shape, [1, 2, 3, 5]);
  const through = (linear: nn.Linear, rows: Matrix) =>
    rows.map((row) => affine(row, linear.weight, linear.bias as Tensor));
  const [q, k, v] = [x, y, y].map((input, part) => {
    const weight = layer.inputWeight.slice(0, 4 * part, 4 * part + 4);
    const bias = (layer.inputBias as Tensor).slice(0, 4 * part, 4 * part + 4);
    return matrix(input.squeeze(0)).map((row) => affine(row, weight, bias));
  });
  const part = (rows: Matrix, head: number) => rows.map((row) => row.slice(2 * head, 2 * head + 2));
  const heads = [0, 1].map((h) => attend(part(q, h), part(k, h), part(v, h), () => true));
  const joined = heads[0].map((row, i) => [...row, ...heads[1][i]]);
  near(output.toArray(), through(layer.output, joined));
  assert.throws(() => new nn.MultiheadAttention(4, 3), /3 heads do not divide the dimension 4/);
});

test("an LSTM learns to tell orders apart", () => {
  manualSeed(5);
  const lstm = new nn.LSTM(1, 8);
  const head = new nn.Linear(8, 2);
  const sequences = Array.from({ length: 64 }, (_, i) => (i % 2 === 0 ? [0, 1, 0.5] : [1, 0, 0.5]));
  const x = tensor(sequences).unsqueeze(-1);
  const labels = tensor(Int32Array.from({ length: 64 }, (_, i) => i % 2));
  const parameters = [...lstm.parameters(), ...head.parameters()];
  let loss = 1;
  for (let step = 0; step < 200; step++) {
    const { state } = lstm.forward(x);
    const error = nn.crossEntropy(head.forward(state.hidden), labels);
    error.backward();
    for (const p of parameters) {
      p.assign(p.sub((p.grad as Tensor).mul(0.5)).detach());
      p.grad = null;
    }
    loss = error.item();
  }
  assert.ok(loss < 0.05, String(loss));
});

test.run();
