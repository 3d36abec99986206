// Arrays and graphs for other tools.

import { unzipSync } from "fflate";
import { io, tda, tensor } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";

test("an .npy file is as NumPy writes it", () => {
  const bytes = io.saveNpy(tensor([[1, 2.5, -0]]));
  assert.is(bytes.length % 4, 0);
  assert.equal([...bytes.subarray(0, 8)], [0x93, 78, 85, 77, 80, 89, 1, 0]);
  const length = new DataView(bytes.buffer).getUint16(8, true);
  assert.is((10 + length) % 64, 0);
  const header = new TextDecoder().decode(bytes.subarray(10, 10 + length));
  assert.match(header, /^\{'descr': '<f4', 'fortran_order': False, 'shape': \(1, 3,\), \} *\n$/);
  assert.equal([...new Float32Array(bytes.buffer, 10 + length)], [1, 2.5, -0]);
  const scalar = new TextDecoder().decode(io.saveNpy(tensor(Int32Array.of(3)).reshape([])));
  assert.match(scalar, /'descr': '<i4'.*'shape': \(\),/);
});

test("an .npz file holds them by name, and is the same each time", () => {
  const tensors = { b: tensor([1, 2]), a: tensor(Int32Array.of(3)) };
  const bytes = io.saveNpz(tensors);
  const files = unzipSync(bytes);
  assert.equal(Object.keys(files), ["a.npy", "b.npy"]);
  assert.equal(files["b.npy"], io.saveNpy(tensors.b));
  assert.equal(io.saveNpz({ a: tensors.a, b: tensors.b }), bytes);
  assert.throws(() => io.saveNpz([] as never), /expected tensors by name/);
});

test("a connectome as GraphML: nodes by layer, edges by weight, the spanning tree marked and never left out", () => {
  const rho = tensor([
    [1, 0.9, 0.2],
    [0.9, 1, 0.1],
    [0.2, 0.1, 1],
  ]);
  const signals = [
    { layer: 'first & "best"', count: 2 },
    { layer: "second", count: 1 },
  ];
  const text = tda.graphml(rho, { signals, threshold: 0.5 });
  assert.match(
    text,
    /<node id="n0"><data key="layer">first &amp; &quot;best&quot;<\/data><data key="unit">0<\/data>/,
  );
  assert.match(text, /<node id="n2"><data key="layer">second<\/data><data key="unit">0<\/data>/);
  const edges = [
    ...text.matchAll(
      /<edge source="n(\d)" target="n(\d)"><data key="weight">([\d.]+)<\/data><data key="tree">(\w+)/g,
    ),
  ];
  assert.equal(
    edges.map(([, a, b, weight, tree]) => [a, b, Number(Number(weight).toFixed(3)), tree]),
    [
      ["0", "1", 0.9, "true"],
      ["0", "2", 0.2, "true"],
    ],
  );
  assert.is([...tda.graphml(rho).matchAll(/<edge /g)].length, 3);
  assert.throws(() => tda.graphml(tensor([[1, 2]])), /expected a connectome \[P,P\]/);
  assert.throws(() => tda.graphml(rho, { signals: signals.slice(1) }), /of 1 neurons, the connectome of 3/);
  assert.throws(() => tda.graphml(tensor([[Number.NaN]])), /holds NaN or Infinity/);
});

test.run();
