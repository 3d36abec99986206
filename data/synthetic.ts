// Small two-dimensional classification problems, made from a seed.

import { checkInteger, checkNumber, checkOptions } from "../core/check";
import { Generator, scope, tensor } from "../core/index";
import { cos, sin } from "../core/math";
import { TensorDataset } from "./dataset";

/** Options of the synthetic sets. */
export interface SyntheticOptions {
  /** Standard deviation of the Gaussian noise added to each coordinate. */
  noise?: number;
  /** Default 0. */
  seed?: number;
}

/** Builds n samples from a rule that gives each its point and class, adds noise and shuffles. */
function build(
  name: string,
  n: number,
  options: SyntheticOptions,
  noise: number,
  point: (i: number, uniform: number) => readonly [x: number, y: number, label: number],
): TensorDataset {
  checkInteger(name, "the number of samples", n, { atLeast: 2 });
  checkNumber(name, "noise", noise, { atLeast: 0 });
  const generator = new Generator(options.seed ?? 0);
  const { order, uniform, jitter } = scope(() => ({
    order: generator.permutation(n).toInt32Array(),
    uniform: generator.uniform([n]).toFloat32Array(),
    jitter: generator.normal([n, 2], 0, noise).toFloat32Array(),
  }));
  const xs = new Float32Array(2 * n);
  const labels = new Int32Array(n);
  for (let i = 0; i < n; i++) {
    const [x, y, label] = point(i, uniform[i]);
    const at = order[i];
    xs[2 * at] = x + jitter[2 * at];
    xs[2 * at + 1] = y + jitter[2 * at + 1];
    labels[at] = label;
  }
  return new TensorDataset(tensor(xs, { shape: [n, 2] }), tensor(labels));
}

/** Two interleaved half circles: x [n,2], labels 0 and 1. Default noise 0.1. */
export function moons(n: number, options: SyntheticOptions = {}): TensorDataset {
  checkOptions("moons", options, ["noise", "seed"]);
  return build("moons", n, options, options.noise ?? 0.1, (i, u) => {
    const angle = Math.PI * u;
    return i % 2 === 0 ? [cos(angle), sin(angle), 0] : [1 - cos(angle), 0.5 - sin(angle), 1];
  });
}

/** A circle within a circle: x [n,2], labels 0 (outer, radius 1) and 1 (inner, `factor`, default 0.5). Noise 0.1. */
export function circles(n: number, options: SyntheticOptions & { factor?: number } = {}): TensorDataset {
  checkOptions("circles", options, ["noise", "seed", "factor"]);
  const factor = options.factor ?? 0.5;
  checkNumber("circles", "factor", factor, { above: 0, below: 1 });
  return build("circles", n, options, options.noise ?? 0.1, (i, u) => {
    const angle = 2 * Math.PI * u;
    const radius = i % 2 === 0 ? 1 : factor;
    return [radius * cos(angle), radius * sin(angle), i % 2];
  });
}

/** Interleaved spiral arms: x [n,2], one label an arm. Default 2 arms of 1.5 turns, noise 0.02. */
export function spirals(
  n: number,
  options: SyntheticOptions & { arms?: number; turns?: number } = {},
): TensorDataset {
  checkOptions("spirals", options, ["noise", "seed", "arms", "turns"]);
  const { arms = 2, turns = 1.5 } = options;
  checkInteger("spirals", "arms", arms, { atLeast: 1 });
  checkNumber("spirals", "turns", turns);
  return build("spirals", n, options, options.noise ?? 0.02, (i, u) => {
    const arm = i % arms;
    const radius = Math.sqrt(u);
    const angle = 2 * Math.PI * (turns * radius + arm / arms);
    return [radius * cos(angle), radius * sin(angle), arm];
  });
}

/** Gaussian clouds, one label each, whose centres lie evenly on a circle of radius 4: x [n,2]. Default 3, noise 1. */
export function blobs(n: number, options: SyntheticOptions & { classes?: number } = {}): TensorDataset {
  checkOptions("blobs", options, ["noise", "seed", "classes"]);
  const { classes = 3 } = options;
  checkInteger("blobs", "classes", classes, { atLeast: 1 });
  return build("blobs", n, options, options.noise ?? 1, (i) => {
    const label = i % classes;
    const angle = (2 * Math.PI * label) / classes;
    return [4 * cos(angle), 4 * sin(angle), label];
  });
}
