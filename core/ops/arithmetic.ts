// Operations on two operands, broadcasting as in NumPy. Numbers are taken as float32 scalars and int32 tensors are
// converted, unless both operands are integers: then the result is int32, but for division and powers. Gradients are
// given in the broadcast shape; the engine sums them.

import { type BinaryKernel, unary } from "../../backend/launch/elementwise";
import { readElements } from "../../backend/view";
import { type Backward, record } from "../autograd";
import { checkTensor, describe } from "../check";
import { binary, full, integers, minus, over, plus, scalar, times, toFloat32 } from "../compute";
import { defineMethods, Tensor } from "../tensor";

/** What binary operations accept on either side. */
export type Operand = Tensor | number;

/** The operand as a living float32 tensor. */
export function operand(operation: string, value: Operand): Tensor {
  if (value instanceof Tensor && value.dtype === "float32" && value.handle.freed === null) return value;
  if (typeof value === "number") return scalar(value);
  if (!(value instanceof Tensor) && typeof value !== "object") {
    throw new TypeError(`${operation}: expected a Tensor or a number, got ${describe(value)}`);
  }
  checkTensor(operation, value);
  return toFloat32(value);
}

/** The number is one of those int32 holds. */
export const isInt32 = (value: number) => (value | 0) === value;

const isInteger = (value: Operand) =>
  value instanceof Tensor ? value.dtype === "int32" : typeof value === "number" && isInt32(value);

function integer(operation: string, value: Operand): Tensor {
  if (typeof value === "number") return full([], value, "int32");
  checkTensor(operation, value);
  return value;
}

/** Both operands as int32 where one is an int32 tensor and the other such a tensor or an integer; else null. */
export function bothIntegers(operation: string, a: Operand, b: Operand): [Tensor, Tensor] | null {
  if (!isInteger(a) || !isInteger(b) || (typeof a === "number" && typeof b === "number")) return null;
  return [integer(operation, a), integer(operation, b)];
}

/** An operation of two operands with an int32 kernel for integers. */
function define(name: string, kernel: BinaryKernel, float: (x: Tensor, y: Tensor) => Tensor) {
  return (a: Operand, b: Operand): Tensor => {
    const whole = bothIntegers(name, a, b);
    return whole === null
      ? float(operand(name, a), operand(name, b))
      : integers(name, kernel, whole[0], whole[1]);
  };
}

/** Saves each operand only if the gradient of the other needs it. */
function crosswise(x: Tensor, y: Tensor): (Tensor | null)[] {
  return [y.requiresGrad ? x : null, x.requiresGrad ? y : null];
}

const addRule: Backward = (g) => [g, g];

export const add = define("add", "add_i32", (x, y) => record("add", plus(x, y), [x, y], [], addRule));

const subRule: Backward = (g, _, { needs }) => [g, needs[1] ? times(g, scalar(-1)) : null];

export const sub = define("sub", "sub_i32", (x, y) => record("sub", minus(x, y), [x, y], [], subRule));

const mulRule: Backward = (g, [x, y], { needs }) => [
  needs[0] ? times(g, y) : null,
  needs[1] ? times(g, x) : null,
];

export const mul = define("mul", "mul_i32", (x, y) =>
  record("mul", times(x, y), [x, y], crosswise(x, y), mulRule),
);

const weighRule: Backward = (g, [x, w], { needs }) => [
  needs[0] ? binary("weigh", "weigh_f32", g, w) : null,
  needs[1] ? times(g, x) : null,
];

/** x times weights, and 0 where the weight is 0 whatever x is there: what does not count spreads neither NaN nor Infinity. */
export function weigh(x: Tensor, weights: Tensor): Tensor {
  const out = binary("weigh", "weigh_f32", x, weights);
  return record("weigh", out, [x, weights], [weights.requiresGrad ? x : null, weights], weighRule);
}

const divRule: Backward = (g, [x, y], { needs }) => {
  const gx = over(g, y);
  return [gx, needs[1] ? times(over(times(gx, x), y), scalar(-1)) : null];
};

function div(a: Operand, b: Operand): Tensor {
  const [x, y] = [operand("div", a), operand("div", b)];
  return record("div", over(x, y), [x, y], [y.requiresGrad ? x : null, y], divRule);
}

/**
 * Maximum or minimum: the gradient goes to the operand that did not lose, and is halved where both are equal. NaN loses to
 * nothing, nor does what is compared with it.
 */
function choice(name: "maximum" | "minimum", loses: BinaryKernel) {
  const rule: Backward = (g, [x, y], { needs }) => {
    const kept = minus(scalar(1), times(binary(name, "eq_f32", x, y), scalar(0.5)));
    const share = (p: Tensor, q: Tensor) => times(g, minus(kept, binary(name, loses, p, q)));
    return [needs[0] ? share(x, y) : null, needs[1] ? share(y, x) : null];
  };
  return define(name, `${name}_i32`, (x, y) =>
    record(name, binary(name, `${name}_f32`, x, y), [x, y], [x, y], rule),
  );
}

export const maximum = choice("maximum", "lt_f32");
export const minimum = choice("minimum", "gt_f32");

/** What compares integers: exactly, where float32 would round those beyond 2^24. */
type Integers = (x: Tensor, y: Tensor) => Tensor;
const equal: Integers = (x, y) => integers("eq", "eq_i32", x, y, "float32");
const greater: Integers = (x, y) => integers("gt", "gt_i32", x, y, "float32");
const not = (x: Tensor) => binary("logicalNot", "eq_f32", x, scalar(0));

/** Comparisons give float32 0 or 1 and have no gradient. */
function comparison(name: string, kernel: BinaryKernel, whole: Integers) {
  return (a: Operand, b: Operand): Tensor => {
    const both = bothIntegers(name, a, b);
    return both === null ? binary(name, kernel, operand(name, a), operand(name, b)) : whole(both[0], both[1]);
  };
}

const eq = comparison("eq", "eq_f32", equal);
const ne = comparison("ne", "ne_f32", (x, y) => not(equal(x, y)));
const gt = comparison("gt", "gt_f32", greater);
const ge = comparison("ge", "ge_f32", (x, y) => not(greater(y, x)));
const lt = comparison("lt", "lt_f32", (x, y) => greater(y, x));
const le = comparison("le", "le_f32", (x, y) => not(greater(x, y)));

/** a - floor(a / b) b: the sign is that of b, as in Python. */
const remainderRule: Backward = (g, [x, y], { needs }) => {
  if (!needs[1]) return [g, null];
  return [g, times(g, times(flooredQuotient(x, y), scalar(-1)))];
};

function flooredQuotient(x: Tensor, y: Tensor): Tensor {
  const quotient = over(x, y);
  unary("floor_f32", quotient, quotient);
  return quotient;
}

function remainder(a: Operand, b: Operand): Tensor {
  const whole = bothIntegers("remainder", a, b);
  if (whole !== null) {
    if (readElements(whole[1]).includes(0)) {
      throw new RangeError('remainder: an integer has none by 0; astype("float32") gives NaN there');
    }
    return integers("remainder", "remainder_i32", whole[0], whole[1]);
  }
  const [x, y] = [operand("remainder", a), operand("remainder", b)];
  const saved = y.requiresGrad ? [x, y] : [null, null];
  return record("remainder", minus(x, times(flooredQuotient(x, y), y)), [x, y], saved, remainderRule);
}

/** Truth is what differs from 0, NaN too. */
const truth = (name: string, x: Operand) => binary(name, "ne_f32", operand(name, x), scalar(0));

const logicalAnd = (a: Operand, b: Operand) => times(truth("logicalAnd", a), truth("logicalAnd", b));
const logicalOr = (a: Operand, b: Operand) =>
  binary("logicalOr", "maximum_f32", truth("logicalOr", a), truth("logicalOr", b));
const logicalXor = (a: Operand, b: Operand) =>
  binary("logicalXor", "ne_f32", truth("logicalXor", a), truth("logicalXor", b));
const logicalNot = (a: Operand) => not(operand("logicalNot", a));

export interface ArithmeticMethods {
  /** a - floor(a / b) b, of the sign of b; its gradient by a is 1. NaN where b is 0; an error for integers. */
  remainder(b: Operand): Tensor;
  /** 1 where both differ from 0, else 0; no gradient. */
  logicalAnd(b: Operand): Tensor;
  /** 1 where either differs from 0, else 0; no gradient. */
  logicalOr(b: Operand): Tensor;
  /** 1 where one of both differs from 0, else 0; no gradient. */
  logicalXor(b: Operand): Tensor;
  /** 1 where a is 0, else 0; no gradient. */
  logicalNot(): Tensor;
  /** a + b. */
  add(b: Operand): Tensor;
  /** a - b. */
  sub(b: Operand): Tensor;
  /** a * b, element by element. */
  mul(b: Operand): Tensor;
  /** a / b; division by 0 gives Infinity or NaN as IEEE says. */
  div(b: Operand): Tensor;
  /** The larger of both; equal elements share the gradient; NaN wins. */
  maximum(b: Operand): Tensor;
  /** The smaller of both; equal elements share the gradient; NaN wins. */
  minimum(b: Operand): Tensor;
  /** 1 where a = b, else 0, float32; no gradient. */
  eq(b: Operand): Tensor;
  /** 1 where a differs from b, else 0; no gradient. */
  ne(b: Operand): Tensor;
  /** 1 where a > b, else 0; no gradient. */
  gt(b: Operand): Tensor;
  /** 1 where a >= b, else 0; no gradient. */
  ge(b: Operand): Tensor;
  /** 1 where a < b, else 0; no gradient. */
  lt(b: Operand): Tensor;
  /** 1 where a <= b, else 0; no gradient. */
  le(b: Operand): Tensor;
}

declare module "../tensor" {
  interface Tensor extends ArithmeticMethods {}
}

defineMethods<ArithmeticMethods>({
  ...{ remainder, logicalAnd, logicalOr, logicalXor, logicalNot },
  add,
  sub,
  mul,
  div,
  maximum,
  minimum,
  eq,
  ne,
  gt,
  ge,
  lt,
  le,
});
