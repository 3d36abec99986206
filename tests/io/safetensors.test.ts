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
    [file(`{"a":${entry({ dtype: "F16" })}}`, 8), /is F16/],
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
