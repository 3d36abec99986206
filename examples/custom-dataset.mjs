// A data set of one's own: samples made when they are asked for. It needs a length and a way to give the samples at some positions.
//
// Run: node examples/custom-dataset.mjs

import { data, manualSeed, nn, optim, stack, tensor, train } from "topograd";

/** Bars of a width of one pixel on a square of `side` pixels; the label says whether one lies across (0) or stands (1). */
class Bars {
  constructor(side) {
    this.side = side;
    this.length = 2 * side;
  }

  batch(indices) {
    const { side } = this;
    const positions = [...indices.toInt32Array()];
    const image = (position) => {
      const pixels = new Float32Array(side * side);
      const stands = position >= side;
      const at = position % side;
      for (let i = 0; i < side; i++) pixels[stands ? i * side + at : at * side + i] = 1;
      return tensor(pixels);
    };
    return {
      x: stack(positions.map(image)),
      y: tensor(Int32Array.from(positions, (position) => Number(position >= side))),
    };
  }
}

manualSeed(1);
const bars = new Bars(8);
const model = nn.mlp([64, 16, 2]);
await train.fit({
  model,
  optimizer: new optim.Adam(model.parameters(), { lr: 0.02 }),
  train: bars,
  epochs: 20,
  batchSize: 4,
});
console.log(`accuracy ${train.evaluate(model, bars).accuracy}`);
console.log(
  `a loader takes it too: ${[...new data.DataLoader(bars, { batchSize: 5 }).positions()].length} batches`,
);
