// The IDX file format of MNIST and its relatives (described at the end of yann.lecun.com/exdb/mnist): two zero bytes, a
// type byte, the number of axes, each extent as a big-endian 32-bit integer, then the data.

import { describe } from "../core/check";
import { formatShape } from "../core/errors";
import { DataError } from "../core/index";
import { sizeOf } from "../core/shape";

/** An array of unsigned bytes with its shape. */
export interface IdxArray {
  shape: number[];
  data: Uint8Array;
}

const UNSIGNED_BYTE = 0x08;

/** Parses an IDX file of unsigned bytes. `name` stands in the messages. */
export function parseIdx(bytes: Uint8Array, name = "IDX file"): IdxArray {
  const fail = (what: string): never => {
    throw new DataError(`${name}: ${what}`);
  };
  if (!(bytes instanceof Uint8Array)) {
    throw new TypeError(`parseIdx: expected the bytes of a file as Uint8Array, got ${describe(bytes)}`);
  }
  if (bytes.length < 4) fail(`${bytes.length} bytes are too few for an IDX header`);
  if (bytes[0] !== 0 || bytes[1] !== 0) {
    const gzipped = bytes[0] === 0x1f && bytes[1] === 0x8b;
    fail(
      gzipped
        ? "the file is compressed; unpack it with gunzip first"
        : "not an IDX file (its first bytes are not 0)",
    );
  }
  if (bytes[2] !== UNSIGNED_BYTE)
    fail(`element type 0x${bytes[2].toString(16)} is not supported, only unsigned bytes`);
  const axes = bytes[3];
  const start = 4 + 4 * axes;
  if (axes < 1 || axes > 8 || bytes.length < start)
    fail(`the header of ${axes} axes is damaged or cut short`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: axes }, (_, axis) => view.getUint32(4 + 4 * axis));
  const expected = sizeOf(shape);
  if (bytes.length - start !== expected) {
    const state = bytes.length - start < expected ? "cut short" : "too long";
    fail(
      `${state}: shape ${formatShape(shape)} needs ${expected} bytes of data, the file has ${bytes.length - start}`,
    );
  }
  return { shape, data: bytes.subarray(start) };
}
