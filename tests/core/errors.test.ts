// Wrong shapes, types, axes and indices: the message names the operation, what it got and what it expected.

import {
  arange,
  concat,
  configure,
  eye,
  full,
  linspace,
  manualSeed,
  ones,
  stack,
  type Tensor,
  tensor,
  where,
  zeros,
} from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";

const [a, b, v] = [zeros([2, 3]), zeros([4, 5]), zeros([3])];
const [images, kernel] = [zeros([2, 4, 5, 6]), zeros([6, 4, 3, 3])];
const int = (values: number[]) => tensor(Int32Array.from(values));

const CASES: [() => unknown, RegExp][] = [
  [() => a.add(b), /add: shapes do not broadcast: \[2,3\] and \[4,5\]/],
  [() => a.matmul(b), /matmul: inner sizes differ: \[2,3\] x \[4,5\]/],
  [() => v.matmul(zeros([4])), /matmul: inner sizes differ: \[3\] x \[4\]/],
  [() => a.matmul(zeros([])), /matmul: needs vectors or matrices, got \[2,3\] x \[\]/],
  [() => zeros([2, 2, 3]).matmul(zeros([3, 3, 4])), /matmul: shapes do not broadcast: \[2\] and \[3\]/],
  [() => a.sum(2), /sum: axis 2 is out of range for shape \[2,3\]: expected -2\.\.1/],
  [() => a.sum([0, -2]), /sum: an axis appears twice/],
  [() => a.softmax(5), /softmax: axis 5/],
  [() => zeros([0, 3]).max(0), /max: nothing to reduce in shape \[0,3\]/],
  [() => a.reshape([4]), /reshape: 6 elements do not fill shape \[4\]/],
  [() => a.reshape([-1, 4]), /reshape: 6 elements do not fill shape \[-1,4\]/],
  [() => a.permute([0, 0]), /permute: \[0,0\] is no order of the 2 axes/],
  [() => a.expand([2, 4]), /expand: shape \[2,3\] does not expand to \[2,4\]/],
  [() => a.slice(0, 0, 1, 0), /slice: step must be a positive integer, got 0/],
  [
    () => a.indexSelect(0, int([0, 2])),
    /indexSelect: index 2 \(position 1\) is out of range for axis 0 of shape \[2,3\]/,
  ],
  [() => a.indexSelect(0, v), /indices must be an int32 tensor, got float32/],
  [() => a.gather(1, int([0])), /gather: indices of shape \[1\] do not fit \[2,3\]/],
  [() => a.gather(1, tensor([[3]], { dtype: "int32" })), /gather: index 3/],
  [() => a.pad([[-1, 0]]), /pad: needs \[before, after\] counts/],
  [() => a.repeat([2]), /repeat: needs a count/],
  [() => a.assign(b), /assign: expected float32 \[2,3\], got float32 \[4,5\]/],
  [() => a.clamp(Number.NaN, 1), /clamp: min must be a number, got NaN/],
  [() => a.item(), /item: needs a tensor of one element, got shape \[2,3\]/],
  [() => concat([a, b]), /concat: shapes must agree but for axis 0: \[2,3\] \[4,5\]/],
  [() => concat([]), /concat: needs at least one tensor/],
  [() => stack([a, b]), /stack: shapes differ: \[2,3\] \[4,5\]/],
  [() => where(a, b, 1), /where: shapes do not broadcast/],
  [() => a.add("1" as unknown as number), /add: expected a Tensor or a number, got "1"/],
  [() => a.mul(null as unknown as Tensor), /mul: expected a Tensor, got null/],
  [() => a.pow("2" as unknown as number), /pow: expected a Tensor or a number, got "2"/],
  [() => a.astype("float64" as "float32"), /dtype must be "float32" or "int32", got "float64"/],
  [() => tensor([[1, 2], [3]]), /nested arrays must be even: \[1\] has 1 elements, expected 2/],
  [() => tensor([1, "2" as unknown as number]), /element \[1\] is "2", expected a number/],
  [() => tensor([1.5], { dtype: "int32" }), /int32 element 0 is 1.5/],
  [() => tensor([1, 2, 3], { shape: [2] }), /tensor: 3 elements do not fill shape \[2\]/],
  [() => zeros([2, -1]), /a shape holds non-negative integers, got \[2,-1\]/],
  [() => zeros([1.5]), /non-negative integers, got \[1.5\]/],
  [() => arange(0, 5, 0), /arange/],
  [() => linspace(0, 1, -2), /linspace: count must be an integer of at least 0, got -2/],
  [() => manualSeed(-1), /a seed is an integer from 0 to 2\^53 - 1, got -1/],
  [() => a.conv2d(b), /conv2d: expected input \[N,Cin,H,W\] and weight \[Cout,.*\], got \[2,3\] and \[4,5\]/],
  [
    () => images.conv2d(zeros([6, 3, 3, 3])),
    /conv2d: the weight is for 3 input channels in 1 groups, got \[2,4,5,6\] and \[6,3,3,3\]/,
  ],
  [() => images.conv2d(kernel, null, { groups: 4 }), /conv2d: 4 groups do not divide the channels/],
  [() => images.conv2d(kernel, v), /conv2d: expected bias \[6\], got \[3\]; got \[2,4,5,6\] and \[6,4,3,3\]/],
  [
    () => images.conv2d(kernel, null, { stride: 0 }),
    /conv2d: stride must be an integer of at least 1.*got 0/,
  ],
  [() => images.conv2d(kernel, null, { padding: [1, -1] }), /conv2d: padding must be .*got \[1,-1\]/],
  [
    () => images.conv2d(kernel, null, { dilation: 3 }),
    /conv2d: a window of 7 does not fit input \[2,4,5,6\], whose axis of 5 is padded by 0/,
  ],
  [() => images.conv1d(kernel), /conv1d: expected input \[N,Cin,L\] and weight \[Cout,Cin\/groups,k\], got/],
  [
    () => images.convTranspose2d(kernel),
    /convTranspose2d: the weight is for 6 input channels in 1 groups, got \[2,4,5,6\] and \[6,4,3,3\]/,
  ],
  [
    () => images.convTranspose2d(zeros([4, 2, 3, 3]), null, { outputPadding: 1 }),
    /convTranspose2d: outputPadding 1 must be less than stride 1 or dilation 1/,
  ],
  [
    () => images.convTranspose2d(zeros([4, 2, 1, 1]), null, { padding: 3 }),
    /convTranspose2d: no output is left of \[2,4,5,6\] and weight \[4,2,1,1\] after padding by 3/,
  ],
  [() => a.maxPool2d(2), /maxPool2d: expected \[N,C,H,W\], got \[2,3\]/],
  [
    () => images.maxPool2d(2, { padding: 2 }),
    /maxPool2d: padding \[2,2\] is more than half the window \[2,2\]/,
  ],
  [() => images.avgPool2d(7), /avgPool2d: a window of 7 does not fit input \[2,4,5,6\]/],
  [() => images.adaptiveAvgPool2d(0), /adaptiveAvgPool2d: the output size must be an integer of at least 1/],
  [
    () => zeros([1, 1, 0, 2]).adaptiveAvgPool2d(1),
    /adaptiveAvgPool2d: nothing to average in shape \[1,1,0,2\]/,
  ],
  [() => images.upsample(1.5), /upsample: scale must be an integer of at least 1, or two of them, got 1.5/],
  [() => configure({ threads: 2 }), /configure: call it before the first tensor/],
];

for (const [run, message] of CASES) {
  test(`${message.source}`, () => {
    assert.throws(run, (error: unknown) => {
      assert.ok(
        error instanceof RangeError || error instanceof TypeError || /configure/.test(message.source),
      );
      assert.match((error as Error).message, message);
      return true;
    });
  });
}

test("tensors are made as asked", () => {
  assert.equal(tensor(5).toArray(), 5);
  assert.equal([...tensor([]).shape], [0]);
  assert.equal(tensor(Float64Array.of(1, 2, 3, 4), { shape: [2, -1] }).toArray(), [
    [1, 2],
    [3, 4],
  ]);
  assert.is(tensor(Int32Array.of(1)).dtype, "int32");
  assert.is(tensor(Uint8Array.of(200)).item(), 200);
  assert.equal(eye(2).toArray(), [
    [1, 0],
    [0, 1],
  ]);
  assert.equal(arange(3).toArray(), [0, 1, 2]);
  assert.equal(arange(5, 0, -2).toArray(), [5, 3, 1]);
  assert.equal(linspace(0, 1, 3).toArray(), [0, 0.5, 1]);
  assert.equal(
    full([2], 7)
      .add(ones([2]))
      .toArray(),
    [8, 8],
  );
  assert.ok(zeros([1], { requiresGrad: true }).requiresGrad);
});

test("a tensor prints readably, a large one in part", () => {
  assert.is(
    String(
      tensor([
        [1, 2],
        [3, 4.5],
      ]),
    ),
    "Tensor([[1, 2],\n        [3, 4.5]], shape [2,2], float32)",
  );
  assert.match(String(arange(1000)), /^Tensor\(\[0, 1, 2, 3, 4, 5, \.\.\., 994, 995, 996, 997, 998, 999\]/);
});

test.run();
