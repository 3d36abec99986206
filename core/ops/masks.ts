// Choosing elements by masks, and masks by position.

import { checkInteger, checkLabels, checkTensor } from "../check";
import { arange, eye, tensor } from "../creation";
import { formatShape } from "../errors";
import { contiguousStrides, sameShape } from "../shape";
import { defineMethods, type Tensor } from "../tensor";
import { where } from "./indexing";

function maskedFill(x: Tensor, mask: Tensor, value: number): Tensor {
  checkTensor("maskedFill", x);
  checkTensor("maskedFill", mask, "mask");
  return where(mask, value, x);
}

/** Keeps what lies on one side of a diagonal of the last two axes. */
function triangle(name: "tril" | "triu") {
  return (x: Tensor, diagonal = 0): Tensor => {
    checkTensor(name, x);
    checkInteger(name, "diagonal", diagonal);
    if (x.ndim < 2)
      throw new RangeError(`${name}: expected matrices [...,m,n], got ${formatShape(x.extents)}`);
    const [rows, columns] = x.extents.slice(-2);
    const distance = arange(columns).sub(arange(rows).unsqueeze(1));
    return where(name === "tril" ? distance.le(diagonal) : distance.ge(diagonal), x, 0);
  };
}

const tril = triangle("tril");
const triu = triangle("triu");

/** Positions, in the flattened tensor, of the elements that differ from 0. */
function positionsOf(x: Tensor): number[] {
  const values = x.toFloat32Array();
  return [...values.keys()].filter((i) => values[i] !== 0);
}

function nonzero(x: Tensor): Tensor {
  checkTensor("nonzero", x);
  const strides = contiguousStrides(x.extents);
  const found = positionsOf(x);
  const rows = found.flatMap((at) => strides.map((stride, d) => Math.floor(at / stride) % x.extents[d]));
  return tensor(Int32Array.from(rows), { shape: [found.length, x.ndim] });
}

function maskedSelect(x: Tensor, mask: Tensor): Tensor {
  checkTensor("maskedSelect", x);
  checkTensor("maskedSelect", mask, "mask");
  if (!sameShape(x.extents, mask.extents)) {
    throw new RangeError(
      `maskedSelect: the mask must have the shape ${formatShape(x.extents)}, got ${formatShape(mask.extents)}`,
    );
  }
  return x.flatten().indexSelect(0, tensor(Int32Array.from(positionsOf(mask))));
}

function oneHot(x: Tensor, classes: number): Tensor {
  checkTensor("oneHot", x);
  checkInteger("oneHot", "classes", classes, { atLeast: 1 });
  checkLabels("oneHot", x, classes);
  return x.unsqueeze(-1).eq(arange(classes));
}

function diag(x: Tensor): Tensor {
  checkTensor("diag", x);
  if (x.ndim === 1) return where(eye(x.size), x.unsqueeze(0), 0);
  if (x.ndim !== 2)
    throw new RangeError(`diag: expected a vector or a matrix, got ${formatShape(x.extents)}`);
  const [rows, columns] = x.extents;
  const places = Int32Array.from({ length: Math.min(rows, columns) }, (_, i) => i * (columns + 1));
  return x.flatten().indexSelect(0, tensor(places));
}

export interface MaskMethods {
  /** The matrix [n,n] with a vector [n] on its diagonal, or the diagonal of a matrix. */
  diag(): Tensor;
  /** a, but `value` where the mask, which broadcasts, differs from 0. */
  maskedFill(mask: Tensor, value: number): Tensor;
  /** The lower triangles of matrices [...,m,n], up to the given diagonal (0: the main one), the rest 0. */
  tril(diagonal?: number): Tensor;
  /** The upper triangles of matrices [...,m,n], from the given diagonal (0: the main one) on, the rest 0. */
  triu(diagonal?: number): Tensor;
  /** int32 [n,ndim]: where the elements differ from 0, in row-major order. */
  nonzero(): Tensor;
  /** The elements [n] where a mask of the same shape differs from 0, in row-major order. */
  maskedSelect(mask: Tensor): Tensor;
  /** float32 [..., classes] of int32 labels [...]: 1 at the label, else 0. No gradient. */
  oneHot(classes: number): Tensor;
}

declare module "../tensor" {
  interface Tensor extends MaskMethods {}
}

defineMethods<MaskMethods>({ diag, maskedFill, maskedSelect, nonzero, tril, triu, oneHot });
