// Recurrent layers over sequences [N,L,inputs], with PyTorch's equations and gate order. Weights start in
// U(-1/sqrt(hidden), 1/sqrt(hidden)).

import { checkInteger, checkOptions, checkTensor } from "../core/check";
import { formatShape } from "../core/errors";
import { type Generator, stack, type Tensor, zeros } from "../core/index";
import { sameShape } from "../core/shape";
import { uniform } from "./init";
import { Module, parameter, type Signals } from "./module";

/** What a recurrent layer puts out: all hidden states [N,L,hidden] and what goes into the next sequence. */
export interface Recurrent<State> {
  output: Tensor;
  state: State;
}

/** Hidden state and memory cell, both [N,hidden]. */
export interface LSTMState {
  hidden: Tensor;
  cell: Tensor;
}

/** What both layers share: a weight for the input and one for the hidden state, each with the gates one above the other. */
abstract class RecurrentLayer<State> extends Module<[Tensor, State?], Recurrent<State>> {
  static override readonly stateNames = {
    inputWeight: "weight_ih_l0",
    hiddenWeight: "weight_hh_l0",
    inputBias: "bias_ih_l0",
    hiddenBias: "bias_hh_l0",
  };
  override get signals(): Signals {
    return "units";
  }

  readonly inputWeight: Tensor;
  readonly hiddenWeight: Tensor;
  readonly inputBias: Tensor;
  readonly hiddenBias: Tensor;

  constructor(
    layer: string,
    gates: number,
    readonly inputs: number,
    readonly hidden: number,
    options: { generator?: Generator },
  ) {
    super();
    checkInteger(layer, "inputs", inputs, { atLeast: 1 });
    checkInteger(layer, "hidden", hidden, { atLeast: 1 });
    checkOptions(layer, options, ["generator"]);
    const bound = 1 / Math.sqrt(hidden);
    const draw = (...shape: number[]) => parameter(uniform(zeros(shape), -bound, bound, options.generator));
    this.inputWeight = draw(gates * hidden, inputs);
    this.hiddenWeight = draw(gates * hidden, hidden);
    this.inputBias = draw(gates * hidden);
    this.hiddenBias = draw(gates * hidden);
  }

  /**
   * All hidden states [N,L,hidden]. `step` makes one of the gates' inputs [N,gates * hidden], which for the whole sequence are
   * one product.
   */
  protected unroll(x: Tensor, step: (gates: Tensor) => Tensor): Tensor {
    const projected = x.matmul(this.inputWeight.T).add(this.inputBias);
    const [n, length] = x.shape;
    const outputs = Array.from({ length }, (_, t) => step(projected.slice(1, t, t + 1).squeeze(1)));
    return length === 0 ? zeros([n, 0, this.hidden]) : stack(outputs, 1);
  }

  protected checkSequence(layer: string, x: Tensor): void {
    checkTensor(layer, x);
    if (x.ndim !== 3 || x.shape[2] !== this.inputs) {
      throw new RangeError(`${layer}: expected [N,L,${this.inputs}], got ${formatShape(x.shape)}`);
    }
  }

  protected recur(hidden: Tensor): Tensor {
    return hidden.matmul(this.hiddenWeight.T).add(this.hiddenBias);
  }

  /** The state given, checked, or zeros. */
  protected start(layer: string, x: Tensor, given: Tensor | undefined): Tensor {
    const shape = [x.shape[0], this.hidden];
    if (given === undefined) return zeros(shape);
    checkTensor(layer, given, "state");
    if (sameShape(given.shape, shape)) return given;
    throw new RangeError(`${layer}: expected a state ${formatShape(shape)}, got ${formatShape(given.shape)}`);
  }
}

/**
 * Long short-term memory (Hochreiter and Schmidhuber 1997; Gers et al. 2000): gates i, f, g, o from
 * x W_i^T + b_i + h W_h^T + b_h; c = sigmoid(f) c + sigmoid(i) tanh(g); h = sigmoid(o) tanh(c).
 */
export class LSTM extends RecurrentLayer<LSTMState> {
  static override readonly typeName: string = "LSTM";
  static override readonly about: string = "long short-term memory over sequences";

  /** @param options.generator draws the starting weights. Default: the global stream. */
  constructor(inputs: number, hidden: number, options: { generator?: Generator } = {}) {
    super("LSTM", 4, inputs, hidden, options);
  }

  forward(x: Tensor, state?: LSTMState): Recurrent<LSTMState> {
    this.checkSequence("LSTM", x);
    let hidden = this.start("LSTM", x, state?.hidden);
    let cell = this.start("LSTM", x, state?.cell);
    const output = this.unroll(x, (gates) => {
      const [input, forget, candidate, out] = gates.add(this.recur(hidden)).split(this.hidden, 1);
      cell = forget.sigmoid().mul(cell).add(input.sigmoid().mul(candidate.tanh()));
      hidden = out.sigmoid().mul(cell.tanh());
      return hidden;
    });
    return { output, state: { hidden, cell } };
  }
}

/**
 * Gated recurrent unit (Cho et al. 2014), in PyTorch's form: r and z from sums as in LSTM;
 * n = tanh(x W_n^T + b_n + r (h V_n^T + c_n)); h = (1 - z) n + z h.
 */
export class GRU extends RecurrentLayer<Tensor> {
  static override readonly typeName: string = "GRU";
  static override readonly about: string = "gated recurrent unit over sequences";

  /** @param options.generator draws the starting weights. Default: the global stream. */
  constructor(inputs: number, hidden: number, options: { generator?: Generator } = {}) {
    super("GRU", 3, inputs, hidden, options);
  }

  forward(x: Tensor, state?: Tensor): Recurrent<Tensor> {
    this.checkSequence("GRU", x);
    let hidden = this.start("GRU", x, state);
    const output = this.unroll(x, (gates) => {
      const [xr, xz, xn] = gates.split(this.hidden, 1);
      const [hr, hz, hn] = this.recur(hidden).split(this.hidden, 1);
      const update = xz.add(hz).sigmoid();
      const candidate = xn.add(xr.add(hr).sigmoid().mul(hn)).tanh();
      hidden = candidate.add(update.mul(hidden.sub(candidate)));
      return hidden;
    });
    return { output, state: hidden };
  }
}
