// What a tracker reads of models that are not built of this package's blocks.

import { concat, nn, randn, type Tensor, tda, zeros } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";

/** Signals as "layer:count", and the warnings. */
function observed(model: nn.Module, probe: Tensor) {
  const tracker = new tda.ConnectomeTracker(model, { probe });
  const warn = console.warn;
  const told: string[] = [];
  console.warn = (text: string) => told.push(text);
  try {
    const { connectome } = tracker.observe();
    tracker.observe();
    const signals = tracker.signals.map(({ layer, count }) => `${layer}:${count}`).join(" ");
    return { signals, connectome, warnings: tracker.warnings, told };
  } finally {
    console.warn = warn;
  }
}

const same = (connectome: Tensor, parts: Tensor[]) =>
  assert.equal(connectome.toArray(), tda.connectome(concat(parts, 1)).toArray());

test("a residual block of one's own is read as Residual is: after the sum's activation, not before the sum", () => {
  class Block extends nn.Module {
    first = new nn.Linear(8, 8);
    bend = new nn.ReLU();
    second = new nn.Linear(8, 8);
    around = new nn.Linear(8, 8);
    forward(x: Tensor) {
      return this.second.forward(this.bend.forward(this.first.forward(x))).add(this.around.forward(x));
    }
  }
  const model = new nn.Sequential(
    ...[new nn.Linear(4, 8), new nn.ReLU(), new Block(), new nn.ReLU(), new nn.Linear(8, 2)],
  );
  const { signals, warnings } = observed(model, randn([20, 4]));
  assert.is(signals, "1:8 2.bend:8 3:8");
  assert.equal(warnings, []);
});

test("a custom activation, a plain module without parameters, is read after it", () => {
  class Swish extends nn.Module {
    forward(x: Tensor) {
      return x.mul(x.sigmoid());
    }
  }
  const layer = new nn.Linear(4, 6);
  const model = new nn.Sequential(layer, new Swish(), new nn.Linear(6, 2));
  const probe = randn([20, 4]);
  const { signals, connectome } = observed(model, probe);
  assert.is(signals, "1:6");
  same(connectome, [layer.forward(probe).silu()]);
});

test("a plain module that does not bend is looked through", () => {
  class Scale extends nn.Module {
    forward(x: Tensor) {
      return x.mul(3).sub(1);
    }
  }
  const model = new nn.Sequential(new nn.Linear(4, 6), new Scale(), new nn.Tanh(), new nn.Linear(6, 2));
  assert.is(observed(model, randn([20, 4])).signals, "2:6");
});

test("GELU, SiLU and the other activations are read after them", () => {
  for (const activation of [
    new nn.GELU(),
    new nn.SiLU(),
    new nn.Softplus(),
    new nn.ELU(),
    new nn.Sigmoid(),
  ]) {
    const layer = new nn.Linear(4, 6);
    const probe = randn([20, 4]);
    const { signals, connectome } = observed(
      new nn.Sequential(layer, activation, new nn.Linear(6, 2)),
      probe,
    );
    assert.is(signals, "1:6");
    same(connectome, [activation.forward(layer.forward(probe))]);
  }
});

test("activations that forward() calls as functions are read after them, also gates", () => {
  class Net extends nn.Module {
    a = new nn.Linear(4, 6);
    b = new nn.Linear(6, 5);
    out = new nn.Linear(5, 2);
    forward(x: Tensor) {
      const hidden = this.a.forward(x).relu();
      const gate = this.b.forward(hidden);
      return this.out.forward(gate.mul(gate.sigmoid()));
    }
  }
  const model = new Net();
  const probe = randn([20, 4]);
  const { signals, connectome } = observed(model, probe);
  assert.is(signals, "a:6 b:5");
  const hidden = model.a.forward(probe).relu();
  same(connectome, [hidden, model.b.forward(hidden).silu()]);
});

test("a layer that is called twice, and one activation for all layers, are read at each call", () => {
  class Shared extends nn.Module {
    layer = new nn.Linear(6, 6);
    act = new nn.Tanh();
    out = new nn.Linear(6, 2);
    forward(x: Tensor) {
      const once = this.act.forward(this.layer.forward(x));
      return this.out.forward(this.act.forward(this.layer.forward(once)));
    }
  }
  const model = new Shared();
  const probe = randn([20, 6]);
  const { signals, connectome } = observed(model, probe);
  assert.is(signals, "act:6 act#2:6");
  const once = model.act.forward(model.layer.forward(probe));
  same(connectome, [once, model.act.forward(model.layer.forward(once))]);
});

test("a layer of one's own says what its units are", () => {
  class Channels extends nn.Module {
    weight = nn.parameter(randn([3, 5]));
    override get signals() {
      return "channels" as const;
    }
    forward(x: Tensor) {
      return x.transpose(1, 2).matmul(this.weight).transpose(1, 2);
    }
  }
  const layer = new Channels();
  const model = new nn.Sequential(layer, new nn.ReLU(), new nn.Flatten(), new nn.Linear(35, 2));
  const probe = randn([20, 3, 7]);
  const { signals, connectome } = observed(model, probe);
  assert.is(signals, "1:5");
  same(connectome, [layer.forward(probe).relu().mean(2)]);
});

test("a module that says nothing is passed over, with all that is in it", () => {
  class Silent extends nn.Module {
    inner = new nn.Linear(6, 6);
    override get signals() {
      return "nothing" as const;
    }
    forward(x: Tensor) {
      return this.inner.forward(x).relu();
    }
  }
  const model = new nn.Sequential(new nn.Linear(4, 6), new nn.ReLU(), new Silent(), new nn.Linear(6, 2));
  assert.is(observed(model, randn([20, 4])).signals, "1:6");
});

test("what is passed over is told, once", () => {
  class Odd extends nn.Module {
    used = new nn.Linear(4, 6);
    unused = new nn.Linear(4, 6);
    loose = nn.parameter(randn([6, 6]));
    two = new Pair();
    forward(x: Tensor) {
      return this.two.forward(this.used.forward(x).relu().matmul(this.loose).relu());
    }
  }
  class Pair extends nn.Module {
    a = nn.parameter(randn([6, 6]));
    b = nn.parameter(randn([6, 2]));
    forward(x: Tensor) {
      return x.matmul(this.a).relu().matmul(this.b);
    }
  }
  const { signals, warnings, told } = observed(new Odd(), randn([20, 4]));
  assert.is(signals, "used:6");
  assert.match(warnings.join("\n"), /layer "unused" did not run/);
  assert.match(warnings.join("\n"), /layer "two" has 2 weights but is read at its output only/);
  assert.match(warnings.join("\n"), /a matmul with a parameter runs outside of any layer/);
  assert.is(told.length, warnings.length);
  assert.ok(told.every((text) => text.startsWith("ConnectomeTracker: ")));
});

test("signals of a module whose outputs are a tree", () => {
  class Cell extends nn.Module<[Tensor], { y: Tensor; state: Tensor[] }> {
    linear = new nn.Linear(4, 6);
    forward(x: Tensor) {
      const y = this.linear.forward(x).tanh();
      return { y, state: [y, x] };
    }
  }
  class Net extends nn.Module {
    cell = new Cell();
    out = new nn.Linear(6, 2);
    forward(x: Tensor) {
      return this.out.forward(this.cell.forward(x).y);
    }
  }
  assert.is(observed(new Net(), randn([20, 4])).signals, "cell.linear:6");
});

test("a model without hidden layers is refused with what was found", () => {
  const tracker = new tda.ConnectomeTracker(new nn.Sequential(new nn.Linear(4, 2)), { probe: zeros([5, 4]) });
  assert.throws(() => tracker.observe(), /a connectome needs at least 2 signals/);
});

test("a module that says what it is stands for all that lies below it, without a warning", () => {
  class Gate extends nn.Module {
    squeeze = new nn.Linear(8, 2);
    excite = new nn.Linear(2, 8);
    override get signals(): nn.Signals {
      return "activation";
    }
    forward(x: Tensor) {
      return x.mul(this.excite.forward(this.squeeze.forward(x).relu()).sigmoid());
    }
  }
  const model = new nn.Sequential(new nn.Linear(4, 8), new Gate(), new nn.Linear(8, 2));
  const { signals, warnings } = observed(model, randn([20, 4]));
  assert.is(signals, "1:8");
  assert.equal(warnings, []);
});

test.run();
