// Rates of kernels, measured in turns: each round times every case briefly, so that a slow phase of the machine hits all.
import Benchmark from "benchmark";

export interface Case {
  name: string;
  work: number; // operations (or bytes) a call
  run: () => void;
}

/** Prints the median and the best rate of each case in units of 1e9 a second. */
export function printRates(cases: Case[], unit: string, rounds = 5): void {
  const seconds = new Map<Case, number[]>(cases.map((entry) => [entry, []]));
  for (let round = 0; round < rounds; round++) {
    const suite = new Benchmark.Suite();
    for (const entry of cases)
      suite.add(entry.name, entry.run, { maxTime: 0.02, minSamples: 4, minTime: 0.01 });
    suite.run();
    suite.forEach((bench: Benchmark, i: number) => {
      seconds.get(cases[i])!.push(...bench.stats.sample);
    });
  }
  const width = Math.max(...cases.map(({ name }) => name.length));
  console.log(`${"".padEnd(width)}  median    best  ${unit}`);
  for (const [{ name, work }, sample] of seconds) {
    sample.sort((a, b) => a - b);
    const rate = (s: number) => (work / s / 1e9).toFixed(1).padStart(6);
    console.log(`${name.padEnd(width)}  ${rate(sample[sample.length >> 1])}  ${rate(sample[0])}`);
  }
}
