import * as fc from "fast-check";
import { optim, tensor } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";

const parameter = () => tensor([1], { requiresGrad: true });
const sgd = (lr = 0.1) => new optim.SGD([parameter()], { lr });

/** The rate before the first step() and after each of `steps`. */
function rates(schedule: optim.Schedule, steps: number, metrics: readonly number[] = []): number[] {
  const seen = [schedule.optimizer.lr];
  for (let i = 0; i < steps; i++) {
    schedule.step(metrics[i]);
    seen.push(schedule.optimizer.lr);
  }
  return seen;
}

function near(actual: readonly number[], expected: readonly number[], tolerance = 1e-12): void {
  assert.is(actual.length, expected.length);
  for (const [i, value] of actual.entries()) {
    assert.ok(Math.abs(value - expected[i]) <= tolerance, `${i}: ${value}, expected ${expected[i]}`);
  }
}

test("CosineAnnealingLR goes on past tMax as PyTorch's recursion does", () => {
  const [tMax, etaMin, lr0] = [6, 0.01, 0.1];
  const expected = [lr0];
  for (let t = 1; t <= 40; t++) {
    const lr = expected[t - 1];
    const turn = (t - 1 - tMax) % (2 * tMax) === 0;
    expected.push(
      turn
        ? lr + ((lr0 - etaMin) * (1 - Math.cos(Math.PI / tMax))) / 2
        : ((1 + Math.cos((Math.PI * t) / tMax)) / (1 + Math.cos((Math.PI * (t - 1)) / tMax))) *
            (lr - etaMin) +
            etaMin,
    );
  }
  near(rates(new optim.CosineAnnealingLR(sgd(), { tMax, etaMin }), 40), expected);
});

test("CosineAnnealingWarmRestarts starts anew after t0, t0 tMult, ... intervals", () => {
  const half = (share: number) => 0.01 + 0.045 * (1 + Math.cos(Math.PI * share));
  const schedule = new optim.CosineAnnealingWarmRestarts(sgd(), { t0: 2, tMult: 2, etaMin: 0.01 });
  near(
    rates(schedule, 8),
    [0, 1 / 2, 0, 1 / 4, 2 / 4, 3 / 4, 0, 1 / 8, 2 / 8].map((share) => half(share)),
  );
  const even = new optim.CosineAnnealingWarmRestarts(sgd(), { t0: 3, etaMin: 0.01 });
  near(
    rates(even, 7),
    [0, 1 / 3, 2 / 3, 0, 1 / 3, 2 / 3, 0, 1 / 3].map((share) => half(share)),
  );
});

test("LinearLR begins at its start factor and stays at its end factor", () => {
  near(
    rates(new optim.LinearLR(sgd(), { startFactor: 0.5, totalIters: 4 }), 6),
    [0.05, 0.0625, 0.075, 0.0875, 0.1, 0.1, 0.1],
  );
  near(
    rates(new optim.LinearLR(sgd(), { startFactor: 1, endFactor: 0, totalIters: 2 }), 3),
    [0.1, 0.05, 0, 0],
  );
  near(
    rates(new optim.LinearLR(sgd()), 5),
    [1 / 3, 7 / 15, 9 / 15, 11 / 15, 13 / 15, 1].map((factor) => 0.1 * factor),
  );
});

test("InverseTimeLR is lr0 / (1 + decay t)", () => {
  near(rates(new optim.InverseTimeLR(sgd(), { decay: 0.5 }), 4), [0.1, 0.1 / 1.5, 0.05, 0.04, 0.1 / 3]);
});

test("PolynomialLR with a fractional power", () => {
  near(
    rates(new optim.PolynomialLR(sgd(), { totalIters: 4, power: 0.5 }), 5),
    [1, 3 / 4, 1 / 2, 1 / 4, 0, 0].map((share) => 0.1 * Math.sqrt(share)),
  );
});

test("SequentialLR warms up before another schedule", () => {
  const o = sgd();
  const warmup = new optim.LinearLR(o, { startFactor: 0.25, totalIters: 3 });
  const cosine = new optim.CosineAnnealingLR(o, { tMax: 4 });
  const schedule = new optim.SequentialLR(o, { schedules: [warmup, cosine], milestones: [3] });
  const half = (share: number) => 0.05 * (1 + Math.cos(Math.PI * share));
  near(rates(schedule, 7), [0.025, 0.05, 0.075, 0.1, half(1 / 4), half(2 / 4), half(3 / 4), 0]);
});

test("SequentialLR passes the metric on to the schedule that is its turn", () => {
  const o = sgd();
  const warmup = new optim.LinearLR(o, { startFactor: 0.5, totalIters: 2 });
  const plateau = new optim.ReduceLROnPlateau(o, { patience: 0, factor: 0.5 });
  const schedule = new optim.SequentialLR(o, { schedules: [warmup, plateau], milestones: [2] });
  near(rates(schedule, 5, [1, 1, 1, 1, 0.5]), [0.05, 0.075, 0.1, 0.1, 0.05, 0.05]);
});

test("SequentialLR refuses what does not fit together", () => {
  const o = sgd();
  const a = new optim.StepLR(o, { stepSize: 2 });
  const b = new optim.ExponentialLR(o, { gamma: 0.5 });
  const cycle = new optim.OneCycleLR(o, { maxLr: 1, totalSteps: 5 });
  const make = (schedules: optim.Schedule[], milestones: number[]) => () =>
    new optim.SequentialLR(o, { schedules, milestones });
  assert.throws(make([], []), /n schedules need n - 1 milestones, got 0 and 0/);
  assert.throws(make([a, b], [1, 2]), /got 2 and 2/);
  assert.throws(make([a, b], [0]), /milestones\[0\] must be a positive integer, got 0/);
  assert.throws(make([a, b, a], [3, 3]), /milestones\[1\] must be an integer of at least 4/);
  assert.throws(make([a, cycle], [1]), /some schedules count epochs, others steps/);
  assert.throws(make([a, new optim.StepLR(sgd(), { stepSize: 1 })], [1]), /another optimizer/);
});

test("OneCycleLR, cosine: the rate rises to maxLr and falls far below its start", () => {
  const o = new optim.SGD([parameter()], { lr: 99, momentum: 0.5 });
  const schedule = new optim.OneCycleLR(o, { maxLr: 1, totalSteps: 10 });
  const momenta: number[] = [o.groups[0].momentum];
  const seen = [o.lr];
  for (let i = 0; i < 9; i++) {
    schedule.step();
    seen.push(o.lr);
    momenta.push(o.groups[0].momentum);
  }
  // Phases end at steps 0.3 * 10 - 1 = 2 and 9.
  const anneal = (from: number, to: number, share: number) =>
    to + ((from - to) / 2) * (1 + Math.cos(Math.PI * share));
  const share = (t: number) => (t <= 2 ? t / 2 : (t - 2) / 7);
  near(
    seen,
    seen.map((_, t) => (t <= 2 ? anneal(0.04, 1, share(t)) : anneal(1, 4e-6, share(t)))),
  );
  near(
    momenta,
    seen.map((_, t) => (t <= 2 ? anneal(0.95, 0.85, share(t)) : anneal(0.85, 0.95, share(t)))),
  );
  schedule.step();
  assert.throws(() => schedule.step(), /the cycle has 10 steps, this is one more/);
  assert.is(schedule.interval, "step");
});

test("OneCycleLR, linear in three phases, one rate for each group", () => {
  const o = new optim.SGD([{ params: [parameter()] }, { params: [parameter()] }], { lr: 1 });
  const schedule = new optim.OneCycleLR(o, {
    maxLr: [1, 0.5],
    epochs: 2,
    stepsPerEpoch: 5,
    annealStrategy: "linear",
    threePhase: true,
    divFactor: 10,
    finalDivFactor: 100,
  });
  // Phases end at steps 2, 4 and 9.
  const expected = [0.1, 0.55, 1, 0.55, 0.1, 0.0802, 0.0604, 0.0406, 0.0208, 0.001];
  for (const [t, rate] of expected.entries()) {
    near([o.groups[0].lr, o.groups[1].lr], [rate, rate / 2]);
    if (t < 9) schedule.step();
  }
  assert.is(o.groups[0].momentum, 0, "no momentum, none cycled");
});

test("OneCycleLR cycles beta1 of Adam", () => {
  const o = new optim.Adam([parameter()]);
  const schedule = new optim.OneCycleLR(o, { maxLr: 1, totalSteps: 10 });
  near(o.groups[0].betas, [0.95, 0.999]);
  schedule.step();
  schedule.step();
  near(o.groups[0].betas, [0.85, 0.999]);
});

test("ReduceLROnPlateau waits, reduces, cools down", () => {
  const schedule = new optim.ReduceLROnPlateau(sgd(1), { patience: 1, factor: 0.5, cooldown: 2, minLr: 0.2 });
  //                 best bad bad->reduce cool cool bad bad->reduce
  const metrics = [1.0, 1.0, 1.0, 0.99995, 1.0, 1.0, 1.0, 1, 1, 1, 1];
  near(rates(schedule, 11, metrics), [1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 0.2]);
});

test("ReduceLROnPlateau: what counts as better", () => {
  const reduces = (options: optim.PlateauOptions, first: number, second: number) =>
    rates(new optim.ReduceLROnPlateau(sgd(1), { patience: 0, ...options }), 2, [first, second])[2] < 1;
  const relative = { threshold: 0.1 };
  assert.is(reduces(relative, 10, 9.1), true);
  assert.is(reduces(relative, 10, 8.9), false);
  const absolute = { threshold: 0.1, thresholdMode: "abs" } as const;
  assert.is(reduces(absolute, 10, 9.95), true);
  assert.is(reduces(absolute, 10, 9.85), false);
  assert.is(reduces({ mode: "max", ...relative }, 10, 10.9), true);
  assert.is(reduces({ mode: "max", ...relative }, 10, 11.1), false);
  assert.is(reduces({ mode: "max", ...absolute }, 10, 10.05), true);
  assert.is(reduces({ mode: "max", ...absolute }, 10, 10.15), false);
});

test("ReduceLROnPlateau needs a metric that is a number", () => {
  const schedule = new optim.ReduceLROnPlateau(sgd());
  assert.throws(() => schedule.step(), /expected the metric to watch, got nothing/);
  assert.throws(() => schedule.step(Number.NaN), /the metric is NaN/);
});

const makers: Record<string, (o: optim.Optimizer) => optim.Schedule> = {
  StepLR: (o) => new optim.StepLR(o, { stepSize: 2 }),
  MultiStepLR: (o) => new optim.MultiStepLR(o, { milestones: [2, 2, 5] }),
  ExponentialLR: (o) => new optim.ExponentialLR(o, { gamma: 0.9 }),
  PolynomialLR: (o) => new optim.PolynomialLR(o, { totalIters: 20 }),
  InverseTimeLR: (o) => new optim.InverseTimeLR(o, { decay: 0.3 }),
  CosineAnnealingLR: (o) => new optim.CosineAnnealingLR(o, { tMax: 9 }),
  CosineAnnealingWarmRestarts: (o) => new optim.CosineAnnealingWarmRestarts(o, { t0: 3, tMult: 2 }),
  LinearLR: (o) => new optim.LinearLR(o),
  ReduceLROnPlateau: (o) => new optim.ReduceLROnPlateau(o, { patience: 1, cooldown: 1, factor: 0.3 }),
  SequentialLR: (o) => {
    const schedules = [new optim.LinearLR(o), new optim.ReduceLROnPlateau(o, { patience: 0, factor: 0.5 })];
    return new optim.SequentialLR(o, { schedules, milestones: [4] });
  },
  OneCycleLR: (o) => new optim.OneCycleLR(o, { maxLr: 2, totalSteps: 20 }),
};

for (const [name, make] of Object.entries(makers)) {
  test(`${name}: saved anywhere and restored, it goes on the same`, () => {
    const metrics = [3, 2, 2, 2, 2, 1, 1, 1, 1, 0.5, 1, 1, 1];
    for (let cut = 0; cut <= 12; cut++) {
      const whole = rates(make(sgd()), 12, metrics);
      const first = make(sgd());
      rates(first, cut, metrics);
      const second = make(sgd(7));
      second.loadStateDict(JSON.parse(JSON.stringify(first.stateDict())));
      assert.equal(rates(second, 12 - cut, metrics.slice(cut)), whole.slice(cut), `cut at ${cut}`);
    }
  });

  test(`${name} refuses the state of another number of groups`, () => {
    const two = new optim.SGD([{ params: [parameter()] }, { params: [parameter()] }], { lr: 1 });
    assert.throws(
      () => make(sgd()).loadStateDict(make(two).stateDict()),
      /expected 1 parameter groups, got 2/,
    );
  });
}

test("schedules scale every group's initial rate", () => {
  const scaling = Object.entries(makers).filter(([name]) => name !== "OneCycleLR");
  for (const [name, make] of scaling) {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 100, noNaN: true }), (ratio) => {
        const groups = [{ params: [parameter()] }, { params: [parameter()], lr: 0.5 * ratio }];
        const o = new optim.SGD(groups, { lr: 0.5 });
        const schedule = make(o);
        for (let i = 0; i < 9; i++) {
          schedule.step(1);
          assert.ok(Math.abs(o.groups[1].lr - ratio * o.groups[0].lr) <= 1e-6 * (1 + ratio), name);
        }
      }),
      { numRuns: 10 },
    );
  }
});

test("a schedule of one's own defines apply() and reset()", () => {
  class Stairs extends optim.Schedule {
    private climbed = 0;

    override step(): void {
      this.climbed += 2;
      super.step();
    }

    protected override apply(): void {
      for (const [i, group] of this.optimizer.groups.entries()) {
        group.lr = this.initialRates[i] / (1 + this.count + this.climbed);
      }
    }

    protected override reset(): void {
      this.climbed = 0;
    }
  }
  const stairs = new Stairs(sgd(1));
  near(rates(stairs, 2), [1, 1 / 4, 1 / 7]);
  stairs.restart([2]);
  near(rates(stairs, 1), [2, 2 / 4]);
  const o = sgd(1);
  const schedules = [new Stairs(o), new Stairs(o)];
  near(rates(new optim.SequentialLR(o, { schedules, milestones: [2] }), 3), [1, 1 / 4, 1, 1 / 4]);
});

/** An optimizer with nothing but a rate. */
class Plain extends optim.Optimizer {
  constructor(parameters: optim.Parameters<optim.GroupOptions>) {
    super(parameters, { lr: 1 });
  }

  protected update(): void {}
}

test("options that make no sense are refused by name", () => {
  const o = sgd();
  const bad: [() => unknown, RegExp][] = [
    [() => new optim.StepLR(o, { stepSize: 0 }), /StepLR: stepSize must be a positive integer, got 0/],
    [() => new optim.StepLR(o, { stepSize: 1, gamma: -1 }), /StepLR: gamma/],
    [() => new optim.MultiStepLR(o, { milestones: [1.5] }), /milestones\[0\] must be an integer/],
    [() => new optim.ExponentialLR(o, { gamma: Number.NaN }), /ExponentialLR: gamma .* got NaN/],
    [() => new optim.ExponentialLR(o, {} as { gamma: number }), /gamma .* got nothing/],
    [() => new optim.PolynomialLR(o, { totalIters: 0 }), /PolynomialLR: totalIters/],
    [() => new optim.InverseTimeLR(o, { decay: -1 }), /InverseTimeLR: decay/],
    [() => new optim.CosineAnnealingLR(o, { tMax: 5, etaMin: -1 }), /etaMin/],
    [() => new optim.CosineAnnealingWarmRestarts(o, { t0: 0 }), /t0/],
    [() => new optim.CosineAnnealingWarmRestarts(o, { t0: 1, tMult: 1.5 }), /tMult/],
    [() => new optim.LinearLR(o, { startFactor: 0 }), /startFactor must lie in \(0, 1\], got 0/],
    [() => new optim.LinearLR(o, { endFactor: 2 }), /endFactor must lie in \[0, 1\], got 2/],
    [() => new optim.ReduceLROnPlateau(o, { factor: 1 }), /factor must lie in \(0, 1\), got 1/],
    [() => new optim.ReduceLROnPlateau(o, { mode: "up" as "min" }), /mode must be "min" or "max", got "up"/],
    [() => new optim.ReduceLROnPlateau(o, { thresholdMode: "x" as "abs" }), /thresholdMode/],
    [() => new optim.OneCycleLR(o, { maxLr: 1 }), /give totalSteps, or epochs and stepsPerEpoch/],
    [() => new optim.OneCycleLR(o, { maxLr: [1, 2], totalSteps: 5 }), /1 groups, but 2 rates in maxLr/],
    [
      () => new optim.OneCycleLR(o, { maxLr: 0, totalSteps: 5 }),
      /maxLr must be a finite number above 0, got 0/,
    ],
    [() => new optim.OneCycleLR(o, { maxLr: 1, totalSteps: 5, pctStart: 2 }), /pctStart/],
    [
      () => new optim.OneCycleLR(o, { maxLr: 1, totalSteps: 5, annealStrategy: "exp" as "cos" }),
      /annealStrategy must be "cos" or "linear", got "exp"/,
    ],
    [
      () => new optim.OneCycleLR(new Plain([parameter()]), { maxLr: 1, totalSteps: 5, cycleMomentum: true }),
      /OneCycleLR: Plain has neither momentum nor betas to cycle/,
    ],
  ];
  for (const [make, message] of bad) assert.throws(make, message);
});

test.run();
