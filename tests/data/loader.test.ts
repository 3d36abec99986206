import { data, manualSeed, runtime, type Tensor, tensor } from "topograd";
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
    () => new data.TensorDataset(tensor([[1], [2]]), tensor(Int32Array.of(1))),
    /as many samples: got \[2,1\] and \[1\]/,
  );
});

test.run();
