// Milliseconds of the connectome's parts as the number of signals grows, and of Vietoris-Rips homology.
// Usage: tsx bench/topology.ts
import { manualSeed, randn, scope, tda } from "topograd";

const REPEATS = 5;

function best(run: () => void): string {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < REPEATS; i++) {
    const started = performance.now();
    scope(run);
    least = Math.min(least, performance.now() - started);
  }
  return least.toFixed(1).padStart(9);
}

manualSeed(1);
console.log("best of 5, ms; N = 1024 samples of independent normal signals");
console.log("   P  correlation  births, deaths  H1 of sqrt(1 - |rho|)");
for (const p of [64, 128, 256, 512, 1024, 2048]) {
  const signals = randn([1024, p]);
  const matrix = tda.connectome(signals);
  const distances = matrix.neg().add(1).sqrt();
  for (let i = 0; i < p; i++)
    distances
      .slice(0, i, i + 1)
      .slice(1, i, i + 1)
      .assign(0);
  const row = [
    best(() => {
      tda.correlation(signals);
    }),
    best(() => {
      tda.graphPersistence(matrix);
    }),
    p > 512
      ? "-".padStart(9)
      : best(() => {
          tda.ripsPersistence(distances);
        }),
  ];
  console.log(`${String(p).padStart(4)}    ${row[0]}       ${row[1]}              ${row[2]}`);
}
