// Which neuron is which: connectome rows are neurons of one layer after another.

import type { LayerSignals } from "../../train/run";
import { plural } from "../format";
import { element } from "./dom";
import { swatch } from "./legend";
import { seriesColor } from "./theme";

/** The layer of every row, by its place in the list. */
export function layerOfRows(signals: readonly LayerSignals[]): number[] {
  return signals.flatMap(({ count }, layer) => Array<number>(count).fill(layer));
}

/** "layer 0, neuron 17". */
export function neuronName(signals: readonly LayerSignals[], row: number): string {
  let rest = row;
  for (const { layer, count } of signals) {
    if (rest < count) return `layer ${layer}, neuron ${rest}`;
    rest -= count;
  }
  throw new RangeError(`neuronName: there is no row ${row}`);
}

/** A legend of the layers' colours. */
export function layerLegend(signals: readonly LayerSignals[]): HTMLElement {
  const keys = signals.map(({ layer, count }, i) => {
    return element(
      "span",
      { class: "key" },
      swatch(seriesColor(i), "dot"),
      `layer ${layer}`,
      element("b", {}, plural(count, "neuron")),
    );
  });
  return element("div", { class: "legend" }, ...keys);
}
