// A layer and an activation of one's own: a squeeze-and-excitation gate (Hu et al. 2018) and Mish (Misra 2019). `signals` says
// what their outputs are to a connectome tracker, which would else have to guess.
//
// Run: node examples/custom-layer.mjs

import { manualSeed, nn, randn, tda } from "topograd";

class Mish extends nn.Module {
  get signals() {
    return "activation";
  }

  forward(x) {
    return x.mul(x.softplus().tanh());
  }
}

class Excitation extends nn.Module {
  constructor(channels, reduction = 4) {
    super();
    this.squeeze = new nn.Linear(channels, Math.ceil(channels / reduction));
    this.excite = new nn.Linear(Math.ceil(channels / reduction), channels);
  }

  // What it puts out are the channels of the layer before it, scaled: the tracker reads them here, not its inner layers.
  get signals() {
    return "activation";
  }

  forward(x) {
    const gate = this.excite.forward(this.squeeze.forward(x.mean([2, 3])).relu()).sigmoid();
    return x.mul(gate.unsqueeze(-1).unsqueeze(-1));
  }
}

manualSeed(1);
const model = new nn.Sequential(
  new nn.Conv2d(1, 8, 3, { padding: 1 }),
  new Excitation(8),
  new nn.Flatten(),
  new nn.Linear(8 * 36, 5),
  new Mish(),
);
console.log(`parameters ${model.parameters().length}`);
const tracker = new tda.ConnectomeTracker(model, { probe: randn([64, 1, 6, 6]) });
tracker.observe();
console.log(`signals ${tracker.signals.map(({ layer, count }) => `${layer}: ${count}`).join(", ")}`);
