import { concat, gradcheck, noGrad, rand, runtime, scope, type Tensor, tensor } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";

const leaf = (values: number[]) => tensor(values, { requiresGrad: true });

test("the example of the documentation", () => {
  const a = tensor(
    [
      [1, 2],
      [3, 4],
    ],
    { requiresGrad: true },
  );
  const loss = a.matmul(a.T).relu().sum();
  loss.backward();
  assert.is(loss.item(), 52);
  assert.equal(a.grad!.toArray(), [
    [8, 12],
    [8, 12],
  ]);
});

test("gradients of a shared subexpression add up", () => {
  const x = leaf([0.5, -1, 2]);
  const s = x.mul(x);
  s.mul(s).add(s).sum().backward();
  const expected = [0.5, -1, 2].map((v) => 4 * v ** 3 + 2 * v);
  assert.equal(x.grad!.toArray(), expected);
});

test("gradients accumulate over calls of backward", () => {
  const x = leaf([1, 2]);
  x.square().sum().backward();
  x.square().sum().backward();
  assert.equal(x.grad!.toArray(), [4, 8]);
});

test("a gradient that goes to a leaf and on to other operations is not shared between them", () => {
  const x = leaf([1]);
  // add() hands the same gradient to x and to the sum before it, which adds to x again.
  x.add(x.add(x.mul(3)))
    .mul(1)
    .sum()
    .backward();
  assert.is(x.grad!.item(), 5);
});

test("backward leaves the gradient argument alone", () => {
  const x = leaf([1, 2]);
  const g = tensor([3, 4]);
  x.backward(g);
  x.backward(g);
  assert.equal(g.toArray(), [3, 4]);
  assert.equal(x.grad!.toArray(), [6, 8]);
});

test("a graph of 20,000 operations needs no stack", () => {
  const x = leaf([1]);
  let y: Tensor = x;
  for (let i = 0; i < 20_000; i++) y = y.add(1);
  y.backward();
  assert.is(x.grad!.item(), 1);
  y.dispose();
});

test("backward twice needs retainGraph", () => {
  const x = leaf([2]);
  const kept = x.square();
  kept.backward(undefined, { retainGraph: true });
  kept.backward();
  assert.is(x.grad!.item(), 8);
  assert.throws(() => kept.backward(), /graph was freed by an earlier backward\(\).*retainGraph/);
});

test("backward of several elements needs a gradient of the same shape", () => {
  const y = leaf([1, 2]).square();
  assert.throws(() => y.backward(), /shape \[2\] needs a gradient argument/);
  assert.throws(() => y.backward(tensor([1, 2, 3])), /gradient has shape \[3\], the tensor \[2\]/);
});

test("backward without a leaf is an error", () => {
  assert.throws(() => tensor([1]).backward(), /does not depend on any tensor with requiresGrad/);
});

test("noGrad records nothing and gives the value through", () => {
  const x = leaf([1, 2]);
  const y = noGrad(() => x.square());
  assert.not(y.requiresGrad);
  assert.throws(() => noGrad(async () => {}), /returned a promise/);
});

test("detach and int32 leave the graph", () => {
  const x = leaf([1.5, 2.5]);
  assert.not(x.detach().requiresGrad);
  assert.not(x.astype("int32").requiresGrad);
  assert.throws(() => tensor([1], { dtype: "int32", requiresGrad: true }), /only float32/);
});

test("assign on a saved tensor is caught at backward", () => {
  const x = leaf([1, 2]);
  const y = x.square().sum();
  x.assign(5);
  assert.throws(() => y.backward(), /square saved was changed by assign\(\)/);
});

test("no gradient is computed for inputs that do not want one", () => {
  const x = leaf([1, 2]);
  const c = tensor([3, 4]);
  x.mul(c).sum().backward();
  assert.is(c.grad, null);
});

test("what a graph saved is freed with its result", () => {
  const before = runtime().bytesInUse;
  const x = leaf([1, 2, 3]);
  let y = scope(() => x.square().exp().tanh().mul(2).sum());
  y.dispose();
  x.dispose();
  assert.is(runtime().bytesInUse, before);
  const z = leaf([1, 2, 3]);
  y = scope(() => z.square().exp().tanh().mul(2).sum());
  y.backward();
  y.dispose();
  z.dispose();
  assert.is(runtime().bytesInUse, before);
});

test("gradcheck accepts right gradients and names wrong ones", () => {
  const f = (x: Tensor, y: Tensor) => concat([x.mul(y).tanh(), x.sub(y)], 0).square();
  assert.ok(gradcheck(f, [rand([3, 2]), rand([3, 2])]));
  const wrong = (x: Tensor) => x.square().add(x.detach().square());
  assert.throws(() => gradcheck(wrong, [rand([4])]), /input 0 of shape \[4\], element 0: gradient/);
});

test.run();
