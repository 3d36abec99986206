// Controls for CG-ALR: schedules that share its envelope, its multiplier or its observation times, but not what it sees.
// A gate on something else than the topology is CGALR itself with another observer: WeightDistance, or a
// ConnectomeTracker with the Frobenius distance.

import { kernels } from "../backend/wasm";
import { Generator, type Stateful, scope, type Tensor } from "../core/index";
import { exp, log } from "../core/math";
import type { CGALRRecord, ConnectomeObserver } from "./cg-alr";
import { checkEnvelope, ENVELOPE_DEFAULTS, EnvelopedSchedule, type EnvelopeOptions } from "./envelope";
import {
  type ControllerState,
  checkMultiplier,
  checkObservations,
  MULTIPLIER_DEFAULTS,
  type MultiplierOptions,
  nextLogMultiplier,
  OBSERVATION_DEFAULTS,
  type ObservationOptions,
  type ObservationSettings,
  observationsBy,
} from "./gate";
import type { Schedulable } from "./schedule";
import { requirePositive, restore } from "./state";

/** The envelope of CG-ALR alone, or with a multiplier that never changes. */
export class EnvelopeLR extends EnvelopedSchedule<Required<EnvelopeOptions>> {
  readonly multiplier: number;

  /** @param options.multiplier default 1; {@link meanMultiplier} gives that of a run of CG-ALR. */
  constructor(optimizer: Schedulable, options: EnvelopeOptions & { multiplier?: number }) {
    const { multiplier = 1, ...envelope } = options;
    super(optimizer, { ...ENVELOPE_DEFAULTS, ...envelope });
    checkEnvelope("EnvelopeLR", this.options);
    requirePositive("EnvelopeLR", "multiplier", multiplier);
    this.multiplier = multiplier;
    this.apply();
  }

  protected override reset(): void {}
}

/** The geometric mean of the multipliers of a run's observations; 1 of none. */
export function meanMultiplier(history: readonly Pick<CGALRRecord, "multiplier">[]): number {
  const sum = history.reduce((total, { multiplier }) => total + log(multiplier), 0);
  return exp(sum / Math.max(history.length, 1));
}

type YokedOptions = EnvelopeOptions & ObservationOptions;

/** Plays a given series of multipliers, one an observation, such as those of CG-ALR with another seed; 1 at first. */
export class YokedLR extends EnvelopedSchedule<Required<EnvelopeOptions> & ObservationSettings> {
  private readonly multipliers: readonly number[];

  /** @param multipliers one for each observation that will be due; step() throws a RangeError when one is missing. */
  constructor(optimizer: Schedulable, multipliers: readonly number[], options: YokedOptions) {
    super(optimizer, { ...ENVELOPE_DEFAULTS, ...OBSERVATION_DEFAULTS, ...options });
    checkEnvelope(new.target.name, this.options);
    checkObservations(new.target.name, this.options, options);
    for (const multiplier of multipliers) requirePositive(new.target.name, "a multiplier", multiplier);
    this.multipliers = [...multipliers];
  }

  protected override reset(): void {}

  get multiplier(): number {
    const observations = observationsBy(this.count, this.options);
    if (observations === 0) return 1;
    if (observations > this.multipliers.length) {
      throw new RangeError(
        `${this.constructor.name}: step ${this.count} is observation ${observations}, ` +
          `but the series has ${this.multipliers.length}`,
      );
    }
    return this.multipliers[observations - 1];
  }
}

/** What {@link RandomGateLR} reads of a run's history. */
type GateRecord = Pick<CGALRRecord, "state" | "z">;

/**
 * The states of a run of CG-ALR in random order, so that SLOW and FAST come as often as there but at other times. The
 * observations at the start for which there was no signal stay where they are.
 */
export class RandomGateLR extends YokedLR {
  /** The states, one an observation. */
  readonly states: readonly ControllerState[];

  /** @param history that of the run. @param options.seed of the order, default 0. */
  constructor(
    optimizer: Schedulable,
    history: readonly GateRecord[],
    options: YokedOptions & MultiplierOptions & { seed?: number },
  ) {
    const settings = { ...MULTIPLIER_DEFAULTS, ...options };
    checkMultiplier("RandomGateLR", settings);
    const states = shuffled(history, options.seed ?? 0);
    let logMultiplier = 0;
    const multipliers = states.map((state) => {
      logMultiplier = nextLogMultiplier(logMultiplier, state, settings);
      return exp(logMultiplier);
    });
    super(optimizer, multipliers, options);
    this.states = states;
  }
}

function shuffled(history: readonly GateRecord[], seed: number): ControllerState[] {
  const silent = history.filter(({ z }) => z === null);
  const gated = history.filter(({ z }) => z !== null);
  const order = scope(() => new Generator(seed).permutation(gated.length).toInt32Array());
  return [...silent, ...Array.from(order, (i) => gated[i])].map(({ state }) => state);
}

/** Observes how far the parameters moved since it was last asked, ||W_t - W_(t-1)||, in place of the connectome. */
export class WeightDistance implements ConnectomeObserver, Stateful<{ last: Float32Array[] | null }> {
  private readonly parameters: readonly Tensor[];
  private last: Tensor[] | null = null;

  constructor(parameters: readonly Tensor[]) {
    if (parameters.length === 0) throw new RangeError("WeightDistance: no parameters were given");
    this.parameters = [...parameters];
  }

  /** @returns the Euclidean distance over all parameters together; null the first time. */
  observe(): { distance: number | null; milliseconds: number } {
    const started = performance.now();
    const { last } = this;
    if (last === null) {
      this.last = this.parameters.map((parameter) => parameter.detach().clone().keep());
      return { distance: null, milliseconds: performance.now() - started };
    }
    let squares = 0;
    for (const [i, parameter] of this.parameters.entries()) {
      squares += kernels().squared_distance_f32(parameter.ptr, last[i].ptr, parameter.size);
      last[i].assign(parameter);
    }
    return { distance: Math.sqrt(squares), milliseconds: performance.now() - started };
  }

  stateDict(): { last: Float32Array[] | null } {
    return { last: this.last?.map((tensor) => tensor.toFloat32Array()) ?? null };
  }

  loadStateDict(state: { last: Float32Array[] | null }): void {
    this.last = state.last?.map((values, i) => restore(this.parameters[i], values)) ?? null;
  }
}
