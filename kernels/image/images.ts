// Images kept as bytes, channel planes one after another: [n, channels, plane].

/** out[i, c, p] = table[c, x[i, c, p]] with table [channels, 256]: scaling and normalisation, rounded once. */
export function levels_u8_f32(out: usize, x: usize, table: usize, n: i32, channels: i32, plane: i32): void {
  for (let i = 0; i < n; i++) {
    for (let c = 0; c < channels; c++) {
      const row = table + (<usize>c << 10);
      for (let p = 0; p < plane; p++) {
        store<f32>(out, load<f32>(row + (<usize>load<u8>(x) << 2)));
        out += 4;
        x++;
      }
    }
  }
}

/** counts[c, v] += how many of x[:, c, :] are v; counts [channels, 256] are 32-bit. */
export function histogram_u8(counts: usize, x: usize, n: i32, channels: i32, plane: i32): void {
  for (let i = 0; i < n; i++) {
    for (let c = 0; c < channels; c++) {
      const row = counts + (<usize>c << 10);
      for (let p = 0; p < plane; p++) {
        const count = row + (<usize>load<u8>(x) << 2);
        store<u32>(count, load<u32>(count) + 1);
        x++;
      }
    }
  }
}

/** A window of each image, 0 where it lies outside: out[i, c, y, x] = image[i, c, y + down, x + right], and mirrored
 *  (x as width - 1 - x of out) where flip is not 0. windows [n, 3] holds down, right, flip; the sizes stay. */
export function crop_flip_f32(
  out: usize, images: usize, windows: usize, n: i32, channels: i32, height: i32, width: i32,
): void {
  const row_bytes = <usize>width << 2;
  for (let i = 0; i < n; i++) {
    const down = load<i32>(windows);
    const right = load<i32>(windows, 4);
    const flip = load<i32>(windows, 8) != 0;
    windows += 12;
    // The columns of the window that lie inside the image.
    const from = min(max(-right, 0), width);
    const to = max(min(width - right, width), from);
    for (let c = 0; c < channels; c++) {
      for (let y = 0; y < height; y++) {
        const source = y + down;
        if (source < 0 || source >= height || from == to) {
          memory.fill(out, 0, row_bytes);
        } else {
          const inside = images + <usize>source * row_bytes + (<usize>(from + right) << 2);
          if (flip) mirror_row(out, inside, from, to, width);
          else copy_row(out, inside, from, to, width);
        }
        out += row_bytes;
      }
      images += <usize>height * row_bytes;
    }
  }
}

/** Columns from .. to of a row are copied, the others are 0. */
@inline
function copy_row(out: usize, inside: usize, from: i32, to: i32, width: i32): void {
  memory.fill(out, 0, <usize>from << 2);
  memory.copy(out + (<usize>from << 2), inside, <usize>(to - from) << 2);
  memory.fill(out + (<usize>to << 2), 0, <usize>(width - to) << 2);
}

/** The same, from right to left. */
@inline
function mirror_row(out: usize, inside: usize, from: i32, to: i32, width: i32): void {
  memory.fill(out, 0, <usize>(width - to) << 2);
  let target = out + (<usize>(width - 1 - from) << 2);
  for (let x = from; x < to; x++) {
    store<f32>(target, load<f32>(inside));
    target -= 4;
    inside += 4;
  }
  memory.fill(out + (<usize>(width - from) << 2), 0, <usize>from << 2);
}
