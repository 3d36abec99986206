// Attention (Vaswani et al. 2017).

import { checkBoolean, checkInteger, checkOptions, checkTensor } from "../core/check";
import { formatShape } from "../core/errors";
import { type Generator, ones, type Tensor } from "../core/index";
import { Linear } from "./linear";
import { Module, type Signals } from "./module";

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
 * and are joined and projected again. Projections start as those of Linear.
 */
export class MultiheadAttention extends Module<[Tensor, Tensor?, Tensor?, AttentionOptions?], Attended> {
  static override readonly typeName: string = "MultiheadAttention";
  static override readonly about: string = "several attentions side by side, with projections";
  override get signals(): Signals {
    return "units";
  }

  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
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
    const projection = () => new Linear(dimension, dimension, options);
    [this.query, this.key, this.value, this.output] = [
      projection(),
      projection(),
      projection(),
      projection(),
    ];
  }

  /** Of queries alone: attention of a sequence to itself. Weights are [N,heads,L,S]. */
  forward(query: Tensor, key: Tensor = query, value: Tensor = key, options: AttentionOptions = {}): Attended {
    const [q, k, v] = [this.query.forward(query), this.key.forward(key), this.value.forward(value)].map((x) =>
      this.split(x),
    );
    const { output, weights } = scaledDotProductAttention(q, k, v, options);
    const [n, , length] = output.shape;
    const joined = output.transpose(1, 2).reshape([n, length, this.dimension]);
    return { output: this.output.forward(joined), weights };
  }

  /** [N,L,E] -> [N,heads,L,E/heads]. */
  private split(x: Tensor): Tensor {
    if (x.ndim !== 3) {
      throw new RangeError(
        `MultiheadAttention: expected [N,L,${this.dimension}], got ${formatShape(x.shape)}`,
      );
    }
    const [n, length] = x.shape;
    return x.reshape([n, length, this.heads, this.dimension / this.heads]).transpose(1, 2);
  }
}
