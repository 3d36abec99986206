// CG-ALR, the Connectome-Guided Automatic Learning Rate (He and Songdechakraiwut 2025, arXiv 2510.23781): the topology
// of the functional connectome is followed while the network trains; the rate is lowered while it reconfigures and
// raised while it is stable, within a Robbins-Monro envelope. The paper gives the idea; the form and the constants of
// the robust signal, the hysteresis, the multiplier and the envelope are ours, and every constant is an option.

import { NonFiniteError, type Stateful } from "../core/index";
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
import { detrendedSignal, medianSignal } from "./robust";
import { requireThat, type Schedulable, type ScheduleState } from "./schedule";

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
export interface CGALRRecord {
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
}

/** Everything that the next rate depends on. */
export interface CGALRState extends ScheduleState {
  distances: number[];
  state: ControllerState;
  calmCount: number;
  logMultiplier: number;
  history: CGALRRecord[];
  tracker: unknown;
}

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
  const o: Settings = { ...DEFAULTS, ...options };
  const check = (condition: boolean, what: string, got: unknown) =>
    requireThat("CGALR", condition, what, got);
  checkEnvelope("CGALR", o);
  checkObservations("CGALR", o, options);
  checkMultiplier("CGALR", o);
  check(Number.isInteger(o.warmup) && o.warmup >= 2, "warmup must be an integer of at least 2", o.warmup);
  check(
    Number.isInteger(o.window) && o.window >= o.warmup,
    "window must be an integer of at least warmup",
    o.window,
  );
  check(
    o.signal === "detrended" || o.signal === "median",
    'signal must be "detrended" or "median"',
    o.signal,
  );
  check(o.leaveSlow <= o.enterSlow, "leaveSlow must not be above enterSlow", o.leaveSlow);
  check(o.calm <= o.enterSlow, "calm must not be above enterSlow", o.calm);
  check(Number.isInteger(o.calmFor) && o.calmFor >= 1, "calmFor must be a positive integer", o.calmFor);
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
  }

  get multiplier(): number {
    return exp(this.logMultiplier);
  }

  /** Moves on by one optimizer step: observes when due, then sets the rates. */
  override step(): void {
    this.count++;
    const due = observationsBy(this.count, this.options) > observationsBy(this.count - 1, this.options);
    const observation = due ? this.tracker.observe() : null;
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

  override stateDict(): CGALRState {
    const { tracker } = this as { tracker: Partial<Stateful<unknown>> };
    return structuredClone({
      ...super.stateDict(),
      distances: this.distances,
      state: this.state,
      calmCount: this.calmCount,
      logMultiplier: this.logMultiplier,
      history: this.history,
      tracker: tracker.stateDict?.() ?? null,
    });
  }

  override loadStateDict(saved: CGALRState): void {
    const state = structuredClone(saved);
    this.distances = state.distances;
    this.state = state.state;
    this.calmCount = state.calmCount;
    this.logMultiplier = state.logMultiplier;
    this.history.splice(0, this.history.length, ...state.history);
    const { tracker } = this as { tracker: Partial<Stateful<unknown>> };
    if (state.tracker !== null) tracker.loadStateDict?.(state.tracker);
    super.loadStateDict(state);
  }
}
