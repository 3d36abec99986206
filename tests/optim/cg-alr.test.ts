import * as fc from "fast-check";
import { optim, tensor } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { golden } from "../golden";

type Options = Partial<optim.CGALROptions>;

interface Series {
  name: string;
  options: Options;
  lr0: number;
  t: number[];
  d: (number | null)[];
  rows: { t: number; z: number | null; state: string; multiplier: number; lr: number }[];
}

/** A tracker that plays a series of distances. */
function scripted(distances: readonly (number | null)[]) {
  let k = 0;
  return { observe: () => ({ distance: distances[k++] }) };
}

const sgd = (lr: number) => new optim.SGD([tensor([1], { requiresGrad: true })], { lr });

function controller(distances: readonly (number | null)[], options: Options = {}, lr = 0.1): optim.CGALR {
  return new optim.CGALR(sgd(lr), scripted(distances), { stepsPerEpoch: 5, ...options });
}

const close = (a: number | null, b: number | null) =>
  a === b || (a !== null && b !== null && Math.abs(a - b) <= 1e-9 * (1 + Math.abs(b)));

for (const { name, options, lr0, d, rows } of golden<{ series: Series[] }>("controller.json").series) {
  test(`golden series: ${name}`, () => {
    // The file names the initial rate among the options of one series.
    const { lr0: _, ...own } = options as Options & { lr0?: number };
    const cg = controller(d, { observationsPerEpoch: 5, ...own }, lr0);
    for (let k = 0; k < d.length; k++) cg.step();
    assert.is(cg.history.length, rows.length);
    for (const [k, row] of rows.entries()) {
      const got = cg.history[k];
      assert.is(got.state, row.state, `state of row ${k}`);
      assert.ok(close(got.z, row.z), `z of row ${k}: ${got.z}, expected ${row.z}`);
      assert.ok(close(got.multiplier, row.multiplier), `multiplier of row ${k}`);
      assert.ok(close(got.lr, row.lr), `lr of row ${k}`);
      assert.ok(close(got.epoch, row.t), `time of row ${k}`);
    }
  });
}

test("saved in the middle and restored, the series goes on the same", () => {
  const { d, lr0 } = golden<{ series: Series[] }>("controller.json").series[1];
  const whole = controller(d, {}, lr0);
  for (let k = 0; k < d.length; k++) whole.step();
  const first = controller(d, {}, lr0);
  for (let k = 0; k < 20; k++) first.step();
  const second = controller(d.slice(20), {}, 123);
  second.loadStateDict(JSON.parse(JSON.stringify(first.stateDict())));
  for (let k = 20; k < d.length; k++) second.step();
  assert.equal(second.history, whole.history);
});

test("observations are spread evenly when they do not divide the epoch", () => {
  const cg = controller(new Array(200).fill(1), { stepsPerEpoch: 7, observationsPerEpoch: 3 });
  for (let k = 0; k < 21; k++) cg.step();
  assert.equal(
    cg.history.map(({ step }) => step),
    [3, 5, 7, 10, 12, 14, 17, 19, 21],
  );
});

test("everySteps observes every so many steps", () => {
  const cg = controller(new Array(10).fill(1), { everySteps: 4 });
  for (let k = 0; k < 12; k++) cg.step();
  assert.equal(
    cg.history.map(({ step }) => step),
    [4, 8, 12],
  );
});

test("every group keeps its own initial rate", () => {
  const [a, b] = [tensor([1], { requiresGrad: true }), tensor([1], { requiresGrad: true })];
  const optimizer = new optim.SGD([{ params: [a], lr: 0.4 }, { params: [b] }], { lr: 0.1 });
  const cg = new optim.CGALR(optimizer, scripted(new Array(40).fill(1)), { stepsPerEpoch: 5 });
  for (let k = 0; k < 40; k++) cg.step();
  assert.ok(close(optimizer.groups[0].lr / optimizer.groups[1].lr, 4));
});

test("whatever is observed, the rate stays within the bounds of the envelope", () => {
  const distances = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 80 });
  fc.assert(
    fc.property(distances, fc.constantFrom("detrended" as const, "median" as const), (d, signal) => {
      const cg = controller([null, ...d], { signal, minScale: 0.3, maxScale: 1.2, memory: 1 });
      for (let k = 0; k <= d.length; k++) {
        cg.step();
        const envelope = 0.1 * (1 + (k + 1) / 5 / 2) ** -0.75;
        assert.ok(cg.optimizer.lr >= 0.3 * envelope * (1 - 1e-12));
        assert.ok(cg.optimizer.lr <= 1.2 * envelope * (1 + 1e-12));
      }
    }),
    { numRuns: 100 },
  );
});

/** Distances that turn CG-ALR to FAST. */
const calm = () => new Array<number>(200).fill(1);

test("restarted, CG-ALR has forgotten its multiplier, state and history", () => {
  const cg = controller(calm());
  for (let k = 0; k < 30; k++) cg.step();
  assert.is(cg.history[cg.history.length - 1].state, "FAST");
  cg.restart([0.1]);
  assert.is(cg.optimizer.lr, 0.1);
  assert.is(cg.multiplier, 1);
  assert.equal(cg.history, []);
  const fresh = controller(calm());
  for (let k = 0; k < 30; k++) {
    cg.step();
    fresh.step();
    assert.is(cg.optimizer.lr, fresh.optimizer.lr);
  }
  assert.equal(cg.history, fresh.history);
});

class StepwiseLinear extends optim.LinearLR {
  override readonly interval = "step";
}

test("SequentialLR begins again with all of its schedules forgetful", () => {
  const optimizer = sgd(0.1);
  const warmup = new StepwiseLinear(optimizer, { startFactor: 0.5, totalIters: 2 });
  const cg = new optim.CGALR(optimizer, scripted(calm()), { stepsPerEpoch: 5 });
  const schedule = new optim.SequentialLR(optimizer, { schedules: [warmup, cg], milestones: [2] });
  const rates = () =>
    Array.from({ length: 40 }, () => {
      schedule.step();
      return optimizer.lr;
    });
  const first = rates();
  assert.is(first[1], 0.1);
  schedule.restart([0.1]);
  assert.is(optimizer.lr, 0.05);
  assert.equal(cg.history, []);
  assert.equal(rates(), first);
});

test("observations are told through the optimizer, whatever wraps the schedule", () => {
  const optimizer = sgd(0.1);
  const observer = {
    observe: () => ({
      distance: 1,
      milliseconds: 2,
      births: new Float32Array(3),
      deaths: new Float32Array(1),
    }),
  };
  const options = { stepsPerEpoch: 4, everySteps: 2 };
  const first = new optim.EnvelopeLR(optimizer, { stepsPerEpoch: 4 });
  const cg = new optim.CGALR(optimizer, observer, options);
  const schedule = new optim.SequentialLR(optimizer, { schedules: [first, cg], milestones: [2] });
  const heard: optim.ControllerObservation[] = [];
  const alsoHeard: optim.ControllerObservation[] = [];
  schedule.onObservation = (observation) => heard.push(observation);
  const stop = optim.listenToObservations(optimizer, (observation) => alsoHeard.push(observation));
  for (let k = 0; k < 20; k++) schedule.step();
  assert.is(heard.length, 9);
  assert.equal(alsoHeard, heard);
  assert.equal(
    heard.map(({ milliseconds, births, deaths, envelope, ...rest }) => ({ ...rest, milliseconds })),
    cg.history,
  );
  assert.is(heard[8].births!.length, 3);
  assert.is(heard[8].deaths!.length, 1);
  assert.ok(close(heard[8].envelope * heard[8].multiplier, heard[8].lr));
  stop();
  schedule.onObservation = null;
  assert.is(schedule.onObservation, null);
  for (let k = 0; k < 4; k++) schedule.step();
  assert.is(heard.length + alsoHeard.length, 18);
});

test("contradictory or impossible options are refused", () => {
  const bad: [Options, RegExp][] = [
    [{ power: 0.5 }, /power must lie in \(0.5, 1\], got 0.5/],
    [{ power: 1.1 }, /power/],
    [{ memory: 0 }, /memory must lie in \(0, 1\], got 0/],
    [{ memory: 1.01 }, /memory/],
    [{ minScale: 0 }, /minScale/],
    [{ minScale: 1.5 }, /minScale/],
    [{ maxScale: 0.5 }, /maxScale/],
    [{ stepsPerEpoch: 0 }, /stepsPerEpoch/],
    [{ window: 4 }, /window must be an integer of at least 6, got 4/],
    [{ everySteps: 5, observationsPerEpoch: 2 }, /not both/],
    [{ envelope: "cosine" as "none" }, /envelope/],
    [{ signal: "mean" as "median" }, /signal/],
    [{ tau: Number.NaN }, /tau/],
  ];
  for (const [options, message] of bad) assert.throws(() => controller([], options), message);
});

test("a distance that is no number stops training", () => {
  const cg = controller([null, Number.NaN]);
  cg.step();
  assert.throws(() => cg.step(), /step 2: the connectome's distance is NaN/);
});

test.run();
