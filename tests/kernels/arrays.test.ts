// Reductions, softmax, copies, indexing, broadcasting and SGD, straight on memory: odd sizes, long sums, no byte more.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { worst } from "../reference";
import { Harness, values } from "./harness";

const h = new Harness();
const { k } = h;
const SIZES = [0, 1, 2, 3, 4, 5, 7, 15, 16, 17, 63, 64, 65, 1023, 1030];
const fresh = (run: () => void) => () => {
  h.reset();
  run();
};

/** An output block of n elements; check() fails when anything behind it was written. */
function output(n: number): { ptr: number; read: () => Float32Array; check: () => void } {
  const ptr = h.alloc((n + 4) * 4);
  return {
    ptr,
    read: () => h.readF32(ptr, n),
    check: () => assert.equal([...h.readI32(ptr + 4 * n, 4)], [-1, -1, -1, -1]),
  };
}

test(
  "sums of rows and columns",
  fresh(() => {
    for (const [outer, n, inner] of [
      [3, 7, 1],
      [1, 1000, 1],
      [2, 5, 9],
      [2, 3, 1101],
      [4, 130, 3],
      [1, 65, 16],
      [2, 0, 3],
      [5, 1, 1],
    ]) {
      h.reset();
      const x = values(outer * n * inner, n + inner);
      const out = output(outer * inner);
      k.sum_f32(out.ptr, h.f32(x), outer, n, inner, 2, h.alloc(4096));
      const expected = Array.from({ length: outer * inner }, (_, i) => {
        let total = 0;
        for (let j = 0; j < n; j++) total += x[(Math.floor(i / inner) * n + j) * inner + (i % inner)];
        return total / 2;
      });
      assert.ok(worst(out.read(), expected) < 1e-6);
      out.check();
    }
  }),
);

test(
  "the error of a sum does not grow with its length",
  fresh(() => {
    const n = 4_000_000;
    const x = values(n, 3, 0, 1);
    const exact = x.reduce((a, b) => a + b, 0);
    const out = output(1);
    k.sum_f32(out.ptr, h.f32(x), 1, n, 1, 1, 0);
    assert.ok(Math.abs(out.read()[0] / exact - 1) < 1e-7);
  }),
);

test(
  "max, min, argmax, argmin, prod, norm, variance, cumsum of every length",
  fresh(() => {
    for (const n of SIZES.slice(1)) {
      h.reset();
      const x = values(3 * n, n);
      const rows = [0, 1, 2].map((r) => [...x.subarray(r * n, (r + 1) * n)]);
      const ptr = h.f32(x);
      const check = (run: (out: number) => void, fn: (row: number[]) => number, tolerance = 1e-6) => {
        const out = output(3);
        run(out.ptr);
        assert.ok(worst(out.read(), rows.map(fn)) <= tolerance);
        out.check();
      };
      check(
        (out) => k.max_f32(out, ptr, 3, n, 1),
        (row) => Math.max(...row),
        0,
      );
      check(
        (out) => k.min_f32(out, ptr, 3, n, 1),
        (row) => Math.min(...row),
        0,
      );
      check(
        (out) => k.prod_f32(out, ptr, 3, n),
        (row) => row.reduce((a, b) => a * b, 1),
      );
      check(
        (out) => k.norm_f32(out, ptr, 3, n),
        (row) => Math.hypot(...row),
      );
      check(
        (out) => k.variance_f32(out, ptr, 3, n, 0, 0),
        (row) => {
          const mean = row.reduce((a, b) => a + b, 0) / n;
          return row.reduce((a, b) => a + (b - mean) ** 2, 0) / n;
        },
      );
      const at = h.alloc(12);
      k.argmax_f32(at, ptr, 3, n);
      assert.equal(
        [...h.readI32(at, 3)],
        rows.map((row) => row.indexOf(Math.max(...row))),
      );
      k.argmin_f32(at, ptr, 3, n);
      assert.equal(
        [...h.readI32(at, 3)],
        rows.map((row) => row.indexOf(Math.min(...row))),
      );
      const sums = output(3 * n);
      k.cumsum_f32(sums.ptr, ptr, 3, n, 1);
      assert.ok(
        worst(
          sums.read(),
          rows.flatMap((row) => row.map((_, i) => row.slice(i).reduce((a, b) => a + b, 0))),
        ) < 1e-5,
      );
      sums.check();
    }
  }),
);

test(
  "NaN wins every maximum, wherever it stands",
  fresh(() => {
    for (const n of [1, 3, 4, 9, 33]) {
      for (let at = 0; at < n; at++) {
        h.reset();
        const x = values(n, 5);
        x[at] = Number.NaN;
        const out = h.alloc(4);
        k.max_f32(out, h.f32(x), 1, n, 1);
        assert.ok(Number.isNaN(h.readF32(out, 1)[0]));
        k.argmax_f32(out, h.f32(x), 1, n);
        assert.is(h.readI32(out, 1)[0], at);
        assert.is(k.all_finite_f32(h.f32(x), n), 0);
        assert.is(k.all_finite_f32(h.f32(values(n, 5)), n), 1);
      }
    }
  }),
);

test(
  "softmax, log-softmax and log-sum-exp, also of huge and infinite elements",
  fresh(() => {
    for (const n of SIZES.slice(1)) {
      h.reset();
      const x = values(2 * n, n, -90, 90);
      const rows = [0, 1].map((r) => [...x.subarray(r * n, (r + 1) * n)]);
      const logSums = rows.map((row) => {
        const most = Math.max(...row);
        return most + Math.log(row.reduce((sum, v) => sum + Math.exp(v - most), 0));
      });
      const ptr = h.f32(x);
      const out = output(2 * n);
      k.softmax_f32(out.ptr, ptr, 2, n);
      assert.ok(
        worst(
          out.read(),
          rows.flatMap((row, r) => row.map((v) => Math.exp(v - logSums[r]))),
        ) < 2e-6,
      );
      k.log_softmax_f32(out.ptr, ptr, 2, n);
      assert.ok(
        worst(
          out.read(),
          rows.flatMap((row, r) => row.map((v) => v - logSums[r])),
        ) < 2e-6,
      );
      out.check();
      const sums = output(2);
      k.log_sum_exp_f32(sums.ptr, ptr, 2, n);
      assert.ok(worst(sums.read(), logSums) < 2e-6);
      sums.check();
    }
    const out = h.alloc(4);
    const of = (row: number[]) => {
      k.log_sum_exp_f32(out, h.f32(row), 1, row.length);
      return h.readF32(out, 1)[0];
    };
    assert.is(of([-Infinity, -Infinity]), -Infinity);
    assert.is(of([1, Infinity]), Infinity);
    assert.is(of([5, -Infinity]), 5);
  }),
);

test(
  "a transpose of any size is exact",
  fresh(() => {
    for (const [rows, columns] of [
      [1, 1],
      [4, 4],
      [5, 9],
      [17, 3],
      [64, 31],
      // Rows of the output whose length is a power of two are written by whole lines.
      [256, 9],
      [512, 6],
    ]) {
      h.reset();
      const x = values(rows * columns, rows);
      const out = output(rows * columns);
      k.transpose_32(out.ptr, h.f32(x), rows, columns);
      assert.equal(
        [...out.read()],
        Array.from({ length: rows * columns }, (_, i) => x[(i % rows) * columns + Math.floor(i / rows)]),
      );
      out.check();
    }
  }),
);

test(
  "strided copies go both ways, backwards too",
  fresh(() => {
    const x = h.f32(values(60, 1));
    const source = h.readF32(x, 60);
    const plan = h.i32([3, 20, 5, 4, 5, 1, 0, 0, 0]);
    const out = h.alloc(60 * 4);
    k.copy_strided_32(out, x, 2, plan);
    const copied = h.readF32(out, 60);
    for (let i = 0; i < 3; i++)
      for (let j = 0; j < 4; j++) assert.is(copied[20 * i + 5 * j], source[5 * i + j]);
    const reversed = h.alloc(7 * 4);
    k.copy_strided_32(reversed, x + 6 * 4, 1, h.i32([7, 1, -1, 0]));
    assert.equal([...h.readF32(reversed, 7)], [...source.subarray(0, 7)].reverse());
  }),
);

test(
  "broadcasting of every stride pattern and length",
  fresh(() => {
    for (const n of SIZES.slice(1)) {
      for (const [sa, sb] of [
        [1, 1],
        [1, 0],
        [0, 1],
        [0, 0],
        [2, 1],
        [3, 2],
      ]) {
        h.reset();
        const [a, b] = [values(3 * n, 1), values(3 * n, 2)];
        const out = output(2 * n);
        // Two rows: a moves on by 1 element, b stays.
        k.sub_f32(out.ptr, h.f32(a), h.f32(b), 2, h.i32([2, 1, 0, n, sa, sb, 0, 0]));
        const expected = Array.from({ length: 2 * n }, (_, i) => {
          const [row, j] = [Math.floor(i / n), i % n];
          return Math.fround((a[row + j * sa] ?? 0) - b[j * sb]);
        });
        if (n * sa + 1 < 3 * n) assert.equal([...out.read()], expected);
        out.check();
      }
    }
  }),
);

test(
  "indices: rows picked, added back, out of range told",
  fresh(() => {
    const x = h.f32([1, 2, 3, 4, 5, 6]);
    const picks = h.i32([2, 0, -1]);
    const out = output(6);
    assert.is(k.index_select_32(out.ptr, x, picks, 1, 3, 3, 2, 1), -1);
    assert.equal([...out.read()], [5, 6, 1, 2, 5, 6]);
    out.check();
    const single = output(6);
    assert.is(k.index_select_32(single.ptr, x, picks, 2, 3, 3, 1, 1), -1);
    assert.equal([...single.read()], [3, 1, 3, 6, 4, 6]);
    single.check();
    const gx = h.f32(new Float32Array(6));
    k.index_add_f32(gx, out.ptr, picks, 1, 3, 3, 2);
    assert.equal([...h.readF32(gx, 6)], [1, 2, 0, 0, 10, 12]);
    assert.is(k.index_select_32(out.ptr, x, h.i32([0, 3]), 1, 3, 2, 2, 1), 1);
    assert.is(k.index_select_32(out.ptr, x, h.i32([0, -1]), 1, 3, 2, 2, 0), 1);
    assert.is(k.gather_32(out.ptr, x, h.i32([0, -1]), 1, 3, 2, 1), 1);
  }),
);

test(
  "SGD is PyTorch's, for every length",
  fresh(() => {
    for (const n of SIZES) {
      h.reset();
      const [p, g, v] = [values(n, 1), values(n, 2), values(n, 3)];
      const [lr, mu, damp, wd] = [0.1, 0.9, 0.2, 0.01];
      const pPtr = h.f32([...p, 7]);
      const vPtr = h.f32([...v, 7]);
      k.sgd_f32(pPtr, h.f32(g), vPtr, n, lr, mu, damp, wd, 1, 0);
      const velocity = Array.from(p, (w, i) => mu * v[i] + (1 - damp) * (g[i] + wd * w));
      const expected = Array.from(p, (w, i) => w - lr * (g[i] + wd * w + mu * velocity[i]));
      assert.ok(worst(h.readF32(pPtr, n + 1), [...expected, 7]) < 1e-6);
      assert.ok(worst(h.readF32(vPtr, n + 1), [...velocity, 7]) < 1e-6);
    }
  }),
);

test.run();
