// Made-up runs for the tests of the report: plausible curves and connectomes, the same for the same options, as the
// command line writes them.

import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { scope } from "topograd";
import { ConnectomeRecorder, observationEvent, RunFolder, tensor } from "#internal";

export interface SampleOptions {
  seed?: number;
  epochs?: number;
  /** Name of the data set. */
  data?: string;
  /** Neurons of each layer. */
  layers?: number[];
  /** Default "cg-alr"; any other schedule has no observations and no connectomes. */
  schedule?: string;
  validation?: boolean;
  /** A killed run has no end line. */
  status?: "finished" | "interrupted" | "diverged" | "killed";
}

/** The files of a run folder. */
export interface Sample {
  config: string;
  metrics: string;
  connectomes?: Uint8Array;
}

const STEPS_PER_EPOCH = 469;
const OBSERVATIONS_PER_EPOCH = 5;

/** Uniform numbers in [0, 1): mulberry32. */
function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Neurons as vectors that turn towards one of ten prototypes as training goes on; their cosines are correlations. */
class Connectome {
  static readonly dimensions = 24;
  readonly size: number;
  #vectors: Float64Array[];
  #prototypes: Float64Array[];
  #normal: () => number;

  constructor(size: number, random: () => number) {
    this.size = size;
    this.#normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const vector = () => Float64Array.from({ length: Connectome.dimensions }, this.#normal);
    this.#vectors = Array.from({ length: size }, vector);
    this.#prototypes = Array.from({ length: 10 }, vector);
  }

  /** Moves every neuron by noise and towards its prototype. */
  step(noise: number, pull: number): void {
    this.#vectors.forEach((vector, i) => {
      const prototype = this.#prototypes[(7 * i) % 10];
      for (let k = 0; k < vector.length; k++) {
        vector[k] += noise * this.#normal() + pull * (prototype[k] - vector[k]);
      }
    });
  }

  matrix(): Float32Array {
    const unit = this.#vectors.map((vector) => {
      const norm = Math.hypot(...vector);
      return vector.map((value) => value / norm);
    });
    const values = new Float32Array(this.size * this.size);
    for (let i = 1; i < this.size; i++) {
      for (let j = 0; j < i; j++) {
        const cosine = unit[i].reduce((sum, value, k) => sum + value * unit[j][k], 0);
        values[i * this.size + j] = values[j * this.size + i] = Math.min(1, Math.abs(cosine));
      }
    }
    return values;
  }
}

/** Births and deaths by Kruskal's algorithm. */
export function birthsAndDeaths(
  values: Float32Array,
  size: number,
): { births: Float32Array; deaths: Float32Array } {
  const pairs: [number, number][] = [];
  for (let i = 1; i < size; i++) for (let j = 0; j < i; j++) pairs.push([i, j]);
  const weight = ([i, j]: [number, number]) => values[i * size + j];
  pairs.sort((a, b) => weight(b) - weight(a));
  const parent = Int32Array.from({ length: size }, (_, i) => i);
  const root = (i: number): number => {
    while (parent[i] !== i) i = parent[i] = parent[parent[i]];
    return i;
  };
  const births: number[] = [];
  const deaths: number[] = [];
  for (const pair of pairs) {
    const [a, b] = pair.map(root);
    (a === b ? deaths : births).push(weight(pair));
    parent[a] = b;
  }
  return { births: Float32Array.from(births.reverse()), deaths: Float32Array.from(deaths.reverse()) };
}

const distanceOf = (a: Float32Array, b: Float32Array) =>
  a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0);

/** A tracker that sees the made-up connectome change. */
class SampleTracker {
  readonly signals;
  private before: ReturnType<typeof birthsAndDeaths> | null = null;

  constructor(
    layers: readonly number[],
    readonly connectome: Connectome,
    private readonly random: () => number,
  ) {
    this.signals = layers.map((count, i) => ({ layer: String(2 * i), count }));
  }

  observe() {
    const { size } = this.connectome;
    const matrix = this.connectome.matrix();
    const connectome = tensor(matrix, { shape: [size, size] });
    const now = birthsAndDeaths(matrix, size);
    const { before } = this;
    this.before = now;
    const distance =
      before && Math.sqrt(distanceOf(now.births, before.births) + distanceOf(now.deaths, before.deaths));
    return { distance, connectome, ...now, milliseconds: 2.3 * (1 + 0.4 * (this.random() - 0.5)) };
  }
}

/** What config.json says of a run that was described so. */
function configOf(sample: Required<SampleOptions>) {
  const { data, schedule, epochs, seed } = sample;
  return {
    topograd: "0.1.0",
    command: "train",
    data,
    model: "mlp",
    schedule,
    optimizer: "sgd",
    lr: 0.1,
    momentum: 0.9,
    weightDecay: 0,
    epochs,
    batchSize: 128,
    seed,
    parameters: 109386,
    trainSamples: 60000,
    testSamples: 10000,
    stepsPerEpoch: STEPS_PER_EPOCH,
    ...(schedule === "cg-alr" && {
      cgalr: {
        observationsPerEpoch: OBSERVATIONS_PER_EPOCH,
        window: 12,
        warmup: 6,
        enterSlow: 2.5,
        leaveSlow: 1,
        calm: 1,
        calmFor: 3,
        signal: "detrended",
      },
    }),
    runtime: { engine: "Node 20.20.2", platform: "linux x64", simd: true, threads: 1 },
  };
}

/** Writes a run into a folder. */
function writeRun(folder: RunFolder, sample: Required<SampleOptions>): void {
  const { seed, epochs, layers, schedule, validation, status } = sample;
  const random = uniform(seed);
  const connectome = new Connectome(
    layers.reduce((sum, count) => sum + count, 0),
    random,
  );
  const total = epochs * OBSERVATIONS_PER_EPOCH;
  const tracker = schedule === "cg-alr" ? new SampleTracker(layers, connectome, random) : null;
  const recorder = new ConnectomeRecorder(total);
  const lossAt = (t: number) => 2.3 * Math.exp(-3 * t) + 0.25 / (1 + t) ** 1.6;
  const accuracyAt = (t: number) => 1 - 0.35 * lossAt(t) - 0.001;
  const wobble = (size: number) => 1 + size * (random() - 0.5);

  let multiplier = 1;
  const distances: number[] = [];
  const observedAt: number[] = [];
  for (let step = 20; step <= epochs * STEPS_PER_EPOCH; step++) {
    const t = step / STEPS_PER_EPOCH;
    const envelope = 0.1 * (1 + t / 2) ** -0.75;
    const lr = tracker ? multiplier * envelope : 0.05 * (1 + Math.cos((Math.PI * t) / epochs));
    if (step % 20 === 0) {
      const accuracy = Math.min(1, accuracyAt(t) * wobble(0.01));
      folder.record({ type: "step", step, epoch: t, loss: lossAt(t) * wobble(0.5), accuracy, lr });
    }
    if (tracker && Math.floor(t * OBSERVATIONS_PER_EPOCH) > observedAt.length) {
      const isShaken = observedAt.length === Math.floor(0.4 * total);
      connectome.step((isShaken ? 0.5 : 0.12) * Math.exp(-t / 6), 0.06 * Math.exp(-t / 5));
      observedAt.push(step);
      scope(() => {
        const observation = tracker.observe();
        const { distance } = observation;
        let z: number | null = null;
        if (distance !== null) {
          const recent = distances.slice(-6).sort((a, b) => a - b);
          if (recent.length === 6) z = 4 * Math.log(distance / recent[2]);
          distances.push(distance);
        }
        const state = z === null ? "HOLD" : z >= 2.5 ? "SLOW" : z < 0.4 ? "FAST" : "HOLD";
        multiplier = multiplier ** 0.9 * { HOLD: 1, SLOW: 0.7, FAST: 1.05 }[state];
        const controlled = {
          step,
          epoch: t,
          z,
          state,
          multiplier,
          lr: multiplier * envelope,
          envelope,
        } as const;
        recorder.record(observation, step);
        folder.record(observationEvent({ ...observation, ...controlled }));
      });
    }
    if (step % STEPS_PER_EPOCH === 0) {
      folder.record({
        type: "epoch",
        epoch: t,
        step,
        trainLoss: lossAt(t - 0.5),
        trainAccuracy: accuracyAt(t - 0.5),
        ...(validation && {
          validationLoss: 0.07 + (0.2 / (1 + t)) * wobble(0.1),
          validationAccuracy: 0.98 - (0.04 / t) * wobble(0.2),
        }),
        lr,
        seconds: 0.35 * wobble(0.1),
      });
    }
  }
  const bytes = recorder.encode(tracker?.signals ?? []);
  if (bytes !== null) folder.saveConnectomes(bytes);
  if (status === "killed") return;
  const seconds = {
    forward: 2.4,
    backward: 2.5,
    optimizer: 0.8,
    connectome: tracker ? 0.24 : 0,
    data: 0.6,
    other: 0.3,
    total: 6.84,
  };
  const test = status === "finished" ? { testLoss: 0.0751, testAccuracy: 0.9781 } : {};
  const weightsHash = folder.saveWeights({ weight: tensor([seed]) });
  folder.record({ type: "end", status, step: epochs * STEPS_PER_EPOCH, ...test, weightsHash, seconds });
}

/** The files of a made-up run. */
export function sampleRun(options: SampleOptions = {}): Sample {
  const sample: Required<SampleOptions> = {
    seed: 1,
    epochs: 20,
    data: "mnist",
    layers: [128, 64],
    schedule: "cg-alr",
    validation: true,
    status: "finished",
    ...options,
  };
  const path = mkdtempSync(join(tmpdir(), "topograd-sample-"));
  try {
    const folder = RunFolder.open(path, configOf(sample), false);
    writeRun(folder, sample);
    folder.close();
    const connectomes = join(path, "connectomes.safetensors");
    return {
      config: readFileSync(join(path, "config.json"), "utf8"),
      metrics: readFileSync(join(path, "metrics.jsonl"), "utf8"),
      connectomes: existsSync(connectomes) ? readFileSync(connectomes) : undefined,
    };
  } finally {
    rmSync(path, { recursive: true });
  }
}
