// An optimizer of one's own: Lion (Chen et al. 2023, "Symbolic discovery of optimization algorithms"), whose steps are signs. It keeps
// a moving average for each parameter; stateDict(), parameter groups and schedules come with the base class.
//
// Run: node examples/custom-optimizer.mjs

import { manualSeed, nn, optim, randn, scope } from "topograd";

class Lion extends optim.Optimizer {
  /** @param options.lr default 1e-3. @param options.betas default [0.9, 0.99]. @param options.weightDecay default 0. */
  constructor(parameters, options = {}) {
    super(parameters, { lr: 1e-3, betas: [0.9, 0.99], weightDecay: 0 }, options);
  }

  update(parameter, gradient, { lr, betas, weightDecay }, state) {
    // Zeros at first; it outlives the scope of the step and is saved.
    const mean = optim.slot(state, "mean", parameter);
    const direction = mean
      .mul(betas[0])
      .add(gradient.mul(1 - betas[0]))
      .sign();
    parameter.assign(parameter.sub(direction.add(parameter.mul(weightDecay)).mul(lr)));
    mean.assign(mean.mul(betas[1]).add(gradient.mul(1 - betas[1])));
  }
}

manualSeed(1);
const truth = randn([8, 1]);
const model = new nn.Linear(8, 1);
const optimizer = new Lion(model.parameters(), { lr: 0.02 });
const schedule = new optim.CosineAnnealingLR(optimizer, { tMax: 400 });
let last = Number.NaN;
for (let step = 0; step < 400; step++) {
  scope(() => {
    const x = randn([32, 8]);
    const loss = nn.mseLoss(model.forward(x), x.matmul(truth));
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    schedule.step();
    last = loss.item();
  });
}
console.log(`loss ${last.toExponential(1)}`);
console.log(`kept for each parameter: ${Object.keys(optimizer.stateDict().state[0]).join(", ")}`);
