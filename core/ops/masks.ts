// Choosing elements by masks, and masks by position.

import { checkInteger, checkTensor } from "../check";
import { arange } from "../creation";
import { formatShape } from "../errors";
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

function oneHot(x: Tensor, classes: number): Tensor {
  checkTensor("oneHot", x);
  checkInteger("oneHot", "classes", classes, { atLeast: 1 });
  if (x.dtype !== "int32") throw new TypeError(`oneHot: labels must be int32, got ${x.dtype}`);
  const wrong = x.toInt32Array().find((label) => label < 0 || label >= classes);
  if (wrong !== undefined) {
    throw new RangeError(`oneHot: label ${wrong} is out of range for ${classes} classes`);
  }
  return x.unsqueeze(-1).eq(arange(classes));
}

export interface MaskMethods {
  /** a, but `value` where the mask, which broadcasts, differs from 0. */
  maskedFill(mask: Tensor, value: number): Tensor;
  /** The lower triangles of matrices [...,m,n], up to the given diagonal (0: the main one), the rest 0. */
  tril(diagonal?: number): Tensor;
  /** The upper triangles of matrices [...,m,n], from the given diagonal (0: the main one) on, the rest 0. */
  triu(diagonal?: number): Tensor;
  /** float32 [..., classes] of int32 labels [...]: 1 at the label, else 0. No gradient. */
  oneHot(classes: number): Tensor;
}

declare module "../tensor" {
  interface Tensor extends MaskMethods {}
}

defineMethods<MaskMethods>({ maskedFill, tril, triu, oneHot });
