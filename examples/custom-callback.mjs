// A callback of one's own: it keeps the epoch of the best validation loss and stops training once the loss is good enough.
// What it keeps is saved and restored with the trainer, since it is Stateful.
//
// Run: node examples/custom-callback.mjs

import { data, manualSeed, nn, optim, train } from "topograd";

class GoodEnough {
  best = { epoch: 0, loss: Number.POSITIVE_INFINITY };

  constructor(loss) {
    this.loss = loss;
  }

  onEpoch({ epoch, validationLoss }, trainer) {
    if (validationLoss < this.best.loss) this.best = { epoch, loss: validationLoss };
    if (validationLoss <= this.loss) trainer.stop(`validation loss of at most ${this.loss}`);
  }

  stateDict() {
    return { best: { ...this.best } };
  }

  loadStateDict({ best }) {
    this.best = { ...best };
  }
}

manualSeed(1);
const [trainSet, validation] = data.moons(400).split(300);
const model = nn.mlp([2, 16, 16, 2]);
const goodEnough = new GoodEnough(0.1);
const trainer = new train.Trainer({
  model,
  optimizer: new optim.Adam(model.parameters(), { lr: 0.01 }),
  train: trainSet,
  validation,
  seed: 1,
  callbacks: [goodEnough],
});
while (trainer.stopped === null && trainer.epochs < 50) trainer.epoch();
console.log(`stopped: ${trainer.stopped}`);
console.log(`best epoch: ${goodEnough.best.epoch === trainer.epochs}`);
