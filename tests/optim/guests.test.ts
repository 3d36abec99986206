// Optimizers and schedules as a stranger writes them.

import { nn, ones, optim, scope, type Tensor, tensor } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { roundTrip } from "../state-tree";

interface Options extends optim.GroupOptions {
  momentum: number;
}

class Momentum extends optim.Optimizer<Options> {
  constructor(parameters: optim.Parameters<Options>, options: Partial<Options> = {}) {
    super(parameters, { lr: undefined, momentum: 0.5 }, options);
  }

  protected override update(
    parameter: Tensor,
    gradient: Tensor,
    { lr, momentum }: optim.ParameterGroup<Options>,
    state: optim.ParameterState,
  ): void {
    const velocity = optim.slot(state, "velocity", parameter);
    velocity.assign(velocity.mul(momentum).add(gradient));
    parameter.assign(parameter.sub(velocity.mul(lr)));
    state.total ??= ones([2, 2]).keep();
    optim.countStep(state);
  }
}

function train(optimizer: optim.Optimizer, p: Tensor, steps: number): void {
  for (let i = 0; i < steps; i++) {
    scope(() => {
      optimizer.zeroGrad();
      p.square().sum().backward();
      optimizer.step();
    });
  }
}

test("state of any shape is saved and restored; options are checked as those of the library", () => {
  const [p, q] = [nn.parameter(tensor([1, -2, 3])), nn.parameter(tensor([1, -2, 3]))];
  train(new Momentum([p], { lr: 0.1 }), p, 8);
  const first = new Momentum([q], { lr: 0.1 });
  train(first, q, 3);
  const saved = roundTrip(first.stateDict());
  assert.equal(saved.state[0].total, { shape: [2, 2], values: Float32Array.of(1, 1, 1, 1) });
  assert.is(saved.state[0].step, 3);
  const second = new Momentum([q], { lr: 7 });
  second.loadStateDict(saved);
  train(second, q, 5);
  assert.equal(q.toArray(), p.toArray());
  assert.throws(() => new Momentum([q]), /Momentum: lr must be a finite number of at least 0, got nothing/);
  assert.throws(() => new Momentum([q], { decay: 1 } as object), /Momentum: unknown option "decay"/);
});

/** Halves the rates of another schedule. */
class Halved extends optim.Schedule {
  constructor(private readonly inner: optim.Schedule) {
    super(inner.optimizer);
  }

  override step(metric?: number): void {
    this.inner.step(metric);
    super.step(metric);
  }

  protected override apply(): void {
    for (const group of this.optimizer.groups) group.lr /= 2;
  }

  protected override reset(): void {
    this.inner.restart(this.initialRates);
  }
}

test("a wrapper steps another schedule within its own turn", () => {
  const optimizer = new optim.SGD([nn.parameter(ones([1]))], { lr: 1 });
  const halved = new Halved(new optim.ExponentialLR(optimizer, { gamma: 0.5 }));
  for (const rate of [1 / 4, 1 / 8, 1 / 16]) {
    halved.step();
    assert.is(optimizer.lr, rate);
  }
  halved.restart([1]);
  assert.is(optimizer.lr, 1 / 2);
});

test.run();
