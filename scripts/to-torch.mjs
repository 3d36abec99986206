// The networks of scripts/torch-fixture.py, built of this library's layers. `node scripts/to-torch.mjs DIR` trains each for a few
// steps and writes its state with an input and its output there, for `python3 scripts/torch-fixture.py check DIR`.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { io, manualSeed, nn, noGrad, optim, randn } from "topograd";

class Attention extends nn.Module {
  norm = new nn.LayerNorm([12]);
  attention = new nn.MultiheadAttention(12, 3);
  head = new nn.Linear(12, 5);
  forward(x) {
    return this.head.forward(x.add(this.attention.forward(this.norm.forward(x)).output));
  }
}

class Recurrent extends nn.Module {
  lstm = new nn.LSTM(4, 6);
  gru = new nn.GRU(6, 5);
  forward(x) {
    return this.gru.forward(this.lstm.forward(x).output).output;
  }
}

const lenet = () =>
  new nn.Sequential(
    ...[new nn.Conv2d(1, 6, 5, { padding: 2 }), new nn.BatchNorm2d(6), new nn.ReLU(), new nn.MaxPool2d(2)],
    ...[new nn.Conv2d(6, 16, 5), new nn.BatchNorm2d(16), new nn.ReLU(), new nn.MaxPool2d(2)],
    ...[new nn.Flatten(), new nn.Linear(400, 32), new nn.ReLU(), new nn.Linear(32, 10)],
  );

const vgg = () =>
  new nn.Sequential(
    ...[new nn.Conv2d(3, 8, 3, { padding: 1 }), new nn.ReLU()],
    ...[new nn.Conv2d(8, 8, 3, { padding: 1 }), new nn.ReLU(), new nn.MaxPool2d(2)],
    ...[new nn.Conv2d(8, 16, 3, { padding: 1 }), new nn.ReLU(), new nn.AvgPool2d(2)],
    ...[new nn.Flatten(), new nn.Linear(256, 24), new nn.ReLU(), new nn.Dropout(0.5), new nn.Linear(24, 10)],
  );

const mlp = () =>
  new nn.Sequential(
    ...[
      new nn.Linear(20, 16),
      new nn.LeakyReLU(0.01),
      new nn.Linear(16, 8),
      new nn.GELU(),
      new nn.Linear(8, 3),
    ],
  );

/** What makes each network, and the shape of its input. */
export const NETWORKS = {
  mlp: { make: mlp, input: [7, 20] },
  lenet: { make: lenet, input: [3, 1, 28, 28] },
  vgg: { make: vgg, input: [2, 3, 16, 16] },
  attention: { make: () => new Attention(), input: [2, 6, 12] },
  recurrent: { make: () => new Recurrent(), input: [3, 7, 4] },
};

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  mkdirSync(process.argv[2], { recursive: true });
  for (const [name, { make, input }] of Object.entries(NETWORKS)) {
    manualSeed(11);
    const network = make();
    const optimizer = new optim.SGD(network.parameters(), { lr: 0.05 });
    for (let step = 0; step < 3; step++) {
      network.forward(randn(input)).square().mean().backward();
      optimizer.step();
      optimizer.zeroGrad();
    }
    network.eval();
    const x = randn(input);
    const y = noGrad(() => network.forward(x));
    const file = io.saveSafetensors({ ...network.stateDict(), __input: x, __output: y });
    writeFileSync(join(process.argv[2], `${name}.safetensors`), file);
  }
}
