// Follows the functional connectome of a model while it trains.

import { checkInteger, checkOptions, checkTensor, describe } from "../core/check";
import { formatShape, NonFiniteError } from "../core/errors";
import {
  concat,
  Generator,
  noGrad,
  type Stateful,
  type StateTree,
  scope,
  type Tensor,
  tensor,
} from "../core/index";
import { inEvaluationMode } from "../nn/evaluation-mode";
import type { Module } from "../nn/index";
import { checkModule } from "../nn/module";
import { type ConnectomeDistance, connectomeMetric } from "./catalogue";
import { batchedCorrelation, connectome, connectomeOf, NonFiniteSignalError } from "./connectome";
import type { ConnectomeMetric } from "./connectome-distance";
import { type GraphPersistence, graphPersistence } from "./graph-homology";
import type { Observation } from "./observation";
import { observeSignals, type SignalSource } from "./signals";

/** Options of {@link ConnectomeTracker}. */
export interface ConnectomeTrackerOptions {
  /** Inputs [N, ...] that every observation runs through the model. N = 256 is enough for frequent observations. */
  probe: Tensor;
  /** Names of the modules to observe. Default: the activation after each layer with weights, but for the last layer. */
  layers?: readonly string[];
  /** Most signals; a wider model is cut to a fixed random subset per layer, in proportion to its width. Default 512. */
  maxSignals?: number;
  /** How two connectomes are compared. Default "top". */
  distance?: ConnectomeDistance;
  /**
   * A larger probe goes through the model in batches of so many samples: memory then grows with the batch, not with the
   * probe. Infinity for models that have to see all samples at once, such as graph networks. Default 1024.
   */
  batchSize?: number;
  /** Seeds the choice of signals. Default 0. */
  seed?: number;
}

/** The signals that one layer contributes. */
export interface SignalGroup {
  layer: string;
  count: number;
}

/** An observation in the tracker's history. */
export type TrackerRecord = {
  /** Distance from the observation before; null for the first. */
  distance: number | null;
  /** Time the observation took. */
  milliseconds: number;
};

/** Saved tracker: which signals it reads, what the next distance is measured from, and the history. */
export type TrackerState = {
  /** Name of the distance; "custom" for a function. */
  distance: string;
  chosen: Int32Array[] | null;
  /** The last connectome's number of signals, and what is kept of it. */
  last: { signals: number; summary: StateTree } | null;
  history: TrackerRecord[];
};

/**
 * Observes the correlations between a model's activations on a fixed probe, and how far their topology has moved.
 * Observing changes neither the model, nor its training mode, nor the random stream.
 */
export class ConnectomeTracker implements Stateful<TrackerState> {
  /** The layers observed and how many signals each contributes; empty before the first observation. */
  signals: SignalGroup[] = [];
  /** What looks as if it had signals but was passed over, and why; told once by console.warn too. */
  readonly warnings: string[] = [];
  /** Every observation so far. */
  readonly history: TrackerRecord[] = [];
  private readonly probe: Tensor;
  private readonly layers: readonly string[] | null;
  private readonly maxSignals: number;
  private readonly seed: number;
  private readonly batchSize: number;
  private readonly distance: string;
  private readonly metric: ConnectomeMetric;
  private chosen: Int32Array[] | null = null;
  private last: TrackerState["last"] = null;

  constructor(
    readonly model: Module,
    options: ConnectomeTrackerOptions,
  ) {
    checkModule("ConnectomeTracker", model);
    checkOptions("ConnectomeTracker", options, [
      ...["probe", "layers", "maxSignals", "distance", "batchSize", "seed"],
    ]);
    const { probe, layers, maxSignals = 512, distance = "top", batchSize = 1024, seed = 0 } = options;
    checkTensor("ConnectomeTracker", probe, "probe");
    if (probe.shape[0] === undefined || probe.shape[0] < 2) {
      throw new RangeError(
        `ConnectomeTracker: the probe needs at least 2 samples, got ${formatShape(probe.shape)}`,
      );
    }
    checkInteger("ConnectomeTracker", "maxSignals", maxSignals, { atLeast: 2 });
    if (!(batchSize >= 1 && (Number.isInteger(batchSize) || batchSize === Number.POSITIVE_INFINITY))) {
      throw new RangeError(
        `ConnectomeTracker: batchSize must be a positive integer or Infinity, got ${describe(batchSize)}`,
      );
    }
    const { name, metric } = connectomeMetric(distance);
    if (layers !== undefined && !Array.isArray(layers)) {
      throw new TypeError(`ConnectomeTracker: layers must be an array of names, got ${describe(layers)}`);
    }
    const names = new Set(model.namedModules().map(([name]) => name));
    for (const layer of layers ?? []) {
      if (!names.has(layer)) {
        throw new RangeError(
          `ConnectomeTracker: the model has no module "${layer}"; it has ${[...names].join(", ")}`,
        );
      }
    }
    this.probe = probe.detach().keep();
    this.layers = layers ?? null;
    this.maxSignals = maxSignals;
    this.seed = seed;
    this.batchSize = batchSize;
    this.distance = name;
    this.metric = metric;
  }

  /** Runs the probe through the model and measures how far the connectome has moved since the last call. */
  observe(): Required<Observation> {
    const started = performance.now();
    const matrix = scope(() => noGrad(() => this.measure()));
    const persistence = graphPersistence(matrix);
    const distance = this.distanceTo(matrix, persistence);
    const milliseconds = performance.now() - started;
    this.history.push({ distance, milliseconds });
    return { distance, connectome: matrix, ...persistence, milliseconds };
  }

  /** Distance of this connectome from the last one, whose place it takes. */
  private distanceTo(matrix: Tensor, persistence: GraphPersistence): number | null {
    const { last } = this;
    const [signals] = matrix.shape;
    if (last !== null && last.signals !== signals) {
      throw new RangeError(
        `ConnectomeTracker: the last connectome had ${last.signals} signals, this one has ${signals}`,
      );
    }
    this.last = { signals, summary: this.metric.summarise(matrix, persistence) };
    return last === null ? null : this.metric.distance(this.last.summary, last.summary);
  }

  private measure(): Tensor {
    const { probe, batchSize } = this;
    const [samples] = probe.shape;
    try {
      if (samples <= batchSize) return connectome(this.chosenSignals(probe));
      const batch = (i: number) =>
        this.chosenSignals(probe.slice(0, i * batchSize, Math.min((i + 1) * batchSize, samples)));
      return connectomeOf(batchedCorrelation(Math.ceil(samples / batchSize), batch));
    } catch (error) {
      if (!(error instanceof NonFiniteSignalError)) throw error;
      let end = 0;
      const group = this.signals.find(({ count }) => {
        end += count;
        return error.column < end;
      });
      throw new NonFiniteError(
        `ConnectomeTracker: an activation of layer "${group?.layer}" is NaN or infinite`,
      );
    }
  }

  /** The chosen signals [N,P] of these inputs. */
  private chosenSignals(inputs: Tensor): Tensor {
    const outputs = this.activations(inputs);
    const widths = outputs.map(({ signals }) => signals.shape[1]);
    this.chosen ??= chooseSignals(widths, this.maxSignals, this.seed);
    const chosen = this.chosen;
    this.signals = outputs.map(({ layer }, i) => ({ layer, count: chosen[i].length }));
    const parts = outputs.map(({ signals }, i) =>
      chosen[i].length === widths[i] ? signals : signals.indexSelect(1, tensor(chosen[i])),
    );
    const matrix = parts.length === 0 ? null : concat(parts, 1);
    if (matrix === null || matrix.shape[1] < 2) {
      throw new RangeError(
        ["ConnectomeTracker: a connectome needs at least 2 signals", ...this.warnings].join("; "),
      );
    }
    return matrix;
  }

  /** Signals [N, units] of each observed layer, in evaluation mode. */
  private activations(inputs: Tensor): { layer: string; signals: Tensor }[] {
    const { sources, warnings } = inEvaluationMode(this.model, () =>
      observeSignals(this.model, inputs, this.layers),
    );
    this.warn(warnings);
    return sources.map((source) => ({ layer: source.layer, signals: toSignals(source) }));
  }

  /** Keeps what is new, and tells it once. */
  private warn(warnings: readonly string[]): void {
    const fresh = warnings.filter((warning) => !this.warnings.includes(warning));
    this.warnings.push(...fresh);
    for (const warning of fresh) console.warn(`ConnectomeTracker: ${warning}`);
  }

  stateDict(): TrackerState {
    const { distance, chosen, last, history } = this;
    return structuredClone({ distance, chosen, last, history });
  }

  loadStateDict(state: TrackerState): void {
    const { distance, chosen, last, history } = structuredClone(state);
    if (distance !== this.distance) {
      throw new RangeError(
        `ConnectomeTracker.loadStateDict: saved with distance "${distance}", this tracker has "${this.distance}"`,
      );
    }
    this.chosen = chosen;
    this.last = last;
    this.history.splice(0, this.history.length, ...history);
  }
}

/** One column a unit [N,units]: the mean over all other axes, such as pixels or tokens. */
function toSignals({ output, channelsFirst }: SignalSource): Tensor {
  if (output.ndim === 2) return output;
  const others = Array.from({ length: output.ndim - 2 }, (_, i) => i + (channelsFirst ? 2 : 1));
  return output.mean(others);
}

/** Ascending unit numbers for each layer: all of them, or a random subset in proportion to the layer's width. */
function chooseSignals(widths: readonly number[], most: number, seed: number): Int32Array[] {
  const total = widths.reduce((a, b) => a + b, 0);
  if (total <= most) return widths.map((width) => Int32Array.from({ length: width }, (_, i) => i));
  const generator = new Generator(seed);
  let widthSoFar = 0;
  let countSoFar = 0;
  return widths.map((width) => {
    // Rounding the running total shares the signals out without losing any.
    widthSoFar += width;
    const count = Math.floor((widthSoFar * most) / total) - countSoFar;
    countSoFar += count;
    return scope(() => generator.permutation(width).toInt32Array())
      .slice(0, count)
      .sort();
  });
}
