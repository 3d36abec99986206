import * as fc from "fast-check";
import { optim, runtime, scope, type Tensor, tensor } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";

type Params = optim.Parameters<optim.GroupOptions>;
type Make = (p: Params) => optim.Optimizer;

const all: Record<string, Make> = {
  SGD: (p) => new optim.SGD(p, { lr: 0.1, momentum: 0.9, nesterov: true, weightDecay: 0.01 }),
  Adam: (p) => new optim.Adam(p, { lr: 0.1, weightDecay: 0.01 }),
  "Adam, AMSGrad": (p) => new optim.Adam(p, { lr: 0.1, amsgrad: true }),
  AdamW: (p) => new optim.AdamW(p, { lr: 0.1 }),
  RMSprop: (p) => new optim.RMSprop(p, { lr: 0.05, momentum: 0.5, centered: true }),
  DoG: (p) => new optim.DoG(p, { repsRel: 1e-2 }),
  LDoG: (p) => new optim.LDoG(p, { repsRel: 1e-2 }),
  DAdaptSGD: (p) => new optim.DAdaptSGD(p, { d0: 1e-2, momentum: 0.5 }),
  Prodigy: (p) => new optim.Prodigy(p, { d0: 1e-2, weightDecay: 0.01 }),
  ScheduleFreeSGD: (p) => new optim.ScheduleFreeSGD(p, { lr: 0.5, warmupSteps: 5, r: 1 }),
  ScheduleFreeAdamW: (p) => new optim.ScheduleFreeAdamW(p, { lr: 0.1, weightDecay: 0.01 }),
};
const selfDriving = ["DoG", "LDoG", "ScheduleFreeSGD", "ScheduleFreeAdamW"];

const start = () => [
  tensor([3, -2, 1, 0.5, -4], { requiresGrad: true }),
  tensor([[1], [2]], { requiresGrad: true }),
];
const curvature = tensor([1, 2, 0.5, 1, 0.1]);

function objective([a, b]: readonly Tensor[]): Tensor {
  return a.sub(1).square().mul(curvature).sum().add(b.square().mean());
}

function train(p: Tensor[], optimizer: optim.Optimizer, steps: number): void {
  for (let i = 0; i < steps; i++) {
    scope(() => {
      optimizer.zeroGrad();
      objective(p).backward();
      optimizer.step();
    });
  }
}

const seen = (p: readonly Tensor[]) => p.flatMap((t) => [...t.toFloat32Array()]);

for (const [name, make] of Object.entries(all)) {
  test(`${name} comes down a quadratic bowl`, () => {
    const p = start();
    const before = objective(p).item();
    const optimizer = make(p);
    train(p, optimizer, 100);
    optimizer.eval();
    assert.ok(objective(p).item() < 0.2 * before, `${before} -> ${objective(p).item()}`);
  });

  test(`${name}: saved and restored, it goes on the same`, () => {
    const [p, q] = [start(), start()];
    const whole = make(p);
    train(p, whole, 12);
    const first = make(q);
    train(q, first, 5);
    const second = make(q);
    second.loadStateDict(structuredClone(first.stateDict()));
    train(q, second, 7);
    assert.equal(seen(q), seen(p));
    assert.equal(second.stateDict(), whole.stateDict());
  });

  test(`${name}: two groups with the same options are one group`, () => {
    const [p, q] = [start(), start()];
    train(p, make(p), 10);
    train(q, make([{ params: [q[0]] }, { params: [q[1]] }]), 10);
    assert.equal(seen(q), seen(p));
  });

  test(`${name}: what has no gradient stays as it is, and memory does not grow`, () => {
    const p = start();
    const idle = tensor([1, 2, 3], { requiresGrad: true });
    const optimizer = make([...p, idle]);
    train(p, optimizer, 2);
    const { bytesInUse, tensorsInUse } = runtime();
    train(p, optimizer, 5);
    assert.is(runtime().tensorsInUse, tensorsInUse);
    assert.is(runtime().bytesInUse, bytesInUse);
    optimizer.eval();
    assert.equal(idle.toArray(), [1, 2, 3]);
  });

  test(`${name}: a step without any gradient does nothing`, () => {
    const p = start();
    make(p).step();
    assert.equal(seen(p), seen(start()));
  });
}

test("gradients of zeros move nothing", () => {
  for (const Rule of [optim.Adam, optim.RMSprop, optim.DoG, optim.LDoG, optim.DAdaptSGD, optim.Prodigy]) {
    const p = [tensor([1, -2, 3], { requiresGrad: true })];
    const optimizer = new Rule(p);
    for (let i = 0; i < 3; i++) {
      optimizer.zeroGrad();
      p[0].mul(0).sum().backward();
      optimizer.step();
    }
    assert.equal(p[0].toArray(), [1, -2, 3]);
  }
});

test("options that make no sense are refused by name", () => {
  const p = start();
  const bad: [() => unknown, RegExp][] = [
    [() => new optim.Adam(p, { lr: Number.NaN }), /Adam: lr must be a finite number of at least 0, got NaN/],
    [() => new optim.Adam(p, { betas: [0.9, 1] }), /Adam: betas\[1\] must lie in \[0, 1\), got 1/],
    [() => new optim.Adam(p, { betas: [0.9] as never }), /betas must be two numbers, got \[0.9\]/],
    [() => new optim.AdamW(p, { eps: -1 }), /AdamW: eps/],
    [() => new optim.AdamW(p, { weightDecay: -1 }), /AdamW: weightDecay/],
    [() => new optim.RMSprop(p, { alpha: 1 }), /RMSprop: alpha must lie in \[0, 1\), got 1/],
    [() => new optim.RMSprop(p, { momentum: -0.1 }), /RMSprop: momentum/],
    [() => new optim.DoG(p, { repsRel: 0 }), /DoG: repsRel must be a finite number above 0, got 0/],
    [() => new optim.LDoG(p, { eps: 0 }), /LDoG: eps/],
    [() => new optim.DoG(p, { gamma: -1 }), /gamma/],
    [() => new optim.DAdaptSGD(p, { d0: 0 }), /DAdaptSGD: d0/],
    [() => new optim.DAdaptSGD(p, { momentum: 1 }), /DAdaptSGD: momentum/],
    [
      () => new optim.DAdaptSGD(p, { growthRate: 0.5 }),
      /growthRate must be a finite number of at least 1, got 0.5/,
    ],
    [() => new optim.Prodigy(p, { dCoef: Number.POSITIVE_INFINITY }), /Prodigy: dCoef/],
    [() => new optim.ScheduleFreeSGD(p, { momentum: 0 }), /must lie in \(0, 1\), got 0/],
    [
      () => new optim.ScheduleFreeAdamW(p, { betas: [1, 0.9] }),
      /ScheduleFreeAdamW: betas\[0\] must lie in \[0, 1\), got 1/,
    ],
    [() => new optim.ScheduleFreeSGD(p, { warmupSteps: -1 }), /warmupSteps/],
    [() => new optim.Adam([p[0].T.expand([3, 5])]), /strided view/],
  ];
  for (const [make, message] of bad) assert.throws(make, message);
});

test("options that need all parameters at once must be shared by all groups", () => {
  const p = start();
  const prodigy = new optim.Prodigy([{ params: [p[0]], lr: 0.5 }, { params: [p[1]] }]);
  assert.throws(() => train(p, prodigy, 1), /Prodigy: all groups must share lr, got 0.5 and 1/);
  const dog = new optim.DoG([{ params: [p[0]], repsRel: 1e-3 }, { params: [p[1]] }]);
  assert.throws(() => train(p, dog, 1), /DoG: all groups must share repsRel/);
});

test("groups have their own rates and decays", () => {
  const [a, b] = [tensor([1], { requiresGrad: true }), tensor([1], { requiresGrad: true })];
  const optimizer = new optim.AdamW(
    [
      { params: [a], lr: 0.5 },
      { params: [b], weightDecay: 0 },
    ],
    { lr: 0.1 },
  );
  a.add(b).sum().backward();
  optimizer.step();
  assert.ok(Math.abs(a.item() - (1 - 0.5 * 0.01 - 0.5)) < 1e-6);
  assert.ok(Math.abs(b.item() - (1 - 0.1)) < 1e-6);
});

test("AMSGrad never divides by less than before", () => {
  const gradients = [1, 5, 0.1, 0.1, -2, 0.01];
  const p = tensor([0], { requiresGrad: true });
  const optimizer = new optim.Adam([p], { lr: 0.1, amsgrad: true });
  let [x, m, v, largest] = [0, 0, 0, 0];
  for (const [i, g] of gradients.entries()) {
    optimizer.zeroGrad();
    p.mul(g).sum().backward();
    optimizer.step();
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    largest = Math.max(largest, v);
    const t = i + 1;
    x -= ((0.1 / (1 - 0.9 ** t)) * m) / (Math.sqrt(largest) / Math.sqrt(1 - 0.999 ** t) + 1e-8);
    assert.ok(Math.abs(p.item() - x) < 1e-5, `step ${t}`);
  }
});

test("Adam's steps do not depend on the scale of the gradient", () => {
  fc.assert(
    fc.property(fc.integer({ min: -10, max: 10 }), (exponent) => {
      const run = (scale: number) => {
        const p = start();
        const optimizer = new optim.Adam(p, { lr: 0.1, eps: 0 });
        for (let i = 0; i < 5; i++) {
          optimizer.zeroGrad();
          objective(p).mul(scale).backward();
          optimizer.step();
        }
        return seen(p);
      };
      // Powers of two are exact, so the whole trajectory is the same.
      assert.equal(run(2 ** exponent), run(1));
    }),
    { numRuns: 20 },
  );
});

test("centred RMSprop survives gradients that never change", () => {
  const p = tensor([1, 1e-3, 7], { requiresGrad: true });
  const optimizer = new optim.RMSprop([p], { lr: 1e-9, alpha: 0.5, centered: true });
  for (let i = 0; i < 60; i++) {
    optimizer.zeroGrad();
    p.mul(0.3).sum().backward();
    optimizer.step();
  }
  assert.ok(p.toFloat32Array().every(Number.isFinite));
});

test("DoG keeps the polynomial-decay average and lends it", () => {
  const p = start();
  const optimizer = new optim.DoG(p, { repsRel: 1e-2 });
  let average = seen(p);
  for (let t = 1; t <= 10; t++) {
    train(p, optimizer, 1);
    const weight = 9 / (t + 8);
    average = seen(p).map((x, i) => (1 - weight) * average[i] + weight * x);
  }
  const last = seen(p);
  optimizer.swapAverage();
  for (const [i, x] of seen(p).entries()) assert.ok(Math.abs(x - average[i]) < 1e-5);
  assert.throws(
    () => train(p, optimizer, 1),
    /the parameters hold their averages; call swapAverage\(\) again/,
  );
  const restored = new optim.DoG(p);
  restored.loadStateDict(optimizer.stateDict());
  restored.swapAverage();
  assert.equal(seen(p), last);
});

test("schedule-free: the evaluation point is the weighted average of the plain steps", () => {
  const p = [tensor([1, -1], { requiresGrad: true })];
  const optimizer = new optim.ScheduleFreeSGD(p, { lr: 0.1, momentum: 0.7, warmupSteps: 3, r: 1 });
  let z = seen(p);
  let x = z;
  let weights = 0;
  for (let k = 0; k < 8; k++) {
    const gradient = seen(p).map((y) => 2 * y);
    optimizer.zeroGrad();
    p[0].square().sum().backward();
    optimizer.step();
    const rate = 0.1 * Math.min(1, (k + 1) / 3);
    const weight = (k + 1) * rate ** 2;
    weights += weight;
    z = z.map((value, i) => value - rate * gradient[i]);
    x = x.map((value, i) => value + (weight / weights) * (z[i] - value));
  }
  const y = seen(p);
  optimizer.eval();
  optimizer.eval();
  for (const [i, value] of seen(p).entries()) assert.ok(Math.abs(value - x[i]) < 1e-6);
  assert.throws(() => optimizer.step(), /evaluation point; call train\(\) first/);
  const restored = new optim.ScheduleFreeSGD(p);
  restored.loadStateDict(optimizer.stateDict());
  restored.train();
  for (const [i, value] of seen(p).entries()) assert.ok(Math.abs(value - y[i]) < 1e-6);
});

// The first estimate is taken as it is, as in the authors' code.
test("d grows by growthRate at most and never shrinks", () => {
  for (const make of [
    (p: Tensor[]) => new optim.DAdaptSGD(p, { growthRate: 1.5 }),
    (p: Tensor[]) => new optim.Prodigy(p, { growthRate: 1.5 }),
  ]) {
    const p = start();
    const optimizer = make(p);
    let before = optimizer.d;
    assert.is(before, 1e-6);
    for (let i = 0; i < 40; i++) {
      train(p, optimizer, 1);
      assert.ok(optimizer.d >= before && (before === 1e-6 || optimizer.d <= 1.5 * before * (1 + 1e-12)));
      before = optimizer.d;
    }
    assert.ok(before > 1e-5);
  }
});

test("a step between forward and backward is noticed", () => {
  const w = tensor([2], { requiresGrad: true });
  const x = tensor([3], { requiresGrad: true });
  const optimizer = new optim.SGD([w], { lr: 0.1 });
  w.square().sum().backward();
  const product = w.mul(x).sum();
  optimizer.step();
  assert.throws(() => product.backward());
});

test("schedules and CG-ALR drive every optimizer whose rate can be set, and no other", () => {
  for (const [name, make] of Object.entries(all)) {
    const p = start();
    const optimizer = make(p);
    const { lr } = optimizer;
    const distances = { observe: () => ({ distance: 1 }) };
    const drive = () => new optim.CGALR(optimizer, distances, { stepsPerEpoch: 10 });
    const cosine = () => new optim.CosineAnnealingLR(optimizer, { tMax: 4 });
    if (selfDriving.includes(name)) {
      assert.throws(drive, new RegExp(`CGALR: ${name} finds its own learning rate and takes no schedule`));
      assert.throws(cosine, /CosineAnnealingLR: .* takes no schedule/);
      continue;
    }
    const cg = drive();
    for (let i = 0; i < 40; i++) {
      train(p, optimizer, 1);
      cg.step();
    }
    assert.ok(optimizer.lr < lr && optimizer.lr > 0, name);
    assert.ok(seen(p).every(Number.isFinite), name);
    const before = optimizer.lr;
    const schedule = cosine();
    schedule.step();
    schedule.step();
    assert.ok(Math.abs(optimizer.lr - before / 2) < 1e-12, name);
  }
});

test.run();
