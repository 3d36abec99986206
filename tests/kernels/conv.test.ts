import { test } from "uvu";
import * as assert from "uvu/assert";
import { Harness, values } from "./harness.js";

const h = new Harness();

interface Shape {
  n: number;
  cIn: number;
  h: number;
  w: number;
  cOut: number;
  kernel: [number, number];
  stride: [number, number];
  padding: [number, number];
  dilation: [number, number];
  groups: number;
}

const outSize = (s: Shape, axis: 0 | 1) =>
  Math.floor(
    ((axis === 0 ? s.h : s.w) + 2 * s.padding[axis] - s.dilation[axis] * (s.kernel[axis] - 1) - 1) /
      s.stride[axis],
  ) + 1;

/** Calls visit(image, output channel, weight index, output index, input index) for every product of the convolution. */
function eachProduct(
  s: Shape,
  visit: (channel: number, weight: number, output: number, input: number) => void,
) {
  const [oh, ow] = [outSize(s, 0), outSize(s, 1)];
  const inputs = s.cIn / s.groups;
  const outputs = s.cOut / s.groups;
  for (let i = 0; i < s.n; i++) {
    for (let co = 0; co < s.cOut; co++) {
      for (let c = 0; c < inputs; c++) {
        const ci = Math.floor(co / outputs) * inputs + c;
        for (let ky = 0; ky < s.kernel[0]; ky++) {
          for (let kx = 0; kx < s.kernel[1]; kx++) {
            const weight = ((co * inputs + c) * s.kernel[0] + ky) * s.kernel[1] + kx;
            for (let oy = 0; oy < oh; oy++) {
              const y = oy * s.stride[0] - s.padding[0] + ky * s.dilation[0];
              if (y < 0 || y >= s.h) continue;
              for (let ox = 0; ox < ow; ox++) {
                const x = ox * s.stride[1] - s.padding[1] + kx * s.dilation[1];
                if (x < 0 || x >= s.w) continue;
                visit(
                  co,
                  weight,
                  ((i * s.cOut + co) * oh + oy) * ow + ox,
                  ((i * s.cIn + ci) * s.h + y) * s.w + x,
                );
              }
            }
          }
        }
      }
    }
  }
}

/** A sum in float64 that knows how large its terms are. */
class Sums {
  readonly value: Float64Array;
  readonly size: Float64Array;
  constructor(n: number) {
    this.value = new Float64Array(n);
    this.size = new Float64Array(n);
  }
  add(i: number, term: number) {
    this.value[i] += term;
    this.size[i] += Math.abs(term);
  }
  /** tiled: rounding errors are those of the largest element nearby. */
  check(name: string, got: Float32Array, tiled = false) {
    const largest = this.size.reduce((a, b) => Math.max(a, b), 0);
    for (let i = 0; i < got.length; i++) {
      if (!(Math.abs(got[i] - this.value[i]) <= 1e-5 * (tiled ? largest : this.size[i]))) {
        assert.unreachable(`${name}[${i}] = ${got[i]}, expected ${this.value[i]}`);
      }
    }
  }
}

function check(s: Shape) {
  const [oh, ow] = [outSize(s, 0), outSize(s, 1)];
  const x = values(s.n * s.cIn * s.h * s.w, 1);
  const w = values((s.cOut * s.cIn * s.kernel[0] * s.kernel[1]) / s.groups, 2);
  const bias = values(s.cOut, 3);
  const g = values(s.n * s.cOut * oh * ow, 4);
  const [plain, out, gx, gw, gb] = [g, g, x, w, bias].map((like) => new Sums(like.length));
  eachProduct(s, (_, wi, oi, xi) => {
    plain.add(oi, w[wi] * x[xi]);
    out.add(oi, w[wi] * x[xi]);
    gx.add(xi, w[wi] * g[oi]);
    gw.add(wi, g[oi] * x[xi]);
  });
  g.forEach((v, i) => {
    const channel = Math.floor(i / (oh * ow)) % s.cOut;
    out.add(i, bias[channel]);
    gb.add(channel, v);
  });

  h.reset();
  const [px, pw, pb, pg] = [x, w, bias, g].map((a) => h.f32(a));
  const sizes = [
    s.cIn,
    s.h,
    s.w,
    s.cOut,
    ...s.kernel,
    ...s.stride,
    ...s.padding,
    ...s.dilation,
    s.groups,
    oh,
    ow,
    0,
  ];
  let geometry = h.struct(sizes, h.k.conv2d_geometry_bytes());
  let scratchBytes = h.k.conv2d_scratch_bytes;
  let tiled = false;
  const run = (sums: Sums, name: string, pass: number, kernel: (to: number, scratch: number) => void) => {
    const to = h.alloc(sums.value.length * 4);
    const scratch = h.alloc(scratchBytes(geometry, pass));
    const behind = h.alloc(64);
    kernel(to, scratch);
    const label = `${name} of ${JSON.stringify(s)}`;
    sums.check(label, h.readF32(to, sums.value.length), tiled);
    assert.ok(
      h.readI32(to + sums.value.length * 4, 8).every((v) => v === -1),
      `${label}: wrote past the output`,
    );
    assert.ok(
      h.readI32(behind, 16).every((v) => v === -1),
      `${label}: wrote past the scratch`,
    );
  };
  run(plain, "forward", 0, (to, scratch) => h.k.conv2d_forward_f32(to, px, pw, 0, s.n, geometry, scratch));
  run(out, "forward with bias", 0, (to, scratch) =>
    h.k.conv2d_forward_f32(to, px, pw, pb, s.n, geometry, scratch),
  );
  run(gx, "grad_input", 1, (to, scratch) => h.k.conv2d_grad_input_f32(to, pg, pw, s.n, geometry, scratch));
  run(gw, "grad_weight", 2, (to, scratch) => h.k.conv2d_grad_weight_f32(to, pg, px, s.n, geometry, scratch));
  if (`${s.kernel} ${s.stride} ${s.dilation} ${s.groups}` === "3,3 1,1 1,1 1") {
    geometry = h.struct(sizes, h.k.winograd_geometry_bytes());
    scratchBytes = h.k.winograd_scratch_bytes;
    tiled = true;
    run(plain, "winograd forward", 0, (to, scratch) =>
      h.k.winograd_forward_f32(to, px, pw, 0, s.n, geometry, scratch),
    );
    run(out, "winograd with bias", 0, (to, scratch) =>
      h.k.winograd_forward_f32(to, px, pw, pb, s.n, geometry, scratch),
    );
    run(gx, "winograd grad_input", 1, (to, scratch) =>
      h.k.winograd_grad_input_f32(to, pg, pw, s.n, geometry, scratch),
    );
    run(gw, "winograd grad_weight", 2, (to, scratch) =>
      h.k.winograd_grad_weight_f32(to, pg, px, s.n, geometry, scratch),
    );
  }
  tiled = false;
  run(gb, "bias_grad", 0, (to) => h.k.conv_bias_grad_f32(to, pg, s.n, s.cOut, oh * ow));
}

const base: Shape = {
  n: 2,
  cIn: 3,
  h: 9,
  w: 11,
  cOut: 5,
  kernel: [3, 3],
  stride: [1, 1],
  padding: [1, 1],
  dilation: [1, 1],
  groups: 1,
};
const pairs: [number, number][] = [
  [1, 1],
  [2, 1],
  [1, 2],
  [2, 3],
  [3, 2],
];

test("conv2d: image sizes, wide and narrow", () => {
  for (const height of [1, 2, 5, 8]) {
    for (const w of [1, 2, 3, 4, 6, 7, 8, 9, 15, 16, 17, 28]) check({ ...base, h: height, w });
  }
});

test("conv2d: kernels, strides, paddings, dilations", () => {
  for (const kernel of [
    [1, 1],
    [1, 3],
    [2, 2],
    [3, 1],
    [3, 3],
    [4, 5],
  ] as [number, number][]) {
    for (const stride of pairs) {
      for (const dilation of pairs.slice(0, 3)) {
        for (const padding of [
          [0, 0],
          [1, 2],
          [3, 0],
        ] as [number, number][])
          check({ ...base, n: 1, kernel, stride, dilation, padding });
      }
    }
  }
});

test("conv2d: channels and groups", () => {
  for (const [cIn, cOut, groups] of [
    [1, 1, 1],
    [1, 8, 1],
    [8, 1, 1],
    [4, 6, 2],
    [6, 3, 3],
    [6, 18, 3],
    [12, 4, 2],
  ]) {
    for (const stride of [
      [1, 1],
      [2, 2],
    ] as [number, number][])
      check({ ...base, cIn, cOut, groups, stride });
  }
});

test("conv2d: depthwise, with multiplier, kernel, stride and dilation", () => {
  for (const [cIn, cOut] of [
    [2, 2],
    [5, 5],
    [3, 6],
  ]) {
    for (const w of [1, 3, 4, 7, 16, 21]) {
      for (const stride of [
        [1, 1],
        [2, 2],
        [1, 3],
      ] as [number, number][]) {
        check({ ...base, cIn, cOut, groups: cIn, w, stride, dilation: stride[1] === 1 ? [2, 1] : [1, 1] });
      }
    }
  }
});

test("conv2d: depthwise, tap counts of every remainder", () => {
  for (const kernel of [
    [1, 2],
    [1, 3],
    [2, 3],
    [5, 2],
  ] as [number, number][])
    check({ ...base, cOut: 3, groups: 3, kernel });
});

test("conv2d: more taps and pixels than one block is deep", () => {
  check({ ...base, n: 1, cIn: 33, cOut: 6, h: 6 });
  check({ ...base, n: 1, cIn: 5, cOut: 61, h: 4 });
  check({ ...base, n: 2, cIn: 2, cOut: 2, h: 1, w: 700, kernel: [1, 5], padding: [0, 2] });
  check({ ...base, n: 1, cIn: 2, cOut: 3, h: 33, w: 19 });
});

test("conv2d: a padding wider than the kernel, no images, an empty output", () => {
  check({ ...base, padding: [4, 5] });
  check({ ...base, padding: [4, 5], stride: [3, 2] });
  check({ ...base, kernel: [1, 1], padding: [2, 2], stride: [2, 2] });
  check({ ...base, n: 0 });
  check({ ...base, h: 2, padding: [0, 0] });
});

test("winograd: more tiles than one chunk, channels beside the tile", () => {
  for (const [cIn, cOut] of [
    [1, 1],
    [9, 4],
    [8, 13],
  ]) {
    for (const padding of [
      [0, 0],
      [2, 1],
    ] as [number, number][])
      check({ ...base, n: 3, cIn, cOut, h: 19, w: 26, padding });
  }
});

test("conv2d: an image's bits do not depend on the batch", () => {
  h.reset();
  const x = h.f32(values(3 * 4 * 81, 1));
  const w = h.f32(values(5 * 4 * 9, 2));
  const sizes = [4, 9, 9, 5, 3, 3, 1, 1, 1, 1, 1, 1, 1, 9, 9, 0];
  const geometry = h.struct(sizes, h.k.conv2d_geometry_bytes());
  const scratch = h.alloc(h.k.conv2d_scratch_bytes(geometry, 0));
  const [all, one] = [h.alloc(3 * 5 * 81 * 4), h.alloc(5 * 81 * 4)];
  h.k.conv2d_forward_f32(all, x, w, 0, 3, geometry, scratch);
  h.k.conv2d_forward_f32(one, x + 2 * 4 * 81 * 4, w, 0, 1, geometry, scratch);
  assert.equal(h.readF32(one, 5 * 81), h.readF32(all + 2 * 5 * 81 * 4, 5 * 81));
  const tiled = h.struct(sizes, h.k.winograd_geometry_bytes());
  const other = h.alloc(h.k.winograd_scratch_bytes(tiled, 0));
  h.k.winograd_forward_f32(all, x, w, 0, 3, tiled, other);
  h.k.winograd_forward_f32(one, x + 2 * 4 * 81 * 4, w, 0, 1, tiled, other);
  assert.equal(h.readF32(one, 5 * 81), h.readF32(all + 2 * 5 * 81 * 4, 5 * 81));
});

test.run();
