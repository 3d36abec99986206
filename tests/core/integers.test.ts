// int32 stays int32 where both operands are integers, exactly, also beyond the 2^24 up to which float32 counts.

import * as fc from "fast-check";
import { arange, einsum, scope, type Tensor, tensor, where } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";

const ints = (...values: number[]) => tensor(Int32Array.from(values));
const listOf = (x: Tensor) => [x.dtype, ...(x.toArray() as number[])];
const LARGE = 2 ** 24 + 1;

const numbers = fc.array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), { minLength: 1, maxLength: 9 });
const remainder = (a: number, b: number) => a - Math.floor(a / b) * b;
const BINARY: [name: "add" | "sub" | "mul" | "maximum" | "minimum", of: (a: number, b: number) => number][] =
  [
    ["add", (a, b) => (a + b) | 0],
    ["sub", (a, b) => (a - b) | 0],
    ["mul", Math.imul],
    ["maximum", Math.max],
    ["minimum", Math.min],
  ];
const COMPARISONS: [name: "eq" | "ne" | "gt" | "ge" | "lt" | "le", of: (a: number, b: number) => boolean][] =
  [
    ["eq", (a, b) => a === b],
    ["ne", (a, b) => a !== b],
    ["gt", (a, b) => a > b],
    ["ge", (a, b) => a >= b],
    ["lt", (a, b) => a < b],
    ["le", (a, b) => a <= b],
  ];

test("operations of two tensors are those of 32-bit integers", () => {
  fc.assert(
    fc.property(numbers, fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), (values, other) =>
      scope(() => {
        const x = ints(...values);
        for (const [name, of] of BINARY) {
          const expected = ["int32", ...values.map((v) => of(v, other))];
          assert.equal(listOf(x[name](ints(other))), expected, name);
          assert.equal(listOf(x[name](other)), expected, `${name} of a number`);
        }
        for (const [name, of] of COMPARISONS) {
          assert.equal(listOf(x[name](other)), ["float32", ...values.map((v) => Number(of(v, other)))], name);
        }
        if (other !== 0) {
          assert.equal(listOf(x.remainder(other)), ["int32", ...values.map((v) => remainder(v, other))]);
        }
      }),
    ),
  );
});

test("broadcasting and views", () => {
  const x = ints(0, 1, 2, 3, 4, 5).reshape([2, 3]);
  assert.equal(x.T.add(ints(10, 20)).toArray(), [
    [10, 23],
    [11, 24],
    [12, 25],
  ]);
});

test("with float32, and by fractions, division and powers, the result is float32", () => {
  const x = ints(1, 2);
  for (const y of [x.mul(0.5), x.add(tensor([1, 2])), x.div(2), x.pow(2), x.mean(), x.sqrt(), x.matmul(x)]) {
    assert.is(y.dtype, "float32");
  }
  assert.equal(listOf(x.div(2)), ["float32", 0.5, 1]);
  assert.equal(listOf(x.mul(2 ** 31)), ["float32", 2 ** 31, 2 ** 32]);
});

test("operations of one tensor", () => {
  const x = ints(-LARGE, 3, 0);
  assert.equal(listOf(x.neg()), ["int32", LARGE, -3, 0]);
  assert.equal(listOf(x.abs()), ["int32", LARGE, 3, 0]);
  assert.equal(listOf(x.sign()), ["int32", -1, 1, 0]);
  assert.equal(listOf(x.square()), ["int32", Math.imul(LARGE, LARGE), 9, 0]);
  assert.equal(listOf(x.clamp(-5, 1)), ["int32", -5, 1, 0]);
  assert.equal(listOf(x.clamp(-0.5, 1)), ["float32", -0.5, 1, 0]);
  for (const same of [x.floor(), x.ceil(), x.round()]) assert.equal(listOf(same), listOf(x));
});

test("reductions and running sums", () => {
  const x = ints(LARGE, 1, -2, LARGE + 1, 5, 7).reshape([2, 3]);
  assert.equal(listOf(x.sum(0)), ["int32", 2 * LARGE + 1, 6, 5]);
  assert.equal(listOf(x.sum(1)), ["int32", LARGE - 1, LARGE + 13]);
  assert.equal(listOf(x.prod(1)), ["int32", Math.imul(LARGE, -2), Math.imul(LARGE + 1, 35)]);
  assert.equal(listOf(x.max(0)), ["int32", LARGE + 1, 5, 7]);
  assert.equal(listOf(x.min(1)), ["int32", -2, 5]);
  assert.equal(listOf(x.argmax(0)), ["int32", 1, 1, 1]);
  assert.equal(listOf(x.argmin(1)), ["int32", 2, 1]);
  assert.equal(listOf(x.cumsum(1).flatten()), [
    "int32",
    LARGE,
    LARGE + 1,
    LARGE - 1,
    LARGE + 1,
    LARGE + 6,
    LARGE + 13,
  ]);
  assert.equal(x.any().item(), 1);
  assert.equal(
    ints(2 ** 31 - 1, 1)
      .sum()
      .item(),
    -(2 ** 31),
  );
  const nothing = tensor([], { dtype: "int32" });
  assert.equal([nothing.sum().item(), nothing.prod().item(), nothing.sum().dtype], [0, 1, "int32"]);
});

test("choosing and ordering keep what they choose from", () => {
  const x = ints(LARGE, LARGE - 1, LARGE + 1);
  assert.equal(listOf(x.sort().values), ["int32", LARGE - 1, LARGE, LARGE + 1]);
  assert.equal(listOf(x.topk(1).values), ["int32", LARGE + 1]);
  assert.equal(listOf(x.maxWithIndices(0).values.reshape([1])), ["int32", LARGE + 1]);
  assert.equal(listOf(x.unique().values), ["int32", LARGE - 1, LARGE, LARGE + 1]);
  assert.equal(listOf(where(tensor([1, 0, 1]), x, 0)), ["int32", LARGE, 0, LARGE + 1]);
  assert.equal(listOf(x.maskedFill(tensor([1, 0, 0]), -1)), ["int32", -1, LARGE - 1, LARGE + 1]);
  assert.equal(listOf(x.reshape([1, 3]).triu().flatten()), listOf(x));
  assert.equal(listOf(x.scatter(0, ints(2, 0), -4)), ["int32", -4, LARGE - 1, -4]);
  assert.equal(listOf(x.scatter(0, ints(1), tensor([0.5]))), ["float32", LARGE - 1, 0.5, LARGE + 1]);
});

test("a remainder by 0 is an error for integers", () => {
  assert.throws(() => ints(1, 2).remainder(0), /remainder: an integer has none by 0/);
  assert.throws(() => ints(1, 2).remainder(ints(1, 0)), /remainder: an integer has none by 0/);
});

test("einsum says what does not fit", () => {
  const [a, b] = [arange(6).reshape([2, 3]), arange(6).reshape([2, 3])];
  const refused: [() => Tensor, RegExp][] = [
    [() => einsum("ij,jk->ik", a, b), /axis "j" is 3 in one operand and 2 in another, in "ij,jk->ik"/],
    [() => einsum("ij->ik", a), /no operand has the axis "k"/],
    [() => einsum("ij->ii", a), /the result names "i" twice/],
    [() => einsum("i", a), /"i" names 1 axes, but its operand is \[2,3\]/],
    [() => einsum("ij,jk", a), /2 terms for 1 operands/],
    [() => einsum("ii", a), /axes "i" of \[2,3\] differ/],
    [() => einsum("i1", a), /axes are named by letters/],
    [() => einsum("......", a), /at most one "..."/],
    [() => einsum("ij->i->j", a), /more than one "->"/],
  ];
  for (const [body, message] of refused) assert.throws(body, message);
});

test.run();
