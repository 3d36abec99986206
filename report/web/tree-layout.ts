// Where the nodes of a spanning tree lie in a picture.

import {
  forceLink,
  forceManyBody,
  forceSimulation,
  forceX,
  forceY,
  type SimulationLinkDatum,
  type SimulationNodeDatum,
} from "d3-force";
import { cos, sin } from "../../core/math";
import type { Edge } from "../../tda/spanning-tree";

/** Rounds of the simulation; the pictures no longer change visibly after that. */
const ROUNDS = 300;
/** Of an edge of weight 0, in the units of the layout; strong edges are shorter. */
const LENGTH = 30;

/**
 * Lays a tree out in the plane: the nodes start on a circle in the order given and are moved by forces. Deterministic:
 * the same tree and order always give the same picture.
 *
 * @param order all nodes, those that belong together side by side.
 */
export function treeLayout(
  order: readonly number[],
  edges: readonly Edge[],
): { x: Float64Array; y: Float64Array } {
  const nodes = order.map((): SimulationNodeDatum => ({}));
  const radius = (LENGTH * Math.sqrt(order.length)) / 2;
  order.forEach((node, place) => {
    const angle = (2 * Math.PI * place) / order.length;
    nodes[node].x = radius * cos(angle);
    nodes[node].y = radius * sin(angle);
  });
  const links = edges.map(({ a, b, weight }): SimulationLinkDatum<SimulationNodeDatum> & Edge => ({
    a,
    b,
    weight,
    source: a,
    target: b,
  }));
  forceSimulation(nodes)
    .force(
      "edges",
      forceLink<SimulationNodeDatum, (typeof links)[number]>(links).distance(
        ({ weight }) => LENGTH * (1 - 0.6 * weight),
      ),
    )
    .force("room", forceManyBody().strength(-LENGTH))
    .force("x", forceX(0).strength(0.05))
    .force("y", forceY(0).strength(0.05))
    .alphaDecay(0.0228)
    .stop()
    .tick(ROUNDS);
  return {
    x: Float64Array.from(nodes, ({ x }) => x as number),
    y: Float64Array.from(nodes, ({ y }) => y as number),
  };
}
