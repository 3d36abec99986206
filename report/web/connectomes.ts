// Connectomes of a run: heat maps in one common order, spanning trees below them, births and deaths beside.

import { maximumSpanningTree } from "../../tda/spanning-tree";
import type { ReportConnectomes } from "../columns";
import { formatCount, formatNumber } from "../format";
import { hierarchicalOrder } from "./cluster";
import { element } from "./dom";
import { treeGraph } from "./graph";
import { colorBar, heatMap } from "./heat-map";
import { bytesOfBase64, type Matrix, unpackTriangle, weightQuantile } from "./matrix";
import { Selection } from "./selection";
import { layerLegend } from "./signals";
import { treeLayout } from "./tree-layout";

const unpack = (connectomes: ReportConnectomes): Matrix[] =>
  connectomes.snapshots.map(({ triangle }) => unpackTriangle(bytesOfBase64(triangle), connectomes.size));

/** Half a percent of the weights may saturate, so that the rest has the colours. */
const colorLimit = (matrices: readonly Matrix[]) =>
  Math.max(0.1, Math.ceil(10 * Math.max(...matrices.map((matrix) => weightQuantile(matrix, 0.995)))) / 10);

const when = ({ epoch, step }: { epoch: number | null; step: number }) =>
  epoch === null ? `step ${formatCount(step)}` : `epoch ${formatNumber(Number(epoch.toFixed(1)))}`;

/**
 * The first, a middle and the last connectome of a run: heat maps in the order that clusters the last one, with the
 * maximum spanning tree of each below it.
 */
export function connectomePanel(connectomes: ReportConnectomes): HTMLElement {
  const { signals, snapshots } = connectomes;
  const matrices = unpack(connectomes);
  const order = hierarchicalOrder(matrices[matrices.length - 1]);
  const trees = matrices.map(maximumSpanningTree);
  const reference = trees[trees.length - 1];
  const places = treeLayout(order, reference);
  const max = colorLimit(matrices);
  const selection = new Selection();
  const columns = snapshots.map((snapshot, i) => {
    const label = `${snapshot.which} observation, ${when(snapshot)}`;
    return element(
      "div",
      {},
      element("h4", {}, label[0].toUpperCase() + label.slice(1)),
      heatMap(matrices[i], { order, signals, max, label: `Connectome, ${label}`, selection }),
      treeGraph(trees[i], {
        places,
        reference,
        signals,
        label: `Maximum spanning tree, ${label}`,
        selection,
      }),
    );
  });
  return element(
    "figure",
    { class: "card wide" },
    element("h3", {}, "Correlations between neurons"),
    element("div", { class: "legend spread" }, layerLegend(signals), colorBar(max)),
    element("div", { class: "columns" }, ...columns),
    element(
      "figcaption",
      {},
      `Absolute correlation |ρ| between all pairs of ${formatCount(connectomes.size)} neurons over the probe, rows and columns in the order that clusters the last observation; below, the strongest edges that connect all neurons, laid out for the last observation: faint edges are those that did not last. Look for strong blocks forming along the diagonal, and whether they mix the layers.`,
    ),
  );
}

/** The last connectome of every run, each in its own order, on one colour scale. */
export function connectomeMultiples(
  runs: readonly { name: string; connectomes: ReportConnectomes }[],
): HTMLElement {
  const matrices = runs.map(({ connectomes }) =>
    unpackTriangle(
      bytesOfBase64(connectomes.snapshots[connectomes.snapshots.length - 1].triangle),
      connectomes.size,
    ),
  );
  const max = colorLimit(matrices);
  const layouts = new Set(runs.map(({ connectomes }) => JSON.stringify(connectomes.signals)));
  const columns = runs.map(({ name, connectomes: { signals } }, i) =>
    element(
      "div",
      {},
      element("h4", {}, name),
      heatMap(matrices[i], {
        order: hierarchicalOrder(matrices[i]),
        signals,
        max,
        label: `Last connectome of ${name}`,
      }),
    ),
  );
  return element(
    "figure",
    { class: "card wide" },
    element("h3", {}, "Last connectomes"),
    element(
      "div",
      { class: "legend spread" },
      // Runs of different models have no common legend.
      layouts.size === 1 && layerLegend(runs[0].connectomes.signals),
      colorBar(max),
    ),
    element("div", { class: "columns" }, ...columns),
    element(
      "figcaption",
      {},
      "Absolute correlation |ρ| between all pairs of neurons, each run in the order that clusters it. Look for how many blocks there are and how sharp their edges are; their places mean nothing across runs.",
    ),
  );
}
