// Random numbers (kernels/random): every launch draws from a position of a stream.

import { targetOf, type View } from "../view";
import { kernels } from "../wasm";

/** Where a stream stands: its seed and how many blocks of four numbers were drawn. */
export interface StreamPosition {
  seed: number;
  block: number;
}

const low = (value: number) => value >>> 0;
const high = (value: number) => Math.floor(value / 2 ** 32);

type Halves = readonly [number, number, number, number];

function halves({ seed, block }: StreamPosition): Halves {
  return [low(seed), high(seed), low(block), high(block)];
}

/** int32 whose bits are all random. */
export function randomBits(out: View, at: StreamPosition): void {
  kernels().random_bits(targetOf(out, "int32"), out.size, ...halves(at));
}

/** int32 permutation of 0..n-1. */
export function permutation(out: View, at: StreamPosition): void {
  kernels().permutation_i32(targetOf(out, "int32"), out.size, ...halves(at));
}

/** float32 in [from, to). */
export function uniform(out: View, from: number, to: number, at: StreamPosition): void {
  kernels().uniform_f32(targetOf(out, "float32"), out.size, from, to, ...halves(at));
}

/** float32, Gaussian. */
export function normal(out: View, mean: number, std: number, at: StreamPosition): void {
  kernels().normal_f32(targetOf(out, "float32"), out.size, mean, std, ...halves(at));
}

/** 0 with probability p, else `scale`. */
export function dropoutMask(out: View, p: number, scale: number, at: StreamPosition): void {
  kernels().dropout_mask_f32(targetOf(out, "float32"), out.size, p, scale, ...halves(at));
}
