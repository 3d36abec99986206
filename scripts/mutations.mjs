// Files of every kind that may come from strangers, damaged at random: what reads them throws an error of this library's or reads
// them, and takes no long time. `node scripts/mutations.mjs [FILES]` tries so many of each kind, 100,000 by default; the suite a
// few hundred (tests/mutations.test.ts).

import { pathToFileURL } from "node:url";
import { crc32, deflateSync } from "node:zlib";
import { encode } from "fast-png";
import { DataError, data, io, nn, noGrad, scope, tensor } from "topograd";
import * as internal from "#internal";

const utf8 = (text) => new TextEncoder().encode(text);
const textOf = (bytes) => new TextDecoder().decode(bytes);

const checkpoint = io.encodeCheckpoint({
  trainer: {
    steps: 12,
    lr: 0.1,
    model: { "0.weight": Float32Array.of(1, 2, 3, 4) },
    none: null,
    nan: Number.NaN,
  },
  list: [Int32Array.of(1, 2), "text", tensor([[1, 2]])],
});
/** The checksum of a damaged checkpoint, so that what lies behind it is read. */
function resealed(bytes) {
  if (bytes.length > 16) {
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(12, crc32(bytes.subarray(16)), true);
  }
  return bytes;
}

const result = {
  description: {
    data: "moons",
    model: "mlp",
    schedule: "constant",
    lr: 0.1,
    phase: "final",
    seed: 1,
    source: null,
  },
  status: "finished",
  error: 0.1,
};
const png = encode({ width: 1024, height: 2, channels: 3, depth: 8, data: new Uint8Array(6144).fill(7) });
const idx = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8);
const distances = utf8("0,3,4\n3,0,5\n4,5,0\n");
const tensors = { a: tensor([[1, 2, 3]]), b: tensor(Int32Array.of(4, 5)), long: tensor([1, 2]) };

/** Each kind: an undamaged file, and what reads it. */
export const KINDS = {
  safetensors: { file: io.saveSafetensors(tensors, { made: "by a test" }), read: io.loadSafetensors },
  "16-bit safetensors": { file: io.saveSafetensors(tensors, {}, { dtype: "F16" }), read: io.loadSafetensors },
  checkpoint: { file: checkpoint, read: io.decodeCheckpoint },
  "resealed checkpoint": { file: checkpoint, read: (bytes) => io.decodeCheckpoint(resealed(bytes)) },
  IDX: { file: idx, read: (bytes) => internal.parseIdx(bytes) },
  "PNG batch": {
    file: png,
    read: (bytes) => {
      const rows = internal.pngRows(bytes, 1024, "batch");
      if (rows <= 10) internal.decodePng(bytes, rows, 1024, "batch");
    },
  },
  csv: { file: utf8("a,b,label\n1,2.5,cat\n3,-4e3,dog\n"), read: (bytes) => data.csv(`${textOf(bytes)}\n`) },
  distances: { file: distances, read: (bytes) => internal.readDistanceFile(textOf(bytes), "file") },
  "study result": {
    file: utf8(internal.encodeResult(result)),
    read: (bytes) => internal.decodeResult(textOf(bytes), internal.idOf(result.description)),
  },
  "metrics line": {
    file: utf8('{"type":"step","step":20,"epoch":1.25,"loss":0.5,"accuracy":0.9,"lr":0.1}'),
    read: (bytes) => internal.decodeEvent(textOf(bytes)),
  },
  ONNX: {
    file: io.exportOnnx(new nn.Sequential(new nn.Linear(3, 2), new nn.ReLU()), [1, 3]),
    read: (bytes) =>
      noGrad(() => {
        const model = io.importOnnx(bytes);
        model.forward(...model.inputs.map(() => tensor([[1, 2, 3]])));
      }),
  },
  connectomes: {
    file: io.saveSafetensors(
      {
        first: tensor([
          [0, 1],
          [1, 0],
        ]),
        last: tensor([
          [0, 1],
          [1, 0],
        ]),
        births: tensor([1]),
        deaths: tensor([]),
      },
      { first: "1", last: "2", signals: '[{"layer":"0","count":2}]' },
    ),
    read: internal.decodeConnectomes,
  },
};

/** A generator of numbers in [0, 1). */
export function randomOf(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const INTERESTING = [
  "999999999999",
  "-1",
  "1e999",
  "null",
  "[",
  "{",
  '"',
  "\\ud800",
  "__proto__",
  "\u0000",
  "4294967295",
  ",",
];

/** A copy with a few bytes changed, removed, doubled or put in. */
export function mutate(file, random) {
  let bytes = file.slice();
  const pick = (n) => Math.floor(random() * n);
  for (let changes = 1 + pick(4); changes > 0; changes--) {
    const at = pick(bytes.length + 1);
    const length = pick(12);
    const splice = (piece, skipped) => {
      const out = new Uint8Array(Math.max(0, bytes.length + piece.length - skipped));
      out.set(bytes.subarray(0, at));
      out.set(piece.subarray(0, Math.max(0, out.length - at)), at);
      out.set(
        bytes
          .subarray(Math.min(bytes.length, at + skipped))
          .subarray(0, Math.max(0, out.length - at - piece.length)),
        Math.min(out.length, at + piece.length),
      );
      bytes = out;
    };
    const kind = pick(5);
    if (kind === 0 && at < bytes.length) bytes[at] ^= 1 << pick(8);
    else if (kind === 1 && at < bytes.length) bytes[at] = [0, 255, 127, 128, 34][pick(5)];
    else if (kind === 2) splice(new Uint8Array(), Math.min(length, bytes.length - at));
    else if (kind === 3) splice(bytes.slice(at, at + length), 0);
    else splice(utf8(INTERESTING[pick(INTERESTING.length)]), Math.min(pick(4), bytes.length - at));
  }
  return bytes;
}

/** Milliseconds after which reading a small file counts as hanging. */
const LONG_MS = 1000;

/** Reads so many damaged files of a kind; returns what went wrong, in words. */
export async function tryKind(name, count, seed) {
  const { file, read } = KINDS[name];
  const random = randomOf(seed);
  const wrong = [];
  for (let i = 0; i < count; i++) {
    const bytes = mutate(file, random);
    const hex = Buffer.from(bytes).toString("hex");
    const began = performance.now();
    try {
      const made = scope(() => {
        const value = read(bytes);
        return value instanceof Promise ? { promise: value } : null;
      });
      await made?.promise;
    } catch (error) {
      if (!(error instanceof DataError)) wrong.push(`file ${i}: ${error?.stack ?? error}\n${hex}`);
    }
    const took = performance.now() - began;
    if (took > LONG_MS) wrong.push(`file ${i}: ${took.toFixed(0)} ms\n${hex}`);
  }
  return wrong;
}

/** A PNG file of this size in its header whose data unpack to so many zeros. */
export function pngBomb(width, height, bytes) {
  const chunk = (type, content) => {
    const out = Buffer.alloc(12 + content.length);
    out.writeUInt32BE(content.length);
    out.write(type, 4);
    content.copy(out, 8);
    out.writeUInt32BE(crc32(out.subarray(4, -4)), out.length - 4);
    return out;
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const packed = deflateSync(Buffer.alloc(bytes));
  return new Uint8Array(
    Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", packed), chunk("IEND", Buffer.alloc(0))]),
  );
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const count = Number(process.argv[2] ?? 100_000);
  let failed = 0;
  for (const name of Object.keys(KINDS)) {
    const began = performance.now();
    const wrong = await tryKind(name, count, 1);
    failed += wrong.length;
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    console.log(`${name.padEnd(22)} ${count} files, ${wrong.length} went wrong (${seconds} s)`);
    for (const line of wrong.slice(0, 3)) console.log(line);
  }
  process.exitCode = failed === 0 ? 0 : 1;
}
