// State dicts of PyTorch (tests/fixtures/torch, made by scripts/torch-fixture.py) load here and give the same outputs.

import { join } from "node:path";
import { io, noGrad, tensor } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { NETWORKS } from "../../scripts/to-torch.mjs";

for (const [name, { make }] of Object.entries(NETWORKS)) {
  test(`${name}: the same outputs`, () => {
    const { tensors } = io.readSafetensors(join("tests/fixtures/torch", `${name}.safetensors`));
    const { __input: x, __output: expected, ...state } = tensors;
    const network = make();
    network.loadStateDict(state);
    const y = noGrad(() => network.eval().forward(x));
    assert.equal(y.shape, expected.shape);
    const off = y.sub(expected).abs().max().item();
    assert.ok(off < 1e-5, `off by ${off}`);
  });

  test(`${name}: the names and shapes are PyTorch's, and come back`, () => {
    const { tensors } = io.readSafetensors(join("tests/fixtures/torch", `${name}.safetensors`));
    const { __input: _, __output: __, ...state } = tensors;
    const network = make();
    const counted = Object.keys(state).filter((key) => !key.endsWith("num_batches_tracked"));
    assert.equal(Object.keys(network.stateDict()).sort(), counted.sort());
    network.loadStateDict(state);
    for (const [key, value] of Object.entries(network.stateDict()))
      assert.equal(value.toArray(), state[key].toArray());
  });
}

test("what PyTorch counts is let pass, what nobody knows is not", () => {
  const { tensors } = io.readSafetensors("tests/fixtures/torch/lenet.safetensors");
  const { __input: _, __output: __, ...state } = tensors;
  const network = NETWORKS.lenet.make();
  assert.throws(
    () => network.loadStateDict({ ...state, "2.num_batches_tracked": tensor(1) }),
    /missing: none; unexpected: 2\.num_batches_tracked/,
  );
});

test("a file that is not there, or is cut short, is named", () => {
  assert.throws(
    () => io.readSafetensors("tests/fixtures/torch/none.safetensors"),
    /none\.safetensors: ENOENT/,
  );
  assert.throws(() => io.readSafetensors("package.json"), /package\.json: safetensors: the header claims/);
});

test.run();
