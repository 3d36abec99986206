// The maximum spanning tree of a connectome and where its nodes lie in a picture.

import { cos, sin } from "../../core/math";
import type { Matrix } from "./matrix";

/** An edge of a weighted graph. */
export interface Edge {
  a: number;
  b: number;
  weight: number;
}

/**
 * The maximum spanning tree of a complete weighted graph, by Prim's algorithm in O(n^2). Its weights are the births
 * of the connectome's 0-dimensional features.
 */
export function maximumSpanningTree({ size, values }: Matrix): Edge[] {
  const best = new Float32Array(size).fill(-1);
  const parent = new Int32Array(size);
  const inTree = new Uint8Array(size);
  const edges: Edge[] = [];
  let node = 0;
  for (let added = 1; added < size; added++) {
    inTree[node] = 1;
    let next = -1;
    for (let k = 0; k < size; k++) {
      if (inTree[k] === 1) continue;
      if (values[node * size + k] > best[k]) {
        best[k] = values[node * size + k];
        parent[k] = node;
      }
      if (next < 0 || best[k] > best[next]) next = k;
    }
    edges.push({ a: parent[next], b: next, weight: best[next] });
    node = next;
  }
  return edges;
}

/** The neighbours of every node. */
export function adjacency(size: number, edges: readonly Edge[]): number[][] {
  const neighbours: number[][] = Array.from({ length: size }, () => []);
  for (const { a, b } of edges) {
    neighbours[a].push(b);
    neighbours[b].push(a);
  }
  return neighbours;
}

/** The node in the middle of the tree: leaves are stripped, ring by ring, until one is left. */
function treeCentre(neighbours: readonly number[][]): number {
  const degree = neighbours.map((list) => list.length);
  let ring = degree.flatMap((d, node) => (d <= 1 ? [node] : []));
  let last = 0;
  while (ring.length > 0) {
    last = ring[0];
    ring = ring.flatMap((leaf) => neighbours[leaf].filter((node) => --degree[node] === 1));
  }
  return last;
}

/** Rings around the centre by depth, every subtree in a sector as wide as its share of the leaves. */
function radialLayout(neighbours: readonly number[][], x: Float64Array, y: Float64Array): void {
  const root = treeCentre(neighbours);
  const parent = new Int32Array(neighbours.length).fill(-1);
  const order = [root];
  for (const node of order) {
    for (const child of neighbours[node]) {
      if (child === parent[node]) continue;
      parent[child] = node;
      order.push(child);
    }
  }
  const leaves = new Float64Array(neighbours.length);
  for (const node of [...order].reverse()) {
    leaves[node] = Math.max(1, leaves[node]);
    if (node !== root) leaves[parent[node]] += leaves[node];
  }
  const depth = new Int32Array(neighbours.length);
  /** Where the sector of each node begins, and where the next of its children begins, in leaves. */
  const start = new Float64Array(neighbours.length);
  const used = new Float64Array(neighbours.length);
  for (const node of order.slice(1)) {
    const above = parent[node];
    depth[node] = depth[above] + 1;
    start[node] = start[above] + used[above];
    used[above] += leaves[node];
    const angle = (2 * Math.PI * (start[node] + leaves[node] / 2)) / leaves[root];
    x[node] = depth[node] * cos(angle);
    y[node] = depth[node] * sin(angle);
  }
}

/**
 * Lays a tree out in the plane: a radial layout relaxed by forces (Fruchterman and Reingold, 1991), in which weak
 * edges are longer. Deterministic: the same tree always gives the same picture.
 *
 * @returns the coordinates of the nodes, in units of about an edge's length.
 */
export function treeLayout(size: number, edges: readonly Edge[]): { x: Float64Array; y: Float64Array } {
  const x = new Float64Array(size);
  const y = new Float64Array(size);
  if (size < 2) return { x, y };
  radialLayout(adjacency(size, edges), x, y);
  const pullX = new Float64Array(size);
  const pullY = new Float64Array(size);
  const rounds = 120;
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < size; i++) {
      // A weak pull to the middle keeps branches from drifting apart.
      pullX[i] = -0.02 * x[i];
      pullY[i] = -0.02 * y[i];
    }
    for (let i = 1; i < size; i++) {
      for (let j = 0; j < i; j++) {
        const dx = x[i] - x[j];
        const dy = y[i] - y[j];
        const squared = dx * dx + dy * dy + 0.01;
        const push = 1 / (squared * Math.sqrt(squared));
        pullX[i] += dx * push;
        pullY[i] += dy * push;
        pullX[j] -= dx * push;
        pullY[j] -= dy * push;
      }
    }
    for (const { a, b, weight } of edges) {
      const dx = x[a] - x[b];
      const dy = y[a] - y[b];
      const pull = Math.sqrt(dx * dx + dy * dy) * (0.6 + weight);
      pullX[a] -= dx * pull;
      pullY[a] -= dy * pull;
      pullX[b] += dx * pull;
      pullY[b] += dy * pull;
    }
    // Below half an edge, so that two neighbours never meet on one point and stay there.
    const heat = 0.4 * (1 - round / rounds);
    for (let i = 0; i < size; i++) {
      const length = Math.sqrt(pullX[i] * pullX[i] + pullY[i] * pullY[i]);
      const step = length > heat ? heat / length : 1;
      x[i] += pullX[i] * step;
      y[i] += pullY[i] * step;
    }
  }
  return { x, y };
}
