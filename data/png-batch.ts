// PNG files that hold data: rows of red, green and blue bytes.

import { decode } from "fast-png";
import { DataError } from "../core/index";

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const TRUECOLOR = 2;
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

/** The pixels of such a file: red, green, blue of one after another. */
export function decodePng(png: Uint8Array, rows: number, width: number, name: string): Uint8Array {
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
