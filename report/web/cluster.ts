// An order of neurons in which a connectome shows its blocks: the leaves of an average-linkage dendrogram.

import type { Matrix } from "./matrix";

/**
 * Orders the nodes of a similarity matrix by hierarchical clustering with average linkage, in O(n^2) by chains of
 * nearest neighbours (Murtagh, "A survey of recent advances in hierarchical clustering algorithms", 1983). Where two
 * clusters merge, the ends that are most alike meet (Gruvaeus and Wainer, 1972).
 *
 * @returns the nodes in order. Ties are broken by index, so the same matrix always gives the same order.
 */
export function hierarchicalOrder({ size, values }: Matrix): number[] {
  const similarity = Float64Array.from(values);
  const members: (number[] | null)[] = Array.from({ length: size }, (_, i) => [i]);
  const at = (i: number, j: number) => similarity[i * size + j];
  const chain: number[] = [];
  for (let clusters = size; clusters > 1; ) {
    if (chain.length === 0) chain.push(members.findIndex((list) => list !== null));
    const top = chain[chain.length - 1];
    // The cluster before in the chain wins ties, without which equal similarities could make it run in circles.
    let nearest = chain.length > 1 ? chain[chain.length - 2] : -1;
    for (let k = 0; k < size; k++) {
      if (members[k] !== null && k !== top && (nearest < 0 || at(top, k) > at(top, nearest))) nearest = k;
    }
    if (nearest !== chain[chain.length - 2]) {
      chain.push(nearest);
      continue;
    }
    chain.length -= 2;
    const a = members[top]!;
    const b = members[nearest]!;
    for (let k = 0; k < size; k++) {
      const mean = (a.length * at(top, k) + b.length * at(nearest, k)) / (a.length + b.length);
      similarity[nearest * size + k] = similarity[k * size + nearest] = mean;
    }
    members[top] = null;
    members[nearest] = joinAtBestEnds(a, b, values, size);
    clusters--;
  }
  return members.find((list) => list !== null) ?? [];
}

function joinAtBestEnds(a: number[], b: number[], values: Float32Array, size: number): number[] {
  const meeting = (p: number, q: number) => values[p * size + q];
  const [aFirst, aLast, bFirst, bLast] = [a[0], a[a.length - 1], b[0], b[b.length - 1]];
  const ends = [
    meeting(aLast, bFirst),
    meeting(aLast, bLast),
    meeting(aFirst, bFirst),
    meeting(aFirst, bLast),
  ];
  const best = ends.indexOf(Math.max(...ends));
  if (best === 1) b.reverse();
  if (best === 2) a.reverse();
  return best === 3 ? b.concat(a) : a.concat(b);
}
