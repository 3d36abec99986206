// Trains a small convolutional network, with checkpoints in the folder that is given: what tests/cli/kill.test.ts kills.
import { data, manualSeed, nn, optim, randn, tda, tensor, train } from "topograd";

manualSeed(3);
const samples = 200;
const labels = Int32Array.from({ length: samples }, (_, i) => i % 4);
const shift = tensor(labels).reshape([samples, 1, 1, 1]);
const dataset = new data.TensorDataset(randn([samples, 1, 12, 12]).add(shift).keep(), tensor(labels).keep());
const model = new nn.Sequential(
  new nn.Conv2d(1, 6, 3, { padding: 1 }),
  new nn.BatchNorm2d(6),
  new nn.ReLU(),
  new nn.MaxPool2d(2),
  new nn.Flatten(),
  new nn.Dropout(0.3),
  new nn.Linear(6 * 6 * 6, 16),
  new nn.ReLU(),
  new nn.Linear(16, 4),
);
const optimizer = new optim.SGD(model.parameters(), { lr: 0.02, momentum: 0.9 });
const probe = dataset.batch(tensor(Int32Array.from({ length: 32 }, (_, i) => i))).x.keep();
const tracker = new tda.ConnectomeTracker(model, { probe, seed: 1 });
await train.fit({
  model,
  optimizer,
  schedule: new optim.CGALR(optimizer, tracker, { stepsPerEpoch: 13 }),
  train: dataset,
  batchSize: 16,
  augment: data.cropAndFlip({ padding: 2 }),
  earlyStopping: { metric: "trainLoss", patience: 100 },
  epochs: 25,
  checkpoint: { dir: process.argv[2], every: 7, resume: true, best: "trainLoss" },
});
