// Which neuron is which: connectome rows are neurons of one layer after another.

import type { SignalGroup } from "../../tda/index";
import { formatCount, plural } from "../format";
import { element } from "./dom";
import { swatch } from "./legend";
import { layerColor } from "./theme";

/** The layer of every row, by its place in the list. */
export function layerOfRows(signals: readonly SignalGroup[]): number[] {
  return signals.flatMap(({ count }, layer) => Array<number>(count).fill(layer));
}

/** "hidden 1". */
const layerName = (layer: number) => `hidden ${layer + 1}`;

/** "hidden 1, neuron 17". */
export function neuronName(signals: readonly SignalGroup[], row: number): string {
  let rest = row;
  for (const [layer, { count }] of signals.entries()) {
    if (rest < count) return `${layerName(layer)}, neuron ${rest}`;
    rest -= count;
  }
  throw new RangeError(`neuronName: there is no row ${row}`);
}

/** A legend of the layers' colours: "hidden 1 (128)". */
export function layerLegend(signals: readonly SignalGroup[]): HTMLElement {
  const keys = signals.map(({ layer, count }, i) => {
    const mark = swatch("signal", "dot");
    mark.style.setProperty("--swatch", layerColor(i, signals.length));
    return element(
      "span",
      { class: "key", title: `module ${layer}: ${plural(count, "neuron")}` },
      mark,
      `${layerName(i)} (${formatCount(count)})`,
    );
  });
  return element("div", { class: "legend" }, ...keys);
}
