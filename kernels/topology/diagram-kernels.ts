// Distances between persistence diagrams that come from kernels and vectorisations: sliced Wasserstein, the
// heat kernel, persistence images. All compare sums over points, so the points that both diagrams have
// cancel and are left out first: equal diagrams are exactly 0 apart. Infinite bars are ignored.
import { sum_pair_f64 } from "../array/lanes";
import { BarPair, bar_pair_bytes, birth_of, cancel_shared, death_of, sort_keys, sort_pair } from "./diagram";
import { exp, expm1 } from "../array/exp-f64";

const TWO_PI: f64 = 6.283185307179586;

/** The points that only one of two diagrams has. */
function sort_difference(a: usize, n: i32, b: usize, m: i32, scratch: usize): BarPair {
  const pair = sort_pair(a, n, b, m, scratch);
  cancel_shared(pair);
  return pair;
}

/** Bits of a float64 as an integer that orders like the number. */
@inline function ordered_bits(x: f64): u64 {
  const bits = reinterpret<u64>(x);
  return bits ^ (<u64>(<i64>bits >> 63) | 0x8000000000000000);
}

@inline function ordered_value(bits: u64): f64 {
  return reinterpret<f64>(bits ^ (<u64>(<i64>~bits >> 63) | 0x8000000000000000));
}

/** Sorted positions along (x, y) of n bars, and of the projections of m others on the diagonal. */
function project(
  keys: usize, bars: usize, n: i32, others: usize, m: i32, x: f64, y: f64, scratch: usize,
): void {
  for (let i: usize = 0; i < <usize>n << 3; i += 8) {
    const bar = load<u64>(bars + i);
    store<u64>(keys + i, ordered_bits(birth_of(bar) * x + death_of(bar) * y));
  }
  const diagonals = keys + (<usize>n << 3);
  for (let i: usize = 0; i < <usize>m << 3; i += 8) {
    const bar = load<u64>(others + i);
    const middle = 0.5 * (birth_of(bar) + death_of(bar));
    store<u64>(diagonals + i, ordered_bits(middle * x + middle * y));
  }
  sort_keys(keys, n + m, scratch);
}

/** Scratch of `sliced_wasserstein_f32`, in bytes. */
export function sliced_wasserstein_scratch_bytes(n: i32, m: i32): usize {
  return bar_pair_bytes(n, m) + 24 * (<usize>n + <usize>m);
}

/**
 * Sliced Wasserstein distance (Carriere, Cuturi, Oudot 2017, algorithm 1): the mean, over directions (x, y)
 * given as `count` pairs of float64 that cover half a turn evenly, of the 1-Wasserstein distance between the
 * projections, each diagram with the other's projections on the diagonal added.
 */
export function sliced_wasserstein_f32(
  a: usize, n: i32, b: usize, m: i32, directions: usize, count: i32, scratch: usize,
): f64 {
  const pair = sort_difference(a, n, b, m, scratch);
  const bytes = <usize>(pair.n + pair.m) << 3;
  const keys_a = pair.end;
  const keys_b = keys_a + bytes;
  const spare = keys_b + bytes;
  let total: f64 = 0;
  for (let k: usize = 0; k < <usize>count << 4; k += 16) {
    const x = load<f64>(directions + k);
    const y = load<f64>(directions + k, 8);
    project(keys_a, pair.a, pair.n, pair.b, pair.m, x, y, spare);
    project(keys_b, pair.b, pair.m, pair.a, pair.n, x, y, spare);
    for (let i: usize = 0; i < bytes; i += 8) {
      total += abs(ordered_value(load<u64>(keys_a + i)) - ordered_value(load<u64>(keys_b + i)));
    }
  }
  return total / count;
}

/** Distance in the feature space of the kernel k = exp(-d / (2 sigma^2)): sqrt(2 - 2 k). */
export function gaussian_kernel_distance_f64(d: f64, sigma: f64): f64 {
  return Math.sqrt(2 * abs(f64x2.extract_lane(expm1(f64x2.splat(-d / (2 * sigma * sigma))), 0)));
}

/** Scratch of `heat_kernel_distance_f32`, in bytes. */
export function heat_kernel_scratch_bytes(n: i32, m: i32): usize {
  return bar_pair_bytes(n, m) + 32 * (<usize>n + <usize>m + 1);
}

/** Writes births, deaths and signs of bars as float64 columns from row `at` on. */
function fill_points(points: usize, column: usize, at: i32, bars: usize, n: i32, sign: f64): void {
  const first = points + (<usize>at << 3);
  for (let i: usize = 0; i < <usize>n << 3; i += 8) {
    const bar = load<u64>(bars + i);
    store<f64>(first + i, birth_of(bar));
    store<f64>(first + column + i, death_of(bar));
    store<f64>(first + 2 * column + i, sign);
  }
}

@inline function heat_term(square: v128, lengths: v128, sigma: f64): v128 {
  // |p - q'|^2 = |p - q|^2 + 2 (length of p) (length of q), so the difference of exponentials is a product.
  const near = exp(f64x2.mul(square, f64x2.splat(-1 / (8 * sigma))));
  return f64x2.neg(f64x2.mul(near, expm1(f64x2.mul(lengths, f64x2.splat(-1 / (4 * sigma))))));
}

/**
 * Distance in the feature space of the persistence scale space kernel (Reininghaus et al. 2015)
 *   k(F, G) = 1 / (8 pi sigma) sum of exp(-|p - q|^2 / (8 sigma)) - exp(-|p - q'|^2 / (8 sigma))
 * over p in F and q in G, q' mirrored at the diagonal: sqrt(k(F, F) + k(G, G) - 2 k(F, G)); a sum that
 * rounding makes negative counts as 0.
 */
export function heat_kernel_distance_f32(
  a: usize, n: i32, b: usize, m: i32, sigma: f64, scratch: usize,
): f64 {
  const pair = sort_difference(a, n, b, m, scratch);
  const size = pair.n + pair.m;
  const column = <usize>((size + 1) & ~1) << 3;
  const births = pair.end;
  const deaths = births + column;
  const signs = deaths + column;
  memory.fill(births, 0, 3 * column);
  fill_points(births, column, 0, pair.a, pair.n, 1);
  fill_points(births, column, pair.n, pair.b, pair.m, -1);
  let total: f64 = 0;
  for (let i: usize = 0; i < <usize>size << 3; i += 8) {
    const birth = f64x2.splat(load<f64>(births + i));
    const death = f64x2.splat(load<f64>(deaths + i));
    const length = f64x2.sub(death, birth);
    const sign = load<f64>(signs + i);
    let sum = f64x2.splat(0);
    for (let j = i & ~15; j < column; j += 16) {
      const dx = f64x2.sub(v128.load(births + j), birth);
      const dy = f64x2.sub(v128.load(deaths + j), death);
      const square = f64x2.add(f64x2.mul(dx, dx), f64x2.mul(dy, dy));
      const lengths = f64x2.mul(length, f64x2.sub(v128.load(deaths + j), v128.load(births + j)));
      sum = f64x2.add(sum, f64x2.mul(heat_term(square, lengths, sigma), v128.load(signs + j)));
    }
    const own = f64x2.extract_lane(heat_term(f64x2.splat(0), f64x2.mul(length, length), sigma), 0);
    total += 2 * sign * sum_pair_f64(sum) - own;
    store<f64>(signs + i, 0); // every pair counts once
  }
  return Math.sqrt(max(total, 0) / (4 * TWO_PI * sigma));
}

// Persistence images. Pixel [row, column] of a [height, width] image has its centre at birth
// birth_min + (column + 1/2) (birth_max - birth_min) / width, persistence (row + 1/2) persistence_max / height.

/** Gaussian density at the n centres start + (i + 1/2) step, times the step; n is rounded up to even. */
function sample_gaussian(out: usize, n: i32, start: f64, step: f64, mean: f64, sigma: f64): void {
  const scale = f64x2.splat(-1 / (2 * sigma * sigma));
  const factor = f64x2.splat(step / (Math.sqrt(TWO_PI) * sigma));
  for (let i = 0; i < n; i += 2) {
    const x = start + (i + 0.5) * step - mean;
    const distance = f64x2.replace_lane(f64x2.splat(x), 1, x + step);
    const density = exp(f64x2.mul(f64x2.mul(distance, distance), scale));
    v128.store(out + (<usize>i << 3), f64x2.mul(density, factor));
  }
}

@inline function even(n: i32): usize {
  return <usize>((n + 1) & ~1);
}

/** Adds sign * persistence * Gaussian of every bar to an image of float64, rows padded to an even width. */
function add_surface(
  image: usize, bars: usize, n: i32, sign: f64,
  birth_min: f64, birth_max: f64, persistence_max: f64, sigma: f64, width: i32, height: i32,
): void {
  const row_bytes = even(width) << 3;
  const along_birth = image + row_bytes * <usize>height;
  const along_persistence = along_birth + row_bytes;
  for (let i: usize = 0; i < <usize>n << 3; i += 8) {
    const bar = load<u64>(bars + i);
    const birth = birth_of(bar);
    const persistence = death_of(bar) - birth;
    sample_gaussian(along_birth, width, birth_min, (birth_max - birth_min) / width, birth, sigma);
    sample_gaussian(along_persistence, height, 0, persistence_max / height, persistence, sigma);
    let row = image;
    for (let r = 0; r < height; r++) {
      const weight = f64x2.splat(sign * persistence * load<f64>(along_persistence + (<usize>r << 3)));
      for (let c: usize = 0; c < row_bytes; c += 16) {
        v128.store(row + c, f64x2.add(v128.load(row + c), f64x2.mul(weight, v128.load(along_birth + c))));
      }
      row += row_bytes;
    }
  }
}

/** Scratch of `persistence_image_f32` (m = 0) and `persistence_image_distance_f32`, in bytes. */
export function persistence_image_scratch_bytes(n: i32, m: i32, width: i32, height: i32): usize {
  // The float64 image, the Gaussians of one bar, and room to sort in.
  return bar_pair_bytes(n, m) + (even(width) * <usize>(height + 1) + even(height) + <usize>max(n, m)) * 8;
}

/**
 * Persistence image (Adams et al. 2017) [height, width] of a diagram: each bar a Gaussian of standard
 * deviation sigma at (birth, persistence), weighted by its persistence; a pixel is the density at its centre
 * times its area.
 */
export function persistence_image_f32(
  out: usize, diagram: usize, n: i32,
  birth_min: f64, birth_max: f64, persistence_max: f64, sigma: f64, width: i32, height: i32, scratch: usize,
): void {
  const pair = sort_pair(diagram, 0, diagram, n, scratch);
  const row_bytes = even(width) << 3;
  memory.fill(pair.end, 0, row_bytes * <usize>height);
  add_surface(pair.end, pair.b, pair.m, 1, birth_min, birth_max, persistence_max, sigma, width, height);
  for (let r = 0; r < height; r++) {
    const row = pair.end + row_bytes * <usize>r;
    for (let c = 0; c < width; c++) {
      store<f32>(out, <f32>load<f64>(row + (<usize>c << 3)));
      out += 4;
    }
  }
}

/** Euclidean distance between the persistence images of two diagrams, in float64. */
export function persistence_image_distance_f32(
  a: usize, n: i32, b: usize, m: i32,
  birth_min: f64, birth_max: f64, persistence_max: f64, sigma: f64, width: i32, height: i32, scratch: usize,
): f64 {
  const pair = sort_difference(a, n, b, m, scratch);
  const image = pair.end;
  const row_bytes = even(width) << 3;
  memory.fill(image, 0, row_bytes * <usize>height);
  add_surface(image, pair.a, pair.n, 1, birth_min, birth_max, persistence_max, sigma, width, height);
  add_surface(image, pair.b, pair.m, -1, birth_min, birth_max, persistence_max, sigma, width, height);
  let total: f64 = 0;
  for (let r = 0; r < height; r++) {
    const row = image + row_bytes * <usize>r;
    for (let c = 0; c < width; c++) {
      const difference = load<f64>(row + (<usize>c << 3));
      total += difference * difference;
    }
  }
  return Math.sqrt(total);
}
