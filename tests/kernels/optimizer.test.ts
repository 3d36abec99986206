import { test } from "uvu";
import * as assert from "uvu/assert";
import { Harness, values } from "./harness";

const h = new Harness();
const sizes = [0, 1, 2, 3, 4, 5, 7, 16, 33, 101];

/** One element of each array before the update, and the float64 numbers it adds to. */
type Element = Record<string, number>;
interface Case {
  name: string;
  /** Arrays in the order of the kernel's arguments; those with `positive` hold squares. */
  arrays: string[];
  positive?: string[];
  sums?: number;
  run: (pointers: number[], n: number, sums: number) => void;
  reference: (e: Element, sums: number[]) => Element;
}

const adam = (e: Element) => {
  const d = e.g + 0.1 * e.p;
  const m = 0.8 * e.m + 0.2 * d;
  const v = 0.95 * e.v + 0.05 * d * d;
  return { m, v };
};
const cases: Case[] = [
  {
    name: "sgd, first step",
    arrays: ["p", "g", "v"],
    run: ([p, g, v], n) => h.k.sgd_f32(p, g, v, n, 0.1, 0.9, 0.5, 0.01, 0, 1),
    reference: ({ p, g }) => ({ p: p - 0.1 * (g + 0.01 * p), v: g + 0.01 * p }),
  },
  {
    name: "sgd with nesterov",
    arrays: ["p", "g", "v"],
    run: ([p, g, v], n) => h.k.sgd_f32(p, g, v, n, 0.1, 0.9, 0, 0, 1, 0),
    reference: ({ p, g, v }) => ({ p: p - 0.1 * (g + 0.9 * (0.9 * v + g)), v: 0.9 * v + g }),
  },
  {
    name: "adam",
    arrays: ["p", "g", "m", "v"],
    positive: ["v"],
    run: ([p, g, m, v], n) => h.k.adam_f32(p, g, m, v, 0, n, 0.8, 0.95, 0.1, 0.01, 2, 1e-3, 0.02),
    reference: (e) => {
      const { m, v } = adam(e);
      return { p: e.p - 0.02 * e.p - (0.01 * m) / (2 * Math.sqrt(v) + 1e-3), m, v };
    },
  },
  {
    name: "adam with the largest second moment",
    arrays: ["p", "g", "m", "v", "w"],
    positive: ["v", "w"],
    run: ([p, g, m, v, w], n) => h.k.adam_f32(p, g, m, v, w, n, 0.8, 0.95, 0.1, 0.01, 2, 1e-3, 0),
    reference: (e) => {
      const { m, v } = adam(e);
      const w = Math.max(e.w, v);
      return { p: e.p - (0.01 * m) / (2 * Math.sqrt(w) + 1e-3), m, v, w };
    },
  },
  {
    name: "rmsprop",
    arrays: ["p", "g", "s"],
    positive: ["s"],
    run: ([p, g, s], n) => h.k.rmsprop_f32(p, g, s, 0, 0, n, 0.9, 0, 0.1, 1e-2, 0),
    reference: ({ p, g, s }) => {
      const square = 0.9 * s + 0.1 * g * g;
      return { p: p - (0.1 * g) / (Math.sqrt(square) + 1e-2), s: square };
    },
  },
  {
    name: "rmsprop, centred, with momentum",
    arrays: ["p", "g", "s", "a", "v"],
    positive: ["s"],
    run: ([p, g, s, a, v], n) => h.k.rmsprop_f32(p, g, s, a, v, n, 0.9, 0.1, 0.1, 1, 0.5),
    reference: (e) => {
      const d = e.g + 0.1 * e.p;
      const s = 0.9 * e.s + 0.1 * d * d;
      const a = 0.9 * e.a + 0.1 * d;
      const v = 0.5 * e.v + d / (Math.sqrt(Math.max(s - a * a, 0)) + 1);
      return { p: e.p - 0.1 * v, s, a, v };
    },
  },
  {
    name: "dog",
    arrays: ["x", "g", "a"],
    run: ([x, g, a], n) => h.k.dog_f32(x, g, a, n, 0.3, 0.25),
    reference: ({ x, g, a }) => ({ x: x - 0.3 * g, a: a + 0.25 * (x - 0.3 * g - a) }),
  },
  {
    name: "d-adaptation sums",
    arrays: ["s", "g"],
    sums: 2,
    run: ([s, g], n, sums) => h.k.dadapt_sums_f32(sums, s, g, n, 0.3),
    reference: ({ s, g }, sums) => {
      sums[0] += g * s;
      sums[1] += (s + 0.3 * g) ** 2;
      return { s: s + 0.3 * g };
    },
  },
  {
    name: "d-adaptation",
    arrays: ["x", "b", "s"],
    run: ([x, b, s], n) => h.k.dadapt_sgd_f32(x, b, s, n, 0.25),
    reference: ({ x, b, s }) => ({ x: 0.25 * x + 0.75 * (b - s) }),
  },
  {
    name: "prodigy sums",
    arrays: ["x", "g", "b", "s", "m", "v"],
    sums: 2,
    run: ([x, g, b, s, m, v], n, sums) =>
      h.k.prodigy_sums_f32(sums, x, g, b, s, m, v, n, 0.9, 0.2, 0.8, 0.3, 0.7, 0.4),
    reference: ({ x, g, b, s, m, v }, sums) => {
      const next = 0.7 * s + 0.4 * g;
      sums[0] += g * (b - x);
      sums[1] += Math.abs(next);
      return { s: next, m: 0.9 * m + 0.2 * g, v: 0.8 * v + 0.3 * g * g };
    },
  },
  {
    name: "prodigy",
    arrays: ["x", "m", "v"],
    positive: ["v"],
    run: ([x, m, v], n) => h.k.prodigy_f32(x, m, v, n, 0.3, 1e-2, 0.1),
    reference: ({ x, m, v }) => ({ x: x - 0.1 * x - (0.3 * m) / (Math.sqrt(v) + 1e-2) }),
  },
  {
    name: "schedule-free sgd",
    arrays: ["y", "g", "z"],
    run: ([y, g, z], n) => h.k.schedule_free_sgd_f32(y, g, z, n, 0.3, 0.25, -0.2, 0.1),
    reference: ({ y, g, z }) => {
      const d = g + 0.1 * y;
      return { y: y + 0.25 * (z - y) - 0.2 * d, z: z - 0.3 * d };
    },
  },
  {
    name: "schedule-free adamw",
    arrays: ["y", "g", "z", "v"],
    positive: ["v"],
    run: ([y, g, z, v], n) => h.k.schedule_free_adamw_f32(y, g, z, v, n, 0.3, 0.25, -0.2, 0.1, 0.9, 2, 1e-2),
    reference: ({ y, g, z, v }) => {
      const square = 0.9 * v + 0.1 * g * g;
      const d = g / (2 * Math.sqrt(square) + 1e-2) + 0.1 * y;
      return { y: y + 0.25 * (z - y) - 0.2 * d, z: z - 0.3 * d, v: square };
    },
  },
  {
    name: "lerp",
    arrays: ["y", "z"],
    run: ([y, z], n) => h.k.lerp_f32(y, z, n, -0.1),
    reference: ({ y, z }) => ({ y: y - 0.1 * (z - y) }),
  },
];

const near = (a: number, b: number) => Math.abs(a - b) <= 2e-6 * (1 + Math.abs(b));

for (const { name, arrays, positive = [], sums: count = 0, run, reference } of cases) {
  test(`${name} agrees with float64 and writes nothing past the end`, () => {
    for (const n of sizes) {
      h.reset();
      const inputs = arrays.map((array, i) => values(n, i + 2, positive.includes(array) ? 0.01 : -1, 1));
      const pointers = inputs.map((input) => h.f32(input));
      const sums = h.f64([5, 7]);
      const expectedSums = [5, 7];
      const expected = Array.from({ length: n }, (_, i) => {
        const element = Object.fromEntries(arrays.map((array, k) => [array, inputs[k][i]]));
        return { ...element, ...reference(element, expectedSums) } as Element;
      });
      run(pointers, n, sums);
      for (const [k, array] of arrays.entries()) {
        const got = h.readF32(pointers[k], n + 1);
        for (let i = 0; i < n; i++) {
          assert.ok(near(got[i], expected[i][array]), `${array}[${i}] of ${n}: ${got[i]}`);
        }
        assert.ok(Number.isNaN(got[n]), `${array} of ${n}: written past the end`);
      }
      for (let k = 0; k < count; k++) assert.ok(near(h.readF64(sums, 2)[k], expectedSums[k]));
    }
  });
}

test("squared distances, from another array and from the origin", () => {
  for (const n of sizes) {
    h.reset();
    const [x, y] = [values(n, 1), values(n, 2)];
    const [px, py] = [h.f32(x), h.f32(y)];
    const apart = x.reduce((sum, v, i) => sum + Math.fround(v - y[i]) ** 2, 0);
    const length = x.reduce((sum, v) => sum + v * v, 0);
    assert.ok(Math.abs(h.k.squared_distance_f32(px, py, n) - apart) <= 1e-14 * (1 + apart));
    assert.ok(Math.abs(h.k.squared_distance_f32(px, 0, n) - length) <= 1e-14 * (1 + length));
  }
});

test("an element's bits do not depend on its place in a vector", () => {
  const n = 9;
  const update = (count: number, from: number) => {
    h.reset();
    const arrays = [1, 2, 3, 4].map((seed) => h.f32(values(n, seed, 0.1, 1).slice(from, from + count)));
    h.k.adam_f32(arrays[0], arrays[1], arrays[2], arrays[3], 0, count, 0.9, 0.999, 0.1, 0.01, 2, 1e-8, 0.01);
    return [...h.readF32(arrays[0], count)];
  };
  const whole = update(n, 0);
  for (let from = 1; from < n; from++) assert.equal(update(n - from, from), whole.slice(from));
});

test.run();
