// Controls for CG-ALR: schedules that share its envelope, its multiplier or its observation times, but not what it sees.
// A gate on something else than the topology is CGALR itself with another observer: WeightDistance, or a
// ConnectomeTracker with the Frobenius distance.

import * as launch from "../backend/launch/optimizer";
import { checkNumber, checkOptions, checkTensor } from "../core/check";
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
import { withDefaults } from "./options";
import type { Schedulable, ScheduleState } from "./schedule";
import { checkArray, checkNames, restoreTensor } from "./state";

/** The envelope of CG-ALR alone, or with a multiplier that never changes. */
export class EnvelopeLR extends EnvelopedSchedule<Required<EnvelopeOptions>> {
  readonly multiplier: number;

  /** @param options.multiplier default 1; {@link meanMultiplier} gives that of a run of CG-ALR. */
  constructor(optimizer: Schedulable, options: EnvelopeOptions & { multiplier?: number }) {
    checkOptions("EnvelopeLR", options, [...Object.keys(ENVELOPE_DEFAULTS), "multiplier"]);
    const { multiplier = 1, ...envelope } = options;
    super(optimizer, withDefaults<Required<EnvelopeOptions>>(ENVELOPE_DEFAULTS, envelope));
    checkEnvelope(this.name, this.options);
    checkNumber(this.name, "multiplier", multiplier, { above: 0 });
    this.multiplier = multiplier;
    this.apply();
  }

  override get name(): string {
    return "EnvelopeLR";
  }

  protected override reset(): void {}
}

/** The geometric mean of the multipliers of a run's observations; 1 of none. */
export function meanMultiplier(history: readonly Pick<CGALRRecord, "multiplier">[]): number {
  checkArray("meanMultiplier", "history", history);
  const sum = history.reduce((total, { multiplier }) => total + log(multiplier), 0);
  return exp(sum / Math.max(history.length, 1));
}

type YokedOptions = EnvelopeOptions & ObservationOptions;
type YokedSettings = Required<EnvelopeOptions> & ObservationSettings;
const YOKED_DEFAULTS = { ...ENVELOPE_DEFAULTS, ...OBSERVATION_DEFAULTS };

/** Plays a given series of multipliers, one an observation, such as those of CG-ALR with another seed; 1 at first. */
export class YokedLR extends EnvelopedSchedule<YokedSettings> {
  private readonly multipliers: readonly number[];

  /** @param multipliers one for each observation that will be due; step() throws a RangeError when one is missing. */
  constructor(optimizer: Schedulable, multipliers: readonly number[], options: YokedOptions) {
    checkOptions("YokedLR", options, Object.keys(YOKED_DEFAULTS));
    super(optimizer, withDefaults<YokedSettings>(YOKED_DEFAULTS, options));
    checkEnvelope(this.name, this.options);
    checkObservations(this.name, this.options, options);
    checkArray(this.name, "multipliers", multipliers);
    for (const multiplier of multipliers) checkNumber(this.name, "a multiplier", multiplier, { above: 0 });
    this.multipliers = [...multipliers];
  }

  override get name(): string {
    return "YokedLR";
  }

  protected override reset(): void {}

  get multiplier(): number {
    return this.multiplierAt(this.count);
  }

  private multiplierAt(step: number): number {
    const observations = observationsBy(step, this.options);
    if (observations === 0) return 1;
    if (observations > this.multipliers.length) {
      throw new RangeError(
        `${this.name}: step ${step} is observation ${observations}, but the series has ${this.multipliers.length}`,
      );
    }
    return this.multipliers[observations - 1];
  }

  protected override checkState(operation: string, state: ScheduleState): void {
    super.checkState(operation, state);
    this.multiplierAt(state.count);
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
    const known = Object.keys({ ...YOKED_DEFAULTS, ...MULTIPLIER_DEFAULTS });
    checkOptions("RandomGateLR", options, [...known, "seed"]);
    const { slowFactor, fastFactor, memory, minScale, maxScale, seed = 0, ...yoked } = options;
    const given = { slowFactor, fastFactor, memory, minScale, maxScale };
    const settings = withDefaults<Required<MultiplierOptions>>(MULTIPLIER_DEFAULTS, given);
    checkMultiplier("RandomGateLR", settings);
    checkArray("RandomGateLR", "history", history);
    const states = shuffled(history, seed);
    let logMultiplier = 0;
    const multipliers = states.map((state) => {
      logMultiplier = nextLogMultiplier(logMultiplier, state, settings);
      return exp(logMultiplier);
    });
    super(optimizer, multipliers, yoked);
    this.states = states;
  }

  override get name(): string {
    return "RandomGateLR";
  }
}

function shuffled(history: readonly GateRecord[], seed: number): ControllerState[] {
  const silent = history.filter(({ z }) => z === null);
  const gated = history.filter(({ z }) => z !== null);
  const order = scope(() => new Generator(seed).permutation(gated.length).toInt32Array());
  return [...silent, ...Array.from(order, (i) => gated[i])].map(({ state }) => state);
}

/** Saved {@link WeightDistance}: the parameters when they were last observed. */
export type WeightDistanceState = { last: Float32Array[] | null };

/** Observes how far the parameters moved since it was last asked, ||W_t - W_(t-1)||, in place of the connectome. */
export class WeightDistance implements ConnectomeObserver, Stateful<WeightDistanceState> {
  private readonly parameters: readonly Tensor[];
  private last: Tensor[] | null = null;

  constructor(parameters: readonly Tensor[]) {
    checkArray("WeightDistance", "parameters", parameters);
    if (parameters.length === 0) throw new RangeError("WeightDistance: no parameters were given");
    for (const parameter of parameters) checkTensor("WeightDistance", parameter, "a parameter");
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
      checkTensor("WeightDistance.observe", parameter, "a parameter");
      squares += launch.squaredDistance(parameter, last[i]);
      last[i].assign(parameter);
    }
    return { distance: Math.sqrt(squares), milliseconds: performance.now() - started };
  }

  stateDict(): WeightDistanceState {
    return { last: this.last?.map((tensor) => tensor.toFloat32Array()) ?? null };
  }

  loadStateDict(state: WeightDistanceState): void {
    const operation = "WeightDistance.loadStateDict";
    checkNames(operation, state, ["last"]);
    const { last } = state;
    if (last !== null) {
      checkArray(operation, "last", last);
      if (last.length !== this.parameters.length) {
        throw new RangeError(
          `${operation}: expected ${this.parameters.length} parameters, got ${last.length}`,
        );
      }
    }
    this.last =
      last?.map((values, i) => restoreTensor(`${operation}: last[${i}]`, values, this.parameters[i])) ?? null;
  }
}
