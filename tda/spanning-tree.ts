// The maximum spanning tree of a connectome.

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
export function maximumSpanningTree({ size, values }: { size: number; values: Float32Array }): Edge[] {
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
