import { test } from "uvu";
import * as assert from "uvu/assert";
import { Harness } from "./harness";

const h = new Harness();
type Words = [number, number, number, number];

/** Philox4x32-10 as its paper states it, in exact integers. */
function philox(counter: Words, key: [number, number]): Words {
  let [c0, c1, c2, c3] = counter.map(BigInt);
  let [k0, k1] = key.map(BigInt);
  const word = (x: bigint) => x & 0xffffffffn;
  for (let round = 0; round < 10; round++) {
    const a = c0 * 0xd2511f53n;
    const b = c2 * 0xcd9e8d57n;
    [c0, c1, c2, c3] = [(b >> 32n) ^ c1 ^ k0, word(b), (a >> 32n) ^ c3 ^ k1, word(a)];
    [k0, k1] = [word(k0 + 0x9e3779b9n), word(k1 + 0xbb67ae85n)];
  }
  return [c0, c1, c2, c3].map(Number) as Words;
}

function bits(n: number, seed = [7, 9], counter = [0, 0]): Uint32Array {
  h.reset();
  const out = h.alloc(n * 4 + 64);
  h.k.random_bits(out, n, seed[0], seed[1], counter[0], counter[1]);
  assert.ok(
    new Uint32Array(h.memory.buffer, out + n * 4, 8).every((word) => word === 0xffffffff),
    "past the end",
  );
  return new Uint32Array(h.memory.buffer, out, n).slice();
}
function uniform(n: number, low = 0, high = 1, seed = 1, counter = 0): Float32Array {
  h.reset();
  const out = h.alloc(n * 4);
  h.k.uniform_f32(out, n, low, high, seed, 0, counter, 0);
  return h.readF32(out, n);
}
function normal(n: number, mean = 0, std = 1, seed = 1, counter = 0): Float32Array {
  h.reset();
  const out = h.alloc(n * 4);
  h.k.normal_f32(out, n, mean, std, seed, 0, counter, 0);
  return h.readF32(out, n);
}
function dropout(n: number, p: number, scale: number, seed = 1): Float32Array {
  h.reset();
  const out = h.alloc(n * 4);
  h.k.dropout_mask_f32(out, n, p, scale, seed, 0, 0, 0);
  return h.readF32(out, n);
}
function permutation(n: number, seed = 1, counter = 0): Int32Array {
  h.reset();
  const out = h.alloc(n * 4 + 16);
  h.k.permutation_i32(out, n, seed, 0, counter, 0);
  assert.is(h.readI32(out + n * 4, 1)[0], -1, "past the end");
  return h.readI32(out, n);
}

const mean = (x: ArrayLike<number>) => Array.from(x).reduce((sum, a) => sum + a, 0) / x.length;
function moment(x: ArrayLike<number>, order: number): number {
  const centre = mean(x);
  return mean(Array.from(x, (a) => (a - centre) ** order));
}
function correlation(a: Float32Array, b: Float32Array): number {
  const [ma, mb] = [mean(a), mean(b)];
  return mean(a.map((x, i) => (x - ma) * (b[i] - mb))) / Math.sqrt(moment(a, 2) * moment(b, 2));
}
/** (chi^2 - degrees of freedom) / its standard deviation: about standard normal. */
function chiSquare(counts: number[], expected: number): number {
  const chi2 = counts.reduce((sum, c) => sum + (c - expected) ** 2 / expected, 0);
  return (chi2 - (counts.length - 1)) / Math.sqrt(2 * (counts.length - 1));
}

test("the reference reproduces the known answers of Random123 (kat_vectors, philox4x32 10)", () => {
  const all = 0xffffffff;
  assert.equal(philox([0, 0, 0, 0], [0, 0]), [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
  assert.equal(philox([all, all, all, all], [all, all]), [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]);
  assert.equal(
    philox([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0]),
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  );
});

test("random_bits is Philox4x32-10, also where the counter carries", () => {
  for (const seed of [
    [0, 0],
    [0x12345678, 0x9abcdef0],
  ] as [number, number][]) {
    for (const [low, high] of [
      [0, 0],
      [0xfffffffd, 3],
      [0xffffffff, 0xffffffff],
    ]) {
      const got = bits(35, seed, [low, high]);
      for (let block = 0; block < 9; block++) {
        const counter = (BigInt(high) << 32n) + BigInt(low) + BigInt(block);
        const words = philox(
          [Number(counter & 0xffffffffn), Number((counter >> 32n) & 0xffffffffn), 0, 0],
          seed,
        );
        const count = Math.min(4, 35 - 4 * block);
        assert.equal(Array.from(got.subarray(4 * block, 4 * block + count)), words.slice(0, count));
      }
    }
  }
});

test("a value depends on the seed and its place only", () => {
  const draws = [
    (n: number, counter: number) => Float32Array.from(bits(n, [1, 0], [counter, 0])),
    (n: number, counter: number) => uniform(n, -2, 3, 1, counter),
    (n: number, counter: number) => normal(n, 1, 2, 1, counter),
  ];
  for (const draw of draws) {
    const long = draw(100, 5);
    for (const n of [0, 1, 2, 3, 4, 5, 15, 16, 17, 33]) assert.equal(draw(n, 5), long.slice(0, n));
    assert.equal(draw(60, 15), long.slice(40));
  }
  const mask = dropout(100, 0.5, 2);
  assert.equal(dropout(37, 0.5, 2), mask.slice(0, 37));
});

test("uniform: range, moments, bins", () => {
  const n = 200000;
  const x = uniform(n);
  assert.ok(x.every((u) => u >= 0 && u < 1));
  assert.ok(Math.abs(mean(x) - 0.5) < 4 / Math.sqrt(12 * n));
  assert.ok(Math.abs(moment(x, 2) - 1 / 12) < 1e-3);
  const counts = new Array(256).fill(0);
  for (const u of x) counts[Math.floor(u * 256)]++;
  assert.ok(Math.abs(chiSquare(counts, n / 256)) < 4);
  // Few floats fit between these: rounding must not reach the upper bound.
  const narrow = uniform(n, 1000, 1000.0005);
  assert.ok(narrow.every((u) => u >= 1000 && u < Math.fround(1000.0005)));
  assert.equal(uniform(5, 3, 3), new Float32Array(5).fill(3));
});

test("normal: moments, tails, independent pairs", () => {
  const n = 200000;
  const z = normal(n);
  assert.ok(Math.abs(mean(z)) < 4 / Math.sqrt(n));
  assert.ok(Math.abs(moment(z, 2) - 1) < 0.02);
  assert.ok(Math.abs(moment(z, 3)) < 0.03);
  assert.ok(Math.abs(moment(z, 4) - 3) < 0.1);
  const beyond = z.filter((a) => Math.abs(a) > 1.959964).length / n;
  assert.ok(Math.abs(beyond - 0.05) < 0.003);
  const even = z.filter((_, i) => i % 2 === 0);
  const odd = z.filter((_, i) => i % 2 === 1);
  assert.ok(Math.abs(correlation(even, odd)) < 4 / Math.sqrt(n / 2));
  const shifted = normal(n, 5, 0.5);
  assert.ok(Math.abs(mean(shifted) - 5) < 0.01);
  assert.ok(Math.abs(moment(shifted, 2) - 0.25) < 0.01);
});

test("normal is the Box-Muller transform of its words", () => {
  const z = normal(64);
  const words = bits(64, [1, 0]);
  for (let i = 0; i < 64; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(((words[i] >>> 8) + 1) / 2 ** 24));
    const angle = (2 * Math.PI * words[i + 1]) / 2 ** 32;
    assert.ok(Math.abs(z[i] - radius * Math.cos(angle)) < 2e-6);
    assert.ok(Math.abs(z[i + 1] - radius * Math.sin(angle)) < 2e-6);
  }
});

test("seeds and counters give unrelated streams", () => {
  const n = 50000;
  const bound = 4 / Math.sqrt(n);
  const first = uniform(n, 0, 1, 1);
  for (const other of [2, 3, 0x80000000]) {
    assert.ok(Math.abs(correlation(first, uniform(n, 0, 1, other))) < bound);
  }
  assert.ok(Math.abs(correlation(first, uniform(n, 0, 1, 1, n))) < bound);
});

test("dropout_mask: share, values, edges", () => {
  const n = 100000;
  const mask = dropout(n, 0.3, 1 / 0.7);
  assert.ok(mask.every((m) => m === 0 || m === Math.fround(1 / 0.7)));
  assert.ok(Math.abs(mask.filter((m) => m === 0).length / n - 0.3) < 4 * Math.sqrt(0.21 / n));
  assert.ok(dropout(n, 0, 1).every((m) => m === 1));
  assert.ok(dropout(n, 1, 1).every((m) => m === 0));
});

test("permutation: every place once, all orders equally likely", () => {
  for (const n of [0, 1, 2, 5, 1000]) {
    assert.equal(
      Array.from(permutation(n)).sort((a, b) => a - b),
      Array.from({ length: n }, (_, i) => i),
    );
  }
  assert.equal(permutation(100, 3), permutation(100, 3));
  assert.not.equal(permutation(100, 3), permutation(100, 4));
  const orders = new Map<string, number>();
  for (let k = 0; k < 24000; k++) {
    const order = permutation(4, 5, k).join();
    orders.set(order, (orders.get(order) ?? 0) + 1);
  }
  assert.is(orders.size, 24);
  assert.ok(Math.abs(chiSquare([...orders.values()], 1000)) < 4);
});

test("permutation follows Fisher and Yates with Lemire's rejection", () => {
  // At this size a word in about 8000 is rejected.
  const n = 1 << 20;
  const seed: [number, number] = [11, 0];
  const words = bits(n, seed);
  const want = new Int32Array(n);
  let rejected = 0;
  for (let i = 0; i < n; i++) {
    const range = i + 1;
    let product = BigInt(words[i]) * BigInt(range);
    for (let attempt = 1; Number(product & 0xffffffffn) < 2 ** 32 % range; attempt++) {
      product = BigInt(philox([i >>> 2, 0, attempt, 0], seed)[i & 3]) * BigInt(range);
      rejected++;
    }
    const j = Number(product >> 32n);
    want[i] = want[j];
    want[j] = i;
  }
  assert.ok(rejected > 10);
  assert.equal(permutation(n, 11), want);
});

test.run();
