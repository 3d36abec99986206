// What a stranger writes with the package alone: one of each thing that can be added from outside. extending.test.ts compiles
// it strictly against the built declarations, and runs it.

import {
  customOp,
  data,
  type Generator,
  nn,
  optim,
  type Stateful,
  type Tensor,
  tda,
  tensor,
  type train,
} from "topograd";

/** An operation: x^3. */
export const cube = customOp(
  "cube",
  (x) => x.mul(x).mul(x),
  (gradient, [x]) => [gradient.mul(x.square()).mul(3)],
);

/** An activation that is a plain module. */
class Cube extends nn.Module {
  override get signals(): nn.Signals {
    return "activation";
  }

  forward(x: Tensor): Tensor {
    return cube(x);
  }
}

/** A layer with parameters in a plain object, a buffer, a random stream of its own, and two outputs. */
export class NoisyPair extends nn.Module<[Tensor], { left: Tensor; right: Tensor }> {
  readonly heads: { left: nn.Linear; right: nn.Linear };
  readonly calls = tensor([0]).keep();

  constructor(
    inputs: number,
    outputs: number,
    readonly generator: Generator,
  ) {
    super();
    this.heads = {
      left: new nn.Linear(inputs, outputs, { generator }),
      right: new nn.Linear(inputs, outputs, { generator }),
    };
  }

  forward(x: Tensor): { left: Tensor; right: Tensor } {
    if (this.training) this.calls.assign(this.calls.add(1));
    return { left: this.heads.left.forward(x), right: this.heads.right.forward(x) };
  }
}

/** A model of the two. */
export class Model extends nn.Module {
  readonly pair: NoisyPair;
  readonly activation = new Cube();
  readonly head: nn.Linear;

  constructor(generator: Generator) {
    super();
    this.pair = new NoisyPair(2, 6, generator);
    this.head = new nn.Linear(6, 2, { generator });
  }

  forward(x: Tensor): Tensor {
    const { left, right } = this.pair.forward(x);
    return this.head.forward(this.activation.forward(left.add(right).mul(0.5)));
  }
}

export interface LionOptions extends optim.GroupOptions {
  beta: number;
}

/** An optimizer with state: signs of a moving average. */
export class Lion extends optim.Optimizer<LionOptions> {
  constructor(parameters: optim.Parameters<LionOptions>, options: Partial<LionOptions> = {}) {
    super(parameters, { lr: 1e-3, beta: 0.9 }, options);
  }

  protected override update(
    parameter: Tensor,
    gradient: Tensor,
    { lr, beta }: optim.ParameterGroup<LionOptions>,
    state: optim.ParameterState,
  ): void {
    const mean = optim.slot(state, "mean", parameter);
    mean.assign(mean.mul(beta).add(gradient.mul(1 - beta)));
    parameter.assign(parameter.sub(mean.sign().mul(lr)));
    optim.countStep(state);
  }
}

/** A schedule that learns something: the rate is halved for good where the metric rises. */
export class Halving extends optim.Schedule {
  private last = Number.POSITIVE_INFINITY;
  private halvings = 0;

  override step(metric?: number): void {
    if (metric !== undefined && metric > this.last) this.halvings++;
    this.last = metric ?? this.last;
    super.step(metric);
  }

  protected override apply(): void {
    for (const [i, group] of this.optimizer.groups.entries()) {
      group.lr = this.initialRates[i] / 2 ** this.halvings;
    }
  }

  protected override reset(): void {
    this.last = Number.POSITIVE_INFINITY;
    this.halvings = 0;
  }

  override stateDict(): optim.ScheduleState & { last: number; halvings: number } {
    return { ...super.stateDict(), last: this.last, halvings: this.halvings };
  }

  protected override restore(state: optim.ScheduleState & { last: number; halvings: number }): void {
    super.restore(state);
    this.last = state.last;
    this.halvings = state.halvings;
  }
}

/** A distance between connectomes. */
const largestChange: tda.CustomConnectomeDistance = (now, before) => now.sub(before).abs().max().item();

/** A data set: points and the sign of their product. */
export class Quadrants implements data.Dataset {
  constructor(readonly length: number) {}

  batch(indices: Tensor): data.Batch {
    const positions = [...indices.toInt32Array()];
    const points = positions.map((i) => [((i * 7) % 11) / 5.5 - 0.95, ((i * 5) % 13) / 6.5 - 0.95]);
    return {
      x: tensor(points),
      y: tensor(Int32Array.from(points, ([a, b]) => Number(a * b > 0))),
    };
  }
}

/** A callback with state. */
class Counter implements train.Callback, Stateful<{ steps: number; distances: number[] }> {
  steps = 0;
  distances: number[] = [];

  onStep({ step }: train.StepReport): void {
    this.steps = step;
  }

  onObservation({ distance }: optim.ControllerObservation): void {
    if (distance !== null) this.distances.push(distance);
  }

  stateDict(): { steps: number; distances: number[] } {
    return { steps: this.steps, distances: [...this.distances] };
  }

  loadStateDict({ steps, distances }: { steps: number; distances: number[] }): void {
    this.steps = steps;
    this.distances = [...distances];
  }
}

/** All of them in one training run. */
export function setUp(generator: Generator, probe: Tensor) {
  const model = new Model(generator);
  const optimizer = new Lion(model.parameters(), { lr: 0.03 });
  const tracker = new tda.ConnectomeTracker(model, { probe, distance: largestChange });
  const controller = new optim.CGALR(optimizer, tracker, { stepsPerEpoch: 4, observationsPerEpoch: 2 });
  const counter = new Counter();
  const loader = new data.DataLoader(new Quadrants(40), { batchSize: 10 });
  return { model, optimizer, tracker, controller, counter, loader };
}
