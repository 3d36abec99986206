// Einstein summation: products of tensors by named axes, two at a time, through products of elements or of matrices.

import { checkString } from "../check";
import { formatShape } from "../errors";
import { sizeOf } from "../shape";
import type { Tensor } from "../tensor";
import { mul, operand } from "./arithmetic";
import { expand, permute, reshape, slice, unsqueeze } from "./layout";
import { matmul } from "./matmul";

/** A tensor whose axes have names: letters, and for those of "..." numbers that count from the last one. */
interface Named {
  x: Tensor;
  names: readonly string[];
}

type Refuse = (why: string) => never;

/** The names of a term; "..." stands for `hidden` axes. */
function namesOf(term: string, hidden: number, refuse: Refuse): string[] {
  const [before, after, ...more] = term.replaceAll(" ", "").split("...");
  if (!/^[A-Za-z]*$/.test(before + (after ?? "")) || more.length > 0) {
    refuse(`axes are named by letters and at most one "...", got "${term.trim()}"`);
  }
  if (after === undefined) return [...before];
  return [...before, ...Array.from({ length: hidden }, (_, i) => String(hidden - i)), ...after];
}

/** The operand with its axes named as its term says. */
function named(term: string, value: Tensor, refuse: Refuse): Named {
  const x = operand("einsum", value);
  const letters = namesOf(term, 0, refuse).length;
  const hidden = term.includes("...") ? x.ndim - letters : 0;
  if (hidden < 0 || letters + hidden !== x.ndim) {
    refuse(`"${term.trim()}" names ${letters} axes, but its operand is ${formatShape(x.extents)}`);
  }
  return { x, names: namesOf(term, hidden, refuse) };
}

/** Axes that share a name become one, their diagonal. */
function diagonals({ x, names }: Named, refuse: Refuse): Named {
  const second = names.findIndex((name, d) => names.indexOf(name) < d);
  if (second < 0) return { x, names };
  const first = names.indexOf(names[second]);
  const n = x.extents[first];
  if (n !== x.extents[second]) refuse(`axes "${names[first]}" of ${formatShape(x.extents)} differ`);
  const others = [...names.keys()].filter((d) => d !== first && d !== second);
  const squares = permute(x, [...others, first, second]);
  const flat = reshape(squares, [...others.map((d) => x.extents[d]), n * n]);
  const diagonal = slice(flat, others.length, 0, n * n, n + 1);
  return diagonals({ x: diagonal, names: [...others.map((d) => names[d]), names[first]] }, refuse);
}

/** The sum over all axes but these. */
function summedTo({ x, names }: Named, kept: readonly string[]): Named {
  const gone = [...names.keys()].filter((d) => !kept.includes(names[d]));
  return gone.length === 0
    ? { x, names }
    : { x: x.sum(gone), names: names.filter((name) => kept.includes(name)) };
}

/** The operand with its axes in this order; those it does not have are of extent 1. */
function arranged({ x, names }: Named, order: readonly string[]): Tensor {
  const own = order.filter((name) => names.includes(name)).map((name) => names.indexOf(name));
  return order.reduce((out, name, d) => (names.includes(name) ? out : unsqueeze(out, d)), permute(x, own));
}

/** The product of two operands, summed over the names that are not kept. */
function contract(left: Named, right: Named, kept: readonly string[]): Named {
  const a = summedTo(left, [...right.names, ...kept]);
  const b = summedTo(right, [...left.names, ...kept]);
  const shared = a.names.filter((name) => b.names.includes(name));
  const batch = shared.filter((name) => kept.includes(name));
  const summed = shared.filter((name) => !kept.includes(name));
  const rows = a.names.filter((name) => !shared.includes(name));
  const columns = b.names.filter((name) => !shared.includes(name));
  if (summed.length === 0 || rows.length + columns.length === 0) {
    const names = [...batch, ...rows, ...columns, ...summed];
    return summedTo({ x: mul(arranged(a, names), arranged(b, names)), names }, kept);
  }
  const extents = (of: Named, names: readonly string[]) =>
    names.map((name) => of.x.extents[of.names.indexOf(name)]);
  const [many, inner] = [extents(a, batch), sizeOf(extents(a, summed))];
  const [high, wide] = [extents(a, rows), extents(b, columns)];
  const p = reshape(arranged(a, [...batch, ...rows, ...summed]), [...many, sizeOf(high), inner]);
  const q = reshape(arranged(b, [...batch, ...summed, ...columns]), [...many, inner, sizeOf(wide)]);
  return { x: reshape(matmul(p, q), [...many, ...high, ...wide]), names: [...batch, ...rows, ...columns] };
}

/** The names of the result: those after "->", or "..." and the letters that occur once, in alphabetical order. */
function outputOf(output: string | undefined, operands: readonly Named[], refuse: Refuse): string[] {
  const all = operands.flatMap(({ names }) => names);
  const hidden = Math.max(0, ...all.map(Number).filter((n) => n > 0));
  if (output === undefined) {
    const once = all.filter((name) => !/\d/.test(name) && all.indexOf(name) === all.lastIndexOf(name));
    return [...namesOf("...", hidden, refuse), ...once.sort()];
  }
  const names = namesOf(output, hidden, refuse);
  const odd = names.find((name, d) => !all.includes(name) || names.indexOf(name) < d);
  if (odd !== undefined) {
    refuse(all.includes(odd) ? `the result names "${odd}" twice` : `no operand has the axis "${odd}"`);
  }
  return names;
}

/** Axes of extent 1 repeated to the extent that their name has elsewhere. */
function broadcast(operands: readonly Named[], refuse: Refuse): Named[] {
  const sizes = new Map<string, number>();
  for (const { x, names } of operands) {
    for (const [d, name] of names.entries()) {
      const [known, extent] = [sizes.get(name) ?? 1, x.extents[d]];
      if (known !== 1 && extent !== 1 && known !== extent) {
        refuse(`axis "${name}" is ${known} in one operand and ${extent} in another`);
      }
      sizes.set(name, known === 1 ? extent : known);
    }
  }
  const sizeOfName = (name: string) => sizes.get(name) as number;
  return operands.map(({ x, names }) => ({ x: expand(x, names.map(sizeOfName)), names }));
}

/**
 * Sums of products by named axes: einsum("bij,bjk->bik", a, b) is a batch of matrix products. Each operand has a term of
 * letters, one an axis; what is not named after "->" is summed. Without "->" the result has the letters that occur once, in
 * alphabetical order. A letter twice in a term takes the diagonal, "..." stands for the axes without a letter, and axes of
 * extent 1 broadcast. Operands are taken from left to right, float32. Throws a RangeError that names what does not fit.
 */
export function einsum(equation: string, ...operands: readonly Tensor[]): Tensor {
  checkString("einsum", "the equation", equation);
  const refuse: Refuse = (why) => {
    throw new RangeError(`einsum: ${why}, in "${equation}"`);
  };
  const [inputs, output, ...more] = equation.split("->");
  const terms = inputs.split(",");
  if (more.length > 0) refuse('more than one "->"');
  if (terms.length !== operands.length) refuse(`${terms.length} terms for ${operands.length} operands`);
  const given = terms.map((term, i) => named(term, operands[i], refuse));
  const wanted = outputOf(output, given, refuse);
  const factors = broadcast(
    given.map((factor) => diagonals(factor, refuse)),
    refuse,
  );
  const [first, ...others] = factors;
  const result = others.reduce((product, factor, i) => {
    const later = others.slice(i + 1).flatMap(({ names }) => names);
    return contract(product, factor, [...wanted, ...later]);
  }, first);
  return arranged(summedTo(result, wanted), wanted);
}
