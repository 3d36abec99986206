// The rows of the operation table for images: convolutions, pooling, upsampling.

import type {
  AveragePoolingOptions,
  ConvolutionOptions,
  Pair,
  PoolingOptions,
  Tensor,
  TransposedConvolutionOptions,
} from "topograd";
import { at, build, each, map, type Ref, sample } from "../reference";
import type { OperationCase } from "./operations";

const pair = (value: Pair): readonly [number, number] => (typeof value === "number" ? [value, value] : value);

/** Calls `visit` with the flat positions in input, weight and output of every product of a convolution. */
function eachProduct(
  [n, cin, height, width]: number[],
  [cout, inPerGroup, kh, kw]: number[],
  [, , outHeight, outWidth]: number[],
  options: ConvolutionOptions,
  visit: (x: number, w: number, out: number) => void,
): void {
  const [sh, sw] = pair(options.stride ?? 1);
  const [ph, pw] = pair(options.padding ?? 0);
  const [dh, dw] = pair(options.dilation ?? 1);
  const outPerGroup = cout / (options.groups ?? 1);
  for (let out = 0; out < n * cout * outHeight * outWidth; out++) {
    const [ox, oy] = [out % outWidth, Math.floor(out / outWidth) % outHeight];
    const co = Math.floor(out / (outWidth * outHeight)) % cout;
    const image = Math.floor(out / (outWidth * outHeight * cout));
    for (let tap = 0; tap < inPerGroup * kh * kw; tap++) {
      const ci = Math.floor(co / outPerGroup) * inPerGroup + Math.floor(tap / (kh * kw));
      const y = oy * sh - ph + (Math.floor(tap / kw) % kh) * dh;
      const x = ox * sw - pw + (tap % kw) * dw;
      if (y < 0 || y >= height || x < 0 || x >= width) continue;
      visit(((image * cin + ci) * height + y) * width + x, co * inPerGroup * kh * kw + tap, out);
    }
  }
}

/** The bias of each channel everywhere. */
const filled = (shape: number[], bias: Ref | null) => build(shape, ([, co]) => bias?.data[co] ?? 0);

function convolution(x: Ref, w: Ref, bias: Ref | null, options: ConvolutionOptions): Ref {
  const [stride, padding, dilation] = [options.stride ?? 1, options.padding ?? 0, options.dilation ?? 1].map(
    pair,
  );
  const extents = [0, 1].map((d) => {
    const room = x.shape[d + 2] + 2 * padding[d] - dilation[d] * (w.shape[d + 2] - 1) - 1;
    return Math.floor(room / stride[d]) + 1;
  });
  const out = filled([x.shape[0], w.shape[0], ...extents], bias);
  eachProduct(x.shape, w.shape, out.shape, options, (i, k, o) => {
    out.data[o] += x.data[i] * w.data[k];
  });
  return out;
}

/** What the convolution from out to x would spread backwards. */
function transposed(x: Ref, w: Ref, bias: Ref | null, options: TransposedConvolutionOptions): Ref {
  const [stride, padding, dilation, extra] = [
    options.stride ?? 1,
    options.padding ?? 0,
    options.dilation ?? 1,
    options.outputPadding ?? 0,
  ].map(pair);
  const extents = [0, 1].map(
    (d) =>
      (x.shape[d + 2] - 1) * stride[d] - 2 * padding[d] + dilation[d] * (w.shape[d + 2] - 1) + extra[d] + 1,
  );
  const out = filled([x.shape[0], w.shape[1] * (options.groups ?? 1), ...extents], bias);
  eachProduct(out.shape, w.shape, x.shape, options, (o, k, i) => {
    out.data[o] += x.data[i] * w.data[k];
  });
  return out;
}

const CONVOLUTIONS: [x: number[], w: number[], bias: boolean, options: ConvolutionOptions][] = [
  [[1, 1, 1, 1], [1, 1, 1, 1], true, {}],
  [[2, 3, 5, 6], [4, 3, 3, 2], true, {}],
  [[2, 2, 6, 5], [3, 2, 3, 3], false, { stride: 2, padding: 1 }],
  [[1, 4, 5, 7], [6, 2, 3, 3], true, { groups: 2, stride: [1, 2], padding: [0, 1] }],
  [[2, 5, 4, 4], [5, 1, 3, 3], true, { groups: 5, padding: 1 }],
  [[1, 2, 7, 8], [2, 2, 3, 2], false, { dilation: [2, 3], padding: [2, 1] }],
  // Wide enough for Winograd's algorithm, with every padding it takes.
  [[2, 8, 5, 4], [9, 8, 3, 3], true, { padding: 1 }],
  [[1, 9, 5, 6], [8, 9, 3, 3], false, {}],
  [[1, 8, 3, 3], [8, 8, 3, 3], false, { padding: [2, 0] }],
];

const TRANSPOSED: [x: number[], w: number[], bias: boolean, options: TransposedConvolutionOptions][] = [
  [[1, 1, 1, 1], [1, 1, 1, 1], true, {}],
  [[2, 3, 4, 3], [3, 2, 3, 2], true, {}],
  [[1, 4, 3, 4], [4, 3, 3, 3], true, { stride: 2, padding: 1, outputPadding: 1, groups: 2 }],
  [[2, 2, 3, 2], [2, 2, 2, 3], false, { stride: [3, 1], dilation: [1, 2], outputPadding: [2, 1] }],
  [[1, 8, 3, 4], [8, 8, 3, 3], true, { padding: 1 }],
];

const MAX_POOLS: [x: number[], size: Pair, options: PoolingOptions][] = [
  [[1, 1, 1, 1], 1, {}],
  [[2, 3, 6, 9], 2, {}],
  [[1, 2, 7, 6], 3, { stride: 2, padding: 1 }],
  [[2, 1, 5, 8], [2, 3], { stride: [1, 2], padding: [1, 0] }],
];

/** Windows that reach beyond the padding, also those that have a path of their own. */
const CEILED: [x: number[], size: Pair, options: PoolingOptions][] = [
  [[1, 2, 5, 9], 2, { ceilMode: true }],
  [[1, 2, 4, 11], 2, { ceilMode: true }],
  [[1, 1, 6, 7], 3, { stride: 2, padding: 1, ceilMode: true }],
  // A fourth window would start in the padding.
  [[1, 1, 5, 5], 2, { stride: 2, padding: 1, ceilMode: true }],
];

const DILATED: [x: number[], size: Pair, options: PoolingOptions][] = [
  [[1, 2, 9, 12], 2, { dilation: 2, stride: 1 }],
  [[2, 1, 7, 9], 3, { stride: 2, padding: [1, 2], dilation: [1, 2] }],
  [[1, 1, 8, 8], [3, 2], { stride: 1, padding: [2, 1], dilation: [2, 3] }],
];

/** Means or maxima of the windows; the padding joins in as the value `outside`, or not at all when it is null. */
function pooled(
  x: Ref,
  size: Pair,
  options: PoolingOptions,
  outside: number | null,
  reduce: (values: number[]) => number,
): Ref {
  const [taps, stride, padding, dilation] = [
    size,
    options.stride ?? size,
    options.padding ?? 0,
    options.dilation ?? 1,
  ].map(pair);
  const { ceilMode = false } = options;
  const extents = [0, 1].map((d) => {
    const room = (x.shape[d + 2] + 2 * padding[d] - (taps[d] - 1) * dilation[d] - 1) / stride[d];
    if (!ceilMode) return Math.floor(room) + 1;
    const count = Math.ceil(room) + 1;
    return (count - 1) * stride[d] >= x.shape[d + 2] + padding[d] ? count - 1 : count;
  });
  return build([x.shape[0], x.shape[1], ...extents], ([n, c, oy, ox]) => {
    const values: number[] = [];
    each([...taps], ([ky, kx]) => {
      const y = oy * stride[0] - padding[0] + ky * dilation[0];
      const column = ox * stride[1] - padding[1] + kx * dilation[1];
      const inside = y >= 0 && y < x.shape[2] && column >= 0 && column < x.shape[3];
      const padded = y < x.shape[2] + padding[0] && column < x.shape[3] + padding[1];
      if (inside) values.push(at(x, [n, c, y, column]));
      else if (outside !== null && padded) values.push(outside);
    });
    return reduce(values);
  });
}

const average = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;

function adaptive(x: Ref, size: Pair): Ref {
  const [oh, ow] = pair(size);
  const [n, c, h, w] = x.shape;
  const bin = (i: number, extent: number, bins: number) => {
    const first = Math.floor((i * extent) / bins);
    return Array.from({ length: Math.ceil(((i + 1) * extent) / bins) - first }, (_, k) => first + k);
  };
  return build([n, c, oh, ow], ([i, j, oy, ox]) =>
    average(bin(oy, h, oh).flatMap((y) => bin(ox, w, ow).map((column) => at(x, [i, j, y, column])))),
  );
}

/** Distinct values, so that no maximum is near a tie. */
const distinct = (shape: number[], seed: number): Ref => {
  const noise = sample(shape, seed, 0, 0.01);
  const n = noise.data.length;
  return { shape, data: noise.data.map((v, i) => Math.fround(v + ((i * 37 + 11) % n) / n)) };
};

export function imageOperations(): OperationCase[] {
  const withBias = (shapes: number[][], bias: boolean, channels: number, seed: number) =>
    [...shapes, ...(bias ? [[channels]] : [])].map((shape, i) => sample(shape, seed + i));
  return [
    ...CONVOLUTIONS.map(
      ([x, w, bias, options], i): OperationCase => ({
        name: "conv2d",
        inputs: withBias([x, w], bias, w[0], 200 + 3 * i),
        run: (a, b, c?: Tensor) => a.conv2d(b, c, options),
        reference: (a, b, c?: Ref) => convolution(a, b, c ?? null, options),
        tolerance: 2e-5,
      }),
    ),
    ...[
      { x: [2, 3, 7], w: [4, 3, 3], options: { stride: 2, padding: 1 } },
      { x: [1, 4, 8], w: [6, 2, 2], options: { dilation: 3, groups: 2 } },
    ].map(
      ({ x, w, options }, i): OperationCase => ({
        name: "conv1d",
        inputs: withBias([x, w], true, w[0], 240 + 3 * i),
        run: (a, b, c) => a.conv1d(b, c, options),
        reference: (a, b, c) => {
          const wide = (r: Ref) => ({ shape: [r.shape[0], r.shape[1], 1, r.shape[2]], data: r.data });
          const { groups } = options;
          const stride: Pair = [1, options.stride ?? 1];
          const padding: Pair = [0, options.padding ?? 0];
          const dilation: Pair = [1, options.dilation ?? 1];
          const out = convolution(wide(a), wide(b), c, { stride, padding, dilation, groups });
          return { shape: out.shape.filter((_, d) => d !== 2), data: out.data };
        },
      }),
    ),
    ...TRANSPOSED.map(
      ([x, w, bias, options], i): OperationCase => ({
        name: "convTranspose2d",
        inputs: withBias([x, w], bias, w[1] * (options.groups ?? 1), 260 + 3 * i),
        run: (a, b, c?: Tensor) => a.convTranspose2d(b, c, options),
        reference: (a, b, c?: Ref) => transposed(a, b, c ?? null, options),
        tolerance: 2e-5,
      }),
    ),
    ...[...MAX_POOLS, ...CEILED, ...DILATED].flatMap(([x, size, options], i): OperationCase[] => {
      const inputs = [distinct(x, 280 + i)];
      const reference = (a: Ref) => pooled(a, size, options, null, (values) => Math.max(...values));
      return [
        { name: "maxPool2d", inputs, run: (a) => a.maxPool2d(size, options), reference },
        {
          name: "maxPool2dWithIndices",
          inputs,
          run: (a) => a.maxPool2dWithIndices(size, options).values,
          reference,
        },
        {
          name: "maxPool2dWithIndices",
          inputs,
          run: (a) => a.maxPool2dWithIndices(size, options).indices,
          reference: (a) => map(reference(a), (best) => a.data.indexOf(best) % (a.shape[2] * a.shape[3])),
          differentiable: false,
        },
      ];
    }),
    ...[...MAX_POOLS, ...CEILED].flatMap(([x, size, options], i) =>
      [true, false].map((countIncludePad): OperationCase => {
        const all: AveragePoolingOptions = { ...options, countIncludePad };
        return {
          name: "avgPool2d",
          inputs: [sample(x, 290 + i)],
          run: (a) => a.avgPool2d(size, all),
          reference: (a) => pooled(a, size, options, countIncludePad ? 0 : null, average),
        };
      }),
    ),
    ...[1, [3, 2] as const, [7, 9] as const].map(
      (size, i): OperationCase => ({
        name: "adaptiveAvgPool2d",
        inputs: [sample([2, 3, 7, 5], 300 + i)],
        run: (a) => a.adaptiveAvgPool2d(size),
        reference: (a) => adaptive(a, size),
      }),
    ),
    ...[1, 2, [3, 2] as const].map(
      (scale, i): OperationCase => ({
        name: "upsample",
        inputs: [sample([2, 3, 3, 5], 310 + i)],
        run: (a) => a.upsample(scale),
        reference: (a) => {
          const [sh, sw] = pair(scale);
          return build([2, 3, 3 * sh, 5 * sw], ([n, c, y, x]) =>
            at(a, [n, c, Math.floor(y / sh), Math.floor(x / sw)]),
          );
        },
      }),
    ),
  ];
}
