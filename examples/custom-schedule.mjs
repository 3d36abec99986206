// A schedule of one's own: "wait and fall" keeps the rate while the metric improves and lets it fall for good once it does not.
// What it learns is forgotten by reset() and saved by stateDict().
//
// Run: node examples/custom-schedule.mjs

import { nn, ones, optim } from "topograd";

class WaitAndFall extends optim.Schedule {
  best = Number.POSITIVE_INFINITY;
  share = 1;

  /** @param options.factor of the rate in each interval of the fall, default 0.5. */
  constructor(optimizer, { factor = 0.5 } = {}) {
    super(optimizer);
    this.factor = factor;
  }

  step(metric) {
    if (this.share < 1 || metric >= this.best) this.share *= this.factor;
    this.best = Math.min(this.best, metric);
    super.step(metric);
  }

  apply() {
    for (const [i, group] of this.optimizer.groups.entries()) {
      group.lr = this.initialRates[i] * this.share;
    }
  }

  reset() {
    this.best = Number.POSITIVE_INFINITY;
    this.share = 1;
  }

  stateDict() {
    return { ...super.stateDict(), best: this.best, share: this.share };
  }

  restore(state) {
    super.restore(state);
    this.best = state.best;
    this.share = state.share;
  }
}

const optimizer = new optim.SGD([nn.parameter(ones([3]))], { lr: 0.8 });
const warmup = new optim.LinearLR(optimizer, { startFactor: 0.5, totalIters: 2 });
const schedule = new optim.SequentialLR(optimizer, {
  schedules: [warmup, new WaitAndFall(optimizer)],
  milestones: [2],
});
const rates = [4, 3, 2, 1, 1.5, 1.2].map((metric) => {
  schedule.step(metric);
  return optimizer.lr;
});
console.log(`rates ${rates.join(" ")}`);

const saved = schedule.stateDict();
schedule.restart([0.8]);
console.log(`from the beginning ${optimizer.lr}`);
schedule.loadStateDict(saved);
console.log(`where it was ${optimizer.lr}`);
