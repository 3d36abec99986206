// Milliseconds of whole training steps and of connectome observations.
// Usage: tsx bench/training.ts
import Benchmark from "benchmark";
import { data, manualSeed, nn, optim, rand, randn, runtime, scope, tda, tensor } from "topograd";

manualSeed(1);
const suite = new Benchmark.Suite();

for (const [name, sizes] of [
  ["step of the MLP 784-128-64-10, batch 128", [784, 128, 64, 10]],
  ["step of the MLP 784-256-128-10, batch 128", [784, 256, 128, 10]],
] as const) {
  const model = nn.mlp(sizes);
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.01, momentum: 0.9 });
  const x = rand([128, 784]);
  const y = tensor(Int32Array.from({ length: 128 }, (_, i) => i % 10));
  suite.add(name, () =>
    scope(() => {
      const loss = nn.crossEntropy(model.forward(x), y);
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
    }),
  );
  const dataset = new data.TensorDataset(rand([256, 784]), tensor(new Int32Array(256)));
  const tracker = new tda.ConnectomeTracker(model, { probe: dataset.x });
  suite.add(`observation of its connectome, N = 256, P = ${sizes[1] + sizes[2]}`, () =>
    scope(() => {
      tracker.observe();
    }),
  );
}

const vgg = nn.vgg();
const vggOptimizer = new optim.SGD(vgg.parameters(), { lr: 0.01, momentum: 0.9 });
const images = randn([64, 3, 32, 32]);
const labels = tensor(Int32Array.from({ length: 64 }, (_, i) => i % 10));
suite.add("step of the CIFAR VGG, batch 64", () =>
  scope(() => {
    const loss = nn.crossEntropy(vgg.forward(images), labels);
    vggOptimizer.zeroGrad();
    loss.backward();
    vggOptimizer.step();
  }),
);

suite.on("cycle", ({ target }: Benchmark.Event) => {
  const { name, stats } = target as unknown as Benchmark & { name: string };
  const sample = [...stats.sample].sort((a, b) => a - b);
  const milliseconds = (s: number) => (s * 1000).toFixed(2);
  console.log(
    `${name}: median ${milliseconds(sample[sample.length >> 1])} ms, best ${milliseconds(sample[0])} ms`,
  );
});
suite.run();
console.log(`memory taken: ${(runtime().bytesReserved / 2 ** 20).toFixed(0)} MiB`);
