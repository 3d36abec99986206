// Keeps the connectomes of a run that its report shows: of the first, a middle and the last observation.

import { scope, type Tensor, tensor } from "../core/index";
import type { ConnectomeTracker, Observation } from "../tda/index";

const QUANTILES = [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1];

/** Values of an ascending series at the quantiles 0, 5, 25, 50, 75, 95, 100 %; null where it is empty. */
function quantilesOf(sorted: Float32Array): (number | null)[] {
  return QUANTILES.map((q) => sorted[Math.round(q * (sorted.length - 1))] ?? null);
}

/** Observes through a tracker and remembers what the report needs. */
export class ConnectomeRecorder {
  private count = 0;
  private latest: Required<Observation> | null = null;
  private readonly kept = new Map<"first" | "middle" | "last", { matrix: Tensor; observation: number }>();

  /** @param expected how many observations the run will make, to find the middle. */
  constructor(
    private readonly tracker: Pick<ConnectomeTracker, "observe" | "signals">,
    private readonly expected: number,
  ) {}

  observe(): Required<Observation> {
    const observation = this.tracker.observe();
    this.count++;
    this.latest = observation;
    if (this.count === 1) this.keep("first", observation);
    if (this.count === Math.ceil(this.expected / 2)) this.keep("middle", observation);
    this.keep("last", observation);
    return observation;
  }

  private keep(when: "first" | "middle" | "last", { connectome }: Required<Observation>): void {
    this.kept.get(when)?.matrix.dispose();
    this.kept.set(when, { matrix: connectome.clone().keep(), observation: this.count });
  }

  /** Quantiles of the latest births and deaths, for metrics.jsonl. */
  quantiles(): { births: (number | null)[]; deaths: (number | null)[] } {
    const { births, deaths } = this.latest ?? { births: new Float32Array(), deaths: new Float32Array() };
    return { births: quantilesOf(births), deaths: quantilesOf(deaths) };
  }

  /**
   * Hands over the connectomes, the last births and deaths, which signals they belong to, and at which steps they were
   * seen. `stepOf` tells the step of the k-th observation, from 1.
   */
  save(
    stepOf: (observation: number) => number,
    write: (tensors: Record<string, Tensor>, metadata: Record<string, string>) => void,
  ): void {
    const { latest } = this;
    if (latest === null) return;
    scope(() => {
      const kept = [...this.kept];
      const tensors = Object.fromEntries(kept.map(([when, { matrix }]) => [when, matrix]));
      const metadata = Object.fromEntries(
        kept.map(([when, { observation }]) => [when, String(stepOf(observation))]),
      );
      write(
        { ...tensors, births: tensor(latest.births), deaths: tensor(latest.deaths) },
        { ...metadata, signals: JSON.stringify(this.tracker.signals) },
      );
    });
  }
}
