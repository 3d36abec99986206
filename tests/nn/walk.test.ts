// Where a module's parameters, modules and random streams may lie, and what goes in and out of it.

import { Generator, manualSeed, nn, optim, randn, type Tensor, tensor } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";

class Scattered extends nn.Module {
  heads = new Map([
    ["left", new nn.Linear(2, 3)],
    ["right", new nn.Linear(2, 3)],
  ]);
  blocks = [[new nn.Linear(3, 3)], { last: new nn.Linear(3, 1) }] as const;
  options = { scale: nn.parameter(tensor([1])), name: "x" };
  noise = { generator: new Generator(7) };
  readonly self: unknown[] = [];

  constructor() {
    super();
    // A container that holds itself is walked once.
    this.self.push(this.self);
  }

  forward(x: Tensor) {
    let y = this.options.scale.mul(0);
    for (const head of this.heads.values()) y = y.add(head.forward(x).relu());
    return this.blocks[1].last.forward(this.blocks[0][0].forward(y).tanh().mul(this.options.scale));
  }
}

test("parameters and modules in plain objects, Maps and nested arrays are found, by name", () => {
  manualSeed(1);
  const model = new Scattered();
  assert.equal(
    model.namedParameters().map(([name]) => name),
    [
      "options.scale",
      ...["heads.left", "heads.right", "blocks.0.0", "blocks.1.last"].flatMap((name) => [
        `${name}.weight`,
        `${name}.bias`,
      ]),
    ],
  );
  assert.equal(
    model.namedGenerators().map(([name]) => name),
    ["noise.generator"],
  );
  model.eval();
  assert.is(model.heads.get("left")?.training, false);
});

test("such a model learns: every parameter moves", () => {
  manualSeed(1);
  const model = new Scattered();
  const before = model.parameters().map((p) => [...p.toFloat32Array()]);
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 });
  nn.mseLoss(model.forward(randn([16, 2])), randn([16, 1])).backward();
  optimizer.step();
  for (const [i, p] of model.parameters().entries()) assert.not.equal([...p.toFloat32Array()], before[i]);
});

test("modules take and return trees of tensors, in strict types", () => {
  type State = { h: Tensor; steps: number };
  class Cell extends nn.Module<[Tensor, State], { y: Tensor; state: State }> {
    input = new nn.Linear(3, 4);
    hidden = new nn.Linear(4, 4);
    forward(x: Tensor, { h, steps }: State) {
      const next = this.input.forward(x).add(this.hidden.forward(h)).tanh();
      return { y: next.sum(1), state: { h: next, steps: steps + 1 } };
    }
  }
  const cell = new Cell();
  const { y, state } = cell.forward(randn([5, 3]), { h: randn([5, 4]), steps: 0 });
  assert.equal([[...y.shape], [...state.h.shape], state.steps], [[5], [5, 4], 1]);
  const seen: string[] = [];
  nn.tapOutputs(
    cell,
    (name, _, output) => seen.push(`${name}[${output.shape}]`),
    () => cell.forward(randn([5, 3]), state),
  );
  assert.equal(seen, ["input[5,4]", "hidden[5,4]", "[5]", "[5,4]"]);
});

test("a layer with a random stream of its own draws from no other", () => {
  const layer = () => new nn.Dropout(0.5, { generator: new Generator(3) });
  const x = tensor(new Float32Array(64).fill(1));
  const [a, b] = [layer(), layer()];
  manualSeed(1);
  const first = a.forward(x).toArray();
  manualSeed(2);
  assert.equal(b.forward(x).toArray(), first);
  assert.not.equal(b.forward(x).toArray(), first);
  const weights = (seed: number) => nn.init.normal(randn([4]), 0, 1, new Generator(seed)).toArray();
  assert.equal(weights(5), weights(5));
  assert.not.equal(weights(5), weights(6));
});

test("a state dict that does not fit changes nothing", () => {
  const model = nn.mlp([2, 3, 2]);
  const before = model.parameters().map((p) => p.toArray());
  const good = model.stateDict();
  const refused = (state: object, message: RegExp) => {
    assert.throws(() => model.loadStateDict({ ...good, ...state } as nn.StateDict), message);
    assert.equal(
      model.parameters().map((p) => p.toArray()),
      before,
    );
  };
  refused({ "2.bias": tensor(Int32Array.of(1, 2)) }, /2\.bias: expected float32, got int32/);
  refused({ "2.bias": [1, 2] }, /2\.bias: expected a Tensor, got \[1,2\]: wrap it in tensor\(\)/);
  refused({ "2.bias": randn([3]) }, /2\.bias: expected shape \[2\], got \[3\]/);
  refused({ toString: randn([3]) }, /unexpected: toString/);
  const freed = randn([2]);
  freed.dispose();
  refused({ "2.bias": freed }, /2\.bias: a tensor of shape \[2\] was freed/);
});

test.run();
