// PNG files that hold data: rows of red, green and blue bytes.

import { inflateSync } from "node:zlib";
import { decode } from "fast-png";
import { DataError } from "../core/index";

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const TRUECOLOR = 2;
const IDAT = 0x49444154;
/** Signature and IHDR chunk. */
const HEADER_BYTES = 33;

/**
 * The number of rows of a PNG file of 8-bit red, green and blue with rows of `width` pixels. Looks at the header only,
 * so that nothing of the size that a damaged file claims is allocated for it.
 */
export function pngRows(png: Uint8Array, width: number, name: string): number {
  if (png.length < HEADER_BYTES || !SIGNATURE.every((byte, i) => png[i] === byte)) {
    throw new DataError(`${name}: not a PNG file`);
  }
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const [depth, color, , , interlace] = png.subarray(24);
  if (view.getUint32(16) !== width || depth !== 8 || color !== TRUECOLOR || interlace !== 0) {
    throw new DataError(
      `${name}: expected rows of ${width} pixels, 8 bits of red, green and blue each, not interlaced; ` +
        `got width ${view.getUint32(16)}, depth ${depth}, colour type ${color}, interlace ${interlace}`,
    );
  }
  return view.getUint32(20);
}

/** Throws unless the file's compressed data come to this many bytes, so that no small file unpacks to one that fills the memory. */
function checkSize(png: Uint8Array, bytes: number, name: string): void {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const parts: Uint8Array[] = [];
  // Chunks: length, type, data, checksum.
  for (let at = SIGNATURE.length; at + 12 <= png.length; at += 12 + view.getUint32(at)) {
    if (view.getUint32(at + 4) === IDAT) parts.push(png.subarray(at + 8, at + 8 + view.getUint32(at)));
  }
  let size: number;
  try {
    size = inflateSync(Buffer.concat(parts), { maxOutputLength: bytes + 1 }).length;
  } catch (error) {
    throw new DataError(`${name}: damaged PNG file: ${(error as Error).message}`);
  }
  if (size !== bytes) throw new DataError(`${name}: damaged PNG file: the image data do not fill it`);
}

/** The pixels of such a file: red, green, blue of one after another. */
export function decodePng(png: Uint8Array, rows: number, width: number, name: string): Uint8Array {
  checkSize(png, rows * (width * 3 + 1), name);
  let pixels: ArrayLike<number>;
  try {
    pixels = decode(png, { checkCrc: true }).data;
  } catch (error) {
    throw new DataError(`${name}: damaged PNG file: ${(error as Error).message}`);
  }
  if (!(pixels instanceof Uint8Array) || pixels.length !== rows * width * 3) {
    throw new DataError(`${name}: damaged PNG file: the image data do not fill it`);
  }
  return pixels;
}
