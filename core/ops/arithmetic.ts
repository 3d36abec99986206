// Operations on two operands, broadcasting as in NumPy. Numbers are taken as float32 scalars, int32 tensors are
// converted: there is no integer arithmetic.

import { record } from "../autograd";
import { type BinaryKernel, binary, scalar, sumTo, toFloat32 } from "../compute";
import { requireTensor, type Tensor } from "../tensor";

/** What binary operations accept on either side. */
export type Operand = Tensor | number;

/** The operand as a living float32 tensor. */
export function operand(operation: string, value: Operand): Tensor {
  if (typeof value === "number") return scalar(value);
  requireTensor(operation, value);
  return value.dtype === "float32" ? value : toFloat32(value);
}

const plus = (a: Tensor, b: Tensor) => binary("add", "add_f32", a, b);
const minus = (a: Tensor, b: Tensor) => binary("sub", "sub_f32", a, b);
const times = (a: Tensor, b: Tensor) => binary("mul", "mul_f32", a, b);
const over = (a: Tensor, b: Tensor) => binary("div", "div_f32", a, b);

export function add(a: Operand, b: Operand): Tensor {
  const [x, y] = [operand("add", a), operand("add", b)];
  return record("add", plus(x, y), [x, y], [], (g, _, needs) => [
    needs[0] ? sumTo(g, x.shape) : null,
    needs[1] ? sumTo(g, y.shape) : null,
  ]);
}

export function sub(a: Operand, b: Operand): Tensor {
  const [x, y] = [operand("sub", a), operand("sub", b)];
  return record("sub", minus(x, y), [x, y], [], (g, _, needs) => [
    needs[0] ? sumTo(g, x.shape) : null,
    needs[1] ? sumTo(times(g, scalar(-1)), y.shape) : null,
  ]);
}

export function mul(a: Operand, b: Operand): Tensor {
  const [x, y] = [operand("mul", a), operand("mul", b)];
  return record("mul", times(x, y), [x, y], [x, y], (g, [sx, sy], needs) => [
    needs[0] ? sumTo(times(g, sy), sx.shape) : null,
    needs[1] ? sumTo(times(g, sx), sy.shape) : null,
  ]);
}

export function div(a: Operand, b: Operand): Tensor {
  const [x, y] = [operand("div", a), operand("div", b)];
  return record("div", over(x, y), [x, y], [x, y], (g, [sx, sy], needs) => {
    const gx = over(g, sy);
    return [
      needs[0] ? sumTo(gx, sx.shape) : null,
      needs[1] ? sumTo(times(over(times(gx, sx), sy), scalar(-1)), sy.shape) : null,
    ];
  });
}

/** Maximum or minimum: the gradient goes to the operand that was chosen, and is halved where both are equal. */
function choice(name: string, kernel: BinaryKernel, wins: BinaryKernel) {
  return (a: Operand, b: Operand): Tensor => {
    const [x, y] = [operand(name, a), operand(name, b)];
    return record(name, binary(name, kernel, x, y), [x, y], [x, y], (g, [sx, sy], needs) => {
      const half = times(binary(name, "eq_f32", sx, sy), scalar(0.5));
      const share = (p: Tensor, q: Tensor) => times(g, plus(binary(name, wins, p, q), half));
      return [
        needs[0] ? sumTo(share(sx, sy), sx.shape) : null,
        needs[1] ? sumTo(share(sy, sx), sy.shape) : null,
      ];
    });
  };
}

export const maximum = choice("maximum", "maximum_f32", "gt_f32");
export const minimum = choice("minimum", "minimum_f32", "lt_f32");

/** Comparisons give float32 0 or 1 and have no gradient. */
function comparison(name: string, kernel: BinaryKernel) {
  return (a: Operand, b: Operand): Tensor => binary(name, kernel, operand(name, a), operand(name, b));
}

export const eq = comparison("eq", "eq_f32");
export const ne = comparison("ne", "ne_f32");
export const gt = comparison("gt", "gt_f32");
export const ge = comparison("ge", "ge_f32");
export const lt = comparison("lt", "lt_f32");
export const le = comparison("le", "le_f32");
