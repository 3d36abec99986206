import { test } from "uvu";
import * as assert from "uvu/assert";
import { Harness, values } from "./harness.js";

const h = new Harness();

interface Window {
  planes: number;
  h: number;
  w: number;
  kernel: [number, number];
  stride: [number, number];
  padding: [number, number];
}

const outSize = (s: Window, axis: 0 | 1) =>
  Math.floor(((axis === 0 ? s.h : s.w) + 2 * s.padding[axis] - s.kernel[axis]) / s.stride[axis]) + 1;

/** For every output pixel the places of its window that lie inside the plane. */
function windows(s: Window): number[][] {
  const range = (o: number, axis: 0 | 1, end: number) =>
    Array.from({ length: s.kernel[axis] }, (_, i) => o * s.stride[axis] - s.padding[axis] + i).filter(
      (v) => v >= 0 && v < end,
    );
  const result: number[][] = [];
  for (let oy = 0; oy < outSize(s, 0); oy++) {
    for (let ox = 0; ox < outSize(s, 1); ox++) {
      result.push(range(oy, 0, s.h).flatMap((y) => range(ox, 1, s.w).map((x) => y * s.w + x)));
    }
  }
  return result;
}

const shapes: Window[] = [];
for (const [height, w] of [
  [1, 1],
  [2, 2],
  [2, 8],
  [5, 9],
  [8, 16],
  [7, 19],
  [28, 28],
]) {
  for (const [kernel, stride, padding] of [
    [
      [2, 2],
      [2, 2],
      [0, 0],
    ],
    [
      [2, 2],
      [1, 1],
      [0, 0],
    ],
    [
      [2, 2],
      [2, 2],
      [1, 1],
    ],
    [
      [3, 3],
      [2, 2],
      [1, 1],
    ],
    [
      [3, 2],
      [3, 1],
      [1, 0],
    ],
    [
      [1, 4],
      [1, 4],
      [0, 2],
    ],
  ] as [number, number][][]) {
    const shape = { planes: 3, h: height, w, kernel, stride, padding };
    if (outSize(shape, 0) > 0 && outSize(shape, 1) > 0) shapes.push(shape);
  }
}
const geometry = (s: Window): [planes: number, geometry: number] => [
  s.planes,
  h.struct([s.h, s.w, ...s.kernel, ...s.stride, ...s.padding, 1, 1, outSize(s, 0), outSize(s, 1)]),
];

function intact(ptr: number, n: number) {
  assert.ok(
    h.readI32(ptr + n * 4, 8).every((v) => v === -1),
    "wrote past the output",
  );
}

function close(got: Float32Array, expected: ArrayLike<number>, label: string) {
  assert.is(got.length, expected.length);
  got.forEach((v, i) => {
    if (!(Math.abs(v - expected[i]) <= 1e-5 * (1 + Math.abs(expected[i])))) {
      assert.unreachable(`${label}: [${i}] = ${v}, expected ${expected[i]}`);
    }
  });
}

test("max_pool2d: the first maximum and its place, and the gradient there", () => {
  for (const s of shapes) {
    h.reset();
    // Few distinct values, so that there are ties.
    const x = values(s.planes * s.h * s.w, 1).map((v) => Math.round(v * 4));
    const places = windows(s);
    const size = s.h * s.w;
    const expected: number[] = [];
    for (let plane = 0; plane < s.planes; plane++) {
      for (const window of places) {
        expected.push(window.reduce((best, i) => (x[plane * size + i] > x[plane * size + best] ? i : best)));
      }
    }
    const n = expected.length;
    const [out, indices, gx] = [h.alloc(n * 4), h.alloc(n * 4), h.alloc(x.length * 4)];
    h.k.max_pool2d_forward_f32(out, indices, h.f32(x), ...geometry(s));
    assert.equal([...h.readI32(indices, n)], expected, JSON.stringify(s));
    h.readF32(out, n).forEach((v, i) => {
      assert.is(v, x[Math.floor(i / places.length) * size + expected[i]]);
    });
    intact(out, n);
    intact(indices, n);

    const g = values(n, 2);
    const gradient = new Float64Array(x.length);
    g.forEach((v, i) => {
      gradient[Math.floor(i / places.length) * size + expected[i]] += v;
    });
    h.k.max_pool2d_backward_f32(gx, h.f32(g), indices, s.planes, size, places.length);
    close(h.readF32(gx, x.length), gradient, JSON.stringify(s));
    intact(gx, x.length);
  }
});

test("max_pool2d: NaN is the maximum, minus infinity has a place", () => {
  for (let at = 0; at < 4; at++) {
    for (const w of [2, 8]) {
      h.reset();
      const x = values(2 * w, 3);
      x[(at >> 1) * w + (at & 1)] = NaN;
      const [out, indices] = [h.alloc(16), h.alloc(16)];
      h.k.max_pool2d_forward_f32(
        out,
        indices,
        h.f32(x),
        1,
        h.struct([2, w, 2, 2, 2, 2, 0, 0, 1, 1, 1, w / 2]),
      );
      assert.ok(Number.isNaN(h.readF32(out, 1)[0]));
      assert.is(h.readI32(indices, 1)[0], (at >> 1) * w + (at & 1));
    }
  }
  h.reset();
  const [out, indices] = [h.alloc(16), h.alloc(16)];
  h.k.max_pool2d_forward_f32(
    out,
    indices,
    h.f32(Array(9).fill(-Infinity)),
    1,
    h.struct([3, 3, 3, 3, 3, 3, 1, 1, 1, 1, 1, 1]),
  );
  assert.is(h.readF32(out, 1)[0], -Infinity);
  assert.is(h.readI32(indices, 1)[0], 0);
});

test("avg_pool2d: means with and without the padding, and their gradients", () => {
  for (const s of shapes) {
    for (const countIncludePad of [0, 1]) {
      h.reset();
      const size = s.h * s.w;
      const x = values(s.planes * size, 4);
      const places = windows(s);
      const n = s.planes * places.length;
      const g = values(n, 5);
      const [mean, gradient] = [new Float64Array(n), new Float64Array(x.length)];
      for (let i = 0; i < n; i++) {
        const window = places[i % places.length];
        const divisor = countIncludePad ? s.kernel[0] * s.kernel[1] : window.length;
        for (const place of window) {
          const at = Math.floor(i / places.length) * size + place;
          mean[i] += x[at] / divisor;
          gradient[at] += g[i] / divisor;
        }
      }
      const [out, gx] = [h.alloc(n * 4), h.alloc(x.length * 4)];
      h.k.avg_pool2d_forward_f32(out, h.f32(x), ...geometry(s), countIncludePad);
      h.k.avg_pool2d_backward_f32(gx, h.f32(g), ...geometry(s), countIncludePad);
      close(h.readF32(out, n), mean, JSON.stringify(s));
      close(h.readF32(gx, x.length), gradient, JSON.stringify(s));
      intact(out, n);
      intact(gx, x.length);
    }
  }
});

test("adaptive_avg_pool2d: PyTorch's bins, and their gradient", () => {
  for (const [height, w] of [
    [1, 1],
    [4, 6],
    [7, 7],
    [5, 13],
    [12, 33],
  ]) {
    for (const [oh, ow] of [
      [1, 1],
      [2, 3],
      [7, 7],
      [1, 5],
      [9, 4],
    ]) {
      h.reset();
      const planes = 2;
      const x = values(planes * height * w, 6);
      const g = values(planes * oh * ow, 7);
      const [mean, gradient] = [new Float64Array(g.length), new Float64Array(x.length)];
      for (let i = 0; i < g.length; i++) {
        const [plane, oy, ox] = [Math.floor(i / (oh * ow)), Math.floor(i / ow) % oh, i % ow];
        const [y0, y1] = [Math.floor((oy * height) / oh), Math.ceil(((oy + 1) * height) / oh)];
        const [x0, x1] = [Math.floor((ox * w) / ow), Math.ceil(((ox + 1) * w) / ow)];
        for (let y = y0; y < y1; y++) {
          for (let column = x0; column < x1; column++) {
            const at = (plane * height + y) * w + column;
            mean[i] += x[at] / ((y1 - y0) * (x1 - x0));
            gradient[at] += g[i] / ((y1 - y0) * (x1 - x0));
          }
        }
      }
      const [out, gx] = [h.alloc(g.length * 4), h.alloc(x.length * 4)];
      h.k.adaptive_avg_pool2d_forward_f32(out, h.f32(x), planes, height, w, oh, ow);
      h.k.adaptive_avg_pool2d_backward_f32(gx, h.f32(g), planes, height, w, oh, ow);
      close(h.readF32(out, g.length), mean, `${height}x${w} to ${oh}x${ow}`);
      close(h.readF32(gx, x.length), gradient, `gradient of ${height}x${w} to ${oh}x${ow}`);
      intact(out, g.length);
      intact(gx, x.length);
    }
  }
});

test("upsample_nearest2d: blocks, and their sums as the gradient", () => {
  for (const [height, w] of [
    [1, 1],
    [3, 4],
    [5, 9],
    [2, 17],
  ]) {
    for (const [scaleH, scaleW] of [
      [1, 1],
      [2, 2],
      [3, 1],
      [2, 4],
    ]) {
      h.reset();
      const planes = 2;
      const x = values(planes * height * w, 8);
      const g = values(x.length * scaleH * scaleW, 9);
      const [expected, gradient] = [new Float64Array(g.length), new Float64Array(x.length)];
      for (let i = 0; i < g.length; i++) {
        const column = Math.floor((i % (w * scaleW)) / scaleW);
        const at = Math.floor(Math.floor(i / (w * scaleW)) / scaleH) * w + column;
        expected[i] = x[at];
        gradient[at] += g[i];
      }
      const [out, gx] = [h.alloc(g.length * 4), h.alloc(x.length * 4)];
      const scale = [scaleH, scaleW];
      const tiles = h.struct([height * scaleH, w * scaleW, ...scale, ...scale, 0, 0, 1, 1, height, w]);
      h.k.upsample_nearest2d_forward_f32(out, h.f32(x), planes, tiles);
      h.k.upsample_nearest2d_backward_f32(gx, h.f32(g), planes, tiles);
      close(h.readF32(out, g.length), expected, `${height}x${w} by ${scaleH}x${scaleW}`);
      close(h.readF32(gx, x.length), gradient, `gradient of ${height}x${w} by ${scaleH}x${scaleW}`);
      intact(out, g.length);
      intact(gx, x.length);
    }
  }
});

test.run();
