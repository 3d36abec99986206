// What makes no sense is refused by a message that says what to do, and nobody's memory is touched.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { full, nn, ones, optim, tensor, zeros } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";

const parameter = (size = 3) => nn.parameter(ones([size]));
const sgd = (lr = 0.1) => new optim.SGD([parameter()], { lr });

test("unknown options are errors, in groups too, and say what is meant", () => {
  const p = [parameter()];
  const bad: [() => unknown, RegExp][] = [
    [
      () => new optim.SGD(p, { lr: 1, weight_decay: 1 } as object as optim.SGDOptions),
      /SGD: unknown option "weight_decay"; do you mean weightDecay\?/,
    ],
    [
      () => new optim.SGD(p, { lr: 1, maximize: true } as optim.SGDOptions),
      /SGD: unknown option "maximize"; known/,
    ],
    [
      () => new optim.SGD([{ params: p, rate: 1 } as { params: typeof p }], { lr: 1 }),
      /SGD: group 0: unknown option "rate"/,
    ],
    [() => new optim.SGD(p, 0.1 as never), /SGD: options must be an object, got 0.1/],
    [() => new optim.SGD(p, { lr: 1, momentum: 2 }), /SGD: momentum must lie in .* 1[\])], got 2/],
    [() => new optim.SGD(p, { lr: 1, dampening: Number.NaN }), /SGD: dampening .* got NaN/],
    [
      () => new optim.SGD(p, { lr: 1, nesterov: "false" as never }),
      /SGD: nesterov must be true or false, got "false"/,
    ],
    [
      () => new optim.StepLR(sgd(), { stepSize: 1, step_size: 2 } as { stepSize: number }),
      /StepLR: unknown option "step_size"; do you mean stepSize/,
    ],
    [
      () => new optim.OneCycleLR(sgd(), { maxLr: 1, total_steps: 4 } as never),
      /OneCycleLR: unknown option "total_steps"/,
    ],
    [
      () =>
        new optim.CGALR(sgd(), { observe: () => ({ distance: 1 }) }, { stepsPerEpoch: 1, slow: 1 } as never),
      /CGALR: unknown option "slow"/,
    ],
    [
      () => new optim.CGALR(sgd(), {} as never, { stepsPerEpoch: 1 }),
      /CGALR: the tracker's observe\(\) must be a function/,
    ],
    [() => new optim.StepLR({} as never, { stepSize: 1 }), /StepLR: expected an optimizer, got an object/],
    [
      () => new optim.SequentialLR(sgd(), { schedules: [{}] as never, milestones: [] }),
      /schedules\[0\] must be a schedule/,
    ],
    [
      () => new optim.YokedLR(sgd(), undefined as never, { stepsPerEpoch: 1 }),
      /YokedLR: multipliers must be an array, got nothing/,
    ],
    [
      () => new optim.RandomGateLR(sgd(), 1 as never, { stepsPerEpoch: 1 }),
      /RandomGateLR: history must be an array, got 1/,
    ],
    [() => new optim.WeightDistance(null as never), /WeightDistance: parameters must be an array, got null/],
    [() => optim.listenToObservations(sgd(), 1 as never), /listener must be a function, got 1/],
    [
      () =>
        new optim.CGALR(sgd(), { observe: () => Promise.resolve(1) as never }, { stepsPerEpoch: 1 }).step(),
      /CGALR\.step: the tracker's observe\(\) must return { distance, \.\.\. }, got a promise/,
    ],
    [
      () => nn.clipGradNorm(new nn.Linear(1, 1) as never, 1),
      /clipGradNorm: expected an array of parameters, got an object/,
    ],
    [
      () => sgd().loadStateDict(undefined as never),
      /SGD\.loadStateDict: expected a saved state, got nothing/,
    ],
    [() => new optim.StepLR(sgd(), undefined as never), /StepLR: options must be an object, got nothing/],
    [
      () => new optim.StepLR(sgd(), { stepSize: 1 }).restart([]),
      /StepLR\.restart: expected 1 parameter groups, got 0/,
    ],
  ];
  for (const [make, message] of bad) assert.throws(make, message);
});

test("an option that is undefined has its default", () => {
  const adam = new optim.Adam([parameter()], { lr: undefined, betas: undefined });
  assert.is(adam.lr, 1e-3);
  assert.equal([...adam.groups[0].betas], [0.9, 0.999]);
});

test("defaults are never shared between instances", () => {
  const given = [0.5, 0.6] as [number, number];
  const first = new optim.Adam([parameter()], { betas: given });
  given[0] = 0;
  assert.is(first.groups[0].betas[0], 0.5);
  const [second, third] = [new optim.Adam([parameter()]), new optim.Adam([parameter()])];
  (second.groups[0].betas as [number, number])[0] = 0.1;
  assert.is(third.groups[0].betas[0], 0.9);
});

test("what is no parameter is refused", () => {
  const p = parameter();
  const view = nn.parameter(zeros([2, 3])).T;
  const freed = parameter();
  freed.dispose();
  const bad: [() => unknown, RegExp][] = [
    [
      () => new optim.SGD([], { lr: 1 }),
      /SGD: no parameters were given\. nn\.Module\.parameters\(\) looks at properties, arrays, plain objects and Maps, not at #private fields or closures/,
    ],
    [() => new optim.SGD([{ params: [] }], { lr: 1 }), /no parameters were given/],
    [
      () => new optim.SGD(new nn.Linear(2, 2) as never, { lr: 1 }),
      /SGD: expected an array of parameters .* give model\.parameters\(\)/,
    ],
    [
      () => new optim.SGD(undefined as never, { lr: 1 }),
      /SGD: expected an array of parameters or of groups, got nothing/,
    ],
    [() => new optim.SGD([p, { params: [p] }] as never, { lr: 1 }), /group 0: expected { params, \.\.\. }/],
    [() => new optim.SGD([{ params: p }] as never, { lr: 1 }), /group 0: params must be an array of tensors/],
    [
      () => new optim.SGD([[1, 2]] as never, { lr: 1 }),
      /SGD: a parameter: expected a Tensor, got \[1,2\]: wrap it/,
    ],
    [
      () => new optim.SGD([tensor(Int32Array.of(1))], { lr: 1 }),
      /SGD: a parameter must be float32, got int32 \[1\]/,
    ],
    [
      () => new optim.SGD([{ params: [p] }, { params: [p] }], { lr: 1 }),
      /SGD: a parameter \[3\] appears twice/,
    ],
    [() => new optim.SGD([p.mul(2)], { lr: 1 }), /result of an operation/],
    [() => new optim.SGD([view], { lr: 1 }), /strided view/],
    [
      () => new optim.SGD([freed], { lr: 1 }),
      /SGD: a parameter: a tensor of shape \[3\] was freed by dispose\(\)/,
    ],
  ];
  for (const [make, message] of bad) assert.throws(make, message);
});

test("a freed parameter, gradient or rate that is no number stops a step before anything is written", () => {
  for (const { make } of optim.OPTIMIZERS) {
    const [p, q] = [parameter(), parameter()];
    const optimizer = make([q, p]);
    q.grad = ones([3]);
    p.dispose();
    p.grad = ones([3]);
    const neighbour = full([3], 777);
    assert.throws(
      () => optimizer.step(),
      /\.step: a parameter: a tensor of shape \[3\] was freed by dispose\(\)/,
    );
    assert.equal(neighbour.toArray(), [777, 777, 777]);
    assert.equal(q.toArray(), [1, 1, 1]);
  }
  const p = parameter();
  const g = ones([3]);
  const optimizer = new optim.SGD([p], { lr: 1 });
  p.grad = g;
  g.dispose();
  assert.throws(() => optimizer.step(), /SGD\.step: a gradient: .* was freed/);
  p.grad = ones([3]);
  optimizer.groups[0].lr = Number.NaN;
  assert.throws(() => optimizer.step(), /SGD\.step: lr must be a finite number of at least 0, got NaN/);
  assert.equal(p.toArray(), [1, 1, 1]);
});

test("gradients that are views are used as they are", () => {
  const w = nn.parameter(
    tensor([
      [1, 2],
      [3, 4],
    ]),
  );
  w.grad = tensor([
    [0, 1],
    [0, 0],
  ]).T;
  new optim.SGD([w], { lr: 1 }).step();
  assert.equal(w.toArray(), [
    [1, 2],
    [2, 4],
  ]);
  const v = parameter();
  v.grad = tensor([2]).expand([3]);
  assert.ok(Math.abs(nn.clipGradNorm([v], 100) - Math.sqrt(12)) < 1e-12);
  new optim.Adam([v], { lr: 1, eps: 0 }).step();
  assert.equal(v.toArray(), [0, 0, 0]);
});

test("clipGradNorm, from the smallest numbers to the largest", () => {
  for (const value of [1e20, 2e22, 3e38, 1e-25, 1e-44]) {
    const w = nn.parameter(ones([4]));
    w.grad = full([4], value);
    const exact = 2 * Math.fround(value);
    assert.ok(Math.abs(nn.clipGradNorm([w], 1) - exact) <= 1e-12 * exact);
    const clipped = value > 1 ? 0.5 : Math.fround(value);
    for (const g of w.grad.toFloat32Array())
      assert.ok(Math.abs(g - clipped) <= 2e-6 * clipped, `${value}: ${g}`);
  }
  const wide = nn.parameter(ones([100_000]));
  wide.grad = full([100_000], 3e38);
  nn.clipGradNorm([wide], 1);
  const expected = 1 / Math.sqrt(100_000);
  assert.ok(Math.abs(wide.grad.toFloat32Array()[7] - expected) < 2e-6 * expected);
  assert.throws(() => nn.clipGradNorm([wide], "1" as never), /the largest norm must be positive, got "1"/);
  assert.throws(() => nn.clipGradNorm([[1]] as never, 1), /clipGradNorm: a parameter: expected a Tensor/);
});

test("a plateau lowers the rate that is in force", () => {
  const optimizer = sgd();
  const plateau = new optim.ReduceLROnPlateau(optimizer, { patience: 0, factor: 0.5 });
  optimizer.lr = 0.01;
  plateau.step(1);
  assert.is(optimizer.lr, 0.01);
  plateau.step(2);
  assert.is(optimizer.lr, 0.005);
});

test("a schedule that would undo the rates of another names SequentialLR", () => {
  const o = sgd();
  const a = new optim.StepLR(o, { stepSize: 2 });
  const b = new optim.ExponentialLR(o, { gamma: 0.5 });
  a.step();
  assert.throws(
    () => b.step(),
    /ExponentialLR\.step: StepLR has just set the rates .* give them to SequentialLR/,
  );
  assert.is(o.lr, 0.1);
  a.step();
  // One that is made afterwards starts from the rates that are there, and the first has had its turn.
  const c = new optim.ExponentialLR(o, { gamma: 0.5 });
  c.step();
  assert.ok(Math.abs(o.lr - 0.005) < 1e-12);
  assert.throws(() => a.step(), /StepLR\.step: ExponentialLR has just set/);
});

test("one schedule may follow another where the optimizer has used what the first has set", () => {
  const o = sgd(1);
  const warmup = new optim.LinearLR(o, { startFactor: 0.5, totalIters: 2 });
  const decay = new optim.ExponentialLR(o, { gamma: 0.5 });
  for (const schedule of [warmup, warmup, decay, decay]) {
    o.step();
    schedule.step();
  }
  assert.ok(o.lr > 0);
});

test("messages name the classes in a minified bundle too", () => {
  const folder = mkdtempSync(join(tmpdir(), "topograd-minified-"));
  try {
    writeFileSync(
      join(folder, "entry.mjs"),
      `import { optim, tensor } from ${JSON.stringify(join(process.cwd(), "dist/index.js"))};
       const o = new optim.SGD([tensor([1])], { lr: 1 });
       for (const name of ["SGD", "Adam", "AdamW", "RMSprop", "DoG", "LDoG", "DAdaptSGD", "Prodigy", "ScheduleFreeSGD", "ScheduleFreeAdamW"]) {
         try { new optim[name]([], {}); } catch (e) { console.log(e.message.startsWith(name + ": ")); }
       }
       for (const name of ["StepLR", "MultiStepLR", "ExponentialLR", "PolynomialLR", "InverseTimeLR", "CosineAnnealingLR", "CosineAnnealingWarmRestarts", "LinearLR", "SequentialLR", "OneCycleLR", "ReduceLROnPlateau", "EnvelopeLR"]) {
         try { new optim[name](o, { nothing: 1 }); } catch (e) { console.log(e.message.startsWith(name + ": ")); }
       }`,
    );
    const out = join(folder, "out.mjs");
    const arguments_ = [
      join(folder, "entry.mjs"),
      "--bundle",
      "--minify",
      "--format=esm",
      "--platform=node",
      `--outfile=${out}`,
    ];
    execFileSync("node_modules/.bin/esbuild", arguments_, { stdio: "pipe" });
    const lines = execFileSync(process.execPath, [out], { encoding: "utf8" }).trim().split("\n");
    assert.equal(lines, new Array(22).fill("true"));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.run();
