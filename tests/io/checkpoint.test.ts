// States as files: what comes back, and what is refused.

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import {
  DataError,
  data,
  Generator,
  io,
  manualSeed,
  nn,
  optim,
  type StateTree,
  Tensor,
  tda,
  tensor,
  train,
} from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { FolderLock, writeWhole } from "#internal";

const folder = mkdtempSync(join(tmpdir(), "topograd-checkpoint-"));
test.after(() => rmSync(folder, { recursive: true }));

/** A tree with its tensors and arrays as what assert.equal() looks into. */
function plain(value: StateTree): unknown {
  if (value instanceof Tensor)
    return ["tensor", value.dtype, [...value.shape], [...value.toArray().toString()]];
  if (ArrayBuffer.isView(value))
    return [value.constructor.name, Array.from(value as Float64Array, (v) => (Object.is(v, -0) ? "-0" : v))];
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object" && value !== null) {
    return Object.entries(value as Record<string, StateTree>).map(([name, item]) => [name, plain(item)]);
  }
  return Object.is(value, -0) ? "-0" : value;
}

const leaves = fc.oneof(
  fc.double(),
  fc.string({ unit: "grapheme" }),
  fc.boolean(),
  fc.constant(null),
  fc.float32Array(),
  fc.float64Array(),
  fc.int8Array(),
  fc.uint8Array(),
  fc.int16Array(),
  fc.uint16Array(),
  fc.int32Array(),
  fc.uint32Array(),
);
const { tree: trees } = fc.letrec<{ tree: StateTree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    leaves as fc.Arbitrary<StateTree>,
    fc.array(tie("tree"), { maxLength: 4 }),
    fc.dictionary(fc.string({ unit: "grapheme" }), tie("tree"), { maxKeys: 4, noNullPrototype: true }),
  ),
}));

test("any state comes back to the bit", () => {
  fc.assert(
    fc.property(trees, (tree) => {
      assert.equal(plain(io.decodeCheckpoint(io.encodeCheckpoint(tree))), plain(tree));
    }),
    { numRuns: 300 },
  );
});

test("tensors come back with shape and dtype, NaN with its sign of zero beside it", () => {
  const state = {
    weights: tensor([[1, -0, Number.NaN]]),
    labels: tensor(Int32Array.of(1, 2)).reshape([2, 1]),
    nothing: tensor([], { dtype: "int32" }),
    ["__proto__"]: 3,
  };
  const read = io.decodeCheckpoint(io.encodeCheckpoint(state)) as Record<string, StateTree>;
  assert.equal(plain(read), plain(state));
  assert.ok(Object.hasOwn(read, "__proto__"));
  assert.is(({} as Record<string, unknown>).weights, undefined);
});

test("whatever is stateful is saved as it is, and goes on from what is read", () => {
  const samples = data.moons(64, { seed: 1 });
  const make = () => {
    manualSeed(2);
    const model = nn.mlp([2, 8, 2]);
    const optimizer = new optim.Adam(model.parameters());
    const tracker = new tda.ConnectomeTracker(model, { probe: samples.x, seed: 1 });
    const schedule = new optim.CGALR(optimizer, tracker, { stepsPerEpoch: 4 });
    const trainer = new train.Trainer({ model, optimizer, schedule, train: samples, batchSize: 16, seed: 3 });
    return {
      model,
      optimizer,
      tracker,
      schedule,
      trainer,
      loader: new data.DataLoader(samples),
      random: new Generator(4),
    };
  };
  const [one, other] = [make(), make()];
  for (let step = 0; step < 6; step++) one.trainer.step();
  one.random.nextInteger();
  const path = join(folder, "all.ckpt");
  io.saveCheckpoint(path, {
    model: one.model.stateDict(),
    optimizer: one.optimizer.stateDict(),
    tracker: one.tracker.stateDict(),
    schedule: one.schedule.stateDict(),
    trainer: one.trainer.stateDict(),
    loader: one.loader.stateDict(),
    random: one.random.stateDict(),
  });
  const read = io.loadCheckpoint(path) as unknown as {
    [part in keyof typeof other]: ReturnType<(typeof other)[part]["stateDict"]>;
  };
  other.model.loadStateDict(read.model);
  other.optimizer.loadStateDict(read.optimizer);
  other.tracker.loadStateDict(read.tracker);
  other.schedule.loadStateDict(read.schedule);
  other.loader.loadStateDict(read.loader);
  other.random.loadStateDict(read.random);
  assert.is(other.random.nextInteger(), one.random.nextInteger());
  other.trainer.loadStateDict(read.trainer);
  for (const { trainer } of [one, other]) for (let step = 0; step < 6; step++) trainer.step();
  const weights = [one, other].map(({ model }) => model.parameters().map((p) => p.toArray()));
  assert.equal(weights[1], weights[0]);
  assert.equal(other.schedule.history.length, one.schedule.history.length);
});

test("a file is read back, and says its name when it is damaged", () => {
  const path = join(folder, "state.ckpt");
  io.saveCheckpoint(path, { step: 3, weights: Float32Array.of(1, 2, 3) });
  assert.equal(plain(io.loadCheckpoint(path)), plain({ step: 3, weights: Float32Array.of(1, 2, 3) }));
  const bytes = readFileSync(path);
  bytes[40] ^= 1;
  writeFileSync(path, bytes);
  assert.throws(
    () => io.loadCheckpoint(path),
    /state\.ckpt: checkpoint: it is damaged: the checksum does not fit/,
  );
  assert.throws(() => io.loadCheckpoint(join(folder, "none.ckpt")), /none\.ckpt: ENOENT/);
  writeFileSync(path, "something else, of a few more bytes");
  assert.throws(() => io.loadCheckpoint(path), /state\.ckpt: checkpoint: this is no checkpoint/);
});

test("each bit that changes, and each byte that is missing, is found", () => {
  const bytes = io.encodeCheckpoint({ a: Float32Array.of(1, 2), b: ["text", { c: 0.5 }] });
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const damaged = bytes.slice();
    damaged[bit >> 3] ^= 1 << (bit & 7);
    assert.throws(
      () => io.decodeCheckpoint(damaged),
      (error: unknown) => error instanceof DataError,
    );
  }
  for (let length = 0; length < bytes.length; length++) {
    assert.throws(
      () => io.decodeCheckpoint(bytes.subarray(0, length)),
      (error: unknown) => error instanceof DataError,
    );
  }
});

test("what is no state is refused, and where", () => {
  const cyclic: unknown[] = [];
  cyclic.push(cyclic);
  const cases: [unknown, RegExp][] = [
    [{ a: { b: () => 0 } }, /saveCheckpoint: a\.b is a function, which is no part of a state/],
    [{ a: undefined }, /a is nothing, which is no part/],
    [{ a: [1, 2n] }, /a\.1 is .*, which is no part/],
    [new Map(), /the state is an object, which is no part/],
    [cyclic, /lies more than 60 levels deep, or in a circle/],
    [{ a: "\ud800" }, /a has half a character/],
  ];
  for (const [state, message] of cases) {
    assert.throws(() => io.encodeCheckpoint(state as StateTree), message);
  }
});

test("a file that cannot be written: the old one stays, nothing is left, the message says which and why", () => {
  const file = join(folder, "kept");
  writeWhole(file, "old");
  mkdirSync(`${file}.part`);
  assert.throws(() => writeWhole(file, "new"), /cannot write .*kept: there is a folder of that name/);
  assert.is(readFileSync(file, "utf8"), "old");
  rmSync(`${file}.part`, { recursive: true, force: true });
  assert.throws(
    () => writeWhole(join(file, "below"), "x"),
    /cannot write .*below: a part of its path is a file/,
  );
  assert.throws(
    () => writeWhole(join(folder, "no", "where"), "x"),
    /cannot write .*where: its folder is gone/,
  );
  assert.equal(
    readdirSync(folder).filter((name) => name.endsWith(".part")),
    [],
  );
});

test("a folder has one owner; a lock whose process is gone is taken over", () => {
  const path = join(folder, "locked");
  mkdirSync(path);
  const file = join(path, "lock.json");
  const lock = FolderLock.take(path);
  assert.throws(
    () => FolderLock.take(path),
    new RegExp(
      `locked is in use by process ${process.pid} on ${hostname()} since 20.*; if that is not so, remove .*lock.json`,
    ),
  );
  lock.release();
  assert.not.ok(existsSync(file));
  const owner = (pid: number, host: string, since: number) => JSON.stringify({ pid, host, since });
  for (const stale of [
    owner(2 ** 22 + 1, hostname(), Date.now()),
    owner(process.pid, hostname(), 0),
    "half a lo",
    "{}",
  ]) {
    writeFileSync(file, stale);
    FolderLock.take(path).release();
  }
  writeFileSync(file, owner(1, "another machine", 0));
  assert.throws(() => FolderLock.take(path), /in use by process 1 on another machine/);
  assert.equal(readdirSync(path), ["lock.json"]);
});

test.run();
