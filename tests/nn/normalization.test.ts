import { nn, randn, type Tensor, tensor } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { at, build, map, type Ref, reduceOver, sample, size, toTensor, worst } from "../reference";

const EPS = 1e-5;
const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const variance = (values: number[]) => mean(values.map((v) => (v - mean(values)) ** 2));

/** (x - mean) / sqrt(variance + eps), the moments taken over `axes`. */
function normalized(x: Ref, axes: number[]): Ref {
  const [m, v] = [reduceOver(x, axes, true, mean), reduceOver(x, axes, true, variance)];
  return build(x.shape, (index) => (at(x, index) - at(m, index)) / Math.sqrt(at(v, index) + EPS));
}

/** x * weight + bias, both [C], along axis 1. */
const perChannel = (x: Ref, weight: Ref, bias: Ref) =>
  build(x.shape, (index) => at(x, index) * weight.data[index[1]] + bias.data[index[1]]);

const shift = (a: Ref, element: number, by: number): Ref => ({
  shape: a.shape,
  data: a.data.map((v, i) => (i === element ? v + by : v)),
});

/** Value and gradients of a layer by input, weight and bias against float64 and its central differences. */
function check(
  layer: nn.Module & { weight: Tensor | null; bias: Tensor | null },
  inputs: Ref[],
  reference: (...inputs: Ref[]) => Ref,
) {
  const weights = (n: number) => Float64Array.from({ length: n }, (_, i) => 0.5 + ((i * 7) % 11) / 11);
  const objective = (out: Ref) => {
    const w = weights(out.data.length);
    return out.data.reduce((sum, v, i) => sum + v * w[i], 0);
  };
  const [x, weight, bias] = inputs;
  if (layer.weight !== null && weight !== undefined) layer.weight.assign(toTensor(weight));
  if (layer.bias !== null && bias !== undefined) layer.bias.assign(toTensor(bias));
  const leaf = toTensor(x, true);
  const y = layer.forward(leaf);
  const expected = reference(...inputs);
  assert.equal([...y.shape], expected.shape);
  assert.ok(worst(y.toFloat32Array(), expected.data) < 2e-5, "value");
  y.backward(tensor(weights(y.size), { shape: y.shape }));
  for (const [i, tensorOf] of [leaf, layer.weight, layer.bias].entries()) {
    if (tensorOf === null || inputs[i] === undefined) continue;
    const numeric = inputs[i].data.map((_, e) => {
      const moved = (by: number) =>
        objective(reference(...inputs.map((input, k) => (k === i ? shift(input, e, by) : input))));
      return (moved(1e-5) - moved(-1e-5)) / 2e-5;
    });
    const error = worst(tensorOf.grad!.toFloat32Array(), numeric);
    assert.ok(error < 3e-4, `gradient ${i} off by ${error}`);
  }
}

/** Values away from 0, some far away in one channel. */
const input = (shape: number[], seed: number) => map(sample(shape, seed, -2, 2), (v) => Math.fround(v + 3));

test("batch normalisation while training: the moments of the batch", () => {
  for (const [shape, axes] of [
    [
      [4, 3, 5, 7],
      [0, 2, 3],
    ],
    [
      [2, 2, 1, 1],
      [0, 2, 3],
    ],
    [
      [3, 2, 17],
      [0, 2],
    ],
    [[9, 5], [0]],
  ] as const) {
    const [x, w, b] = [input([...shape], 1), sample([shape[1]], 2), sample([shape[1]], 3)];
    const make = shape.length === 4 ? nn.BatchNorm2d : nn.BatchNorm1d;
    check(new make(shape[1]), [x, w, b], (p, q, r) => perChannel(normalized(p, [...axes]), q, r));
    check(new make(shape[1], { affine: false }), [x], (p) => normalized(p, [...axes]));
  }
});

test("running statistics: the unbiased variance, by momentum; used in eval mode", () => {
  const layer = new nn.BatchNorm2d(3, { momentum: 0.25 });
  const x = input([4, 3, 2, 5], 4);
  layer.forward(toTensor(x));
  const m = reduceOver(x, [0, 2, 3], false, mean).data;
  const v = reduceOver(x, [0, 2, 3], false, variance).data.map((value) => (value * 40) / 39);
  assert.ok(
    worst(
      layer.runningMean.toFloat32Array(),
      m.map((value) => 0.25 * value),
    ) < 1e-6,
  );
  assert.ok(
    worst(
      layer.runningVar.toFloat32Array(),
      v.map((value) => 0.75 + 0.25 * value),
    ) < 1e-6,
  );
  const names = Object.keys(layer.stateDict());
  assert.equal(names, ["weight", "bias", "running_mean", "running_var"]);

  layer.eval();
  const [rm, rv] = [layer.runningMean.toFloat32Array(), layer.runningVar.toFloat32Array()];
  const [w, b] = [sample([3], 5), sample([3], 6)];
  check(layer, [x, w, b], (p, q, r) => {
    const scaled = build(p.shape, (i) => (at(p, i) - rm[i[1]]) / Math.sqrt(rv[i[1]] + EPS));
    return perChannel(scaled, q, r);
  });
  assert.equal(layer.runningMean.toFloat32Array(), rm);
});

test("the batch statistics of large means do not cancel", () => {
  const x = map(sample([8, 1, 4, 4], 7), (v) => Math.fround(v + 1000));
  const y = new nn.BatchNorm2d(1).forward(toTensor(x)).toFloat32Array();
  assert.ok(worst(y, normalized(x, [0, 2, 3]).data) < 1e-3);
});

test("layer normalisation over the last axes", () => {
  const x = input([3, 2, 5, 6], 8);
  const [w, b] = [sample([6], 9), sample([6], 10)];
  check(new nn.LayerNorm(6), [x, w, b], (p, q, r) => {
    const y = normalized(p, [3]);
    return build(y.shape, (i) => at(y, i) * q.data[i[3]] + r.data[i[3]]);
  });
  const [w2, b2] = [sample([5, 6], 11), sample([5, 6], 12)];
  check(new nn.LayerNorm([5, 6]), [x, w2, b2], (p, q, r) => {
    const y = normalized(p, [2, 3]);
    return build(y.shape, (i) => at(y, i) * at(q, i.slice(2)) + at(r, i.slice(2)));
  });
  check(new nn.LayerNorm(6, { affine: false }), [x], (p) => normalized(p, [3]));
});

test("group normalisation within each sample", () => {
  for (const groups of [1, 2, 4]) {
    const x = input([3, 4, 3, 5], 13);
    const [w, b] = [sample([4], 14), sample([4], 15)];
    check(new nn.GroupNorm(groups, 4), [x, w, b], (p, q, r) => {
      const rows = { shape: [3, groups, size(p.shape) / (3 * groups)], data: p.data };
      return perChannel({ shape: p.shape, data: normalized(rows, [2]).data }, q, r);
    });
  }
});

test("inputs that do not fit are refused by name", () => {
  assert.throws(
    () => new nn.BatchNorm2d(3).forward(randn([2, 4, 5, 5])),
    /BatchNorm2d: expected \[N,3,H,W\], got \[2,4,5,5\]/,
  );
  assert.throws(
    () => new nn.BatchNorm1d(3).forward(randn([2, 3, 5, 5])),
    /BatchNorm1d: expected \[N,3\] or \[N,3,L\], got \[2,3,5,5\]/,
  );
  assert.throws(
    () => new nn.BatchNorm1d(3).forward(randn([1, 3])),
    /BatchNorm1d: training needs more than one value per channel, got \[1,3\]/,
  );
  assert.throws(
    () => new nn.LayerNorm([2, 3]).forward(randn([3, 2])),
    /LayerNorm: expected \[...,2,3\], got \[3,2\]/,
  );
  assert.throws(() => new nn.GroupNorm(3, 4), /3 groups do not divide 4 channels/);
  assert.throws(
    () => new nn.GroupNorm(2, 4).forward(randn([1, 6, 2])),
    /GroupNorm: expected \[N,4,...\], got \[1,6,2\]/,
  );
  assert.throws(
    () => new nn.BatchNorm1d(0),
    /BatchNorm1d: the number of features must be a positive integer, got 0/,
  );
});

test.run();
