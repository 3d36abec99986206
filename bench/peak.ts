// What the machine can do at most: fixed-width SIMD multiplications and additions in WebAssembly. Factors are read
// again each step, always from the same place: loads have ports of their own, while anything done in registers to
// keep the engine from hoisting the products would compete with the arithmetic.
import asc from "assemblyscript/asc";

const SUMS = 8;
export const PEAK_FLOPS_PER_STEP = SUMS * 4 * 2;

const each = (statement: (i: number) => string) =>
  Array.from({ length: SUMS }, (_, i) => statement(i)).join(" ");
const source = `
  export function peak(steps: i32): void {
    ${each((i) => `let c${i} = f32x4.splat(0);`)}
    for (; steps > 0; steps--) {
      const x = v128.load(0), y = v128.load(16);
      ${each((i) => `c${i} = f32x4.add(f32x4.mul(v128.load(${32 + 16 * (i >> 1)}), ${"xy"[i % 2]}), c${i});`)}
    }
    ${each((i) => `v128.store(${96 + 16 * i}, c${i});`)}
  }`;

/** Compiles the kernel; the function returned does PEAK_FLOPS_PER_STEP floating-point operations a step. */
export async function compilePeak(): Promise<(steps: number) => void> {
  const { error, binary } = await asc.compileString(source, {
    optimizeLevel: 3,
    runtime: "stub",
    enable: ["simd"],
    initialMemory: 1,
  });
  if (error || !binary) throw error ?? new Error("peak: no binary");
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(binary as BufferSource));
  return exports.peak as (steps: number) => void;
}
