import { test } from "uvu";
import * as assert from "uvu/assert";
import { Harness, values } from "./harness.js";

const h = new Harness();
const unwritten = new Float32Array(new Uint32Array([0xffffffff]).buffer)[0];

interface Product {
  m: number;
  n: number;
  k: number;
  transA?: boolean;
  transB?: boolean;
  accumulate?: boolean;
  pad?: number; // how much wider than needed the rows of A, B and C are
}

/** Runs gemm_f32 and returns C with its padding, beside the float64 reference and the sum of magnitudes. */
function product({ m, n, k, transA = false, transB = false, accumulate = false, pad = 0 }: Product) {
  h.reset();
  const lda = (transA ? m : k) + pad;
  const ldb = (transB ? k : n) + 2 * pad;
  const ldc = n + 3 * pad;
  const a = values((transA ? k : m) * lda, 1);
  const b = values((transB ? n : k) * ldb, 2);
  const before = values(m * ldc, 3);
  const pa = h.f32(a);
  const pb = h.f32(b);
  const pc = accumulate ? h.f32(before) : h.alloc(m * ldc * 4);
  const scratch = h.alloc(h.k.gemm_scratch_bytes(m, n, k));
  const behind = h.alloc(64);
  h.k.gemm_f32(pc, pa, pb, m, n, k, lda, ldb, ldc, +transA, +transB, +accumulate, scratch);
  assert.ok(
    h.readI32(behind, 16).every((v) => v === -1),
    "wrote past the scratch",
  );
  assert.ok(
    h.readI32(pc + m * ldc * 4, 8).every((v) => v === -1),
    "wrote past the output",
  );
  const expected = new Float64Array(m * ldc);
  const magnitude = new Float64Array(m * ldc);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = accumulate ? before[i * ldc + j] : 0;
      let size = Math.abs(sum);
      for (let p = 0; p < k; p++) {
        const term = a[transA ? p * lda + i : i * lda + p] * b[transB ? j * ldb + p : p * ldb + j];
        sum += term;
        size += Math.abs(term);
      }
      expected[i * ldc + j] = sum;
      magnitude[i * ldc + j] = size;
    }
  }
  const untouched = (i: number) => (accumulate ? before[i] : unwritten);
  return { c: h.readF32(pc, m * ldc), expected, magnitude, ldc, untouched };
}

function check(shape: Product) {
  const { c, expected, magnitude, ldc, untouched } = product(shape);
  for (let i = 0; i < c.length; i++) {
    if (i % ldc >= shape.n)
      assert.ok(Object.is(c[i], untouched(i)), `row padding written: ${JSON.stringify(shape)}`);
    else if (!(Math.abs(c[i] - expected[i]) <= 1e-5 * magnitude[i])) {
      assert.unreachable(`${JSON.stringify(shape)}: c[${i}] = ${c[i]}, expected ${expected[i]}`);
    }
  }
}

const flags = [false, true];

test("gemm: sizes around the tile, all transposes, with and without accumulation", () => {
  for (const m of [0, 1, 2, 3, 4, 5, 8, 13]) {
    for (const n of [0, 1, 2, 4, 5, 7, 8, 9, 12, 17]) {
      for (const k of [0, 1, 2, 3, 4, 5, 11]) {
        for (const transA of flags) {
          for (const transB of flags) {
            for (const accumulate of flags) check({ m, n, k, transA, transB, accumulate, pad: (m + n) % 3 });
          }
        }
      }
    }
  }
});

test("gemm: sizes around the blocks", () => {
  for (const [m, n, k] of [
    [129, 9, 257],
    [5, 521, 513],
    [131, 515, 7],
    [3, 1030, 300],
  ]) {
    for (const transA of flags) {
      for (const transB of flags) check({ m, n, k, transA, transB, accumulate: transA !== transB, pad: 1 });
    }
  }
});

test("gemm: matrix-vector products over more than one strip and block", () => {
  for (const [m, n] of [
    [1, 1050],
    [1050, 1],
    [1, 19],
    [19, 1],
  ]) {
    for (const k of [257, 515, 6]) {
      for (const transA of flags) {
        for (const transB of flags)
          check({ m, n, k, transA, transB, accumulate: transA, pad: transB ? 2 : 0 });
      }
    }
  }
});

test("gemm: an element's bits depend on neither m, n, its place, nor the transposes", () => {
  const k = 600;
  const a = values(37 * k, 4);
  const b = values(k * 41, 5);
  const transpose = (x: Float32Array, rows: number, columns: number) =>
    x.map((_, i) => x[(i % rows) * columns + Math.floor(i / rows)]);
  h.reset();
  const whole = h.alloc(37 * 41 * 4);
  const part = h.alloc(37 * 41 * 4);
  const scratch = h.alloc(h.k.gemm_scratch_bytes(37, 41, k));
  const [pa, pb, at, bt] = [a, b, transpose(a, 37, k), transpose(b, k, 41)].map((x) => h.f32(x));
  h.k.gemm_f32(whole, pa, pb, 37, 41, k, k, 41, 41, 0, 0, 0, scratch);
  const expected = h.readF32(whole, 37 * 41);
  for (const [i, j, m, n] of [
    [0, 0, 37, 41],
    [1, 3, 9, 11],
    [36, 40, 1, 1],
    [2, 5, 1, 30],
    [3, 7, 20, 1],
    [5, 1, 2, 3],
  ]) {
    for (const transA of [0, 1]) {
      for (const transB of [0, 1]) {
        const pai = transA ? at + i * 4 : pa + i * k * 4;
        const pbj = transB ? bt + j * k * 4 : pb + j * 4;
        h.k.gemm_f32(
          part,
          pai,
          pbj,
          m,
          n,
          k,
          transA ? 37 : k,
          transB ? k : 41,
          n,
          transA,
          transB,
          0,
          scratch,
        );
        const got = h.readF32(part, m * n);
        for (let e = 0; e < m * n; e++) {
          const at = (i + Math.floor(e / n)) * 41 + j + (e % n);
          assert.ok(Object.is(got[e], expected[at]), `${m}x${n} at ${i},${j} transposes ${transA}${transB}`);
        }
      }
    }
  }
});

test("a batch has the bits of its products one by one, packed or not, spaced or repeated", () => {
  for (const [m, n, k] of [
    [1, 1, 1],
    [4, 4, 4],
    [3, 5, 7],
    [2, 9, 0],
    [8, 8, 16],
    [17, 6, 11],
  ]) {
    for (const [transA, transB] of [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ]) {
      for (const repeats of [false, true]) {
        h.reset();
        const count = 3;
        const [lda, ldb] = [transA ? m : k, transB ? k : n];
        const [stepA, stepB] = [m * k * 4, repeats ? 0 : k * n * 4];
        const a = h.f32(values(count * m * k, 5));
        const b = h.f32(values(count * k * n, 6));
        const [one, all] = [h.alloc(count * m * n * 4), h.alloc(count * m * n * 4)];
        const scratch = h.alloc(h.k.gemm_scratch_bytes(m, n, k));
        for (let i = 0; i < count; i++) {
          const [p, q] = [a + i * stepA, b + i * stepB];
          h.k.gemm_f32(one + i * m * n * 4, p, q, m, n, k, lda, ldb, n, transA, transB, 0, scratch);
        }
        h.k.gemm_batch_f32(all, a, b, count, stepA, stepB, m, n, k, lda, ldb, transA, transB, scratch);
        assert.equal(
          h.readI32(all, count * m * n),
          h.readI32(one, count * m * n),
          `${[m, n, k]}, transposed ${[transA, transB]}`,
        );
        assert.ok(h.readI32(all + count * m * n * 4, 8).every((v) => v === -1));
      }
    }
  }
});

test("gemm: NaN and Infinity stay in their row and column", () => {
  h.reset();
  const a = values(5 * 6, 6);
  const b = values(6 * 9, 7);
  a[2 * 6 + 1] = NaN;
  b[3 * 9 + 4] = Infinity;
  const c = h.alloc(5 * 9 * 4);
  h.k.gemm_f32(c, h.f32(a), h.f32(b), 5, 9, 6, 6, 9, 9, 0, 0, 0, h.alloc(h.k.gemm_scratch_bytes(5, 9, 6)));
  h.readF32(c, 45).forEach((v, i) => {
    const [row, column] = [Math.floor(i / 9), i % 9];
    if (row === 2) assert.ok(Number.isNaN(v));
    else if (column === 4) assert.is(Math.abs(v), Infinity);
    else assert.ok(Number.isFinite(v));
  });
});

test.run();
