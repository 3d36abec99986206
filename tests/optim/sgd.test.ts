import { optim, tensor } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";

const parameter = () => tensor([1, 2, 3, 4, 5], { requiresGrad: true });

test("wrong options name the option and the value", () => {
  const p = [parameter()];
  assert.throws(() => new optim.SGD([], { lr: 0.1 }), /no parameters/);
  assert.throws(() => new optim.SGD(p, { lr: -1 }), /SGD: lr must be a finite number of at least 0, got -1/);
  assert.throws(() => new optim.SGD(p, {} as optim.SGDOptions), /lr .* got nothing/);
  assert.throws(() => new optim.SGD(p, { lr: 0.1, momentum: -0.5 }), /momentum/);
  assert.throws(() => new optim.SGD(p, { lr: 0.1, nesterov: true }), /nesterov needs a momentum/);
  assert.throws(() => new optim.SGD([p[0], p[0]], { lr: 0.1 }), /twice/);
  assert.throws(
    () => new optim.CosineAnnealingLR(new optim.SGD(p, { lr: 1 }), { tMax: 0 }),
    /tMax must be a finite number above 0, got 0/,
  );
});

test("parameters without a gradient stay as they are", () => {
  const [a, b] = [parameter(), parameter()];
  const optimizer = new optim.SGD([a, b], { lr: 0.1 });
  a.sum().backward();
  optimizer.step();
  assert.equal([...a.toFloat32Array()], [0.9, 1.9, 2.9, 3.9, 4.9].map(Math.fround));
  assert.equal(b.toArray(), [1, 2, 3, 4, 5]);
  optimizer.zeroGrad();
  assert.is(a.grad, null);
});

test("saved and restored, an optimizer goes on the same", () => {
  const run = (p: ReturnType<typeof parameter>, o: optim.SGD, steps: number) => {
    for (let i = 0; i < steps; i++) {
      o.zeroGrad();
      p.square().sum().backward();
      o.step();
    }
  };
  const [p, q] = [parameter(), parameter()];
  const whole = new optim.SGD([p], { lr: 0.01, momentum: 0.9 });
  run(p, whole, 10);
  const first = new optim.SGD([q], { lr: 0.01, momentum: 0.9 });
  run(q, first, 4);
  const second = new optim.SGD([q], { lr: 99 });
  second.loadStateDict(first.stateDict());
  run(q, second, 6);
  assert.equal(q.toArray(), p.toArray());
  assert.throws(
    () => second.loadStateDict({ groups: [], state: [], shared: {} }),
    /expected 1 groups and 1 parameters/,
  );
});

test.run();
