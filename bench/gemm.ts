// GFLOP/s of the raw GEMM kernel, all four transpositions, beside the peak of this machine.
// Usage: tsx bench/gemm.ts [build/kernels.wasm]
import { Harness, values } from "../tests/kernels/harness.js";
import { compilePeak, PEAK_FLOPS_PER_STEP } from "./peak.js";
import { type Case, printRates } from "./rate.js";

const harness = new Harness(process.argv[2]);
const peak = await compilePeak();
const cases: Case[] = [{ name: "peak", work: PEAK_FLOPS_PER_STEP * 1e5, run: () => peak(1e5) }];
for (const n of [64, 128, 256, 512, 1024]) {
  const a = harness.f32(values(n * n, 1));
  const b = harness.f32(values(n * n, 2));
  const c = harness.alloc(n * n * 4);
  const scratch = harness.alloc(harness.k.gemm_scratch_bytes(n, n, n));
  for (const [name, transA, transB] of [
    ["NN", 0, 0],
    ["NT", 0, 1],
    ["TN", 1, 0],
    ["TT", 1, 1],
  ] as const) {
    const run = () => harness.k.gemm_f32(c, a, b, n, n, n, n, n, n, transA, transB, 0, scratch);
    cases.push({ name: `${n} ${name}`, work: 2 * n ** 3, run });
  }
}
printRates(cases, "GFLOP/s");
