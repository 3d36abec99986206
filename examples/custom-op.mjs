// An operation with a gradient of its own: the straight-through estimator (Bengio et al. 2013). Rounding has no useful
// gradient, so the gradient of the clipped identity stands in for it, and weights of one bit can be trained.
//
// Run: node examples/custom-op.mjs

import { customOp, gradcheck, manualSeed, nn, optim, randn, scope, tensor } from "topograd";

const binarize = customOp(
  "binarize",
  (x) => x.ge(0).mul(2).sub(1),
  (gradient, [x]) => [gradient.mul(x.abs().le(1))],
);

// Where the gradient given is the true one, gradcheck confirms it.
const cube = customOp(
  "cube",
  (x) => x.mul(x).mul(x),
  (gradient, [x]) => [gradient.mul(x.square()).mul(3)],
);
console.log(`gradcheck: ${gradcheck(cube, [tensor([-1, 0.5, 2])])}`);

// Recovers a vector of signs from the sums it makes.
manualSeed(1);
const truth = randn([16, 1]).sign();
const weight = nn.parameter(randn([16, 1]).mul(0.1));
const optimizer = new optim.SGD([weight], { lr: 0.02 });
for (let step = 0; step < 300; step++) {
  scope(() => {
    const x = randn([32, 16]);
    const loss = nn.mseLoss(x.matmul(binarize(weight)), x.matmul(truth));
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
  });
}
const right = binarize(weight).eq(truth).sum().item();
console.log(`signs recovered: ${right} of 16`);
