import * as fc from "fast-check";
import { DataError, io, randn, type Tensor, tensor } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";

/** A file with this header text and so many bytes of data. */
function file(header: string, dataBytes: number): Uint8Array {
  const json = new TextEncoder().encode(header);
  const out = new Uint8Array(8 + json.length + dataBytes);
  new DataView(out.buffer).setBigUint64(0, BigInt(json.length), true);
  out.set(json, 8);
  return out;
}

const bits = (t: Tensor) => [...new Uint32Array(t.toFloat32Array().buffer)];

test("what is written is read back, bit for bit", () => {
  const special = tensor([0, -0, Number.NaN, Number.POSITIVE_INFINITY, 1e-45]);
  const tensors = {
    w: randn([3, 5]),
    labels: tensor(Int32Array.of(-1, 2 ** 31 - 1)),
    special,
    scalar: tensor(7),
    none: tensor([], { shape: [0, 3] }),
  };
  const { tensors: read, metadata } = io.loadSafetensors(io.saveSafetensors(tensors, { made: "by a test" }));
  assert.equal(Object.keys(read).sort(), Object.keys(tensors).sort());
  for (const [name, value] of Object.entries(tensors)) {
    assert.equal(read[name].shape, value.shape);
    assert.is(read[name].dtype, value.dtype);
    assert.equal(bits(read[name]), bits(value));
  }
  assert.equal(metadata, { made: "by a test" });
});

test("the same tensors give the same bytes, in whatever order", () => {
  const [a, b] = [tensor([1]), tensor([2])];
  assert.equal(io.saveSafetensors({ a, b }), io.saveSafetensors({ b, a }));
});

test("damaged and hostile files are refused", () => {
  const entry = (o: object) => JSON.stringify({ dtype: "F32", shape: [2], data_offsets: [0, 8], ...o });
  const bad: [Uint8Array, RegExp][] = [
    [new Uint8Array(3), /3 bytes are too few/],
    [Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1), /more than/],
    [Uint8Array.of(50, 0, 0, 0, 0, 0, 0, 0, 1), /claims 50 bytes, the file has 9/],
    [file("[]", 0), /no JSON object/],
    [file("{", 0), /damaged/],
    [file(`{"a":${entry({})},"a":${entry({})}}`, 8), /duplicate key "a"/],
    [file(`{"a":${entry({ shape: [2], x: { y: 1 } })},"\\u0061":1}`, 8), /duplicate key "a"/],
    [file(`{"a":${entry({ dtype: "F8_E4M3" })}}`, 8), /is F8_E4M3/],
    [file(`{"a":${entry({ shape: [3] })}}`, 8), /needs 12 bytes, its data_offsets span 8/],
    [file(`{"a":${entry({ shape: [-2] })}}`, 8), /has shape/],
    [file(`{"a":${entry({ data_offsets: [4, 12] })}}`, 12), /begins at byte 4, expected 0/],
    [file(`{"a":${entry({})},"b":${entry({ data_offsets: [4, 12] })}}`, 12), /holes and overlaps/],
    [file(`{"a":${entry({})}}`, 9), /take 8 bytes, the file has 9/],
    [file(`{"a":${entry({})}}`, 7), /take 8 bytes, the file has 7/],
    [file(`{"__metadata__":{"a":1}}`, 0), /"a" is no text/],
    [file(`{"a":null}`, 0), /described by null/],
  ];
  const invalidUtf8 = file("{  }", 0);
  invalidUtf8[9] = 0xff;
  bad.push([invalidUtf8, /damaged/]);
  for (const [bytes, message] of bad) {
    assert.throws(
      () => io.loadSafetensors(bytes),
      (error: unknown) => error instanceof DataError && message.test((error as Error).message),
      `expected ${message}`,
    );
  }
});

/** A file of one tensor "a" with these bytes. */
function one(dtype: string, shape: number[], data: ArrayBufferView): Uint8Array {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const header = JSON.stringify({ a: { dtype, shape, data_offsets: [0, bytes.length] } });
  const out = file(header, bytes.length);
  out.set(bytes, out.length - bytes.length);
  return out;
}

test("every dtype is read as float32 or int32", () => {
  const least = 2 ** -24;
  const cases: [string, ArrayBufferView, string, number[]][] = [
    [
      "F64",
      Float64Array.of(0.1, -0, Number.POSITIVE_INFINITY),
      "float32",
      [Math.fround(0.1), -0, Number.POSITIVE_INFINITY],
    ],
    ["F32", Float32Array.of(1.5, -2), "float32", [1.5, -2]],
    [
      "F16",
      Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001, 0x8000, 0xfc00),
      "float32",
      [1, -2, 65504, least, -0, Number.NEGATIVE_INFINITY],
    ],
    ["BF16", Uint16Array.of(0x3f80, 0xc049, 0x0001), "float32", [1, -3.140625, 2 ** -133]],
    ["I64", BigInt64Array.of(-(2n ** 31n), -1n, 2n ** 31n - 1n), "int32", [-(2 ** 31), -1, 2 ** 31 - 1]],
    ["I32", Int32Array.of(-7), "int32", [-7]],
    ["I16", Int16Array.of(-32768, 32767), "int32", [-32768, 32767]],
    ["I8", Int8Array.of(-128, 127), "int32", [-128, 127]],
    ["U8", Uint8Array.of(0, 255), "int32", [0, 255]],
    ["BOOL", Uint8Array.of(0, 1), "int32", [0, 1]],
  ];
  for (const [dtype, data, expected, values] of cases) {
    const { a } = io.loadSafetensors(one(dtype, [values.length], data)).tensors;
    assert.is(a.dtype, expected);
    assert.equal([...a.toFloat32Array()], values.map(Math.fround), dtype);
  }
  for (const value of [2n ** 31n, -(2n ** 31n) - 1n, 2n ** 63n - 1n, 2n ** 32n]) {
    assert.throws(
      () => io.loadSafetensors(one("I64", [2], BigInt64Array.of(0n, value))),
      new RegExp(`${value} at element 1 does not fit int32`),
    );
  }
});

test("16 bits on request: the nearest number, ties to even", () => {
  const read = (values: number[], dtype: "F16" | "BF16") => {
    const x = tensor(values);
    const file = io.saveSafetensors({ odd: tensor(Int32Array.of(3)), x }, {}, { dtype });
    const { tensors } = io.loadSafetensors(file);
    assert.is(tensors.odd.item(), 3);
    return [...tensors.x.toFloat32Array()];
  };
  const [inf, ulp] = [Number.POSITIVE_INFINITY, 2 ** -10];
  assert.equal(
    read([1 + ulp / 2, 1 + 1.5 * ulp, 65519, 65520, -1e-8, 3 * 2 ** -26, 2 ** -15, Number.NaN], "F16"),
    [1, 1 + 2 * ulp, 65504, inf, -0, 2 ** -24, 2 ** -15, Number.NaN],
  );
  assert.equal(read([1 + 2 ** -8, 1 + 3 * 2 ** -8, 3.4e38, -inf, Number.NaN], "BF16"), [
    1,
    1 + 2 ** -6,
    inf,
    -inf,
    Number.NaN,
  ]);
  // Every F16 there is comes back as it was.
  const all = Uint16Array.from({ length: 2 ** 16 }, (_, i) => i).filter((half) => (half & 0x7fff) <= 0x7c00);
  const loaded = io.loadSafetensors(one("F16", [all.length], all)).tensors;
  const again = io.saveSafetensors(loaded, {}, { dtype: "F16" });
  const halves = new Uint16Array(again.slice(again.length - 2 * all.length).buffer);
  assert.ok(halves.every((half, i) => half === all[i]));
});

test("names are ordinary, whatever they are", () => {
  const names = ["__proto__", "constructor", "toString", "10", "9", "", 'a"b\\c\n', "\u00e9\u{1f600}"];
  const tensors = Object.fromEntries(names.map((name, i) => [name, tensor([i])]));
  const metadata = Object.fromEntries(names.map((name) => [name, `text of ${name}`]));
  const read = io.loadSafetensors(io.saveSafetensors(tensors, metadata));
  assert.equal(Object.keys(read.tensors).sort(), [...names].sort());
  for (const [i, name] of names.entries()) {
    const own = (record: object) => Object.getOwnPropertyDescriptor(record, name)?.value;
    assert.is(own(read.tensors).item(), i);
    assert.is(own(read.metadata), `text of ${name}`);
  }
  assert.equal(io.loadSafetensors(file('{"__metadata__":null}', 0)), { tensors: {}, metadata: {} });
});

test("what could not be read is not written", () => {
  const a = tensor([1]);
  const save = (tensors: object, metadata?: object, options?: object) => () =>
    io.saveSafetensors(tensors as never, metadata as never, options);
  assert.throws(save({ a }, { epoch: 3 }), /metadata are texts, got 3 for "epoch"/);
  assert.throws(save({ a: [1] }), /a: expected a Tensor, got \[1\]/);
  assert.throws(save({ "\ud800": a }), /half a character/);
  assert.throws(save({ a }, { b: "\udc00" }), /half a character/);
  assert.throws(save({ __metadata__: a }), /cannot be the name of a tensor/);
  assert.throws(save({ ["x".repeat(100_000_001)]: a }), /a file has room for/);
  assert.throws(save({ a }, {}, { dtype: "F64" }), /dtype must be "F32", "F16" or "BF16", got "F64"/);
  assert.throws(save({ a }, {}, { type: "F16" }), /unknown option "type"/);
  assert.throws(() => io.loadSafetensors("x" as never), /expected the file as a Uint8Array, got "x"/);
});

test("headers are as strict as the format's own reader, and nothing takes long", () => {
  const entry = (shape: string, offsets = "[0,8]") =>
    `{"a":{"dtype":"F32","shape":${shape},"data_offsets":${offsets}}}`;
  assert.equal(io.loadSafetensors(file(` \n${entry("[2]")} \t`, 8)).tensors.a.shape, [2]);
  assert.equal(io.loadSafetensors(file(entry('[2],"more":[{"x":1.5e3}]'), 8)).tensors.a.shape, [2]);
  for (const header of [
    entry("[2.0]"),
    entry("[2e0]"),
    entry("[-0,2]"),
    entry("[02]"),
    entry("[2,]"),
    entry("[2]", "[0,8,8]"),
    entry("[2147483648,0]", "[0,0]"),
    entry('[2],"shape":[2]'),
    `\ufeff${entry("[2]")}`,
    `${entry("[2]")}\u0000`,
    '{"\\ud800":1}',
    '{"a\u0001":1}',
    '{"__metadata__":{"a":"x","a":"y"}}',
    `{"a":${"[".repeat(128)}${"]".repeat(128)}}`,
    "{'a':1}",
    "{} {}",
  ]) {
    assert.throws(
      () => io.loadSafetensors(file(header, 8)),
      (error: unknown) => error instanceof DataError,
      header,
    );
  }
  const started = performance.now();
  const names = Array.from(
    { length: 200_000 },
    (_, i) => `"n${i}":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`,
  );
  assert.throws(() => io.loadSafetensors(file(`{${names.join(",")},"n7":1}`, 0)), /duplicate key "n7"/);
  assert.throws(() => io.loadSafetensors(file(`{"a":${"[".repeat(1e7)}`, 0)), /more than 127 levels/);
  assert.ok(performance.now() - started < 3000);
});

test("a flipped byte is a DataError or still a valid file", () => {
  const good = io.saveSafetensors({ a: tensor([1, 2, 3]), b: tensor([[4]]) }, { note: "x" });
  fc.assert(
    fc.property(fc.nat({ max: good.length - 1 }), fc.integer({ min: 1, max: 255 }), (position, change) => {
      const bytes = good.slice();
      bytes[position] ^= change;
      try {
        io.loadSafetensors(bytes);
        return true;
      } catch (error) {
        return error instanceof DataError;
      }
    }),
    { numRuns: 500 },
  );
});

test.run();
