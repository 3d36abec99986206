import { data, manualSeed, nn, optim, runtime, scope, type Tensor, tensor } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";

const numbers = (n: number) =>
  new data.TensorDataset(
    tensor(
      Float32Array.from({ length: n }, (_, i) => i),
      { shape: [n, 1] },
    ),
    tensor(Int32Array.from({ length: n }, (_, i) => i)),
  );

test("batches in order, the last one short or left out", () => {
  const sizes = (dropLast: boolean) => {
    const out: number[] = [];
    for (const { x } of new data.DataLoader(numbers(10), { batchSize: 4, dropLast })) out.push(x.shape[0]);
    return out;
  };
  assert.equal(sizes(false), [4, 4, 2]);
  assert.equal(sizes(true), [4, 4]);
});

test("a shuffled epoch shows each sample once, x with its y; seeds repeat", () => {
  const orders = (seed?: number) => {
    const loader = new data.DataLoader(numbers(23), { batchSize: 5, shuffle: true, seed });
    return [0, 1].map(() => {
      const seen: number[] = [];
      for (const { x, y } of loader) {
        assert.equal([...x.toFloat32Array()], [...y.toInt32Array()]);
        seen.push(...y.toInt32Array());
      }
      return seen;
    });
  };
  const [first, second] = orders(1);
  assert.equal(
    [...first].sort((a, b) => a - b),
    Array.from({ length: 23 }, (_, i) => i),
  );
  assert.is.not(String(first), String(second));
  assert.equal(orders(1), [first, second]);
  manualSeed(9);
  const followed = orders();
  manualSeed(9);
  assert.equal(orders(), followed);
});

test("what the body makes is freed when the next batch begins; the last loss can be read", () => {
  const dataset = numbers(12);
  const before = runtime().tensorsInUse;
  let loss: Tensor | null = null;
  let first: Tensor | null = null;
  for (const { x } of new data.DataLoader(dataset, { batchSize: 3 })) {
    loss = x.mul(2).sum();
    first ??= loss;
    assert.ok(runtime().tensorsInUse - before < 10);
  }
  assert.is(loss!.item(), 60);
  assert.throws(() => first!.item(), /freed when the next batch of its DataLoader began/);
});

test("epochs of a loop add nothing: what is left of one goes when the next begins", () => {
  const model = nn.mlp([1, 16, 3]);
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.01 });
  const loader = new data.DataLoader(numbers(12), { batchSize: 4, shuffle: true, seed: 1 });
  const bytes: number[] = [];
  const train = () => {
    let loss: Tensor | null = null;
    for (const { x, y } of loader) {
      loss = nn.crossEntropy(model.forward(x), y.mul(0).astype("int32"));
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
    }
    assert.ok(Number.isFinite(loss!.item()));
    bytes.push(runtime().bytesInUse);
    return loss!;
  };
  const first = train();
  for (let epoch = 1; epoch < 10; epoch++) train();
  assert.is(bytes[9], bytes[1]);
  assert.throws(() => first.item(), /freed when the next loop over its DataLoader began/);
  scope(() => {
    for (let epoch = 0; epoch < 10; epoch++) train();
    assert.is(bytes[19], bytes[11]);
  });
});

test("a loop frees neither what another loader's left nor what a scope returned", () => {
  const loaders = [numbers(6), numbers(6)].map((set) => new data.DataLoader(set, { batchSize: 2 }));
  const sum = (loader: data.DataLoader) => {
    let last: Tensor | null = null;
    for (const { x } of loader) last = x.sum();
    return last!;
  };
  const [one, other] = loaders.map(sum);
  assert.equal([one.item(), other.item()], [9, 9]);
  const epochs = [0, 1, 2].map(() => scope(() => sum(loaders[0])));
  assert.equal(
    epochs.map((loss) => loss.item()),
    [9, 9, 9],
  );
  const kept = sum(loaders[1]).keep();
  sum(loaders[1]);
  assert.is(kept.item(), 9);
});

test("a loader saved within an epoch goes on with the same batches, augmented alike", () => {
  const augment: data.Augmentation = (x, generator) => x.add(generator.uniform(x.shape));
  const make = (shuffle: boolean) =>
    new data.DataLoader(numbers(11), { batchSize: 3, shuffle, augment, seed: 3 });
  const values = (batch: data.Batch) => [[...batch.x.toFloat32Array()], batch.y.toArray()];
  for (const shuffle of [true, false]) {
    for (const stop of [1, 2, 4]) {
      const loader = make(shuffle);
      for (const _ of loader);
      const states: string[] = [];
      const expected: unknown[] = [];
      for (let epoch = 0; epoch < 3; epoch++) {
        for (const batch of loader) {
          if (states.length > 0) expected.push(values(batch));
          else if (loader.stateDict().epoch?.batches === stop) {
            states.push(JSON.stringify(loader.stateDict()));
          }
        }
      }
      const resumed = make(shuffle);
      for (const _ of resumed) break;
      resumed.loadStateDict(JSON.parse(states[0]));
      assert.is(JSON.stringify(resumed.stateDict()), states[0]);
      const seen: unknown[] = [];
      for (let epoch = 0; epoch < 3; epoch++) {
        for (const batch of resumed) seen.push(values(batch));
      }
      assert.is(seen.length, 12 - stop);
      assert.equal(seen, expected);
    }
  }
  const loader = make(true);
  const before = JSON.stringify(loader.stateDict());
  const { generator } = loader.stateDict();
  assert.throws(
    () =>
      loader.loadStateDict({ generator: { seed: 9, position: 9 }, epoch: { start: generator, batches: 5 } }),
    /batches of the epoch must be an integer .*got 5/,
  );
  assert.is(JSON.stringify(loader.stateDict()), before);
});

/** A data set of one's own: squares of whole numbers, their parity as labels. */
class Squares implements data.Dataset {
  constructor(readonly length: number) {}
  batch(indices: Tensor): data.Batch {
    return {
      x: indices.astype("float32").square().reshape([-1, 1]),
      y: tensor(indices.toInt32Array().map((i) => i % 2)),
    };
  }
}

test("a data set of one's own needs length and batch alone", () => {
  const squares = new Squares(10);
  assert.equal([...data.labelsOf(squares)], [0, 1, 0, 1, 0, 1, 0, 1, 0, 1]);
  assert.equal([...data.labelsOf(new Squares(3000))].slice(2997), [1, 0, 1]);
  const x = (dataset: data.Dataset) => [
    ...dataset.batch(tensor(Int32Array.from({ length: dataset.length }, (_, i) => i))).x.toFloat32Array(),
  ];
  const some = data.subset(squares, [3, -1, 0]);
  assert.equal(x(some), [9, 81, 0]);
  assert.equal(x(data.subset(some, [1])), [81]);
  const [first, rest] = data.split(squares, 7, 3);
  assert.equal([first.length, rest.length], [7, 3]);
  assert.equal(
    [...x(first), ...x(rest)].sort((a, b) => a - b),
    [0, 1, 4, 9, 16, 25, 36, 49, 64, 81],
  );
  const [ownFirst] = new data.TensorDataset(
    tensor(Float32Array.from(x(squares)), { shape: [10, 1] }),
    tensor(data.labelsOf(squares)),
  ).split(7, 3);
  assert.equal(x(first), x(ownFirst));
  assert.equal(data.stratifiedSample(squares, 4).y.toArray(), [0, 0, 1, 1]);
  const seen: number[] = [];
  for (const { y } of new data.DataLoader(first, { batchSize: 4 })) seen.push(y.shape[0]);
  assert.equal(seen, [4, 3]);
  for (const wrong of [[10], [-11], [0.5], [Number.NaN]]) {
    assert.throws(() => data.subset(squares, wrong), /a position must be an integer/);
  }
});

test("every data set of the catalogue says what it is; those made need nothing", async () => {
  assert.is(new Set(data.DATA_SETS.map(({ name }) => name)).size, data.DATA_SETS.length);
  for (const { name, about, make } of data.DATA_SETS) {
    assert.ok(about.length > 0);
    if (["mnist", "fashion-mnist", "cifar10"].includes(name)) continue;
    const { train, test } = await make({});
    assert.equal([train.length, test.length], [2000, 1000]);
  }
});

test("data sets refuse options they do not know", async () => {
  const wrong = { nose: 1 } as object;
  for (const make of [data.moons, data.circles, data.spirals, data.blobs]) {
    assert.throws(() => make(10, wrong), /unknown option "nose"; known options: noise, seed/);
    assert.throws(() => make(10, { noise: Number.POSITIVE_INFINITY }), /noise must be a finite number/);
  }
  for (const load of [data.mnist, data.fashionMnist, data.cifar10]) {
    const error = await load(wrong).then(
      () => null,
      (reason: Error) => reason,
    );
    assert.match(error!.message, /unknown option "nose"; known options: directory, flatten, onProgress/);
  }
});

test("break frees at once", () => {
  const dataset = numbers(12);
  const before = runtime().bytesInUse;
  for (const { x } of new data.DataLoader(dataset, { batchSize: 3 })) {
    x.mul(2);
    break;
  }
  assert.is(runtime().bytesInUse, before);
});

test("keep() inside the body outlives it", () => {
  const sums: Tensor[] = [];
  for (const { x } of new data.DataLoader(numbers(6), { batchSize: 2 })) sums.push(x.sum().keep());
  assert.equal(
    sums.map((s) => s.item()),
    [1, 5, 9],
  );
});

test("[...loader] is explained when a batch is touched", () => {
  const batches = [...new data.DataLoader(numbers(6), { batchSize: 2 })];
  assert.throws(
    () => batches[0].x.sum(),
    /\[\.\.\.loader\] and Array\.from\(loader\) therefore cannot collect/,
  );
});

test("tensors made after an await are ordinary", async () => {
  const later: Tensor[] = [];
  for (const { x } of new data.DataLoader(numbers(6), { batchSize: 2 })) {
    x.sum();
    await Promise.resolve();
    later.push(tensor([later.length]));
  }
  assert.equal(
    later.map((t) => t.item()),
    [0, 1, 2],
  );
});

test("two interleaved loaders do not free each other's batches", () => {
  const [a, b] = [numbers(6), numbers(6)].map((set) =>
    new data.DataLoader(set, { batchSize: 2 })[Symbol.iterator](),
  );
  for (let i = 0; i < 3; i++) {
    const [p, q] = [a.next().value!, b.next().value!];
    assert.is(p.x.sub(q.x).sum().item(), 0);
    assert.is(p.x.sum().item(), 1 + 4 * i);
  }
});

test("two async loops keep to their own batches", async () => {
  const sums = async (delay: number) => {
    const out: number[] = [];
    for (const { x } of new data.DataLoader(numbers(8), { batchSize: 2 })) {
      await new Promise((resolve) => setTimeout(resolve, delay));
      out.push(x.sum().item());
    }
    return out;
  };
  assert.equal(await Promise.all([sums(1), sums(3)]), [
    [1, 5, 9, 13],
    [1, 5, 9, 13],
  ]);
});

test("wrong options and data", () => {
  assert.throws(
    () => new data.DataLoader(numbers(3), { batchSize: 0 }),
    /batchSize must be a positive integer, got 0/,
  );
  assert.throws(
    () => new data.DataLoader(numbers(3), { batch: 2 } as object),
    /unknown option "batch"; known options: batchSize, /,
  );
  assert.throws(() => new data.DataLoader([1] as never), /a data set has a length and .*, got \[1\]/);
  const later = { length: 2, batch: async () => ({}) };
  assert.throws(
    () => [...new data.DataLoader(later as never)],
    /x of the data set's batch: expected a Tensor/,
  );
  assert.throws(
    () => new data.TensorDataset([[1]] as never, tensor([1])),
    /x: expected a Tensor, got a nested array/,
  );
  assert.throws(
    () => new data.TensorDataset(tensor([[1], [2]]), tensor(Int32Array.of(1))),
    /as many samples: got \[2,1\] and \[1\]/,
  );
});

test.run();
