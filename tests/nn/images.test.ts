// Convolution layers, pooling layers and the reference models for images.

import { manualSeed, nn, optim, randn, runtime, scope, type Tensor, tensor } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";

/** A step of training on random images. */
function stepper(model: nn.Module, shape: number[]): () => number {
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.01, momentum: 0.9 });
  const x = randn(shape);
  const labels = tensor(Int32Array.from({ length: shape[0] }, (_, i) => i % 5));
  return () =>
    scope(() => {
      optimizer.zeroGrad();
      const loss = nn.crossEntropy(model.forward(x), labels);
      loss.backward();
      optimizer.step();
      return loss.item();
    });
}

// First, so that all memory reserved is its own.
test("the peak of a VGG step is within 1.5 times of what its saved activations and parameters need", () => {
  const n = 16;
  const model = nn.vgg();
  const step = stepper(model, [n, 3, 32, 32]);
  for (let i = 0; i < 3; i++) step();
  // Each layer saves its input: the images, two activations a block, what pooling chose and its output, two vectors.
  const block = (channels: number, size: number) => channels * (2 * size * size + 2 * (size / 2) ** 2);
  const activations = n * (3 * 32 * 32 + block(32, 32) + block(64, 16) + block(128, 8) + 256 + 128);
  const parameters = model.parameters().reduce((sum, p) => sum + p.size, 0);
  const needed = 4 * (activations + 3 * parameters);
  const peak = runtime().bytesReserved;
  assert.ok(peak < 1.5 * needed, `${peak} bytes for ${needed}`);
});

test("convolution layers: shapes, options, PyTorch's bounds", () => {
  manualSeed(1);
  const layer = new nn.Conv2d(4, 6, [3, 5], { stride: 2, padding: [1, 2], groups: 2 });
  assert.equal([...layer.weight.shape], [6, 2, 3, 5]);
  assert.equal([...(layer.bias as Tensor).shape], [6]);
  const bound = 1 / Math.sqrt(2 * 15);
  assert.ok(layer.weight.abs().max().item() <= bound && layer.weight.abs().max().item() > 0.9 * bound);
  assert.equal([...layer.forward(randn([2, 4, 8, 9])).shape], [2, 6, 4, 5]);

  const signal = new nn.Conv1d(3, 8, 4, { dilation: 2, bias: false });
  assert.is(signal.bias, null);
  assert.equal([...signal.forward(randn([2, 3, 10])).shape], [2, 8, 4]);

  const up = new nn.ConvTranspose2d(6, 4, 3, { stride: 2, padding: 1, outputPadding: 1, groups: 2 });
  assert.equal([...up.weight.shape], [6, 2, 3, 3]);
  assert.equal([...up.forward(randn([1, 6, 5, 7])).shape], [1, 4, 10, 14]);

  assert.throws(() => new nn.Conv2d(4, 6, 3, { groups: 4 }), /Conv2d: .*got 4 in, 6 out, 4 groups/);
  assert.throws(() => new nn.Conv2d(4, 6, 0), /Conv2d: kernelSize must be an integer of at least 1/);
  assert.throws(
    () => layer.forward(randn([2, 3, 8, 9])),
    /conv2d: the weight is for 4 input channels in 2 groups, got \[2,3,8,9\] and \[6,2,3,5\]/,
  );
});

test("pooling layers are the methods of the same name", () => {
  const x = randn([2, 3, 6, 8]);
  const pairs: [nn.Module, Tensor][] = [
    [new nn.MaxPool2d(2), x.maxPool2d(2)],
    [new nn.MaxPool2d(3, { stride: 1, padding: 1 }), x.maxPool2d(3, { stride: 1, padding: 1 })],
    [new nn.AvgPool2d([2, 4]), x.avgPool2d([2, 4])],
    [new nn.AdaptiveAvgPool2d([3, 5]), x.adaptiveAvgPool2d([3, 5])],
    [new nn.Upsample(2), x.upsample(2)],
  ];
  for (const [module, expected] of pairs) assert.equal(module.forward(x).toArray(), expected.toArray());
});

test("the reference models have the sizes they state", () => {
  const parameters = (model: nn.Module) => model.parameters().reduce((n, p) => n + p.size, 0);
  assert.is(parameters(nn.lenet()), 61_706);
  assert.is(parameters(nn.vgg()), 845_738);
  assert.match(nn.vgg().summary([1, 3, 32, 32]), /2 Conv2d\s+\[1,32,32,32\]\s+9,248\s+9,437,184\s+128.0 KiB/);
  assert.match(
    new nn.ConvTranspose2d(8, 4, 3, { stride: 2 }).summary([1, 8, 5, 5]),
    /\[1,4,11,11\]\s+292\s+8,712/,
  );
  for (const norm of ["batch", "group"] as const) {
    const model = nn.resnet8({ channels: 1, classes: 7, norm });
    assert.equal([...model.forward(randn([2, 1, 20, 24])).shape], [2, 7]);
  }
  const digits = nn.lenet({ classes: 4 });
  const x = randn([3, 784]);
  assert.equal(digits.forward(x).toArray(), digits.forward(x.reshape([3, 1, 28, 28])).toArray());
  assert.throws(
    () => nn.resnet8({ norm: "layer" as "batch" }),
    /norm must be "batch" or "group", got "layer"/,
  );
});

test("networks for images learn, and a training run grows nothing after its second step", () => {
  for (const [model, shape] of [
    [nn.lenet(), [6, 784]],
    [nn.resnet8({ channels: 2, norm: "batch" }), [6, 2, 12, 12]],
    [nn.resnet8({ channels: 2, norm: "group" }), [6, 2, 12, 12]],
    [nn.vgg({ slope: 0.1 }), [2, 3, 32, 32]],
  ] as const) {
    manualSeed(4);
    const step = stepper(model, [...shape]);
    const first = step();
    step();
    const { tensorsInUse, bytesInUse, bytesReserved } = runtime();
    let last = first;
    for (let i = 0; i < 8; i++) last = step();
    assert.ok(last < first, `loss ${first} -> ${last}`);
    const after = runtime();
    assert.ok(after.tensorsInUse <= tensorsInUse && after.bytesInUse <= bytesInUse);
    assert.is(after.bytesReserved, bytesReserved);
  }
});

test.run();
