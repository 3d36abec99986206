import * as study from "topograd/study";
import { test } from "uvu";
import * as assert from "uvu/assert";

const {
  bootstrapInterval,
  holm,
  mean,
  pairedTest,
  relativeDifference,
  standardDeviation,
  studentCritical,
  studentInterval,
  studentTwoTailed,
} = study.statistics;

const close = (got: number, expected: number, tolerance = 1e-12) =>
  assert.ok(Math.abs(got - expected) <= tolerance * Math.abs(expected), `${got}, expected ${expected}`);

test("mean and standard deviation", () => {
  assert.is(mean([1, 2, 6]), 3);
  close(standardDeviation([1, 2, 6]), Math.sqrt(7));
  assert.is(standardDeviation([4]), 0);
});

// scipy.stats.t, 1.11.
test("Student's t: tails", () => {
  const tails: [degrees: number, t: number, probability: number][] = [
    [1, 0.1, 0.936548965138893],
    [1, 1, 0.5],
    [1, 60, 0.010609347265246543],
    [2, 2.5, 0.12961172022151082],
    [3, 12, 0.0012450158007893362],
    [4, -2.5, 0.06676654481198814],
    [4, 60, 4.621068727635128e-7],
    [9, 1, 0.3434363961379136],
    [9, 60, 5.001190471672901e-13],
    [30, 60, 8.311309613532268e-33],
    [200, 0.1, 0.920444492504321],
    [200, 60, 7.71157858405657e-130],
  ];
  for (const [degrees, t, probability] of tails) close(studentTwoTailed(t, degrees), probability);
  assert.is(studentTwoTailed(0, 7), 1);
  assert.is(studentTwoTailed(Number.POSITIVE_INFINITY, 7), 0);
});

test("Student's t: critical values", () => {
  const table: [degrees: number, five: number, one: number, half: number][] = [
    [1, 12.706204736174694, 63.656741162871526, 1],
    [2, 4.302652729749462, 9.924843200918287, 0.8164965809277261],
    [3, 3.1824463052837078, 5.840909309733355, 0.7648923284043444],
    [4, 2.7764451051977934, 4.604094871349992, 0.7406970841126829],
    [9, 2.262157162798205, 3.249835541592126, 0.7027221467513264],
    [30, 2.0422724563012378, 2.7499956535672254, 0.6827556933212927],
    [200, 1.9718962236339088, 2.600634436191558, 0.6757184114042201],
  ];
  for (const [degrees, five, one, half] of table) {
    close(studentCritical(0.05, degrees), five);
    close(studentCritical(0.01, degrees), one);
    close(studentCritical(0.5, degrees), half);
  }
  assert.throws(() => studentCritical(0, 4), /probability must lie in \(0, 1\), got 0/);
  assert.throws(() => studentCritical(0.05, 1.5), /degrees of freedom must be a positive integer, got 1.5/);
});

test("Student's interval and the paired test", () => {
  const interval = studentInterval([1, 2, 3, 4, 5]);
  close(interval?.low ?? 0, 3 - 2.7764451051977934 * Math.sqrt(0.5));
  close(interval?.high ?? 0, 3 + 2.7764451051977934 * Math.sqrt(0.5));
  assert.is(studentInterval([1]), null);
  // scipy.stats.ttest_rel([1, 2, 3, 4, 5.5], [1.1, 1.9, 3.3, 4.4, 6])
  close(pairedTest([-0.1, 0.1, -0.3, -0.4, -0.5]) as number, 0.08977587078380869, 1e-9);
  assert.is(pairedTest([1]), null);
  assert.is(pairedTest([0, 0]), 1);
  assert.is(pairedTest([2, 2]), 0);
});

test("the bootstrap is seeded, lies within the values and near Student's interval", () => {
  const values = Array.from({ length: 40 }, (_, i) => Math.sin(i) + i / 10);
  const interval = bootstrapInterval(values, { seed: 1 });
  assert.equal(interval, bootstrapInterval(values, { seed: 1 }));
  assert.not.equal(interval, bootstrapInterval(values, { seed: 2 }));
  const student = studentInterval(values);
  assert.ok(interval !== null && student !== null);
  assert.ok(Math.abs(interval.low - student.low) < 0.1 && Math.abs(interval.high - student.high) < 0.1);
  assert.equal(bootstrapInterval([3, 3, 3], { seed: 1 }), { low: 3, high: 3 });
  assert.is(bootstrapInterval([3], { seed: 1 }), null);
});

test("Holm's correction", () => {
  // R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")
  assert.equal(
    holm([0.01, 0.04, 0.03, 0.005]).map((p) => Number(p.toFixed(12))),
    [0.03, 0.06, 0.06, 0.02],
  );
  assert.equal(holm([0.5, 0.9]), [1, 1]);
  assert.equal(holm([]), []);
});

test("the relative error difference is paired, leaves out a baseline without errors and says so", () => {
  const difference = relativeDifference([0.9, 2.2, 1], [1, 2, 0], 5);
  assert.equal(
    difference.values.map((value) => Number(value.toFixed(12))),
    [-0.1, 0.1],
  );
  assert.is(difference.leftOut, 1);
  close(difference.ratio as number, 4.1 / 3);
  assert.ok(Math.abs(difference.mean as number) < 1e-12);
  assert.ok(difference.student !== null && difference.student.low < 0 && difference.bootstrap !== null);
  const none = relativeDifference([1, 2], [0, 0], 5);
  assert.equal(
    [none.values, none.leftOut, none.mean, none.student, none.p, none.ratio],
    [[], 2, null, null, null, null],
  );
  assert.throws(() => relativeDifference([1], [1, 2], 5), /1 errors and 2 of the baseline/);
});

test.run();
