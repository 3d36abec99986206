// CG-ALR, the Connectome-Guided Automatic Learning Rate (He and Songdechakraiwut 2025, arXiv 2510.23781): the topology
// of the functional connectome is followed while the network trains; the rate is lowered while it reconfigures and
// raised while it is stable, within a Robbins-Monro envelope. The paper gives the idea; the form and the constants of
// the robust signal, the hysteresis, the multiplier and the envelope are ours, and every constant is an option.

import { checkChoice, checkFunction, checkInteger, checkNumber, checkOptions, describe } from "../core/check";
import { NonFiniteError, type Stateful, type StateTree } from "../core/index";
import { exp } from "../core/math";
import type { Observation } from "../tda/observation";
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
  observationsBy,
} from "./gate";
import { tellObservation } from "./observations";
import { withDefaults } from "./options";
import { detrendedSignal, medianSignal } from "./robust";
import type { Schedulable, ScheduleState } from "./schedule";
import { checkArray, checkNames } from "./state";

/** Anything that measures how far the connectome moved since it was last asked: distance null the first time. */
export interface ConnectomeObserver {
  observe(): Pick<Observation, "distance"> & Partial<Observation>;
}

/** Options of {@link CGALR}. Only `stepsPerEpoch` has no default. */
export interface CGALROptions extends EnvelopeOptions, ObservationOptions, MultiplierOptions {
  /** Distances the signal is compared with. Default 12. */
  window?: number;
  /** Fewest distances before the controller acts. Default 6. */
  warmup?: number;
  /** "detrended" (default) looks at deviations from the trend of log distances, "median" from the plain median. */
  signal?: "detrended" | "median";
  /** SLOW begins at this signal. Default 2.5. */
  enterSlow?: number;
  /** SLOW ends at this signal. Default 1. */
  leaveSlow?: number;
  /** Below this signal an observation is calm. Default 1. */
  calm?: number;
  /** Calm observations in a row before FAST begins. Default 3. */
  calmFor?: number;
}

/** One observation. */
export type CGALRRecord = {
  /** Optimizer steps so far. */
  step: number;
  /** The same in epochs. */
  epoch: number;
  /** Distance from the connectome before; null for the first. */
  distance: number | null;
  /** The robust signal; null until `warmup` distances are known. */
  z: number | null;
  state: ControllerState;
  multiplier: number;
  /** The rate set after this observation, of the first group. */
  lr: number;
  /** Time the observation took. */
  milliseconds: number;
};

/** Everything that the next rate depends on. */
export type CGALRState = ScheduleState & {
  distances: number[];
  state: ControllerState;
  calmCount: number;
  logMultiplier: number;
  history: CGALRRecord[];
  /** Null for an observer that has no state. */
  tracker: StateTree;
};

/** Names in a record of the history. */
const RECORD = ["step", "epoch", "distance", "z", "state", "multiplier", "lr", "milliseconds"];

const DEFAULTS = {
  ...ENVELOPE_DEFAULTS,
  ...OBSERVATION_DEFAULTS,
  ...MULTIPLIER_DEFAULTS,
  window: 12,
  warmup: 6,
  signal: "detrended",
  enterSlow: 2.5,
  leaveSlow: 1,
  calm: 1,
  calmFor: 3,
} as const;

type Settings = Required<Omit<CGALROptions, "everySteps">> & { everySteps?: number };

function validated(options: CGALROptions): Settings {
  const name = "CGALR";
  checkOptions(name, options, Object.keys(DEFAULTS));
  const o = withDefaults<Settings>(DEFAULTS, options);
  checkEnvelope(name, o);
  checkObservations(name, o, options);
  checkMultiplier(name, o);
  checkInteger(name, "warmup", o.warmup, { atLeast: 2 });
  checkInteger(name, "window", o.window, { atLeast: o.warmup });
  checkChoice(name, "signal", o.signal, ["detrended", "median"]);
  checkNumber(name, "enterSlow", o.enterSlow);
  checkNumber(name, "leaveSlow", o.leaveSlow, { atMost: o.enterSlow });
  checkNumber(name, "calm", o.calm, { atMost: o.enterSlow });
  checkInteger(name, "calmFor", o.calmFor, { atLeast: 1 });
  return o;
}

/**
 * Sets the learning rate of every parameter group to multiplier * initial rate * envelope. Call step() once after each
 * optimizer.step(). It never looks at the loss.
 *
 * At each observation, with d the distance between this connectome and the last:
 * 1. z = robust signal of d against the last `window` distances; null, and nothing below, with fewer than `warmup`;
 * 2. state: SLOW ends at z <= leaveSlow, FAST at z >= calm; SLOW begins at z >= enterSlow, else FAST begins from HOLD
 *    after `calmFor` calm observations;
 * 3. log m <- memory log m + log f, f = slowFactor, fastFactor or 1; m is clipped to [minScale, maxScale].
 * At each step the envelope is (1 + t / tau)^-power with t in epochs, so that the rates sum to infinity and their
 * squares do not, whatever the controller does (Robbins and Monro 1951); the convergence argument is for plain SGD.
 */
export class CGALR extends EnvelopedSchedule<Settings, CGALRState> {
  /** Every observation so far. */
  readonly history: CGALRRecord[] = [];
  private distances: number[] = [];
  private state: ControllerState = "HOLD";
  private calmCount = 0;
  private logMultiplier = 0;

  /**
   * @param optimizer one whose rate can be set; its rates now are the initial ones.
   * @param tracker observed by this schedule when an observation is due, first after one interval.
   */
  constructor(
    optimizer: Schedulable,
    readonly tracker: ConnectomeObserver,
    options: CGALROptions,
  ) {
    super(optimizer, validated(options));
    checkFunction(
      "CGALR",
      "the tracker's observe()",
      (tracker as Partial<ConnectomeObserver> | null)?.observe,
    );
  }

  override get name(): string {
    return "CGALR";
  }

  get multiplier(): number {
    return exp(this.logMultiplier);
  }

  /** Moves on by one optimizer step: observes when due, then sets the rates. */
  override step(): void {
    this.count++;
    const due = observationsBy(this.count, this.options) > observationsBy(this.count - 1, this.options);
    const observation = due ? this.observe() : null;
    const z = observation === null ? null : this.control(observation.distance);
    this.apply();
    if (observation === null) return;
    const record: CGALRRecord = {
      step: this.count,
      epoch: this.count / this.options.stepsPerEpoch,
      distance: observation.distance,
      z,
      state: this.state,
      multiplier: this.multiplier,
      lr: this.optimizer.lr,
      milliseconds: observation.milliseconds ?? 0,
    };
    this.history.push(record);
    tellObservation(this.optimizer, { ...observation, ...record, envelope: this.envelopeRate });
  }

  protected override reset(): void {
    this.distances = [];
    this.state = "HOLD";
    this.calmCount = 0;
    this.logMultiplier = 0;
    this.history.length = 0;
  }

  private observe(): ReturnType<ConnectomeObserver["observe"]> {
    const observation = this.tracker.observe();
    if (typeof observation === "object" && observation !== null && "distance" in observation)
      return observation;
    throw new TypeError(
      `CGALR.step: the tracker's observe() must return { distance, ... }, got ${describe(observation)}`,
    );
  }

  /** Takes one distance in; returns the robust signal. */
  private control(distance: number | null): number | null {
    if (distance === null) return null;
    if (!(distance >= 0 && distance < Number.POSITIVE_INFINITY)) {
      throw new NonFiniteError(`CGALR: step ${this.count}: the connectome's distance is ${distance}`);
    }
    const { window, warmup, signal } = this.options;
    const z =
      this.distances.length < warmup
        ? null
        : (signal === "detrended" ? detrendedSignal : medianSignal)(this.distances, distance);
    this.distances = [...this.distances, distance].slice(-window);
    if (z === null) return null;
    this.switchState(z);
    this.logMultiplier = nextLogMultiplier(this.logMultiplier, this.state, this.options);
    return z;
  }

  private switchState(z: number): void {
    const { enterSlow, leaveSlow, calm, calmFor } = this.options;
    if (this.state === "SLOW" && z <= leaveSlow) this.state = "HOLD";
    else if (this.state === "FAST" && z >= calm) this.state = "HOLD";
    this.calmCount = z < calm ? this.calmCount + 1 : 0;
    if (z >= enterSlow) this.state = "SLOW";
    else if (this.state === "HOLD" && this.calmCount >= calmFor) this.state = "FAST";
  }

  private get statefulTracker(): Partial<Stateful> {
    return this.tracker as Partial<Stateful>;
  }

  override stateDict(): CGALRState {
    return {
      ...super.stateDict(),
      distances: [...this.distances],
      state: this.state,
      calmCount: this.calmCount,
      logMultiplier: this.logMultiplier,
      history: this.history.map((record) => ({ ...record })),
      tracker: this.statefulTracker.stateDict?.() ?? null,
    };
  }

  protected override checkState(operation: string, saved: CGALRState): void {
    super.checkState(operation, saved);
    checkArray(operation, "distances", saved.distances);
    for (const [i, distance] of saved.distances.entries()) {
      checkNumber(operation, `distances[${i}]`, distance, { atLeast: 0 });
    }
    checkChoice(operation, "state", saved.state, ["HOLD", "SLOW", "FAST"]);
    checkInteger(operation, "calmCount", saved.calmCount, { atLeast: 0 });
    checkNumber(operation, "logMultiplier", saved.logMultiplier);
    checkArray(operation, "history", saved.history);
    for (const [i, record] of saved.history.entries()) {
      checkNames(`${operation}: history[${i}]`, record, RECORD);
    }
    if (saved.tracker !== null && this.statefulTracker.loadStateDict === undefined) {
      throw new TypeError(`${operation}: the saved state has one of a tracker, and this tracker takes none`);
    }
  }

  protected override restore(saved: CGALRState): void {
    // First, because it may throw.
    if (saved.tracker !== null) this.statefulTracker.loadStateDict?.(saved.tracker);
    super.restore(saved);
    this.distances = [...saved.distances];
    this.state = saved.state;
    this.calmCount = saved.calmCount;
    this.logMultiplier = saved.logMultiplier;
    this.history.splice(0, this.history.length, ...saved.history.map((record) => ({ ...record })));
  }
}
