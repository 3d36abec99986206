// Memory over long runs: `node --expose-gc scripts/long-runs.mjs [SHARE]` trains for as long as docs/long-runs.md says (or a share of
// it, such as 0.01) and prints a table of JavaScript and WebAssembly memory. Fails when either grows.

import { parentPort, Worker, workerData } from "node:worker_threads";
import { data, manualSeed, nn, optim, randn, runtime, tda, tensor, train } from "topograd";

const MIB = 2 ** 20;
const ROWS = 6;

/** Labelled noise of this shape, which costs as much as real data. */
function samples(count, shape, classes) {
  const labels = Int32Array.from({ length: count }, (_, i) => i % classes);
  return new data.TensorDataset(randn([count, ...shape]).keep(), tensor(labels).keep());
}

function cnn() {
  return new nn.Sequential(
    ...[new nn.Conv2d(1, 8, 3, { padding: 1 }), new nn.BatchNorm2d(8), new nn.ReLU(), new nn.MaxPool2d(2)],
    ...[new nn.Flatten(), new nn.Dropout(0.2), new nn.Linear(8 * 14 * 14, 10)],
  );
}

const RUNS = {
  "MLP 784-128-64-10, batch 32, CG-ALR": {
    steps: 100_000,
    batch: 32,
    make: () => nn.mlp([784, 128, 64, 10]),
    shape: [784],
    samples: 6400,
  },
  "CNN 28 x 28, batch 64, CG-ALR, augmented": {
    steps: 2_000,
    batch: 64,
    make: cnn,
    shape: [1, 28, 28],
    samples: 6400,
    augment: true,
  },
  "VGG 32 x 32 x 3, batch 64, three epochs of 50,000": {
    steps: 3 * 782,
    batch: 64,
    make: () => nn.vgg({ classes: 10 }),
    shape: [3, 32, 32],
    samples: 50_000,
  },
};

/** What is in use once the garbage is collected, in MiB; finalizers run between turns. */
async function memory() {
  for (let turn = 0; turn < 3; turn++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { bytesInUse, bytesReserved } = runtime();
  return { heap: process.memoryUsage().heapUsed / MIB, inUse: bytesInUse / MIB, wasm: bytesReserved / MIB };
}

/** Trains, and measures at even distances. */
async function measure({ steps, batch, make, shape, samples: count, augment }, tell) {
  manualSeed(1);
  const dataset = samples(count, shape, 10);
  const model = make();
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.01, momentum: 0.9 });
  const probe = dataset.batch(tensor(Int32Array.from({ length: 64 }, (_, i) => i))).x.keep();
  const tracker = new tda.ConnectomeTracker(model, { probe, seed: 1 });
  const stepsPerEpoch = Math.ceil(count / batch);
  const schedule = new optim.CGALR(optimizer, tracker, { stepsPerEpoch });
  const trainer = new train.Trainer({
    ...{ model, optimizer, schedule, train: dataset, batchSize: batch },
    ...(augment ? { augment: data.cropAndFlip() } : {}),
  });
  const rows = [];
  for (let row = 0; row <= ROWS; row++) {
    const until = Math.round((steps * row) / ROWS);
    while (trainer.steps < until) {
      trainer.step();
      if (trainer.steps % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    // The first row is warm: what is made once is there.
    if (row > 0) {
      const now = { steps: trainer.steps, ...(await memory()) };
      rows.push(now);
      tell(now);
    }
  }
  return rows;
}

const text = ({ steps, heap, inUse, wasm }) =>
  `${String(steps).padStart(8)} steps   heap ${heap.toFixed(1).padStart(7)} MiB   tensors ${inUse.toFixed(2).padStart(7)} MiB   WASM memory ${wasm.toFixed(1).padStart(7)} MiB`;

/** MiB that the heap may differ by between rows: compiled code, and the history that CG-ALR keeps on purpose. */
const HEAP_SLACK = 8;

function grows(rows) {
  const [first, last] = [rows[0], rows[rows.length - 1]];
  return last.wasm > first.wasm || last.inUse > first.inUse + 0.1 || last.heap > first.heap + HEAP_SLACK;
}

async function inWorkers(count, run) {
  const workers = Array.from(
    { length: count },
    () => new Worker(new URL(import.meta.url), { workerData: run }),
  );
  return Promise.all(
    workers.map(
      (worker) =>
        new Promise((resolve, reject) => {
          worker.once("message", resolve);
          worker.once("error", reject);
        }),
    ),
  );
}

if (parentPort !== null) {
  const { name, share } = workerData;
  const run = RUNS[name];
  parentPort.postMessage(await measure({ ...run, steps: Math.ceil((run.steps * share) / 10) }, () => {}));
} else {
  if (globalThis.gc === undefined) throw new Error("start it with node --expose-gc");
  const share = Number(process.argv[2] ?? 1);
  let failed = false;
  for (const [name, run] of Object.entries(RUNS)) {
    console.log(name);
    const rows = await measure({ ...run, steps: Math.ceil(run.steps * share) }, (row) =>
      console.log(text(row)),
    );
    if (grows(rows)) failed = true;
  }
  const [name] = Object.keys(RUNS);
  console.log(`four workers, each a tenth of: ${name}`);
  const all = await inWorkers(4, { name, share });
  for (const [i, rows] of all.entries()) {
    console.log(`worker ${i}`);
    for (const row of [rows[0], rows[rows.length - 1]]) console.log(text(row));
    if (grows(rows)) failed = true;
  }
  console.log(failed ? "memory grows" : "memory is flat");
  process.exitCode = failed ? 1 : 0;
}
