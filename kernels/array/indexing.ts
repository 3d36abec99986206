// Picking elements by int32 indices along the middle axis of [outer, axis, inner], and their gradients. Each forward
// kernel returns the position of the first index that is out of range, or -1. Negative indices count from the end where the
// caller lets them.

@inline
function resolve(index: i32, axis: i32): i32 {
  return index < 0 ? index + axis : index;
}

/** The position of the first of n indices outside [0, axis), or [-axis, axis) if they may be negative, or -1. */
@inline
function first_out_of_range(indices: usize, n: i32, axis: i32, negative: bool): i32 {
  for (let i = 0; i < n; i++) {
    const index = load<i32>(indices + (<usize>i << 2));
    if (<u32>(negative ? resolve(index, axis) : index) >= <u32>axis) return i;
  }
  return -1;
}

/** out[o, j, :] = x[o, indices[j], :] for n indices. */
export function index_select_32(
  out: usize, x: usize, indices: usize, outer: i32, axis: i32, n: i32, inner: i32, negative: i32,
): i32 {
  const bad = first_out_of_range(indices, n, axis, negative != 0);
  if (bad >= 0) return bad;
  const bytes = <usize>inner << 2;
  if (inner == 1) {
    for (let o = 0; o < outer; o++, x += <usize>axis << 2) {
      for (let j = 0; j < n; j++, out += 4) {
        store<i32>(out, load<i32>(x + (<usize>resolve(load<i32>(indices + (<usize>j << 2)), axis) << 2)));
      }
    }
    return -1;
  }
  for (let o = 0; o < outer; o++) {
    for (let j = 0; j < n; j++) {
      memory.copy(out, x + <usize>resolve(load<i32>(indices + (<usize>j << 2)), axis) * bytes, bytes);
      out += bytes;
    }
    x += <usize>axis * bytes;
  }
  return -1;
}

/** gx[o, indices[j], :] += g[o, j, :]; gx is zeroed by the caller. */
export function index_add_f32(
  gx: usize, g: usize, indices: usize, outer: i32, axis: i32, n: i32, inner: i32,
): void {
  const bytes = <usize>inner << 2;
  for (let o = 0; o < outer; o++) {
    for (let j = 0; j < n; j++) {
      let target = gx + <usize>resolve(load<i32>(indices + (<usize>j << 2)), axis) * bytes;
      let i = 0;
      for (; i + 4 <= inner; i += 4) {
        v128.store(target, f32x4.add(v128.load(target), v128.load(g)));
        target += 16;
        g += 16;
      }
      for (; i < inner; i++) {
        store<f32>(target, load<f32>(target) + load<f32>(g));
        target += 4;
        g += 4;
      }
    }
    gx += <usize>axis * bytes;
  }
}

/** out[o, j, i] = x[o, indices[o, j, i], i] with indices and out [outer, n, inner]. */
export function gather_32(out: usize, x: usize, indices: usize, outer: i32, axis: i32, n: i32, inner: i32): i32 {
  const bad = first_out_of_range(indices, outer * n * inner, axis, false);
  if (bad >= 0) return bad;
  for (let o = 0; o < outer; o++) {
    for (let j = 0; j < n; j++) {
      for (let i = 0; i < inner; i++) {
        const k = resolve(load<i32>(indices), axis);
        store<i32>(out, load<i32>(x + (<usize>(k * inner + i) << 2)));
        indices += 4;
        out += 4;
      }
    }
    x += <usize>(axis * inner) << 2;
  }
  return -1;
}

/** gx[o, indices[o, j, i], i] += g[o, j, i]; gx is zeroed by the caller. */
export function gather_grad_f32(
  gx: usize, g: usize, indices: usize, outer: i32, axis: i32, n: i32, inner: i32,
): void {
  for (let o = 0; o < outer; o++) {
    for (let j = 0; j < n; j++) {
      for (let i = 0; i < inner; i++) {
        const target = gx + (<usize>(resolve(load<i32>(indices), axis) * inner + i) << 2);
        store<f32>(target, load<f32>(target) + load<f32>(g));
        indices += 4;
        g += 4;
      }
    }
    gx += <usize>(axis * inner) << 2;
  }
}

/** out[o, indices[o, j, i], i] = source[o, j, i]: the last of several wins. */
export function scatter_32(
  out: usize, source: usize, indices: usize, outer: i32, axis: i32, n: i32, inner: i32,
): void {
  for (let o = 0; o < outer; o++) {
    for (let j = 0; j < n; j++) {
      for (let i = 0; i < inner; i++) {
        store<i32>(out + (<usize>(load<i32>(indices) * inner + i) << 2), load<i32>(source));
        indices += 4;
        source += 4;
      }
    }
    out += <usize>(axis * inner) << 2;
  }
}
