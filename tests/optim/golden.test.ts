// Optimizers and schedules against PyTorch: the cases of optim.json that are built.

import { optim, scope, type Tensor, tensor } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { evaluateJs, golden } from "../golden";
import { worst } from "../reference";

interface Fixture {
  X: number[];
  Y: number[];
  W0: number[];
  b0: number[];
  optimizers: { name: string; js: string; trajectory: number[][]; "evaluation point"?: number[] }[];
  schedules: { name: string; js: string; lr0: number; lrs: number[] }[];
}

const fixture = golden<Fixture>("optim.json");
const built = ({ js }: { js: string }) => {
  const name = /optim\.(\w+)/.exec(js)?.[1] as string;
  return name in optim;
};

for (const { name, js, trajectory, "evaluation point": evaluation } of fixture.optimizers.filter(built)) {
  test(name, () => {
    const X = tensor(fixture.X, { shape: [16, 4] });
    const Y = tensor(fixture.Y, { shape: [16, 3] });
    const W = tensor(fixture.W0, { shape: [4, 3], requiresGrad: true });
    const b = tensor(fixture.b0, { requiresGrad: true });
    const p = [W, b];
    const optimizer = evaluateJs<optim.Optimizer>(js, { optim, p });
    const seen = () => p.flatMap((parameter: Tensor) => [...parameter.toFloat32Array()]);
    for (const [k, expected] of trajectory.entries()) {
      scope(() => {
        optimizer.zeroGrad();
        X.matmul(W).add(b).sub(Y).square().mean().backward();
        optimizer.step();
      });
      const error = worst(seen(), expected);
      assert.ok(error <= 2e-4, `step ${k + 1} off by ${error}`);
    }
    if (evaluation !== undefined) {
      optimizer.eval();
      assert.ok(worst(seen(), evaluation) <= 2e-4, "evaluation point");
      optimizer.train();
      assert.ok(worst(seen(), trajectory[trajectory.length - 1]) <= 2e-4, "back at the training point");
    }
  });
}

for (const { name, js, lr0, lrs } of fixture.schedules.filter(built)) {
  test(name, () => {
    const o = new optim.SGD([tensor([1], { requiresGrad: true })], { lr: lr0 });
    const schedule = evaluateJs<optim.Schedule>(js, { optim, o });
    const rates = [o.lr];
    for (let i = 1; i < lrs.length; i++) {
      schedule.step();
      rates.push(o.lr);
    }
    const error = worst(rates, lrs);
    assert.ok(error < 1e-9, `off by ${error}`);
  });
}

test.run();
