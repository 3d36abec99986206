// Damaged files of every kind: an error of ours, or something that was read; never a trap, a hang or a full memory.

import { DataError, io } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { decodePng, parseIdx, pngRows } from "#internal";
import { KINDS, pngBomb, tryKind } from "../scripts/mutations.mjs";

for (const name of Object.keys(KINDS)) {
  test(`${name}: 500 damaged files`, async () => {
    await KINDS[name].read(KINDS[name].file.slice());
    assert.equal(await tryKind(name, 500, 1), []);
  });
}

const refused = (body: () => unknown, message: RegExp) =>
  assert.throws(body, (error: unknown) => error instanceof DataError && message.test(error.message));

test("a small picture that unpacks to a large one is refused before it is unpacked", () => {
  const bomb = pngBomb(1024, 2, 2 ** 28);
  assert.ok(bomb.length < 2 ** 20);
  const before = process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
  refused(() => decodePng(bomb, pngRows(bomb, 1024, "bomb"), 1024, "bomb"), /bomb: damaged PNG file: /);
  assert.ok(process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed - before < 2 ** 26);
});

test("extents of 2^31 and more in headers are refused before anything of their size is there", () => {
  const huge = Uint8Array.of(0, 0, 8, 3, 0x80, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 2, 1, 2);
  refused(() => parseIdx(huge, "labels"), /labels: cut short: shape \[2147483648,2147483648,2\] needs/);
  const header = new TextEncoder().encode(
    '{"a":{"dtype":"F32","shape":[2147483648,2],"data_offsets":[0,17179869184]}}',
  );
  const file = new Uint8Array(8 + header.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(header.length), true);
  file.set(header, 8);
  refused(() => io.loadSafetensors(file), /tensor "a" has shape \[2147483648,2\]/);
});

test.run();
