// GFLOP/s of the raw convolution kernels by layer shape: forward, gradient of the input, gradient of the weights, in
// terms of the operations of the direct sum (so that Winograd's may exceed the peak). Beside them the peak of this machine.
// Usage: tsx bench/conv.ts [build/kernels.wasm]
import { Harness, values } from "../tests/kernels/harness.js";
import { compilePeak, PEAK_FLOPS_PER_STEP } from "./peak.js";
import { type Case, printRates } from "./rate.js";

// name, images, input channels, size of the square image, output channels, kernel, stride, padding, groups
const layers: [string, ...number[]][] = [
  ["mnist conv1 1-16 28x28", 64, 1, 28, 16, 3, 1, 1, 1],
  ["mnist conv2 16-32 14x14", 64, 16, 14, 32, 3, 1, 1, 1],
  ["cifar conv1 3-32 32x32", 16, 3, 32, 32, 3, 1, 1, 1],
  ["cifar conv2 32-32 32x32", 16, 32, 32, 32, 3, 1, 1, 1],
  ["cifar conv3 32-64 16x16", 16, 32, 16, 64, 3, 1, 1, 1],
  ["cifar conv4 64-64 16x16", 16, 64, 16, 64, 3, 1, 1, 1],
  ["deep 256-256 8x8", 4, 256, 8, 256, 3, 1, 1, 1],
  ["strided 32-64 32x32 /2", 16, 32, 32, 64, 3, 2, 1, 1],
  ["pointwise 64-64 16x16", 16, 64, 16, 64, 1, 1, 0, 1],
  ["depthwise 64 32x32", 16, 64, 32, 64, 3, 1, 1, 64],
];

const harness = new Harness(process.argv[2]);
const { k } = harness;
const peak = await compilePeak();
const cases: Case[] = [{ name: "peak", work: PEAK_FLOPS_PER_STEP * 1e5, run: () => peak(1e5) }];
for (const [name, n, cIn, size, cOut, kernel, stride, pad, groups] of layers) {
  const out = Math.floor((size + 2 * pad - kernel) / stride) + 1;
  const [a, d] = [size, out];
  const weights = (cOut * cIn * kernel * kernel) / groups;
  const x = harness.f32(values(n * cIn * a * a, 1));
  const w = harness.f32(values(weights, 2));
  const g = harness.f32(values(n * cOut * d * d, 3));
  const bias = harness.f32(values(cOut, 4));
  const gx = harness.alloc(n * cIn * a * a * 4);
  const gw = harness.alloc(weights * 4);
  const y = harness.alloc(n * cOut * d * d * 4);
  const sizes = [cIn, a, a, cOut, kernel, kernel, stride, stride, pad, pad, 1, 1, groups, d, d, 0];
  const geometry = harness.struct(sizes, k.conv2d_geometry_bytes());
  const [scratch, scratchInput, scratchWeight] = [0, 1, 2].map((pass) =>
    harness.alloc(k.conv2d_scratch_bytes(geometry, pass)),
  );
  const work = 2 * n * weights * d * d;
  cases.push({
    name: `${name} forward`,
    work,
    run: () => k.conv2d_forward_f32(y, x, w, bias, n, geometry, scratch),
  });
  cases.push({
    name: `${name} grad_input`,
    work,
    run: () => k.conv2d_grad_input_f32(gx, g, w, n, geometry, scratchInput),
  });
  cases.push({
    name: `${name} grad_weight`,
    work,
    run: () => k.conv2d_grad_weight_f32(gw, g, x, n, geometry, scratchWeight),
  });
  if (kernel === 3 && stride === 1 && groups === 1) {
    const shape = harness.struct(sizes, k.winograd_geometry_bytes());
    const [room, roomInput, roomWeight] = [0, 1, 2].map((pass) =>
      harness.alloc(k.winograd_scratch_bytes(shape, pass)),
    );
    const tiled = `${name} winograd`;
    cases.push({
      name: `${tiled} forward`,
      work,
      run: () => k.winograd_forward_f32(y, x, w, bias, n, shape, room),
    });
    cases.push({
      name: `${tiled} grad_input`,
      work,
      run: () => k.winograd_grad_input_f32(gx, g, w, n, shape, roomInput),
    });
    cases.push({
      name: `${tiled} grad_weight`,
      work,
      run: () => k.winograd_grad_weight_f32(gw, g, x, n, shape, roomWeight),
    });
  }
}
printRates(cases, "GFLOP/s", 3);
