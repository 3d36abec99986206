import {
  eye,
  Generator,
  gradcheck,
  manualSeed,
  nn,
  noGrad,
  rand,
  randn,
  scope,
  type Tensor,
  tensor,
  zeros,
} from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";

class Gate extends nn.Module {
  linear = new nn.Linear(4, 4);
  stack = [new nn.Linear(4, 2), new nn.Linear(2, 4)];
  running = zeros([4]);
  forward(x: Tensor) {
    return this.stack[1].forward(this.stack[0].forward(x.mul(this.linear.forward(x).sigmoid())));
  }
}

test("parameters, buffers and modules are found by name", () => {
  const gate = new Gate();
  assert.equal(
    gate.namedParameters().map(([name]) => name),
    ["linear.weight", "linear.bias", "stack.0.weight", "stack.0.bias", "stack.1.weight", "stack.1.bias"],
  );
  assert.equal(
    gate.namedBuffers().map(([name]) => name),
    ["running"],
  );
  assert.equal(
    gate.namedModules().map(([name]) => name),
    ["", "linear", "stack.0", "stack.1"],
  );
});

test("a shared module counts once", () => {
  const shared = new nn.Linear(3, 3);
  const model = new nn.Sequential(shared, new nn.ReLU(), shared);
  assert.is(model.parameters().length, 2);
});

test("state is saved by name, loaded strictly", () => {
  const [a, b] = [new Gate(), new Gate()];
  b.loadStateDict(a.stateDict());
  const x = randn([2, 4]);
  assert.equal(b.forward(x).toArray(), a.forward(x).toArray());
  const { running, ...rest } = a.stateDict();
  assert.throws(() => b.loadStateDict(rest), /missing: running; unexpected: none/);
  assert.throws(() => b.loadStateDict({ ...rest, running, more: running }), /unexpected: more/);
  assert.throws(
    () => b.loadStateDict({ ...rest, running: zeros([5]) }),
    /running: expected shape \[4\], got \[5\]/,
  );
});

test("freeze, train and eval reach every module", () => {
  const gate = new Gate();
  assert.ok(
    gate
      .freeze()
      .parameters()
      .every((p) => !p.requiresGrad),
  );
  assert.is(gate.parameters().length, 6);
  assert.not(gate.eval().stack[0].training);
  assert.ok(gate.train().linear.training);
});

test("Linear computes x W^T + b, and its gradients are right", () => {
  const layer = new nn.Linear(3, 2);
  layer.weight.assign(
    tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]),
  );
  (layer.bias as Tensor).assign(tensor([0.5, -0.5]));
  assert.equal(layer.forward(tensor([1, 0, 2])).toArray(), [7.5, 15.5]);
  assert.equal([...layer.forward(randn([2, 5, 3])).shape], [2, 5, 2]);
  gradcheck((x) => layer.forward(x), [rand([4, 3])]);
  assert.is(new nn.Linear(3, 2, { bias: false }).bias, null);
  assert.throws(() => layer.forward(randn([2, 4])), /Linear: expected \[..., 3\], got \[2,4\]/);
  assert.throws(() => new nn.Linear(0, 2), /inFeatures must be a positive integer, got 0/);
});

test("initialisers have the bounds and variances of their papers", () => {
  manualSeed(1);
  const w = zeros([200, 100]);
  const std = () => w.std().item();
  const near = (a: number, b: number) => assert.ok(Math.abs(a / b - 1) < 0.03, `${a} is not near ${b}`);
  nn.init.kaimingNormal(w, { nonlinearity: "relu" });
  near(std(), Math.sqrt(2 / 100));
  nn.init.kaimingUniform(w, { nonlinearity: "tanh", mode: "fanOut" });
  near(std(), 5 / 3 / Math.sqrt(200));
  nn.init.xavierUniform(w);
  near(std(), Math.sqrt(2 / 300));
  assert.ok(w.abs().max().item() <= Math.sqrt(6 / 300));
  nn.init.xavierNormal(w);
  near(std(), Math.sqrt(2 / 300));
  nn.init.uniform(w, 2, 4);
  near(w.mean().item(), 3);
  nn.init.normal(w, 5, 0.1);
  near(w.mean().item(), 5);
  assert.is(nn.init.constant(w, 2).sum().item(), 40000);
  assert.throws(() => nn.init.xavierUniform(zeros([3])), /at least 2 axes, got \[3\]/);
});

test("orthogonal: orthonormal rows or columns, whichever are fewer", () => {
  for (const shape of [
    [7, 7],
    [5, 12],
    [12, 5],
    [6, 2, 3, 3],
  ]) {
    const w = nn.init.orthogonal(zeros(shape), 2).reshape([shape[0], -1]);
    const gram = w.shape[0] <= w.shape[1] ? w.matmul(w.T) : w.T.matmul(w);
    assert.ok(gram.sub(eye(gram.shape[0]).mul(4)).abs().max().item() < 1e-5);
  }
  assert.throws(
    () => nn.init.orthogonal(zeros([3])),
    /orthogonal: needs a weight of at least 2 axes, got \[3\]/,
  );
});

test("clipGradNorm scales all gradients by one factor and returns the norm before", () => {
  const [a, b, idle] = [tensor([3, 0]), tensor([[4]]), tensor([1])];
  for (const p of [a, b, idle]) p.requiresGrad = true;
  const accumulate = () => a.mul(a).sum().add(b.mul(b).sum()).mul(0.5).backward();
  accumulate();
  assert.is(nn.clipGradNorm([a, b, idle], 10), 5);
  assert.equal(a.grad!.toArray(), [3, 0]);
  assert.is(nn.clipGradNorm([a, b, idle], 1), 5);
  assert.ok(Math.abs(a.grad!.slice(0, 0, 1).item() - 0.6) < 1e-6);
  assert.ok(Math.abs(b.grad!.item() - 0.8) < 1e-6);
  assert.ok(nn.clipGradNorm([a, b, idle], 1) <= 1);
  assert.throws(() => nn.clipGradNorm([a], 0), /clipGradNorm: the largest norm must be positive, got 0/);
});

test("Embedding looks up rows, and adds up the gradients of those used twice", () => {
  const layer = new nn.Embedding(5, 3);
  const y = layer.forward(
    tensor(
      [
        [4, 0],
        [4, 1],
      ],
      { dtype: "int32" },
    ),
  );
  assert.equal([...y.shape], [2, 2, 3]);
  assert.equal(y.slice(0, 1).slice(1, 0, 1).toFloat32Array(), layer.weight.slice(0, 4).toFloat32Array());
  y.sum().backward();
  assert.equal(layer.weight.grad!.sum(1).toArray(), [3, 3, 0, 0, 6]);
  assert.throws(
    () => layer.forward(tensor(Int32Array.of(5))),
    /index 5 .*out of range for axis 0 of shape \[5,3\]/,
  );
  assert.throws(() => layer.forward(tensor([1])), /indices must be an int32 tensor/);
});

test("Flatten, Reshape and Residual", () => {
  assert.equal([...new nn.Flatten().forward(zeros([2, 3, 4])).shape], [2, 12]);
  assert.equal([...new nn.Flatten(-2).forward(zeros([2, 3, 4])).shape], [2, 12]);
  assert.equal([...new nn.Reshape([2, 2]).forward(zeros([3, 4])).shape], [3, 2, 2]);
  const doubled = new nn.Residual(new nn.Sequential());
  assert.equal(doubled.forward(tensor([1, 2])).toArray(), [2, 4]);
  const projected = new nn.Residual(new nn.Linear(3, 2), new nn.Linear(3, 2));
  assert.is(projected.parameters().length, 4);
  assert.equal([...projected.forward(zeros([4, 3])).shape], [4, 2]);
  assert.throws(
    () => new nn.Residual(new nn.Linear(3, 2)).forward(zeros([4, 3])),
    /Residual: the module puts out \[4,2\], the shortcut \[4,3\]/,
  );
});

test("activations are the methods of the same name", () => {
  const x = randn([4, 5]);
  const pairs: [nn.Activation, Tensor][] = [
    [new nn.ReLU(), x.relu()],
    [new nn.LeakyReLU(0.2), x.leakyRelu(0.2)],
    [new nn.ELU(0.5), x.elu(0.5)],
    [new nn.GELU(), x.gelu()],
    [new nn.SiLU(), x.silu()],
    [new nn.Softplus(), x.softplus()],
    [new nn.Sigmoid(), x.sigmoid()],
    [new nn.Tanh(), x.tanh()],
    [new nn.Softmax(1), x.softmax(1)],
    [new nn.LogSoftmax(-1), x.logSoftmax(-1)],
  ];
  for (const [module, expected] of pairs) assert.equal(module.forward(x).toArray(), expected.toArray());
});

test("dropout keeps the mean, drops the share, and rests in eval mode", () => {
  manualSeed(2);
  const layer = new nn.Dropout(0.25);
  const y = layer.forward(zeros([100, 100]).add(1));
  assert.ok(Math.abs(y.eq(0).mean().item() - 0.25) < 0.02);
  assert.ok(Math.abs(y.max().item() - 4 / 3) < 1e-6);
  layer.eval();
  assert.is(layer.forward(y), y);
  assert.throws(() => new nn.Dropout(1.5), /p must lie in \[0, 1\], got 1.5/);
});

test("summary counts parameters, multiply-adds and memory", () => {
  const text = nn.mlp([784, 128, 64, 10]).summary([1, 784]);
  assert.match(text, /0 Linear\s+\[1,128\]\s+100,480\s+100,352\s+512 B/);
  assert.match(text, /parameters 109,386 \(109,386 trainable\).*multiply-adds 109,184/);
});

test("taps see each output in order and leave the model as it was", () => {
  const model = nn.mlp([3, 4, 2]);
  const seen: string[] = [];
  const x = randn([2, 3]);
  noGrad(() =>
    nn.tapOutputs(
      model,
      (name, module, out) => seen.push(`${name} ${module.constructor.name} ${out.shape}`),
      () => {
        model.forward(x);
      },
    ),
  );
  assert.equal(seen, ["0 Linear 2,4", "1 ReLU 2,4", "2 Linear 2,2", " Sequential 2,2"]);
  assert.not(Object.hasOwn(model, "forward"));
});

test("what taps have seen outlives the scopes inside the model and belongs to the one outside", () => {
  const model = nn.mlp([3, 4, 2]);
  const outputs: Tensor[] = [];
  scope(() => {
    nn.tapOutputs(
      model,
      (_, __, output) => outputs.push(output),
      () => {
        model.forward(randn([2, 3]));
      },
    );
    assert.ok(outputs.every((output) => output.toArray() !== null));
    // The graph is still there: a loss on hidden activations can be trained.
    outputs[1].sum().backward();
    assert.is.not(model.parameters()[0].grad, null);
  });
  assert.throws(() => outputs[0].item(), /freed at the end of its scope/);
});

test("losses refuse what does not fit", () => {
  const x = randn([4, 3]);
  assert.throws(
    () => nn.crossEntropy(x, tensor(Int32Array.of(0, 1, 2, 3))),
    /label 3 \(row 3\) is out of range for 3/,
  );
  assert.throws(() => nn.crossEntropy(x, tensor([0, 1, 2, 0])), /labels must be int32/);
  assert.throws(
    () => nn.crossEntropy(x, tensor(Int32Array.of(0))),
    /crossEntropy: expected scores \[N,C\] and labels \[N\], or \[N,C,...\] and \[N,...\], got \[4,3\] and \[1\]/,
  );
  assert.throws(
    () => nn.crossEntropy(x, tensor(Int32Array.of(0, 1, 2, 0)), { weight: tensor([1, 2]) }),
    /crossEntropy: expected weight \[3\], got \[2\]/,
  );
  assert.throws(
    () => nn.nllLoss(x, tensor(Int32Array.of(0, -1, 2, 0))),
    /nllLoss: label -1 \(row 1\) is out of range for 3 classes/,
  );
  assert.throws(() => nn.mseLoss(x, randn([4])), /mseLoss: shapes differ: \[4,3\] and \[4\]/);
  assert.throws(() => nn.mseLoss(x, x, { reduction: "avg" as "mean" }), /reduction must be/);
});

test("a layer draws its weights from a stream of its own, and leaves the global one alone", () => {
  const layers: Record<string, (generator?: Generator) => nn.Module> = {
    Linear: (generator) => new nn.Linear(3, 4, { generator }),
    Conv1d: (generator) => new nn.Conv1d(3, 4, 3, { generator }),
    Conv2d: (generator) => new nn.Conv2d(3, 4, 3, { generator }),
    ConvTranspose2d: (generator) => new nn.ConvTranspose2d(3, 4, 3, { generator }),
    Embedding: (generator) => new nn.Embedding(3, 4, { generator }),
  };
  for (const [name, make] of Object.entries(layers)) {
    manualSeed(1);
    const next = rand([1]).item();
    manualSeed(1);
    const own = make(new Generator(5));
    assert.is(rand([1]).item(), next, name);
    manualSeed(5);
    const values = (module: nn.Module) => module.parameters().map((parameter) => parameter.toArray());
    assert.equal(values(own), values(make()), name);
  }
});

test.run();
