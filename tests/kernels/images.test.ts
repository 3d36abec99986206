import { test } from "uvu";
import * as assert from "uvu/assert";
import { Harness, values } from "./harness";

const h = new Harness();

function bytes(n: number, seed = 1): Uint8Array {
  return Uint8Array.from(values(n, seed, 0, 256));
}
function u8(content: Uint8Array): number {
  const ptr = h.alloc(content.length);
  new Uint8Array(h.memory.buffer, ptr, content.length).set(content);
  return ptr;
}
function assertNothingPast(ptr: number, n: number): void {
  assert.is(h.readI32(ptr + n * 4, 1)[0], -1, "past the end");
}

const SHAPES = [
  [0, 3, 4],
  [1, 1, 1],
  [2, 3, 35],
  [5, 1, 7],
  [3, 4, 64],
];

test("levels become what the table of their channel says", () => {
  for (const [n, channels, plane] of SHAPES) {
    h.reset();
    const pixels = bytes(n * channels * plane);
    const table = values(channels * 256, 2);
    const out = h.alloc(pixels.length * 4);
    h.k.levels_u8_f32(out, u8(pixels), h.f32(table), n, channels, plane);
    const expected = pixels.map((_, i) => Math.floor(i / plane) % channels);
    assert.equal(
      [...h.readF32(out, pixels.length)],
      [...pixels].map((level, i) => table[expected[i] * 256 + level]),
    );
    assertNothingPast(out, pixels.length);
  }
});

test("a histogram for each channel, added to the counts", () => {
  for (const [n, channels, plane] of SHAPES) {
    h.reset();
    const pixels = bytes(n * channels * plane, 3);
    const counts = h.i32(new Int32Array(channels * 256).fill(1));
    h.k.histogram_u8(counts, u8(pixels), n, channels, plane);
    const expected = new Int32Array(channels * 256).fill(1);
    for (const [i, level] of pixels.entries()) expected[(Math.floor(i / plane) % channels) * 256 + level]++;
    assert.equal([...h.readI32(counts, expected.length)], [...expected]);
    assertNothingPast(counts, expected.length);
  }
});

test("windows of images, also those that lie partly or wholly outside, and mirrored", () => {
  for (const [channels, height, width] of [
    [1, 1, 1],
    [3, 5, 7],
    [2, 4, 8],
  ]) {
    const shifts = [-width - 1, -width, -2, -1, 0, 1, 3, width, width + 1];
    const windows = shifts.flatMap((right) =>
      [-height, -1, 0, 2, height].flatMap((down) => [0, 1].map((flip) => [down, right, flip])),
    );
    const n = windows.length;
    h.reset();
    const images = values(n * channels * height * width, 4);
    const out = h.alloc(images.length * 4);
    h.k.crop_flip_f32(out, h.f32(images), h.i32(windows.flat()), n, channels, height, width);
    const expected: number[] = [];
    for (const [i, [down, right, flip]] of windows.entries()) {
      for (let c = 0; c < channels; c++) {
        for (let y = 0; y < height; y++) {
          for (let x = 0; x < width; x++) {
            const column = (flip ? width - 1 - x : x) + right;
            const row = y + down;
            const inside = row >= 0 && row < height && column >= 0 && column < width;
            expected.push(inside ? images[((i * channels + c) * height + row) * width + column] : 0);
          }
        }
      }
    }
    assert.equal([...h.readF32(out, images.length)], expected);
    assertNothingPast(out, images.length);
  }
});

test.run();
