// CG-ALR, the Connectome-Guided Automatic Learning Rate (He and Songdechakraiwut 2025, arXiv 2510.23781): the topology
// of the functional connectome is followed while the network trains; the rate is lowered while it reconfigures and
// raised while it is stable, within a Robbins-Monro envelope. The paper gives the idea; the form and the constants of
// the robust signal, the hysteresis, the multiplier and the envelope are ours, and every constant is an option.

import { NonFiniteError, type Stateful } from "../core/index";
import { exp, log, pow } from "../core/math";
import { detrendedSignal, medianSignal } from "./robust";
import { requireSchedulable, type Schedulable } from "./schedule";

/** Anything that measures how far the connectome moved since it was last asked: null the first time. */
export interface ConnectomeObserver {
  observe(): { distance: number | null; milliseconds?: number };
}

/** SLOW: the connectome reconfigures. FAST: it has been calm. HOLD: neither. */
export type ControllerState = "HOLD" | "SLOW" | "FAST";

/** Options of {@link CGALR}. Only `stepsPerEpoch` has no default. */
export interface CGALROptions {
  /** Optimizer steps in an epoch: time is counted in epochs. */
  stepsPerEpoch: number;
  /** Observations an epoch. Default 5. */
  observationsPerEpoch?: number;
  /** Observe every so many steps instead. */
  everySteps?: number;
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
  /** What SLOW multiplies the rate by at each observation. Default 0.8. */
  slowFactor?: number;
  /** What FAST multiplies the rate by at each observation. Default 1.05. */
  fastFactor?: number;
  /** Share of log m that is remembered at each observation, in (0, 1]. Default 0.9. */
  memory?: number;
  /** Lower bound of the multiplier, in (0, 1]. Default 0.1. */
  minScale?: number;
  /** Upper bound of the multiplier, at least 1. Default 4. */
  maxScale?: number;
  /** "robbins-monro" (default) or "none". */
  envelope?: "robbins-monro" | "none";
  /** Epochs after which the envelope bends. Default 2. */
  tau?: number;
  /** How the envelope falls, in (1/2, 1]. Default 0.75. */
  power?: number;
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
export interface CGALRState {
  count: number;
  distances: number[];
  state: ControllerState;
  calmCount: number;
  logMultiplier: number;
  initialRates: number[];
  history: CGALRRecord[];
  tracker: unknown;
}

const DEFAULTS = {
  observationsPerEpoch: 5,
  window: 12,
  warmup: 6,
  signal: "detrended",
  enterSlow: 2.5,
  leaveSlow: 1,
  calm: 1,
  calmFor: 3,
  slowFactor: 0.8,
  fastFactor: 1.05,
  memory: 0.9,
  minScale: 0.1,
  maxScale: 4,
  envelope: "robbins-monro",
  tau: 2,
  power: 0.75,
} as const;

type Settings = Required<Omit<CGALROptions, "everySteps">> & { everySteps?: number };

function check(condition: boolean, what: string, got: unknown): void {
  if (!condition) throw new RangeError(`CGALR: ${what}, got ${String(got)}`);
}

function validated(options: CGALROptions): Settings {
  const o: Settings = { ...DEFAULTS, ...options };
  check(
    o.stepsPerEpoch > 0 && Number.isFinite(o.stepsPerEpoch),
    "stepsPerEpoch must be positive",
    o.stepsPerEpoch,
  );
  if (options.observationsPerEpoch !== undefined && o.everySteps !== undefined) {
    throw new RangeError("CGALR: give observationsPerEpoch or everySteps, not both");
  }
  if (o.everySteps !== undefined) {
    check(
      Number.isInteger(o.everySteps) && o.everySteps > 0,
      "everySteps must be a positive integer",
      o.everySteps,
    );
  }
  check(o.observationsPerEpoch > 0, "observationsPerEpoch must be positive", o.observationsPerEpoch);
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
  check(o.slowFactor > 0 && o.slowFactor <= 1, "slowFactor must lie in (0, 1]", o.slowFactor);
  check(o.fastFactor >= 1 && Number.isFinite(o.fastFactor), "fastFactor must be at least 1", o.fastFactor);
  check(o.memory > 0 && o.memory <= 1, "memory must lie in (0, 1]", o.memory);
  check(o.minScale > 0 && o.minScale <= 1, "minScale must lie in (0, 1]", o.minScale);
  check(o.maxScale >= 1 && Number.isFinite(o.maxScale), "maxScale must be at least 1", o.maxScale);
  check(
    o.envelope === "robbins-monro" || o.envelope === "none",
    'envelope must be "robbins-monro" or "none"',
    o.envelope,
  );
  check(o.tau > 0, "tau must be positive", o.tau);
  check(o.power > 0.5 && o.power <= 1, "power must lie in (1/2, 1]", o.power);
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
export class CGALR implements Stateful<CGALRState> {
  readonly interval = "step" as const;
  /** Every observation so far. */
  readonly history: CGALRRecord[] = [];
  /** The options in force, defaults included. */
  readonly options: Readonly<Settings>;
  private initialRates: number[];
  private count = 0;
  private distances: number[] = [];
  private state: ControllerState = "HOLD";
  private calmCount = 0;
  private logMultiplier = 0;

  /**
   * @param optimizer one whose rate can be set; its rates now are the initial ones.
   * @param tracker observed by this schedule when an observation is due, first after one interval.
   */
  constructor(
    readonly optimizer: Schedulable,
    readonly tracker: ConnectomeObserver,
    options: CGALROptions,
  ) {
    requireSchedulable("CGALR", optimizer);
    this.options = validated(options);
    this.initialRates = optimizer.groups.map((group) => group.lr);
  }

  /** What the envelope and the initial rate are multiplied by. */
  get multiplier(): number {
    return exp(this.logMultiplier);
  }

  /** The rate of the first group as it would be with multiplier 1. */
  get envelopeRate(): number {
    return this.initialRates[0] * this.envelope();
  }

  /** Moves on by one optimizer step: observes when due, then sets the rates. */
  step(): void {
    this.count++;
    const observation = this.isDue() ? this.tracker.observe() : null;
    const z = observation === null ? null : this.control(observation.distance);
    const factor = this.multiplier * this.envelope();
    for (const [i, group] of this.optimizer.groups.entries()) group.lr = this.initialRates[i] * factor;
    if (observation === null) return;
    this.history.push({
      step: this.count,
      epoch: this.count / this.options.stepsPerEpoch,
      distance: observation.distance,
      z,
      state: this.state,
      multiplier: this.multiplier,
      lr: this.optimizer.lr,
      milliseconds: observation.milliseconds ?? 0,
    });
  }

  private isDue(): boolean {
    const { everySteps, observationsPerEpoch, stepsPerEpoch } = this.options;
    if (everySteps !== undefined) return this.count % everySteps === 0;
    const dueBy = (step: number) => Math.floor((step * observationsPerEpoch) / stepsPerEpoch);
    return dueBy(this.count) > dueBy(this.count - 1);
  }

  private envelope(): number {
    const { envelope, tau, power, stepsPerEpoch } = this.options;
    return envelope === "none" ? 1 : pow(1 + this.count / stepsPerEpoch / tau, -power);
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
    this.updateMultiplier();
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

  private updateMultiplier(): void {
    const { memory, slowFactor, fastFactor, minScale, maxScale } = this.options;
    const factor = this.state === "SLOW" ? slowFactor : this.state === "FAST" ? fastFactor : 1;
    const next = memory * this.logMultiplier + log(factor);
    this.logMultiplier = Math.min(Math.max(next, log(minScale)), log(maxScale));
  }

  stateDict(): CGALRState {
    const { tracker } = this as { tracker: Partial<Stateful<unknown>> };
    return structuredClone({
      count: this.count,
      distances: this.distances,
      state: this.state,
      calmCount: this.calmCount,
      logMultiplier: this.logMultiplier,
      initialRates: this.initialRates,
      history: this.history,
      tracker: tracker.stateDict?.() ?? null,
    });
  }

  loadStateDict(saved: CGALRState): void {
    const state = structuredClone(saved);
    if (state.initialRates.length !== this.initialRates.length) {
      throw new RangeError(
        `CGALR.loadStateDict: expected ${this.initialRates.length} parameter groups, got ${state.initialRates.length}`,
      );
    }
    this.count = state.count;
    this.distances = state.distances;
    this.state = state.state;
    this.calmCount = state.calmCount;
    this.logMultiplier = state.logMultiplier;
    this.initialRates = state.initialRates;
    this.history.splice(0, this.history.length, ...state.history);
    const { tracker } = this as { tracker: Partial<Stateful<unknown>> };
    if (state.tracker !== null) tracker.loadStateDict?.(state.tracker);
  }
}
