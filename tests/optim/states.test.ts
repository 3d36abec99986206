// Saved states: every optimizer and schedule goes through text and binary and goes on the same; what does not fit changes nothing.

import { nn, ones, optim, randn, scope, type Tensor, tda, tensor } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { roundTrip } from "../state-tree";

const start = () => [nn.parameter(tensor([3, -2, 1, 0.5])), nn.parameter(tensor([[1], [2]]))];
const seen = (p: readonly Tensor[]) => p.flatMap((t) => [...t.toFloat32Array()]);

function train(p: readonly Tensor[], optimizer: optim.Optimizer, steps: number, then = () => {}): void {
  for (let i = 0; i < steps; i++) {
    scope(() => {
      optimizer.zeroGrad();
      p[0].square().sum().add(p[1].square().mean()).backward();
      optimizer.step();
      then();
    });
  }
}

const observer = () => {
  let k = 0;
  return { observe: () => ({ distance: k++ === 0 ? null : 1 + (k % 3) }) };
};

for (const { name, make } of optim.OPTIMIZERS) {
  test(`${name}: written and read back, it goes on the same, at the evaluation point too`, () => {
    const [p, q] = [start(), start()];
    const whole = make(p);
    train(p, whole, 6);
    const first = make(q);
    train(q, first, 3);
    first.eval();
    const second = make(q);
    second.loadStateDict(roundTrip(first.stateDict()));
    assert.equal(second.stateDict(), first.stateDict());
    second.train();
    train(q, second, 3);
    // Going to the evaluation point and back rounds.
    for (const [i, value] of seen(q).entries()) assert.ok(Math.abs(value - seen(p)[i]) < 1e-5, name);
  });

  test(`${name}: a state that does not fit is refused and changes nothing`, () => {
    const p = start();
    const optimizer = make(p);
    train(p, optimizer, 2);
    const before = optimizer.stateDict();
    type State = optim.OptimizerState;
    const wrong: [(state: State) => unknown, RegExp][] = [
      [(s) => ({ ...s, groups: [{ ...s.groups[0], lr: Number.NaN }] }), /lr must be .* got NaN/],
      [(s) => ({ ...s, groups: [{ ...s.groups[0], speed: 1 }] }), /group 0: unknown "speed"/],
      [(s) => ({ ...s, groups: [{ lr: 1 }] }), /group 0: no "/],
      [({ shared: _, ...s }) => s, /no "shared" in the saved state/],
      [(s) => ({ ...s, more: 1 }), /unknown "more"/],
      [(s) => ({ ...s, shared: { ...s.shared, drift: 1 } }), /unknown "drift"/],
      [(s) => ({ ...s, state: [s.state[0], { drift: 1 }] }), /parameter 1: drift/],
      [(s) => ({ ...s, state: [s.state[0], { drift: Float32Array.of(1, 2) }] }), /parameter 1: drift/],
      [(s) => ({ ...s, state: null }), /state must be an array, got null/],
      [() => null, /expected a saved state, got null/],
    ];
    for (const [change, message] of wrong) {
      assert.throws(() => optimizer.loadStateDict(change(optimizer.stateDict()) as State), message);
      assert.equal(optimizer.stateDict(), before);
    }
  });
}

test("tensors of another size and numbers that are none are refused", () => {
  const p = start();
  const adam = new optim.Adam(p);
  train(p, adam, 2);
  const before = adam.stateDict();
  const short = adam.stateDict();
  short.state[1] = { ...short.state[1], mean: new Float32Array(3) };
  assert.throws(
    () => adam.loadStateDict(short),
    /Adam\.loadStateDict: parameter 1: mean has 3 elements, expected \[2,1\]/,
  );
  const nan = adam.stateDict();
  nan.state[0].step = Number.NaN;
  assert.throws(() => adam.loadStateDict(nan), /step must be a finite number, got NaN/);
  assert.equal(adam.stateDict(), before);
});

test("DoG's average is lent and taken back after a round trip", () => {
  const p = start();
  const dog = new optim.DoG(p, { repsRel: 1e-2 });
  train(p, dog, 5);
  const last = seen(p);
  dog.swapAverage();
  const restored = new optim.DoG(p);
  restored.loadStateDict(roundTrip(dog.stateDict()));
  assert.throws(() => train(p, restored, 1), /swapAverage/);
  restored.swapAverage();
  assert.equal(seen(p), last);
});

const steps = { stepsPerEpoch: 4, everySteps: 1 };
const series = Array.from({ length: 20 }, (_, i) => 1 + i / 10);
const schedules: [string, (o: optim.Optimizer) => optim.Schedule][] = [
  ...optim.SCHEDULES.filter(({ name }) => name !== "constant").map(
    ({ name, make }): [string, (o: optim.Optimizer) => optim.Schedule] => [
      name,
      (optimizer) => make({ optimizer, epochs: 20, stepsPerEpoch: 1, observer })!,
    ],
  ),
  ["EnvelopeLR", (o) => new optim.EnvelopeLR(o, { stepsPerEpoch: 4, multiplier: 2 })],
  ["YokedLR", (o) => new optim.YokedLR(o, series, steps)],
  [
    "RandomGateLR",
    (o) =>
      new optim.RandomGateLR(
        o,
        series.map((z) => ({ z, state: z > 2 ? "SLOW" : "FAST" })),
        steps,
      ),
  ],
  ["CGALR on weights", (o) => new optim.CGALR(o, new optim.WeightDistance(o.groups[0].params), steps)],
  [
    "nested SequentialLR",
    (o) => {
      const inner = [new optim.LinearLR(o), new optim.ExponentialLR(o, { gamma: 0.5 })];
      const warm = new optim.SequentialLR(o, { schedules: inner, milestones: [2] });
      const plateau = new optim.ReduceLROnPlateau(o, { patience: 0, factor: 0.5 });
      return new optim.SequentialLR(o, { schedules: [warm, plateau], milestones: [5] });
    },
  ],
];

for (const [name, make] of schedules) {
  test(`${name}: written and read back, it goes on the same`, () => {
    const metrics = [3, 2, 2, 2, 2, 1, 1, 1, 1, 0.5, 1, 1, 1];
    for (const cut of [0, 1, 4, 6, 9]) {
      const rates: number[][] = [];
      for (const restored of [false, true]) {
        const p = start();
        const optimizer = new optim.SGD(p, { lr: 0.1 });
        let schedule = make(optimizer);
        rates.push(
          metrics.map((metric, i) => {
            if (restored && i === cut) {
              const state = roundTrip(schedule.stateDict());
              // The observer of a script cannot be restored, and so goes on.
              const { tracker } = schedule as { tracker?: object };
              optimizer.lr = 0.1;
              schedule = make(optimizer);
              if (tracker !== undefined && !("stateDict" in tracker)) Object.assign(schedule, { tracker });
              schedule.loadStateDict(state);
            }
            train(p, optimizer, 1);
            schedule.step(metric);
            return optimizer.lr;
          }),
        );
      }
      assert.equal(rates[1], rates[0], `cut at ${cut}`);
    }
  });

  test(`${name}: a state that does not fit is refused and changes nothing`, () => {
    const p = start();
    const optimizer = new optim.SGD(p, { lr: 0.1 });
    const schedule = make(optimizer);
    for (let i = 0; i < 6; i++) {
      train(p, optimizer, 1);
      schedule.step(1);
    }
    const [before, rate] = [schedule.stateDict(), optimizer.lr];
    const wrong: [object, RegExp][] = [
      [{ count: -1 }, /count must be/],
      [{ initialRates: [Number.NaN] }, /initialRates\[0\] must be .* got NaN/],
      [{ speed: 1 }, /unknown "speed"/],
      [{ count: undefined }, /no "count" in the saved state/],
    ];
    for (const [change, message] of wrong) {
      assert.throws(() => schedule.loadStateDict({ ...schedule.stateDict(), ...change }), message);
      assert.equal(schedule.stateDict(), before);
      assert.is(optimizer.lr, rate);
    }
  });
}

test("SequentialLR: one bad schedule among the saved ones, and none is loaded", () => {
  const make = () => {
    const o = new optim.SGD(start(), { lr: 0.1 });
    const all = [new optim.LinearLR(o), new optim.ReduceLROnPlateau(o)];
    return new optim.SequentialLR(o, { schedules: all, milestones: [3] });
  };
  const [from, to] = [make(), make()];
  for (let i = 0; i < 5; i++) from.step(1);
  to.step(1);
  to.optimizer.lr = 0.05;
  const before = to.stateDict();
  const state = from.stateDict();
  state.schedules[1] = { ...state.schedules[1], best: "low" } as never;
  assert.throws(
    () => to.loadStateDict(state),
    /ReduceLROnPlateau\.loadStateDict: best must be a finite number, got "low"/,
  );
  assert.equal(to.stateDict(), before);
  assert.is(to.optimizer.lr, 0.05);
});

test("CG-ALR with its tracker goes through text and binary", () => {
  const model = new nn.Sequential(new nn.Linear(3, 6), new nn.ReLU(), new nn.Linear(6, 2));
  const probe = randn([12, 3]);
  const make = () => {
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 });
    return new optim.CGALR(optimizer, new tda.ConnectomeTracker(model, { probe }), steps);
  };
  const first = make();
  first.step();
  first.step();
  const second = make();
  second.loadStateDict(roundTrip(first.stateDict()));
  assert.equal(second.stateDict(), first.stateDict());
  second.step();
  assert.is(second.history[2].distance, 0);
  const blind = new optim.CGALR(second.optimizer, observer(), steps);
  assert.throws(
    () => blind.loadStateDict(first.stateDict()),
    /CGALR\.loadStateDict: .* this tracker takes none/,
  );
});

test("states are copies, and loading shares nothing with what was loaded", () => {
  const p = start();
  const adam = new optim.Adam(p);
  train(p, adam, 1);
  const state = adam.stateDict();
  const copy = structuredClone(state);
  train(p, adam, 2);
  assert.equal(state, copy);
  adam.loadStateDict(state);
  train(p, adam, 2);
  (adam.groups[0].betas as [number, number])[0] = 0.5;
  assert.equal(state, copy);
});

test("a weight distance of other parameters is refused", () => {
  const distance = new optim.WeightDistance(start());
  distance.observe();
  assert.throws(
    () => distance.loadStateDict({ last: [new Float32Array(4)] }),
    /expected 2 parameters, got 1/,
  );
  assert.throws(
    () => distance.loadStateDict({ last: [new Float32Array(4), new Float32Array(1)] }),
    /last\[1\] has 1 elements, expected \[2,1\]/,
  );
  assert.is(distance.observe().distance, 0);
  assert.throws(() => new optim.WeightDistance([ones([2]).toArray() as never]), /expected a Tensor/);
});

test.run();
