// A tree of neurons as a graph.

import type { SignalGroup } from "../../tda/index";
import { adjacency, type Edge } from "../../tda/spanning-tree";
import { plural } from "../format";
import { element, svgElement } from "./dom";
import type { Selection } from "./selection";
import { layerOfRows, neuronName } from "./signals";
import { layerColor } from "./theme";

/** What a tree graph shows. */
export interface TreeGraphOptions {
  /** Where every neuron lies. */
  places: { x: Float64Array; y: Float64Array };
  /** The tree that others are compared with: edges that it lacks are drawn faint. */
  reference: readonly Edge[];
  signals: readonly SignalGroup[];
  /** What the picture is, for those who cannot see it. */
  label: string;
  selection?: Selection;
}

/** Side of the drawing in its own units, and the room around it. */
const SIDE = 400;
const MARGIN = 10;

/**
 * A spanning tree as a graph: neurons coloured by layer, larger with more neighbours; strong edges drawn strong.
 * Pointing at a neuron names it and selects it.
 */
export function treeGraph(edges: readonly Edge[], options: TreeGraphOptions): HTMLElement {
  const { signals, selection } = options;
  const { x, y } = options.places;
  const layers = layerOfRows(signals);
  const degree = adjacency(layers.length, edges).map((neighbours) => neighbours.length);
  const [left, top] = [Math.min(...x), Math.min(...y)];
  const extent = Math.max(Math.max(...x) - left, Math.max(...y) - top) || 1;
  const scale = (SIDE - 2 * MARGIN) / extent;
  const centre = (values: Float64Array, low: number) => (SIDE - (Math.max(...values) - low) * scale) / 2;
  const [shiftX, shiftY] = [centre(x, left), centre(y, top)];
  const px = Array.from(x, (value) => Number(((value - left) * scale + shiftX).toFixed(1)));
  const py = Array.from(y, (value) => Number(((value - top) * scale + shiftY).toFixed(1)));
  // Dots and edges shrink with their number, so that about the same share of the picture is ink.
  const unit = Math.min(6, 34 / Math.sqrt(layers.length));

  const keyOf = ({ a, b }: Edge) => `${Math.min(a, b)} ${Math.max(a, b)}`;
  const lasting = new Set(options.reference.map(keyOf));
  const shared = edges.filter((edge) => lasting.has(keyOf(edge))).length;
  const atRest =
    edges.length > shared ? `${shared} of ${plural(edges.length, "edge")} stay to the end` : "\u00a0";
  const lines = edges.map((edge) => {
    const { a, b, weight } = edge;
    const strength = lasting.has(keyOf(edge)) ? 1 : 0.4;
    return svgElement("line", {
      x1: px[a],
      y1: py[a],
      x2: px[b],
      y2: py[b],
      "stroke-width": (strength * unit * (0.3 + 0.7 * weight)).toFixed(2),
      opacity: (strength * (0.4 + 0.5 * weight)).toFixed(2),
    });
  });
  const dots = layers.map((layer, node) => {
    const dot = svgElement("circle", {
      cx: px[node],
      cy: py[node],
      r: (unit * (0.7 + 0.3 * Math.sqrt(degree[node]))).toFixed(2),
      "data-node": node,
    });
    dot.style.fill = layerColor(layer, signals.length);
    return dot;
  });
  const readout = element("div", { class: "readout" }, atRest);
  const svg = svgElement(
    "svg",
    { viewBox: `0 0 ${SIDE} ${SIDE}`, class: "tree", role: "img", "aria-label": options.label },
    svgElement("g", { class: "edges" }, ...lines),
    svgElement("g", { class: "nodes" }, ...dots),
  );
  let marked: SVGElement[] = [];
  const mark = (nodes: readonly number[]) => {
    for (const dot of marked) dot.classList.remove("selected");
    marked = nodes.map((node) => dots[node]);
    for (const dot of marked) dot.classList.add("selected");
  };
  selection?.subscribe(mark);
  svg.addEventListener("pointerover", (event) => {
    const node = (event.target as SVGElement).dataset.node;
    const row = node === undefined ? null : Number(node);
    selection?.select(...(row === null ? [] : [row]));
    readout.textContent =
      row === null ? atRest : `${neuronName(signals, row)}: ${plural(degree[row], "neighbour")}`;
  });
  svg.addEventListener("pointerleave", () => {
    selection?.select();
    readout.textContent = atRest;
  });
  return element("div", { class: "tree-graph" }, svg, readout);
}
