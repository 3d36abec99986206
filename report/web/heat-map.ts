// A connectome as a heat map: blocks are groups of neurons that respond alike.

import { interpolateBuPu, interpolateMagma } from "d3-scale-chromatic";
import type { SignalGroup } from "../../tda/index";
import { element } from "./dom";
import type { Matrix } from "./matrix";
import type { Selection } from "./selection";
import { layerOfRows, neuronName } from "./signals";
import { color, isDark, layerColor, onThemeChange } from "./theme";

/** What a heat map shows. */
export interface HeatMapOptions {
  /** Rows and columns from top left, as indices into the matrix. */
  order: readonly number[];
  signals: readonly SignalGroup[];
  /** The weight that gets the strongest colour; everything above gets it too. */
  max: number;
  /** What the picture is, for those who cannot see it. */
  label: string;
  selection?: Selection;
}

/**
 * 256 colours from weak to strong, RGBA. Weak weights are close to the page's own ground, so strong ones stand out, and
 * lightness runs one way throughout, which colour-blind eyes see as well.
 */
function ramp(): ImageData {
  const colorAt = isDark() ? interpolateMagma : interpolateBuPu;
  const pen = element("canvas", { width: 256, height: 1 }).getContext("2d")!;
  for (let i = 0; i < 256; i++) {
    pen.fillStyle = colorAt(i / 255);
    pen.fillRect(i, 0, 1, 1);
  }
  return pen.getImageData(0, 0, 256, 1);
}

function paint(
  canvas: HTMLCanvasElement,
  { size, values }: Matrix,
  { order, signals, max }: HeatMapOptions,
): void {
  const colors = ramp().data;
  const image = new ImageData(size, size);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const weight = values[order[row] * size + order[column]];
      const level = 4 * Math.min(255, Math.round((255 * weight) / max));
      image.data.set(colors.subarray(level, level + 4), 4 * (row * size + column));
    }
  }
  const pixels = element("canvas", { width: size, height: size });
  pixels.getContext("2d")!.putImageData(image, 0, 0);
  // Whole multiples of the matrix stay sharp; the browser scales down from there.
  const scale = Math.max(1, Math.ceil(720 / size));
  const strip = Math.round(0.025 * scale * size);
  const side = scale * size;
  canvas.width = canvas.height = side + strip;
  const pen = canvas.getContext("2d")!;
  pen.imageSmoothingEnabled = false;
  pen.drawImage(pixels, strip, strip, side, side);
  const layers = layerOfRows(signals);
  order.forEach((row, place) => {
    pen.fillStyle = layerColor(layers[row], signals.length, color);
    pen.fillRect(strip + place * scale, 0, scale, strip - scale);
    pen.fillRect(0, strip + place * scale, strip - scale, scale);
  });
}

/**
 * A matrix of weights as a square picture, with a strip of layer colours along its top and left. Pointing at a cell
 * names the two neurons and their weight, and selects them.
 */
export function heatMap(matrix: Matrix, options: HeatMapOptions): HTMLElement {
  const { size, values } = matrix;
  const { order, signals, selection } = options;
  const canvas = element("canvas", { role: "img", "aria-label": options.label });
  const across = element("i", { class: "cross across", hidden: "" });
  const down = element("i", { class: "cross down", hidden: "" });
  const readout = element("div", { class: "readout" }, "\u00a0");
  const placeOf = new Map(order.map((row, place) => [row, place]));
  const stripShare = () => (canvas.width - Math.floor(canvas.width / size) * size) / canvas.width;

  const cellAt = (event: PointerEvent): [number, number] | null => {
    const box = canvas.getBoundingClientRect();
    const share = stripShare();
    const place = (offset: number, length: number) =>
      Math.floor(((offset / length - share) / (1 - share)) * size);
    const row = place(event.clientY - box.top, box.height);
    const column = place(event.clientX - box.left, box.width);
    return row >= 0 && row < size && column >= 0 && column < size ? [order[row], order[column]] : null;
  };
  const showCross = (nodes: readonly number[]) => {
    across.hidden = down.hidden = nodes.length === 0;
    if (nodes.length === 0) return;
    const share = stripShare();
    const offset = (node: number) => `${100 * (share + ((1 - share) * (placeOf.get(node)! + 0.5)) / size)}%`;
    across.style.top = offset(nodes[0]);
    down.style.left = offset(nodes[nodes.length - 1]);
  };
  selection?.subscribe(showCross);
  canvas.addEventListener("pointermove", (event) => {
    const cell = cellAt(event);
    selection?.select(...(cell ?? []));
    readout.textContent =
      cell === null
        ? "\u00a0"
        : `${neuronName(signals, cell[0])} – ${neuronName(signals, cell[1])}: ` +
          (cell[0] === cell[1] ? "itself" : `|ρ| = ${values[cell[0] * size + cell[1]].toFixed(2)}`);
  });
  canvas.addEventListener("pointerleave", () => {
    selection?.select();
    readout.textContent = "\u00a0";
  });
  const draw = () => paint(canvas, matrix, options);
  draw();
  onThemeChange(draw);
  return element(
    "div",
    { class: "heat-map" },
    element("div", { class: "square" }, canvas, across, down),
    readout,
  );
}

/** The scale of the colours from 0 to `max`. */
export function colorBar(max: number): HTMLElement {
  const canvas = element("canvas", { width: 256, height: 1, "aria-hidden": "true" });
  const draw = () => canvas.getContext("2d")!.putImageData(ramp(), 0, 0);
  draw();
  onThemeChange(draw);
  return element("div", { class: "color-bar" }, "|ρ| 0", canvas, `${max < 1 ? "≥ " : ""}${max.toFixed(1)}`);
}
