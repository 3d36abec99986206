import * as fc from "fast-check";
import { optim, tensor } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { golden } from "../golden";

interface Series {
  d: (number | null)[];
}

const parameter = () => tensor([1, 2], { requiresGrad: true });
const sgd = (lr = 0.1) => new optim.SGD([parameter()], { lr });
const timing = { stepsPerEpoch: 4, observationsPerEpoch: 2 };
const near = (a: number, b: number) => Math.abs(a - b) <= 1e-12 * (1 + Math.abs(b));
const envelope = (step: number) => (1 + step / 4 / 2) ** -0.75;

/** A finished run of CG-ALR. */
function run(): optim.CGALR {
  const { d } = golden<{ series: Series[] }>("controller.json").series[1];
  let k = 0;
  const cg = new optim.CGALR(sgd(), { observe: () => ({ distance: d[k++] }) }, timing);
  while (cg.history.length < d.length) cg.step();
  return cg;
}

test("the envelope alone, and with a constant multiplier", () => {
  const plain = new optim.EnvelopeLR(sgd(), { stepsPerEpoch: 4 });
  const scaled = new optim.EnvelopeLR(sgd(), { stepsPerEpoch: 4, multiplier: 1.5 });
  assert.ok(near(scaled.optimizer.lr, 0.15));
  for (let step = 1; step <= 20; step++) {
    plain.step();
    scaled.step();
    assert.ok(near(plain.optimizer.lr, 0.1 * envelope(step)));
    assert.ok(near(scaled.optimizer.lr, 0.15 * envelope(step)));
    assert.ok(near(scaled.envelopeRate, 0.1 * envelope(step)));
  }
  const flat = new optim.EnvelopeLR(sgd(), { stepsPerEpoch: 4, envelope: "none" });
  flat.step();
  assert.is(flat.optimizer.lr, 0.1);
});

test("the mean multiplier is geometric", () => {
  const mean = optim.meanMultiplier([{ multiplier: 0.5 }, { multiplier: 2 }, { multiplier: 8 }]);
  assert.ok(near(mean, 2));
  assert.is(optim.meanMultiplier([]), 1);
});

test("yoked to its own multipliers, a run has the same rates", () => {
  const cg = run();
  const yoked = new optim.YokedLR(
    sgd(),
    cg.history.map(({ multiplier }) => multiplier),
    timing,
  );
  const steps = cg.history[cg.history.length - 1].step;
  for (let step = 1, k = 0; step <= steps; step++) {
    yoked.step();
    if (cg.history[k].step === step) assert.ok(near(yoked.optimizer.lr, cg.history[k++].lr), `step ${step}`);
  }
  assert.throws(() => {
    yoked.step();
    yoked.step();
  }, /YokedLR: step \d+ is observation \d+, but the series has/);
});

test("a random gate has the same states in another order, fixed by its seed", () => {
  const { history } = run();
  const states = history.map(({ state }) => state);
  const count = (list: readonly string[], state: string) => list.filter((s) => s === state).length;
  fc.assert(
    fc.property(fc.nat({ max: 1e6 }), (seed) => {
      const gate = new optim.RandomGateLR(sgd(), history, { ...timing, seed });
      for (const state of ["SLOW", "FAST", "HOLD"]) {
        assert.is(count(gate.states, state), count(states, state));
      }
      const silent = history.filter(({ z }) => z === null).length;
      assert.equal(gate.states.slice(0, silent), states.slice(0, silent));
      assert.equal(gate.states, new optim.RandomGateLR(sgd(), history, { ...timing, seed }).states);
    }),
    { numRuns: 20 },
  );
  const [one, two] = [1, 2].map((seed) => new optim.RandomGateLR(sgd(), history, { ...timing, seed }).states);
  assert.not.equal(one, two);
});

test("a random gate follows the recursion of the multiplier", () => {
  const { history } = run();
  const gate = new optim.RandomGateLR(sgd(), history, { ...timing, memory: 0.8, slowFactor: 0.5, seed: 3 });
  let log = 0;
  for (const [k, state] of gate.states.entries()) {
    gate.step();
    gate.step();
    log = 0.8 * log + Math.log({ SLOW: 0.5, FAST: 1.05, HOLD: 1 }[state]);
    log = Math.min(Math.max(log, Math.log(0.1)), Math.log(4));
    assert.ok(near(gate.multiplier, Math.exp(log)), `observation ${k}`);
    assert.ok(near(gate.optimizer.lr, 0.1 * Math.exp(log) * envelope(2 * k + 2)));
  }
});

test("controls saved in the middle go on the same", () => {
  const { history } = run();
  const make = () => new optim.RandomGateLR(sgd(), history, timing);
  const [whole, first, second] = [make(), make(), make()];
  for (let i = 0; i < 30; i++) whole.step();
  for (let i = 0; i < 17; i++) first.step();
  second.loadStateDict(JSON.parse(JSON.stringify(first.stateDict())));
  assert.is(second.optimizer.lr, first.optimizer.lr);
  for (let i = 17; i < 30; i++) second.step();
  assert.is(second.optimizer.lr, whole.optimizer.lr);
});

test("the weights' own distance can gate CG-ALR", () => {
  const weights = [tensor([3, 4]), tensor([[0]])];
  const observer = new optim.WeightDistance(weights);
  assert.is(observer.observe().distance, null);
  weights[0].assign(tensor([0, 0]));
  weights[1].assign(12);
  assert.is(observer.observe().distance, 13);
  const restored = new optim.WeightDistance(weights);
  restored.loadStateDict(observer.stateDict());
  weights[1].assign(11);
  assert.is(restored.observe().distance, 1);
  assert.throws(() => new optim.WeightDistance([]), /no parameters/);

  const p = parameter();
  const optimizer = new optim.SGD([p], { lr: 0.1 });
  const make = () => new optim.CGALR(optimizer, new optim.WeightDistance([p]), { stepsPerEpoch: 5 });
  const cg = make();
  for (let i = 0; i < 20; i++) {
    optimizer.zeroGrad();
    p.square().sum().backward();
    optimizer.step();
    cg.step();
  }
  assert.is(cg.history.length, 20);
  assert.ok(cg.history.slice(1).every(({ distance }) => (distance as number) > 0));
  const other = make();
  other.loadStateDict(cg.stateDict());
  other.step();
  assert.is(other.history[20].distance, 0);
});

test("controls refuse what CG-ALR refuses, and by their own name", () => {
  const history = [{ state: "FAST" as const, z: 0 }];
  const bad: [() => unknown, RegExp][] = [
    [
      () => new optim.EnvelopeLR(sgd(), { stepsPerEpoch: 0 }),
      /EnvelopeLR: stepsPerEpoch must be a finite number above 0/,
    ],
    [() => new optim.EnvelopeLR(sgd(), { stepsPerEpoch: 1, power: 0.5 }), /EnvelopeLR: power/],
    [
      () => new optim.EnvelopeLR(sgd(), { stepsPerEpoch: 1, multiplier: 0 }),
      /multiplier must be a finite number above 0, got 0/,
    ],
    [
      () => new optim.YokedLR(sgd(), [1, Number.NaN], timing),
      /YokedLR: a multiplier must be a finite number above 0, got NaN/,
    ],
    [() => new optim.YokedLR(sgd(), [1], { ...timing, everySteps: 2 }), /YokedLR: .* not both/],
    [() => new optim.RandomGateLR(sgd(), history, { ...timing, memory: 2 }), /RandomGateLR: memory/],
    [() => new optim.EnvelopeLR(new optim.DoG([parameter()]), { stepsPerEpoch: 1 }), /takes no schedule/],
  ];
  for (const [make, message] of bad) assert.throws(make, message);
});

const records = (pairs: readonly (readonly [number | null, number | null])[]) =>
  pairs.map(([distance, z]) => ({ distance, z }));

test("early stopping waits for calm observations far below the first ones", () => {
  const stopping = new optim.ConnectomeEarlyStopping({ patience: 3, share: 0.5, first: 2 });
  const opening = [
    [null, null],
    [10, null],
    [12, null],
  ] as const;
  const calm = [5, 0] as const;
  assert.is(stopping.shouldStop([]), false);
  assert.is(stopping.shouldStop(records([...opening, calm, calm])), false, "too few");
  assert.is(stopping.shouldStop(records([...opening, calm, calm, calm])), true);
  assert.is(stopping.shouldStop(records([...opening, calm, calm, [5, 1]])), false, "the last was not calm");
  assert.is(stopping.shouldStop(records([...opening, [6, 0], [6, 0], [6, 0]])), false, "not far enough");
  assert.is(stopping.shouldStop(records([...opening, [5, null], calm, calm])), false, "no signal yet");
});

test("once it says stop, calmer and closer observations do not change its mind", () => {
  const distance = fc.double({ min: 0, max: 100, noNaN: true });
  fc.assert(
    fc.property(
      fc.array(fc.record({ distance, z: fc.double({ min: -3, max: 3, noNaN: true }) }), { minLength: 12 }),
      (history) => {
        const stopping = new optim.ConnectomeEarlyStopping({ patience: 2, first: 3 });
        if (!stopping.shouldStop(history)) return;
        const last = history.slice(-2).map((record) => record.distance);
        const next = { distance: Math.min(...last), z: 0 };
        assert.ok(stopping.shouldStop([...history, next]));
      },
    ),
  );
});

test("early stopping refuses impossible options", () => {
  const make = (options: optim.EarlyStoppingOptions) => () => new optim.ConnectomeEarlyStopping(options);
  assert.throws(make({ patience: 0 }), /ConnectomeEarlyStopping: patience must be a positive integer, got 0/);
  assert.throws(make({ share: 0 }), /share must lie in \(0, 1\], got 0/);
  assert.throws(make({ first: 1.5 }), /first/);
  assert.throws(make({ calm: Number.NaN }), /calm/);
});

test.run();
