import * as fc from "fast-check";
import { nn, optim, randn, runtime, scope, type Tensor, tensor, zeros } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Allocator } from "#internal";

const inUse = () => runtime().bytesInUse;

test("scope frees what it does not return, also inside arrays and objects", () => {
  const before = runtime();
  const { a, list } = scope(() => {
    const x = tensor([1, 2, 3]);
    x.add(1).mul(2);
    return { a: x.add(1), list: [x.mul(2)] };
  });
  assert.equal(a.toArray(), [2, 3, 4]);
  assert.equal(list[0].toArray(), [2, 4, 6]);
  assert.is(runtime().tensorsInUse, before.tensorsInUse + 2);
  a.dispose();
  list[0].dispose();
  assert.is(inUse(), before.bytesInUse);
});

test("what an inner scope returns belongs to the outer one", () => {
  const before = inUse();
  scope(() => {
    const inner = scope(() => tensor([1]).add(1));
    assert.is(inner.item(), 2);
  });
  assert.is(inUse(), before);
});

test("a scope that throws frees everything", () => {
  const before = inUse();
  assert.throws(() =>
    scope(() => {
      zeros([100]);
      throw new Error("stop");
    }),
  );
  assert.is(inUse(), before);
});

test("a scope whose callback returns a promise throws and frees", () => {
  const before = inUse();
  assert.throws(() => scope(async () => zeros([10])), /returned a promise/);
  assert.is(inUse(), before);
});

test("a freed tensor says when it was freed and names keep()", () => {
  let lost: Tensor = tensor([0]);
  const kept = scope(() => {
    lost = tensor([1, 2]);
    return tensor([3]).keep();
  });
  assert.throws(
    () => lost.add(1),
    /add: a tensor of shape \[2\] was freed at the end of its scope\(\).*keep\(\)/,
  );
  assert.throws(() => lost.toArray(), /freed at the end of its scope/);
  assert.match(String(lost), /freed at the end of its scope/);
  kept.dispose();
  assert.throws(() => kept.item(), /freed by dispose\(\)/);
});

test("keep outlives every scope", () => {
  const kept: Tensor[] = [];
  scope(() => scope(() => kept.push(tensor([7]).keep())));
  assert.is(kept[0].item(), 7);
  kept[0].dispose();
});

test("a view outlives its base", () => {
  const view = scope(
    () =>
      tensor([
        [1, 2],
        [3, 4],
      ]).T,
  );
  assert.equal(view.toArray(), [
    [1, 3],
    [2, 4],
  ]);
});

test("a returned gradient survives its leaf and zeroGrad", () => {
  const g = scope(() => {
    const x = tensor([1, 2], { requiresGrad: true });
    x.square().sum().backward();
    return x.grad!;
  });
  assert.equal(g.toArray(), [2, 4]);
});

test("dispose through Symbol.dispose", () => {
  const x = tensor([1]);
  x[Symbol.dispose]();
  assert.throws(() => x.item(), /freed/);
});

test("parameters, gradients and optimizer state made inside a scope survive it", () => {
  const { model, optimizer } = scope(() => {
    const m = new nn.Sequential(new nn.Linear(3, 2));
    const o = new optim.SGD(m.parameters(), { lr: 0.1, momentum: 0.9 });
    nn.crossEntropy(m.forward(randn([4, 3])), tensor(Int32Array.of(0, 1, 0, 1))).backward();
    o.step();
    return { model: m, optimizer: o };
  });
  scope(() => {
    optimizer.step();
    assert.ok(Number.isFinite(model.parameters()[0].sum().item()));
    assert.is.not(model.parameters()[0].grad, null);
  });
});

test("10,000 training steps in scope() leave memory as it was", () => {
  const model = new nn.Sequential(new nn.Linear(8, 16), new nn.ReLU(), new nn.Linear(16, 3));
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.01, momentum: 0.9 });
  const step = () =>
    scope(() => {
      const loss = nn.crossEntropy(model.forward(randn([5, 8])), tensor(Int32Array.of(0, 1, 2, 0, 1)));
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
    });
  step();
  step();
  const before = runtime();
  for (let i = 0; i < 10_000; i++) step();
  const after = runtime();
  assert.is(after.bytesInUse, before.bytesInUse);
  assert.is(after.bytesReserved, before.bytesReserved);
  assert.is(after.tensorsInUse, before.tensorsInUse);
});

const collected = async (done: () => boolean) => {
  for (let i = 0; i < 50 && !done(); i++) {
    (globalThis as { gc?: () => void }).gc?.();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return done();
};

test("ordinary tensors are collected", async () => {
  const before = inUse();
  (() => {
    for (let i = 0; i < 200; i++) zeros([1000]).add(1);
  })();
  assert.ok(inUse() > before);
  assert.ok(await collected(() => inUse() <= before));
});

test("a graph keeps what its rules saved, not the operands they only know the shape of", async () => {
  const w = nn.parameter(randn([100_000]));
  const before = inUse();
  const last = w.mul(2).add(1);
  const loss = w.sub(3).sum();
  const held = () => inUse() - before;
  assert.ok(await collected(() => held() < last.size * 4 * 1.01), `${held()} bytes`);
  loss.add(last.sum()).backward();
  assert.equal(w.grad?.slice(0, 0, 3).toArray(), [3, 3, 3]);
});

test("out of memory says what to do", () => {
  assert.throws(() => zeros([2 ** 30, 4]), /out of memory: 16.0 GiB asked for.*scope\(\)/);
});

test("the allocator keeps blocks apart, merges them and loses nothing", () => {
  const allocator = new Allocator();
  const operation = fc.record({
    free: fc.boolean(),
    which: fc.nat(),
    bytes: fc.integer({ min: 0, max: 20_000 }),
  });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
      const blocks: NonNullable<ReturnType<Allocator["allocate"]>>[] = [];
      for (const { free, which, bytes } of operations) {
        if (free && blocks.length > 0) allocator.release(blocks.splice(which % blocks.length, 1)[0]);
        else blocks.push(allocator.allocate(bytes)!);
        const sorted = [...blocks].sort((a, b) => a.start - b.start);
        for (const [i, block] of sorted.entries()) {
          assert.is(block.start % 64, 0);
          if (i > 0) assert.ok(sorted[i - 1].start + sorted[i - 1].size <= block.start);
        }
        assert.is(
          allocator.bytesInUse,
          blocks.reduce((sum, block) => sum + block.size, 0),
        );
      }
      for (const block of blocks) allocator.release(block);
      assert.is(allocator.bytesInUse, 0);
    }),
    { numRuns: 50 },
  );
});

test.run();
