// Images kept as bytes, channel planes one after another.

import { targetOf, type View } from "../view";
import { kernels, memoryViews } from "../wasm";
import { type Frame, launch } from "./frame";

/** Levels that a byte can have. */
export const LEVELS = 256;

/** Images of which only those at `positions` take part in a launch. */
export interface ImageBytes {
  bytes: Uint8Array;
  positions: Int32Array;
  channels: number;
  /** Pixels of one channel. */
  plane: number;
}

/** Address of copies of the images at the positions. */
function gather(frame: Frame, { bytes, positions, channels, plane }: ImageBytes): number {
  const size = channels * plane;
  const ptr = frame.scratch(positions.length * size);
  const { u8 } = memoryViews();
  let at = ptr;
  for (const position of positions) {
    u8.set(bytes.subarray(position * size, (position + 1) * size), at);
    at += size;
  }
  return ptr;
}

/** out [n,channels,plane] = table [channels,LEVELS] looked up by each byte. */
export function lookUpLevels(out: View, images: ImageBytes, table: Float32Array): void {
  const { positions, channels, plane } = images;
  launch((frame) => {
    const [source, levels] = [gather(frame, images), frame.copyOf(table)];
    kernels().levels_u8_f32(targetOf(out, "float32"), source, levels, positions.length, channels, plane);
  });
}

/** How often each level occurs in each channel: [channels,LEVELS]. */
export function countLevels(images: ImageBytes): Int32Array {
  const { positions, channels, plane } = images;
  const counts = new Int32Array(channels * LEVELS);
  return launch((frame) => {
    const [source, countsAt] = [gather(frame, images), frame.copyOf(counts)];
    kernels().histogram_u8(countsAt, source, positions.length, channels, plane);
    return memoryViews().i32.slice(countsAt >>> 2, (countsAt >>> 2) + counts.length);
  });
}

/**
 * out [N,C,H,W] = windows of the images x, padded with zeros. `windows` has for each image the first row and column and whether it
 * is mirrored.
 */
export function cropAndFlip(out: View, x: View, windows: Int32Array): void {
  const [n, channels, height, width] = x.extents;
  launch((frame) =>
    kernels().crop_flip_f32(
      targetOf(out, "float32"),
      frame.dense(x),
      frame.copyOf(windows),
      n,
      channels,
      height,
      width,
    ),
  );
}
