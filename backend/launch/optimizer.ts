// Updates of optimizers: one pass over a parameter, its gradient and what is kept between steps. Parameters and states are written
// where they lie, and so are contiguous; a gradient may be strided.

import { formatShape } from "../errors";
import { targetOf, type View } from "../view";
import { kernels, memoryViews } from "../wasm";
import { type Frame, launch } from "./frame";

/** Throws unless the kernel may go over both side by side. */
function checkSize(what: string, view: View, parameter: View): void {
  if (view.size === parameter.size) return;
  throw new RangeError(
    `optimizer: a ${what} ${formatShape(view.extents)} does not belong to a parameter ${formatShape(parameter.extents)}`,
  );
}

/** Address of a gradient's elements. */
function gradientOf(frame: Frame, gradient: View, parameter: View): number {
  checkSize("gradient", gradient, parameter);
  return frame.dense(gradient);
}

/** Address of a state; 0, which kernels take for "none", without one. */
function stateOf(state: View | null, parameter: View): number {
  if (state === null) return 0;
  checkSize("state", state, parameter);
  return targetOf(state, "float32");
}

/** d = gradient + weightDecay p; v = momentum v + (1 - dampening) d, d at `first`; p -= lr (nesterov ? d + momentum v : v). */
export function sgd(
  parameter: View,
  gradient: View,
  velocity: View | null,
  first: boolean,
  options: { lr: number; momentum: number; dampening: number; weightDecay: number; nesterov: boolean },
): void {
  launch((frame) =>
    kernels().sgd_f32(
      targetOf(parameter, "float32"),
      gradientOf(frame, gradient, parameter),
      stateOf(velocity, parameter),
      parameter.size,
      options.lr,
      options.momentum,
      options.dampening,
      options.weightDecay,
      options.nesterov ? 1 : 0,
      first ? 1 : 0,
    ),
  );
}

/** Factors of Adam's update. */
export interface AdamFactors {
  beta1: number;
  beta2: number;
  /** Of the parameter in the gradient. */
  l2: number;
  /** lr / (1 - beta1^t). */
  rate: number;
  /** 1 / sqrt(1 - beta2^t). */
  scale: number;
  eps: number;
  /** Share of the parameter that is taken off. */
  decay: number;
}

/** Moves the moments on by the gradient, and the parameter by their quotient. */
export function adam(
  parameter: View,
  gradient: View,
  moments: { mean: View; square: View; largestSquare: View | null },
  factors: AdamFactors,
): void {
  launch((frame) =>
    kernels().adam_f32(
      targetOf(parameter, "float32"),
      gradientOf(frame, gradient, parameter),
      stateOf(moments.mean, parameter),
      stateOf(moments.square, parameter),
      stateOf(moments.largestSquare, parameter),
      parameter.size,
      factors.beta1,
      factors.beta2,
      factors.l2,
      factors.rate,
      factors.scale,
      factors.eps,
      factors.decay,
    ),
  );
}

/** RMSprop; centred with a `mean`, with momentum with a `velocity`. */
export function rmsprop(
  parameter: View,
  gradient: View,
  states: { square: View; mean: View | null; velocity: View | null },
  options: { alpha: number; weightDecay: number; lr: number; eps: number; momentum: number },
): void {
  launch((frame) =>
    kernels().rmsprop_f32(
      targetOf(parameter, "float32"),
      gradientOf(frame, gradient, parameter),
      stateOf(states.square, parameter),
      stateOf(states.mean, parameter),
      stateOf(states.velocity, parameter),
      parameter.size,
      options.alpha,
      options.weightDecay,
      options.lr,
      options.eps,
      options.momentum,
    ),
  );
}

/** ||x - y||^2 in float64; ||x||^2 without a y. */
export function squaredDistance(x: View, y: View | null = null): number {
  if (y !== null && y.size !== x.size) {
    throw new RangeError(
      `squaredDistance: shapes differ: ${formatShape(x.extents)} and ${formatShape(y.extents)}`,
    );
  }
  return launch((frame) => kernels().squared_distance_f32(frame.dense(x), frame.denseOrNone(y), x.size));
}

/** x -= rate gradient; average += weight (x - average). */
export function dog(parameter: View, gradient: View, average: View, rate: number, weight: number): void {
  launch((frame) =>
    kernels().dog_f32(
      targetOf(parameter, "float32"),
      gradientOf(frame, gradient, parameter),
      stateOf(average, parameter),
      parameter.size,
      rate,
      weight,
    ),
  );
}

/** Two float64 sums that kernels add to, at 0 at first. */
function sums(frame: Frame, add: (sums: number) => void): [number, number] {
  const ptr = frame.copyOf(new Float64Array(2));
  add(ptr);
  const [first, second] = new Float64Array(memoryViews().buffer, ptr, 2);
  return [first, second];
}

/** sum += rate gradient for each; returns the sums of <gradient, sum> before, and of ||sum||^2 after. */
export function dadaptSums(
  parameters: readonly { gradient: View; sum: View }[],
  rate: number,
): [product: number, squares: number] {
  return launch((frame) =>
    sums(frame, (ptr) => {
      for (const { gradient, sum } of parameters) {
        kernels().dadapt_sums_f32(
          ptr,
          targetOf(sum, "float32"),
          gradientOf(frame, gradient, sum),
          sum.size,
          rate,
        );
      }
    }),
  );
}

/** x = momentum x + (1 - momentum) (start - sum). */
export function dadaptSgd(parameter: View, start: View, sum: View, momentum: number): void {
  kernels().dadapt_sgd_f32(
    targetOf(parameter, "float32"),
    stateOf(start, parameter),
    stateOf(sum, parameter),
    parameter.size,
    momentum,
  );
}

/** A parameter and what Prodigy keeps of it. */
export interface ProdigyParameter {
  parameter: View;
  gradient: View;
  start: View;
  sum: View;
  mean: View;
  square: View;
}

/** Moves sum, mean and square on; returns the sums of <gradient, start - x> and of ||sum||_1. */
export function prodigySums(
  parameters: readonly ProdigyParameter[],
  factors: {
    beta1: number;
    gain1: number;
    beta2: number;
    gain2: number;
    beta3: number;
    gain3: number;
  },
): [product: number, length: number] {
  return launch((frame) =>
    sums(frame, (ptr) => {
      for (const { parameter, gradient, start, sum, mean, square } of parameters) {
        kernels().prodigy_sums_f32(
          ptr,
          targetOf(parameter, "float32"),
          gradientOf(frame, gradient, parameter),
          stateOf(start, parameter),
          stateOf(sum, parameter),
          stateOf(mean, parameter),
          stateOf(square, parameter),
          parameter.size,
          factors.beta1,
          factors.gain1,
          factors.beta2,
          factors.gain2,
          factors.beta3,
          factors.gain3,
        );
      }
    }),
  );
}

/** x -= decay x; x -= rate mean / (sqrt(square) + eps). */
export function prodigy(
  parameter: View,
  mean: View,
  square: View,
  factors: { rate: number; eps: number; decay: number },
): void {
  kernels().prodigy_f32(
    targetOf(parameter, "float32"),
    stateOf(mean, parameter),
    stateOf(square, parameter),
    parameter.size,
    factors.rate,
    factors.eps,
    factors.decay,
  );
}

/** Factors of the schedule-free updates. */
export interface ScheduleFreeFactors {
  rate: number;
  /** Weight of z in the average. */
  c: number;
  /** Of the direction in y. */
  pull: number;
  decay: number;
}

/** d = gradient + decay y; y += c (z - y) + pull d; z -= rate d. */
export function scheduleFreeSgd(y: View, gradient: View, z: View, factors: ScheduleFreeFactors): void {
  launch((frame) =>
    kernels().schedule_free_sgd_f32(
      targetOf(y, "float32"),
      gradientOf(frame, gradient, y),
      stateOf(z, y),
      y.size,
      factors.rate,
      factors.c,
      factors.pull,
      factors.decay,
    ),
  );
}

/** The same with d = scaled gradient + decay y; `square` is the moving average of squared gradients. */
export function scheduleFreeAdamW(
  y: View,
  gradient: View,
  z: View,
  square: View,
  factors: ScheduleFreeFactors & { beta2: number; scale: number; eps: number },
): void {
  launch((frame) =>
    kernels().schedule_free_adamw_f32(
      targetOf(y, "float32"),
      gradientOf(frame, gradient, y),
      stateOf(z, y),
      stateOf(square, y),
      y.size,
      factors.rate,
      factors.c,
      factors.pull,
      factors.decay,
      factors.beta2,
      factors.scale,
      factors.eps,
    ),
  );
}

/** y += weight (z - y). */
export function lerp(y: View, z: View, weight: number): void {
  kernels().lerp_f32(targetOf(y, "float32"), stateOf(z, y), y.size, weight);
}
