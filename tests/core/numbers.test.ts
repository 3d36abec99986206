// Values and gradients at the edges of float32, beside float64.

import { arange, nn, type Tensor, tensor, zeros } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";

const leaf = (values: number[] | number[][] | Float32Array) => tensor(values, { requiresGrad: true });
const labels = (...values: number[]) => tensor(Int32Array.from(values));
const flat = (x: Tensor | null) => [...(x as Tensor).toFloat32Array()];

/** Relative to |expected|; NaN, infinities and 0 exactly. Below its normal numbers float32 has no more than that. */
function close(got: number | number[], expected: number | number[], tolerance = 2e-6): void {
  const [a, b] = [[got].flat(), [expected].flat()];
  assert.is(a.length, b.length);
  for (const [i, want] of b.entries()) {
    const off = Math.abs(a[i] - want);
    const right = Object.is(a[i], want) || a[i] === want || off <= tolerance * Math.abs(want) + 5e-45;
    assert.ok(right, `${a} instead of ${b}`);
  }
}

/** Value and gradient of a loss of one input. */
function valueAndGradient(values: number[] | number[][], loss: (x: Tensor) => Tensor) {
  const x = leaf(values);
  const y = loss(x);
  y.backward();
  return { value: y.item(), gradient: flat(x.grad) };
}

test("a spread that is small beside its mean", () => {
  assert.is(tensor(new Float32Array(512).fill(1234567.125)).var().item(), 0);
  const x = Float32Array.from({ length: 100_000 }, (_, i) => 3e5 + Math.sin(i));
  const mean = x.reduce((a, b) => a + b, 0) / x.length;
  const squares = x.reduce((a, b) => a + (b - mean) ** 2, 0);
  close(tensor(x).var().item(), squares / (x.length - 1));
  close(tensor(x).reshape([1000, 100]).var([0, 1], { correction: 0 }).item(), squares / x.length);
  assert.equal(flat(new nn.LayerNorm(300).forward(tensor(new Float32Array(300).fill(77777.7)))), [
    ...new Float32Array(300),
  ]);
});

test("normalisation with a mean that one float32 cannot hold", () => {
  const x = Float32Array.from({ length: 32 }, (_, i) => 3e5 + i / 32);
  const mean = x.reduce((a, b) => a + b, 0) / 32;
  const variance = x.reduce((a, b) => a + (b - mean) ** 2, 0) / 32;
  const y = Array.from(x, (v) => (v - mean) / Math.sqrt(variance + 1e-5));
  const product = y.reduce((a, v, i) => a + v * i, 0) / 32;
  const slope = y.map((v, i) => (i - 15.5 - v * product) / Math.sqrt(variance + 1e-5));
  for (const normalize of [
    (v: Tensor) => new nn.BatchNorm1d(1).forward(v.unsqueeze(1)).squeeze(1),
    (v: Tensor) => new nn.LayerNorm(32).forward(v),
    (v: Tensor) => new nn.GroupNorm(1, 32).forward(v.unsqueeze(0)).squeeze(0),
  ]) {
    const input = leaf(x);
    const out = normalize(input);
    out.mul(arange(32)).sum().backward();
    close(flat(out), y, 1e-5);
    for (const [i, g] of flat(input.grad).entries())
      assert.ok(Math.abs(g - slope[i]) < 1e-3, `${g} ${slope[i]}`);
  }
});

test("deviations at the ends of the range; of equal elements and of nothing", () => {
  close(tensor([1e38, -1e38, 3e38]).std().item(), 2e38);
  const tiny = valueAndGradient([1e-25, -1e-25, 3e-25], (x) => x.std());
  close(tiny.value, 2e-25);
  close(tiny.gradient, [0, -0.5, 0.5]);
  assert.equal(valueAndGradient([2, 2, 2], (x) => x.std()).gradient, [0, 0, 0]);
  close([tensor([]).var().item(), tensor([]).std().item(), tensor([1]).var().item()], [NaN, NaN, NaN]);
});

test("a mean neither overflows nor depends on the layout", () => {
  const x = tensor(new Float32Array(700).fill(3e38)).reshape([7, 100]);
  for (const y of [x, x.T, x.T.clone()]) {
    close(y.mean().item(), Math.fround(3e38));
    close(flat(y.mean(0)), new Array(y.shape[1]).fill(Math.fround(3e38)));
  }
  const z = tensor(Float32Array.from({ length: 6000 }, (_, i) => Math.sin(i) * 1000 + 1e6)).reshape([
    60, 100,
  ]);
  assert.equal(flat(z.mean(0)), flat(z.T.clone().mean(1)));
  assert.equal(flat(z.sum(0)), flat(z.T.sum(1)));
});

test("norms and clipping by norm at 1e20 and at subnormals", () => {
  const large = valueAndGradient([3e20, 4e20], (x) => x.norm());
  close(large.value, 5e20);
  close(large.gradient, [0.6, 0.8]);
  const small = valueAndGradient([3e-42, 4e-42], (x) => x.norm());
  close(small.value, 5e-42, 1e-3);
  close(small.gradient, [0.6, 0.8], 1e-3);
  const w = nn.parameter(zeros([2]));
  w.grad = tensor([3e20, 4e20]);
  close(nn.clipGradNorm([w], 1), 5e20);
  close(flat(w.grad), [0.6, 0.8]);
});

test("the gradient of a product whose prefixes leave the range", () => {
  const x = [1e30, 1e30, 1e-30, 1e-30];
  const { value, gradient } = valueAndGradient(x, (v) => v.prod());
  close(value, 1);
  close(gradient, [1e-30, 1e-30, 1e30, 1e30]);
  close(valueAndGradient([0, 2, 3], (v) => v.prod()).gradient, [6, 0, 0]);
});

const logSumExp = (x: number[]) => {
  const largest = Math.max(...x);
  const at = x.indexOf(largest);
  return largest + Math.log1p(x.reduce((sum, v, i) => (i === at ? sum : sum + Math.exp(v - largest)), 0));
};

/** Losses and gradients by float64, 1 - p being kept apart from p. */
function crossEntropy(x: number[], label: number, e: number, w = x.map(() => 1)) {
  const n = x.length;
  const largest = Math.max(...x);
  const at = x.indexOf(largest);
  const rest = Math.log1p(x.reduce((sum, v, i) => (i === at ? sum : sum + Math.exp(v - largest)), 0));
  const below = x.map((v) => rest + (largest - v));
  const p = below.map((l) => Math.exp(-l));
  const even = w.reduce((sum, weight, i) => (weight === 0 ? sum : sum + weight * below[i]), 0) / n;
  const value = (1 - e) * w[label] * below[label] + (e === 0 ? 0 : e * even);
  const total = w.reduce((a, b) => a + b, 0);
  const gradient = p.map((q, i) => {
    const smooth = (e / n) * (total * q - w[i]);
    return (1 - e) * w[label] * (i === label ? Math.expm1(-below[i]) : q) + smooth;
  });
  return { value, gradient };
}

for (const [name, x, label] of [
  ["confident and right", [30, 0, -5], 0],
  ["confident and wrong", [30, 0, -5], 1],
  ["very confident", [90, 0], 0],
  ["ten thousand between them", [10_000, 0, -10_000], 1],
  ["ten thousand above 0", [10_000, 10_001, 9_999.5], 0],
  ["1e30", [1e30, -1e30, 0], 0],
  ["-1e30", [1e30, -1e30, 0], 1],
  ["a class that cannot be", [1, Number.NEGATIVE_INFINITY, 0], 0],
  ["equal", [2, 2, 2], 2],
] as [string, number[], number][]) {
  test(`cross-entropy of logits: ${name}`, () => {
    const weight = tensor([1, 2, 0.5].slice(0, x.length));
    const weights = [1, 2, 0.5].slice(0, x.length);
    for (const e of [0, 0.1]) {
      const options = { labelSmoothing: e, reduction: "sum" } as const;
      const plain = valueAndGradient([x], (v) => nn.crossEntropy(v, labels(label), options));
      const expected = crossEntropy(x, label, e);
      close(plain.value, expected.value);
      close(plain.gradient, expected.gradient, 1e-5);
      const weighed = valueAndGradient([x], (v) => nn.crossEntropy(v, labels(label), { ...options, weight }));
      const heavy = crossEntropy(x, label, e, weights);
      close(weighed.value, heavy.value);
      close(weighed.gradient, heavy.gradient, 1e-5);
    }
    const own = valueAndGradient([x], (v) => nn.nllLoss(v.logSoftmax(1), labels(label)));
    const { value, gradient } = crossEntropy(x, label, 0);
    close(own.value, value);
    close(own.gradient, gradient, 1e-5);
    close(tensor(x).logSumExp().item(), logSumExp(x));
  });
}

test("the logarithm of a sum of nothing, of zeros, of infinity", () => {
  close(flat(zeros([2, 0]).logSumExp(1)), [-Infinity, -Infinity]);
  close(tensor([]).logSumExp().item(), -Infinity);
  close(tensor([-Infinity, -Infinity]).logSumExp().item(), -Infinity);
  close(tensor([Infinity, 0, Infinity]).logSumExp().item(), Infinity);
});

test("a row that is ignored spreads nothing", () => {
  for (const options of [
    {},
    { labelSmoothing: 0.1 },
    { weight: tensor([1, 2]) },
    { weight: tensor([1, 2]), labelSmoothing: 0.1 },
  ]) {
    for (const bad of [NaN, Infinity, -Infinity]) {
      const loss = (x: Tensor) => nn.crossEntropy(x, labels(-100, 1), options);
      const { value, gradient } = valueAndGradient(
        [
          [bad, bad],
          [1, 2],
        ],
        loss,
      );
      const { value: alone } = valueAndGradient([[1, 2]], (x) => nn.crossEntropy(x, labels(1), options));
      close(value, alone);
      assert.equal(gradient.slice(0, 2), [0, 0]);
      assert.ok(gradient.slice(2).every(Number.isFinite));
    }
  }
  const nll = valueAndGradient(
    [
      [NaN, -Infinity],
      [-1, -2],
    ],
    (x) => nn.nllLoss(x, labels(-100, 1)),
  );
  assert.equal(nll, { value: 2, gradient: [0, 0, 0, -1] });
});

for (const [x, t] of [
  [30, 1],
  [-30, 0],
  [100, 1],
  [-100, 0],
  [20.5, 0.25],
  [1e30, 1],
  [1e30, 0],
  [Infinity, 1],
  [Infinity, 0],
  [-Infinity, 0],
  [-Infinity, 1],
]) {
  test(`bceWithLogits of ${x} for ${t}`, () => {
    const { value, gradient } = valueAndGradient([x], (v) => nn.bceWithLogits(v, tensor([t])));
    const softplus = (v: number) => (v > 0 ? v + Math.log1p(Math.exp(-v)) : Math.log1p(Math.exp(v)));
    const weigh = (w: number, v: number) => (w === 0 ? 0 : w * v);
    close(value, weigh(t, softplus(-x)) + weigh(1 - t, softplus(x)));
    close(gradient, weigh(1 - t, 1 / (1 + Math.exp(-x))) - weigh(t, 1 / (1 + Math.exp(x))), 1e-5);
    const weighed = nn.bceWithLogits(tensor([x]), tensor([t]), { posWeight: 3 }).item();
    close(weighed, 3 * weigh(t, softplus(-x)) + weigh(1 - t, softplus(x)));
  });
}

test("klDiv is 0 where the target is, whatever the input", () => {
  const half = Math.log(0.5);
  const { value, gradient } = valueAndGradient([[half, half, -Infinity]], (x) =>
    nn.klDiv(x, tensor([[0.5, 0.5, 0]]), { reduction: "sum" }),
  );
  assert.ok(Math.abs(value) < 1e-7);
  close(gradient, [-0.5, -0.5, 0]);
  const logs = tensor([[half, half, -Infinity]]);
  const zero = nn.klDiv(tensor([[half, half, -3]]), logs, { reduction: "sum", logTarget: true }).item();
  assert.ok(Math.abs(zero) < 1e-7);
});

test("softplus and sigmoid in their tails", () => {
  const x = [-100, -30, -20, 19, 21, 88];
  close(
    flat(tensor(x).softplus()),
    x.map((v) => Math.log1p(Math.exp(v))),
  );
  close(
    flat(tensor(x).sigmoid()),
    x.map((v) => 1 / (1 + Math.exp(-v))),
  );
});

test("powers of 1 and to 0 are 1, NaN or not", () => {
  close(flat(tensor([1, 2, 0, -1]).pow(NaN)), [1, NaN, NaN, NaN]);
  close(flat(tensor([NaN, 0, Infinity, -3]).pow(0)), [1, 1, 1, 1]);
  close(flat(tensor([1, -1, 2, 0.5]).pow(Infinity)), [1, 1, Infinity, 0]);
});

test("NaN goes through maximum, minimum, relu, max and min, in value and gradient", () => {
  for (const name of ["maximum", "minimum"] as const) {
    const [a, b] = [leaf([NaN, 1, 2]), leaf([1, NaN, 2])];
    const y = a[name](b);
    y.sum().backward();
    close(flat(y), [NaN, NaN, 2]);
    assert.equal(
      [flat(a.grad), flat(b.grad)],
      [
        [1, 1, 0.5],
        [1, 1, 0.5],
      ],
    );
  }
  const relu = leaf([NaN, 1, -2, 0]);
  relu.relu().sum().backward();
  assert.equal(flat(relu.grad), [1, 1, 0, 0]);
  for (const name of ["max", "min"] as const) {
    const { value, gradient } = valueAndGradient([3, NaN, 1, NaN], (x) => x[name]());
    close(value, NaN);
    assert.equal(gradient, [0, 0.5, 0, 0.5]);
  }
});

test("clamp with its bounds crossed gives the upper one", () => {
  const x = leaf([1, 5, 9]);
  const y = x.clamp(8, 3);
  y.sum().backward();
  assert.equal(
    [flat(y), flat(x.grad)],
    [
      [3, 3, 3],
      [0, 0, 0],
    ],
  );
});

test("a product over nothing is 0, in a batch too", () => {
  assert.equal(flat(zeros([2, 3, 0]).matmul(zeros([2, 0, 2]))), new Array(12).fill(0));
  assert.equal(flat(zeros([3, 0]).matmul(zeros([0, 2]))), new Array(6).fill(0));
  const a = nn.parameter(zeros([2, 3, 0]));
  a.matmul(zeros([2, 0, 2]))
    .sum()
    .backward();
  assert.equal(a.grad?.shape, [2, 3, 0]);
});

test("accuracy refuses labels that are no row of the scores", () => {
  const scores = tensor([
    [1, 0],
    [0, 1],
    [1, 0],
  ]);
  assert.is(nn.accuracy(scores, labels(0, 1, 0)), 1);
  assert.throws(
    () => nn.accuracy(scores, labels(0, 1, 0).unsqueeze(1)),
    /accuracy: expected scores \[\.\.\.,C\]/,
  );
});

test("logarithms of powers are exact, and exponentials keep what is small", () => {
  assert.equal(flat(tensor([1, 2, 8, 2 ** -126, 2 ** 100]).log2()), [0, 1, 3, -126, 100]);
  assert.equal(flat(tensor([1, 10, 1000, 1e10]).log10()), [0, 1, 3, 10]);
  close(flat(tensor([0, -1, Infinity, NaN]).log2()), [-Infinity, NaN, Infinity, NaN]);
  assert.equal(flat(tensor([0, 3, -126, 127]).exp2()), [1, 8, 2 ** -126, 2 ** 127]);
  close(flat(tensor([-Infinity, Infinity, NaN]).exp2()), [0, Infinity, NaN]);
  const small = [1e-20, -1e-20, 1e-3, -1e-3, 5, 80, -80].map(Math.fround);
  close(flat(tensor(small).expm1()), small.map(Math.expm1));
  close(flat(tensor(small).sinh()), small.map(Math.sinh));
  close(flat(tensor([...small, 89]).cosh()), [...small, 89].map(Math.cosh));
  close(flat(tensor([Infinity, -Infinity, NaN]).sinh()), [Infinity, -Infinity, NaN]);
});

test("powers of tensors at the edges are those of numbers", () => {
  const bases = [-Infinity, -2, -1, -0.5, -0, 0, 0.5, 1, 2, Infinity, NaN];
  const exponents = [-Infinity, -3, -2, -0.5, 0, 0.5, 2, 3, Infinity, NaN];
  const grid = tensor(bases).unsqueeze(1).pow(tensor(exponents));
  // C99, where JavaScript has NaN for powers of 1 and -1.
  const power = (x: number, p: number) => (x === 1 || (x === -1 && Math.abs(p) === Infinity) ? 1 : x ** p);
  close(
    flat(grid),
    bases.flatMap((x) => exponents.map((p) => power(x, p))),
  );
  const [a, b] = [leaf([0, 0, 2, -2]), leaf([0, 2, 3, 2])];
  a.pow(b).sum().backward();
  close(flat(a.grad), [0, 0, 12, -4]);
  close(flat(b.grad), [0, 0, 8 * Math.LN2, NaN]);
});

test("order puts NaN last, keeps equal elements as they stood, and carries gradients", () => {
  const { values, indices } = tensor([2, NaN, 1, 2, -Infinity]).sort();
  close(flat(values), [-Infinity, 1, 2, 2, NaN]);
  assert.equal([...indices.toInt32Array()], [4, 2, 0, 3, 1]);
  assert.equal([...tensor([1, 2, 2]).argsort(0, { descending: true }).toInt32Array()], [1, 2, 0]);
  const x = leaf([3, 1, 2]);
  x.topk(2)
    .values.mul(tensor([10, 1]))
    .sum()
    .backward();
  assert.equal(flat(x.grad), [10, 0, 1]);
  assert.throws(() => x.topk(4), /topk: k is 4, but axis 0 of \[3\] holds fewer/);
  assert.equal(zeros([2, 0]).sort().values.shape, [2, 0]);
});

test("angles at the edges are those of C99", () => {
  const values = [-Infinity, -2, -1, -1e-30, -0, 0, 1e-30, 1, 3, Infinity, NaN];
  const x = Float32Array.from(values);
  for (const name of ["atan", "asin", "acos"] as const) {
    close(
      flat(tensor(x)[name]()),
      Array.from(x, (v) => Math[name](v)),
      6e-8,
    );
  }
  const grid = tensor(x).unsqueeze(1).atan2(tensor(x));
  close(
    flat(grid),
    [...x].flatMap((y) => Array.from(x, (v) => Math.atan2(y, v))),
    6e-8,
  );
  assert.ok(flat(tensor([-0]).atan2(tensor([1]))).every((v) => Object.is(v, -0)));
});

test("gelu keeps its digits in the tail, in value and gradient", () => {
  // The distribution function far below 0 as Laplace's continued fraction.
  const below = (a: number) => {
    let fraction = a;
    for (let k = 200; k > 0; k--) fraction = a + k / fraction;
    return Math.exp((-a * a) / 2) / Math.sqrt(2 * Math.PI) / fraction;
  };
  const density = (a: number) => Math.exp((-a * a) / 2) / Math.sqrt(2 * Math.PI);
  const points = Float32Array.from({ length: 73 }, (_, i) => -3 - i / 8);
  const x = tensor(points, { requiresGrad: true });
  const y = x.gelu();
  y.sum().backward();
  for (const [i, at] of points.entries()) {
    const value = at * below(-at);
    const slope = below(-at) + at * density(at);
    assert.ok(Math.abs(y.toFloat32Array()[i] / value - 1) < 2e-6, `gelu(${at})`);
    assert.ok(Math.abs(x.grad!.toFloat32Array()[i] / slope - 1) < 2e-6, `its gradient at ${at}`);
  }
});

test("cumprod's gradient is exact at zeros, and where products leave float32's range", () => {
  const x = tensor([2, 0, 3, 0.5], { requiresGrad: true });
  x.cumprod(0).sum().backward();
  assert.equal(x.grad!.toArray(), [1, 2 + 6 + 3, 0, 0]);
  const large = tensor([1e30, 1e30, 1e-30, 1e-30], { requiresGrad: true });
  const y = large.cumprod(0);
  assert.ok(Math.abs(y.toFloat32Array()[3] - 1) < 1e-6);
  y.slice(0, 3).sum().backward();
  assert.ok(Math.abs(large.grad!.toFloat32Array()[2] / 1e30 - 1) < 1e-6);
});

test("running extremes: the last of equal ones, and NaN stays", () => {
  const x = tensor([1, 3, 3, Number.NaN, 9]);
  const most = x.cummax(0);
  assert.equal(most.values.toArray(), [1, 3, 3, Number.NaN, Number.NaN]);
  assert.equal(most.indices.toArray(), [0, 1, 2, 3, 3]);
  assert.equal(tensor([2, 1, 1, 5]).cummin(0).indices.toArray(), [0, 1, 2, 2]);
});

test("a dilated window that sees nothing but padding is refused", () => {
  assert.throws(
    () => tensor([[[[1, 2]]]]).maxPool2d(2, { dilation: 3, stride: 1, padding: 2 }),
    /maxPool2d: a window whose elements are 3 apart sees nothing but padding on an axis of 1 of \[1,1,1,2\]/,
  );
});

test.run();
