import { data, manualSeed, nn, optim, randn, runtime, type Tensor, tensor, train } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";

const SHAPE = [2, 3, 4];
const SIZE = 24;

/** n images whose bytes are all different from one sample to the next. */
const images = (n: number, options: Partial<data.ImageDatasetOptions> = {}) =>
  new data.ImageDataset(
    Uint8Array.from({ length: n * SIZE }, (_, i) => (i * 37 + (i >> 8)) % 256),
    tensor(Int32Array.from({ length: n }, (_, i) => i % 3)),
    { shape: SHAPE, ...options },
  );
const index = (...positions: number[]) => tensor(Int32Array.from(positions));
const flat = (x: Tensor) => [...x.toFloat32Array()];

test("a batch holds the samples asked for, in [0, 1]", () => {
  const dataset = images(5);
  const { x, y } = dataset.batch(index(4, 0, -1));
  assert.equal([...x.shape], [3, ...SHAPE]);
  assert.equal([...y.toInt32Array()], [1, 0, 1]);
  assert.equal(
    flat(x).slice(SIZE, 2 * SIZE),
    Array.from({ length: SIZE }, (_, i) => Math.fround(((i * 37) % 256) / 255)),
  );
  assert.equal(flat(x).slice(0, SIZE), flat(x).slice(2 * SIZE));
  assert.equal([...images(5, { flatten: true }).batch(index(1, 2)).x.shape], [2, SIZE]);
  assert.throws(() => dataset.batch(index(5)), /index 5 .* is out of range for axis 0 of shape \[5\]/);
});

test("statistics of channels, and normalisation by them", () => {
  const n = 1500;
  const dataset = images(n);
  const { mean, std } = dataset.statistics();
  const all = dataset.batch(index(...Array.from({ length: n }, (_, i) => i))).x;
  for (const channel of [0, 1]) {
    const pixels = flat(all.slice(1, channel, channel + 1));
    const center = pixels.reduce((a, b) => a + b, 0) / pixels.length;
    const spread = Math.sqrt(pixels.reduce((a, b) => a + (b - center) ** 2, 0) / pixels.length);
    assert.ok(Math.abs(mean[channel] - center) < 1e-6);
    assert.ok(Math.abs(std[channel] - spread) < 1e-6);
  }
  const { x } = dataset.normalized({ mean: [0.5, 0.25], std: [0.5, 2] }).batch(index(7));
  const raw = flat(dataset.batch(index(7)).x);
  assert.ok(
    flat(x).every((value, i) => {
      const expected = i < SIZE / 2 ? (raw[i] - 0.5) / 0.5 : (raw[i] - 0.25) / 2;
      return Math.abs(value - expected) < 1e-6;
    }),
  );
});

test("subsets and splits share the pixels and keep samples with their labels", () => {
  const dataset = images(9).normalized({ mean: [0.5, 0.5], std: [1, 1] });
  const picked = dataset.subset([8, 3, 5]).subset([2, 0]);
  assert.is(picked.length, 2);
  const { x, y } = picked.batch(index(0, 1));
  const expected = dataset.batch(index(5, 8));
  assert.equal(flat(x), flat(expected.x));
  assert.equal(y.toArray(), expected.y.toArray());
  const [first, rest] = dataset.split(6, 3);
  assert.equal([first.length, rest.length], [6, 3]);
  const [, again] = new data.TensorDataset(
    dataset.batch(index(0, 1, 2, 3, 4, 5, 6, 7, 8)).x,
    dataset.y,
  ).split(6, 3);
  assert.equal(flat(rest.batch(index(0, 1, 2)).x), flat(again.x));
});

test("wrong bytes, shapes and statistics", () => {
  const y = tensor(Int32Array.of(0, 1));
  assert.throws(
    () => new data.ImageDataset(new Uint8Array(47), y, { shape: SHAPE }),
    /47 bytes and targets \[2\] do not fit images \[2,3,4\]/,
  );
  assert.throws(() => new data.ImageDataset(new Uint8Array(72), y, { shape: SHAPE }), /72 bytes/);
  assert.throws(() => new data.ImageDataset(new Uint8Array(8), y, { shape: [4] }), /shape must be \[C,H,W\]/);
  assert.throws(
    () => new data.ImageDataset([0, 1] as never, y, { shape: [1, 1, 1] }),
    /expected the pixels as a Uint8Array, got \[0,1\]/,
  );
  assert.throws(() => images(2, { flat: true } as object), /unknown option "flat"/);
  assert.throws(() => data.cropAndFlip({ pad: 2 } as object), /unknown option "pad"/);
  for (const normalize of [
    { mean: [0], std: [1] },
    { mean: [0, 0], std: [1, 0] },
    { mean: [0, Number.NaN], std: [1, 1] },
  ]) {
    assert.throws(() => images(2, { normalize }), /a finite mean and a positive std for each of 2 channels/);
  }
});

test("a stratified sample of images is a probe of tensors", () => {
  const probe = data.stratifiedSample(images(30), 6, 1);
  assert.instance(probe, data.TensorDataset);
  assert.equal([...probe.x.shape], [6, ...SHAPE]);
  assert.equal([...probe.y.toInt32Array()], [0, 0, 1, 1, 2, 2]);
});

test("crop and flip: every output is a window of the padded image or its mirror, all of them occur", () => {
  const [height, width, padding] = [3, 4, 1];
  const image = Float32Array.from({ length: height * width }, (_, i) => i + 1);
  const possible = new Set<string>();
  const at = (y: number, x: number) =>
    y >= 0 && y < height && x >= 0 && x < width ? image[y * width + x] : 0;
  for (let down = -padding; down <= padding; down++) {
    for (let right = -padding; right <= padding; right++) {
      for (const mirror of [false, true]) {
        const window = Array.from(image, (_, i) => {
          const x = i % width;
          return at(Math.floor(i / width) + down, (mirror ? width - 1 - x : x) + right);
        });
        possible.add(String(window));
      }
    }
  }
  const n = 400;
  const x = tensor(image, { shape: [1, 1, height, width] })
    .expand([n, 1, height, width])
    .add(0);
  const dataset = new data.TensorDataset(x, tensor(new Int32Array(n)));
  const augment = data.cropAndFlip({ padding });
  for (const batch of new data.DataLoader(dataset, { batchSize: n, augment, seed: 5 })) {
    const seen = new Set<string>();
    const rows = batch.x.reshape([n, height * width]).toArray() as number[][];
    for (const row of rows) seen.add(String(row));
    assert.equal([...seen].sort(), [...possible].sort());
  }
});

test("augmentation follows the seed and changes with the epoch; without it nothing changes", () => {
  const dataset = images(20);
  const epochs = (seed: number, augment?: data.Augmentation) => {
    const loader = new data.DataLoader(dataset, { batchSize: 8, augment, seed });
    return [0, 1].map(() => {
      const values: number[] = [];
      for (const { x } of loader) values.push(...x.toFloat32Array());
      return String(values);
    });
  };
  const augment = data.cropAndFlip();
  const [first, second] = epochs(1, augment);
  assert.is.not(first, second);
  assert.equal(epochs(1, augment), [first, second]);
  assert.is.not(epochs(2, augment)[0], first);
  const [plain] = epochs(1);
  assert.equal(epochs(2), [plain, plain]);
  assert.equal(epochs(3, data.cropAndFlip({ padding: 0, flip: false })), [plain, plain]);
});

test("a loader goes on where its state says, augmentation included", () => {
  const loader = () =>
    new data.DataLoader(images(20), { shuffle: true, augment: data.cropAndFlip(), seed: 4 });
  const epoch = (from: data.DataLoader) => {
    const values: number[] = [];
    for (const { x } of from) values.push(...x.toFloat32Array());
    return values;
  };
  const first = loader();
  epoch(first);
  const state = first.stateDict();
  const expected = epoch(first);
  const second = loader();
  second.loadStateDict(state);
  assert.equal(epoch(second), expected);
});

test("augmentation needs images", () => {
  assert.throws(() => data.cropAndFlip({ padding: -1 }), /padding must be an integer .*at least 0.*, got -1/);
  const rows = new data.TensorDataset(randn([4, 6]), tensor(new Int32Array(4)));
  const loader = new data.DataLoader(rows, { augment: data.cropAndFlip() });
  assert.throws(() => {
    for (const _ of loader);
  }, /cropAndFlip: needs float32 images \[N,C,H,W\], got float32 \[4,6\]/);
});

class Pixels extends nn.Module {
  linear = new nn.Linear(SIZE, 3);
  /** What the network saw, in training and not. */
  seen: { training: boolean; sum: number }[] = [];
  forward(x: Tensor): Tensor {
    this.seen.push({ training: this.training, sum: x.sum().item() });
    return this.linear.forward(x.reshape([-1, SIZE]));
  }
}

test("fit augments what it trains on, not what it validates on; nothing grows", async () => {
  manualSeed(1);
  const model = new Pixels();
  const [trainSet, validation] = images(40).split(30);
  const options = {
    model,
    optimizer: new optim.SGD(model.parameters(), { lr: 0.01 }),
    train: trainSet,
    validation,
    batchSize: 30,
    augment: data.cropAndFlip({ padding: 2 }),
  };
  await train.fit({ ...options, epochs: 2 });
  const before = runtime().bytesInUse;
  await train.fit({ ...options, epochs: 3 });
  // Less where the garbage collector came by.
  assert.ok(runtime().bytesInUse <= before);
  const sums = (training: boolean) =>
    new Set(model.seen.filter((s) => s.training === training).map((s) => s.sum));
  assert.is(sums(true).size, 5);
  assert.is(sums(false).size, 1);
});

test.run();
