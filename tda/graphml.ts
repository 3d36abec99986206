// Connectomes as files of graph tools.

import { checkNumber, checkOptions, checkTensor, describe } from "../core/check";
import { formatShape, NonFiniteError } from "../core/errors";
import type { Tensor } from "../core/index";
import { maximumSpanningTree } from "./spanning-tree";
import type { SignalGroup } from "./tracker";
import { escapeXml } from "./xml";

/** Options of {@link graphml}. */
export interface GraphmlOptions {
  /** Which layer each row belongs to, as a tracker's `signals` say it. Default: no layers. */
  signals?: readonly SignalGroup[];
  /** Edges below this weight are left out, but for those of the maximum spanning tree. Default 0: all are written. */
  threshold?: number;
}

/**
 * The graph of a connectome [P,P] as GraphML (Brandes et al. 2002), which Gephi, networkx and igraph open: nodes with `layer` and
 * `unit`, edges with `weight` and `tree`, true for those of the maximum spanning tree. O(P^2) lines where all are written.
 */
export function graphml(connectome: Tensor, options: GraphmlOptions = {}): string {
  checkTensor("graphml", connectome);
  checkOptions("graphml", options, ["signals", "threshold"]);
  const { signals = [], threshold = 0 } = options;
  checkNumber("graphml", "threshold", threshold);
  if (!Array.isArray(signals)) {
    throw new TypeError(`graphml: signals must be an array of { layer, count }, got ${describe(signals)}`);
  }
  const [size] = connectome.shape;
  if (connectome.ndim !== 2 || connectome.shape[1] !== size) {
    throw new RangeError(`graphml: expected a connectome [P,P], got ${formatShape(connectome.shape)}`);
  }
  const units = signals.flatMap(({ layer, count }) =>
    Array.from({ length: count }, (_, unit) => ({ layer: String(layer), unit })),
  );
  if (signals.length > 0 && units.length !== size) {
    throw new RangeError(`graphml: the signals are of ${units.length} neurons, the connectome of ${size}`);
  }
  const values = connectome.toFloat32Array();
  if (!values.every(Number.isFinite))
    throw new NonFiniteError("graphml: the connectome holds NaN or Infinity");
  const tree = new Set(
    maximumSpanningTree({ size, values }).map(({ a, b }) => Math.min(a, b) * size + Math.max(a, b)),
  );
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">',
    '<key id="layer" for="node" attr.name="layer" attr.type="string"/>',
    '<key id="unit" for="node" attr.name="unit" attr.type="int"/>',
    '<key id="weight" for="edge" attr.name="weight" attr.type="double"/>',
    '<key id="tree" for="edge" attr.name="tree" attr.type="boolean"/>',
    '<graph edgedefault="undirected">',
  ];
  for (let node = 0; node < size; node++) {
    const { layer = "", unit = node } = units[node] ?? {};
    lines.push(
      `<node id="n${node}"><data key="layer">${escapeXml(layer)}</data><data key="unit">${unit}</data></node>`,
    );
  }
  for (let a = 0; a < size; a++) {
    for (let b = a + 1; b < size; b++) {
      const weight = values[a * size + b];
      const isTree = tree.has(a * size + b);
      if (weight < threshold && !isTree) continue;
      lines.push(
        `<edge source="n${a}" target="n${b}"><data key="weight">${weight}</data><data key="tree">${isTree}</data></edge>`,
      );
    }
  }
  lines.push("</graph>", "</graphml>", "");
  return lines.join("\n");
}
