// connectomes.safetensors: the connectomes of a run that its report shows, of the first, a middle and the last
// observation. What keeps and writes them beside what reads them.

import { isCount } from "../core/check";
import { DataError, type Stateful, scope, type Tensor, tensor } from "../core/index";
import { loadSafetensors, saveSafetensors } from "../io/index";
import type { ControllerObservation } from "../optim/index";
import type { Observation, SignalGroup } from "../tda/index";
import type { Callback } from "../train/index";

type Which = "first" | "middle" | "last";

/** |rho| between all pairs of neurons at one step: `values` is [size, size], row-major. */
export interface ConnectomeSnapshot {
  which: Which;
  step: number;
  values: Float32Array;
}

/** The connectomes that a run kept; births and deaths belong to the last, ascending. */
export interface RunConnectomes {
  size: number;
  /** Neurons of each layer, in the order of the connectome's rows. */
  signals: SignalGroup[];
  snapshots: ConnectomeSnapshot[];
  births: Float32Array;
  deaths: Float32Array;
}

/** What a recorder has kept, as saved. */
export type RecorderState = {
  count: number;
  births: Float32Array;
  deaths: Float32Array;
  kept: { which: string; step: number; size: number; values: Float32Array }[];
};

/** Remembers of a run's observations what the report needs. A callback of the trainer, so that checkpoints have it. */
export class ConnectomeRecorder implements Callback, Stateful<RecorderState> {
  private count = 0;
  private births: Float32Array = new Float32Array();
  private deaths: Float32Array = new Float32Array();
  private readonly kept = new Map<Which, { matrix: Tensor; step: number }>();

  /** @param expected how many observations the run will make, to find the middle. */
  constructor(private readonly expected: number) {}

  /** Takes in the observation made at a step. One without a connectome leaves nothing. */
  record({ connectome, births, deaths }: Observation, step: number): void {
    if (connectome === undefined || births === undefined || deaths === undefined) return;
    this.count++;
    this.births = births;
    this.deaths = deaths;
    if (this.count === 1) this.keep("first", connectome, step);
    if (this.count === Math.ceil(this.expected / 2)) this.keep("middle", connectome, step);
    this.keep("last", connectome, step);
  }

  onObservation(observation: ControllerObservation): void {
    this.record(observation, observation.step);
  }

  stateDict(): RecorderState {
    const { count, births, deaths } = this;
    const kept = [...this.kept].map(([which, { matrix, step }]) => ({
      ...{ which, step, size: matrix.shape[0] },
      values: matrix.toFloat32Array(),
    }));
    return { count, births: births.slice(), deaths: deaths.slice(), kept };
  }

  loadStateDict({ count, births, deaths, kept }: RecorderState): void {
    this.count = count;
    this.births = births.slice();
    this.deaths = deaths.slice();
    for (const { matrix } of this.kept.values()) matrix.dispose();
    this.kept.clear();
    for (const { which, step, size, values } of kept) {
      this.kept.set(which as Which, { matrix: tensor(values, { shape: [size, size] }).keep(), step });
    }
  }

  private keep(which: Which, connectome: Tensor, step: number): void {
    this.kept.get(which)?.matrix.dispose();
    this.kept.set(which, { matrix: connectome.clone().keep(), step });
  }

  /** The file; null before the first observation. `signals` say which layer each row of the connectomes belongs to. */
  encode(signals: readonly SignalGroup[]): Uint8Array | null {
    const { births, deaths, kept } = this;
    if (kept.size === 0) return null;
    return scope(() => {
      const all = [...kept];
      const matrices = Object.fromEntries(all.map(([which, { matrix }]) => [which, matrix]));
      const steps = Object.fromEntries(all.map(([which, { step }]) => [which, String(step)]));
      return saveSafetensors(
        { ...matrices, births: tensor(births), deaths: tensor(deaths) },
        { ...steps, signals: JSON.stringify(signals) },
      );
    });
  }
}

/** The layers that the metadata list. */
function signalsIn(text: string): SignalGroup[] {
  let signals: unknown;
  try {
    signals = JSON.parse(text);
  } catch {
    signals = null;
  }
  const isGroup = (group: SignalGroup | null) => typeof group?.layer === "string" && isCount(group.count);
  if (!Array.isArray(signals) || !signals.every(isGroup)) {
    throw new DataError("metadata `signals` has to list { layer, count }");
  }
  return signals;
}

/** Reads what encode() wrote. Throws a DataError that says what is wrong with it. */
export function decodeConnectomes(bytes: Uint8Array): RunConnectomes {
  const { tensors, metadata } = scope(() => {
    const file = loadSafetensors(bytes);
    const read = Object.entries(file.tensors).map(([name, value]) => [name, value.toFloat32Array()] as const);
    return { tensors: new Map(read), metadata: file.metadata };
  });
  const signals = signalsIn(metadata.signals ?? "");
  const size = signals.reduce((sum, { count }) => sum + count, 0);
  const read = (name: string, length: number) => {
    const values = tensors.get(name);
    if (values === undefined) throw new DataError(`tensor ${name} is missing`);
    if (values.length !== length) {
      throw new DataError(
        `tensor ${name} has ${values.length} values, expected ${length} of ${size} neurons`,
      );
    }
    if (!values.every(Number.isFinite)) throw new DataError(`tensor ${name} holds NaN or Infinity`);
    return values;
  };
  const snapshots = (["first", "middle", "last"] as const)
    .filter((which) => which !== "middle" || tensors.has("middle"))
    .map((which) => ({ which, step: Number(metadata[which]), values: read(which, size * size) }));
  const births = read("births", size - 1);
  return {
    size,
    signals,
    snapshots,
    births,
    deaths: read("deaths", (size * (size - 1)) / 2 - births.length),
  };
}
