// Keeps the connectomes of a run that its report shows: of the first, a middle and the last observation.

import { scope, type Tensor, tensor } from "../core/index";
import type { ConnectomeTracker, Observation } from "../tda/index";

const QUANTILES = [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1];

/** Values of an ascending series at the quantiles 0, 5, 25, 50, 75, 95, 100 %. */
function quantilesOf(sorted: Float32Array): number[] {
  if (sorted.length === 0) return [];
  return QUANTILES.map((q) => sorted[Math.round(q * (sorted.length - 1))]);
}

/** Observes through a tracker and remembers what the report needs. */
export class ConnectomeRecorder {
  private count = 0;
  private latest: Observation | null = null;
  private readonly kept = new Map<"first" | "middle" | "last", { matrix: Tensor; observation: number }>();

  /** @param expected how many observations the run will make, to find the middle. */
  constructor(
    private readonly tracker: ConnectomeTracker,
    private readonly expected: number,
  ) {}

  observe(): Observation {
    const observation = this.tracker.observe();
    this.count++;
    this.latest = observation;
    if (this.count === 1) this.keep("first", observation);
    if (this.count === Math.ceil(this.expected / 2)) this.keep("middle", observation);
    this.keep("last", observation);
    return observation;
  }

  private keep(when: "first" | "middle" | "last", { connectome }: Observation): void {
    this.kept.get(when)?.matrix.dispose();
    this.kept.set(when, { matrix: connectome.clone().keep(), observation: this.count });
  }

  /** Quantiles of the latest births and deaths, for metrics.jsonl. */
  quantiles(): { births: number[]; deaths: number[] } {
    if (this.latest === null) return { births: [], deaths: [] };
    return { births: quantilesOf(this.latest.births), deaths: quantilesOf(this.latest.deaths) };
  }

  /** Hands over the connectomes, the last births and deaths, and which signals they belong to. */
  save(write: (tensors: Record<string, Tensor>, metadata: Record<string, string>) => void): void {
    const { latest } = this;
    if (latest === null) return;
    scope(() => {
      const kept = [...this.kept];
      const tensors = Object.fromEntries(kept.map(([when, { matrix }]) => [when, matrix]));
      const metadata = Object.fromEntries(kept.map(([when, { observation }]) => [when, String(observation)]));
      write(
        { ...tensors, births: tensor(latest.births), deaths: tensor(latest.deaths) },
        { ...metadata, signals: JSON.stringify(this.tracker.signals) },
      );
    });
  }
}
