// A distance of one's own between connectomes, given to the tracker that CG-ALR and reports read.
//
// Run: node examples/custom-distance.mjs

import { manualSeed, nn, optim, randn, scope, tda } from "topograd";

/** The mean absolute change of a correlation, of the connectomes [P,P] now and before. */
const meanChange = (now, before) => now.sub(before).abs().mean().item();

manualSeed(1);
const model = nn.mlp([4, 16, 8, 2]);
const probe = randn([128, 4]);
const tracker = new tda.ConnectomeTracker(model, { probe, distance: meanChange });
const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 });
const distances = [];
for (let step = 0; step < 30; step++) {
  scope(() => {
    const loss = nn.mseLoss(model.forward(probe), probe.slice(1, 0, 2));
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    if (step % 10 === 9) distances.push(tracker.observe().distance);
  });
}
console.log(`distances ${distances.map((d) => (d === null ? "none yet" : d.toFixed(4))).join(", ")}`);
