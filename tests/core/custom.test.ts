import { customOp, gradcheck, noGrad, rand, runtime, scope, type Tensor, tensor } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";

const squaredRelu = customOp(
  "squaredRelu",
  (x) => x.relu().square(),
  (gradient, [x]) => [gradient.mul(x.relu()).mul(2)],
);

test("value and gradient are those given; gradcheck accepts them and refuses wrong ones", () => {
  assert.equal(squaredRelu(tensor([-1, 2, 3])).toArray(), [0, 4, 9]);
  assert.ok(gradcheck((x) => squaredRelu(x.mul(3)), [rand([2, 5])]));
  const wrong = customOp(
    "wrong",
    (x) => x.square(),
    (gradient, [x]) => [gradient.mul(x)],
  );
  assert.throws(() => gradcheck(wrong, [rand([3])]), /input 0 of shape \[3\], element 0/);
});

test("several inputs, the output, and no gradient for what has none", () => {
  const scaledExp = customOp(
    "scaledExp",
    (x, scale, mask) => x.exp().mul(scale).mul(mask),
    (gradient, [, scale], output) => {
      const local = gradient.mul(output);
      return [local, local.sum().div(scale), null];
    },
  );
  const mask = tensor(Int32Array.of(1, 0, 1));
  assert.ok(gradcheck((x, scale) => scaledExp(x, scale, mask), [rand([3]), rand([1]).add(1)]));
});

test("the forward pass is not recorded, and leaves nothing behind but its output", () => {
  const x = tensor([1, 2], { requiresGrad: true });
  let inside = true;
  const op = customOp(
    "op",
    (a) => {
      const b = a.mul(2);
      inside = b.requiresGrad;
      return b.add(1).mul(1);
    },
    (gradient) => [gradient.mul(2)],
  );
  const before = runtime().tensorsInUse;
  const y = op(x);
  assert.not(inside);
  assert.ok(y.requiresGrad);
  // The output and the two tensors saved.
  assert.is(runtime().tensorsInUse, before + 3);
  assert.not(noGrad(() => op(x)).requiresGrad);
  y.sum().backward();
  assert.equal(x.grad!.toArray(), [2, 2]);
});

test("an operation may return its input, a view of it, or a tensor of its own", () => {
  const x = tensor([1, 2], { requiresGrad: true });
  const reverseGradient = customOp(
    "reverseGradient",
    (a) => a,
    (gradient) => [gradient.neg()],
  );
  reverseGradient(x.mul(3)).sum().backward();
  assert.equal(x.grad!.toArray(), [-3, -3]);
  reverseGradient(x).sum().backward();
  assert.equal(x.grad!.toArray(), [-4, -4]);
});

test("a rule may hand back the gradient, what was saved, or a constant: none of them is changed", () => {
  const constant = tensor([10, 20]);
  const op = customOp(
    "op",
    (a, b, c) => a.add(b).add(c),
    (gradient, [a]) => [gradient, a, constant],
  );
  const leaves = [1, 2, 3].map((v) => tensor([v, v], { requiresGrad: true }));
  const [a, b, c] = leaves;
  const y = op(a, b, c).sum();
  y.backward(undefined, { retainGraph: true });
  y.backward();
  assert.equal(a.grad!.toArray(), [2, 2]);
  assert.equal(b.grad!.toArray(), [2, 2]);
  assert.equal(c.grad!.toArray(), [20, 40]);
  assert.equal(constant.toArray(), [10, 20]);
  assert.equal(a.toArray(), [1, 1]);
});

test("the saved input is the only one left: its data are not taken over as the gradient", () => {
  const op = customOp(
    "op",
    (a, b) => a.add(b),
    (_, [a]) => [a, a],
  );
  const b = tensor([1], { requiresGrad: true });
  const y = scope(() => op(tensor([5]), b).sum());
  y.backward(undefined, { retainGraph: true });
  y.backward();
  assert.is(b.grad!.item(), 10);
});

test("results that do not fit are refused", () => {
  const make = (backward: () => (Tensor | null)[]) => customOp("odd", (x) => x.square(), backward);
  const run = (backward: () => (Tensor | null)[]) =>
    make(backward)(tensor([1, 2], { requiresGrad: true }))
      .sum()
      .backward();
  assert.throws(() => run(() => []), /odd: backward must return an array of 1 gradients/);
  assert.throws(
    () => run(() => [tensor([1])]),
    /odd: the gradient of input 0 must be float32 \[2\], got float32 \[1\]/,
  );
  assert.throws(() => run(() => [tensor(Int32Array.of(1, 2))]), /must be float32 \[2\], got int32 \[2\]/);
  assert.throws(
    () => run(() => [3 as unknown as Tensor]),
    /odd: gradient 0: expected a Tensor, got 3: wrap it in tensor\(\)/,
  );
  assert.throws(
    () => squaredRelu(2 as unknown as Tensor),
    /squaredRelu: expected a Tensor, got 2: wrap it in tensor\(\)/,
  );
  const counting = customOp(
    "counting",
    (x) => x.argmax(),
    () => [null],
  );
  assert.throws(() => counting(tensor([1])), /counting: forward must return a float32 tensor, got int32/);
});

test.run();
