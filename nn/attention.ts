// Attention (Vaswani et al. 2017).

import { checkBoolean, checkInteger, checkOptions, checkTensor } from "../core/check";
import { formatShape } from "../core/errors";
import { type Generator, ones, type Tensor, zeros } from "../core/index";
import { constant, xavierUniform } from "./init";
import { Linear } from "./linear";
import { Module, parameter, type Signals } from "./module";

/** Options of {@link scaledDotProductAttention}. */
export interface AttentionOptions {
  /** Broadcasts to the scores [...,L,S]: where it is 0 a query does not see a key. Default: it sees all. */
  mask?: Tensor;
  /** Query i sees the keys 0..i only. Default false. */
  causal?: boolean;
}

/** What attention gives: the values weighed, and the weights. */
export interface Attended {
  output: Tensor;
  /** [...,L,S]: the share of each key, of sum 1 for each query. */
  weights: Tensor;
}

/**
 * softmax(Q K^T / sqrt(E)) V for queries [...,L,E], keys [...,S,E] and values [...,S,V]. A query that sees no key has NaN, as in
 * PyTorch.
 */
export function scaledDotProductAttention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  options: AttentionOptions = {},
): Attended {
  const operation = "scaledDotProductAttention";
  for (const [name, x] of Object.entries({ query, key, value })) {
    checkTensor(operation, x, name);
    if (x.ndim < 2)
      throw new RangeError(`${operation}: ${name} must be [...,L,E], got ${formatShape(x.shape)}`);
  }
  checkOptions(operation, options, ["mask", "causal"]);
  const { mask, causal = false } = options;
  checkBoolean(operation, "causal", causal);
  let scores = query.mul(1 / Math.sqrt(query.shape[query.ndim - 1])).matmul(key.transpose(-1, -2));
  if (mask !== undefined) scores = scores.maskedFill(mask.eq(0), Number.NEGATIVE_INFINITY);
  if (causal) {
    const seen = ones(scores.shape.slice(-2)).tril();
    scores = scores.maskedFill(seen.eq(0), Number.NEGATIVE_INFINITY);
  }
  const weights = scores.softmax(-1);
  return { output: weights.matmul(value), weights };
}

/**
 * Several attentions side by side: queries, keys and values [N,L,E] are projected, cut into `heads` parts, attend each for itself,
 * and are joined and projected again. Weights start as in PyTorch: Xavier's uniform distribution, biases at 0.
 */
export class MultiheadAttention extends Module<[Tensor, Tensor?, Tensor?, AttentionOptions?], Attended> {
  static override readonly typeName: string = "MultiheadAttention";
  static override readonly about: string = "several attentions side by side, with projections";
  override get signals(): Signals {
    return "units";
  }

  static override readonly stateNames = {
    inputWeight: "in_proj_weight",
    inputBias: "in_proj_bias",
    output: "out_proj",
  };

  /** [3E,E]: the projections of queries, keys and values, one above the other. */
  readonly inputWeight: Tensor;
  /** [3E]. */
  readonly inputBias: Tensor | null;
  readonly output: Linear;

  /**
   * @param dimension E, which the heads share out among them.
   * @param options.bias of the projections. Default true. @param options.generator draws the starting weights.
   */
  constructor(
    readonly dimension: number,
    readonly heads: number,
    options: { bias?: boolean; generator?: Generator } = {},
  ) {
    super();
    checkInteger("MultiheadAttention", "dimension", dimension, { atLeast: 1 });
    checkInteger("MultiheadAttention", "heads", heads, { atLeast: 1 });
    checkOptions("MultiheadAttention", options, ["bias", "generator"]);
    if (dimension % heads !== 0) {
      throw new RangeError(`MultiheadAttention: ${heads} heads do not divide the dimension ${dimension}`);
    }
    const { bias = true, generator } = options;
    this.inputWeight = parameter(xavierUniform(zeros([3 * dimension, dimension]), 1, generator));
    this.inputBias = bias ? parameter(zeros([3 * dimension])) : null;
    this.output = new Linear(dimension, dimension, options);
    if (this.output.bias !== null) constant(this.output.bias, 0);
  }

  /** Of queries alone: attention of a sequence to itself. Weights are [N,heads,L,S]. */
  forward(query: Tensor, key: Tensor = query, value: Tensor = key, options: AttentionOptions = {}): Attended {
    const [q, k, v] = [query, key, value].map((x, part) => this.split(this.project(x, part)));
    const { output, weights } = scaledDotProductAttention(q, k, v, options);
    const [n, , length] = output.shape;
    const joined = output.transpose(1, 2).reshape([n, length, this.dimension]);
    return { output: this.output.forward(joined), weights };
  }

  /** x [N,L,E] by the projection of queries (part 0), keys (1) or values (2). */
  private project(x: Tensor, part: number): Tensor {
    const { dimension, inputWeight, inputBias } = this;
    checkTensor("MultiheadAttention", x);
    if (x.ndim !== 3 || x.shape[2] !== dimension) {
      throw new RangeError(`MultiheadAttention: expected [N,L,${dimension}], got ${formatShape(x.shape)}`);
    }
    const [from, to] = [part * dimension, (part + 1) * dimension];
    const y = x.matmul(inputWeight.slice(0, from, to).T);
    return inputBias === null ? y : y.add(inputBias.slice(0, from, to));
  }

  /** [N,L,E] -> [N,heads,L,E/heads]. */
  private split(x: Tensor): Tensor {
    const [n, length] = x.shape;
    return x.reshape([n, length, this.heads, this.dimension / this.heads]).transpose(1, 2);
  }
}
