import { nn, tensor } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";

test("accuracy", () => {
  assert.is(
    nn.accuracy(
      tensor([
        [1, 2],
        [3, 0],
        [0, 1],
        [0, 1],
      ]),
      tensor(Int32Array.of(1, 0, 0, 1)),
    ),
    0.75,
  );
});

const scores = tensor([
  [0.1, 0.5, 0.4],
  [0.6, 0.3, 0.1],
  [0.2, 0.2, 0.6],
  [0.3, 0.4, 0.3],
  [0.5, 0.2, 0.3],
]);
const labels = tensor(Int32Array.of(2, 0, 2, 2, 1));

test("top-k accuracy: the first of equal scores comes first, NaN last", () => {
  assert.is(nn.topKAccuracy(scores, labels, 1), nn.accuracy(scores, labels));
  assert.ok(Math.abs(nn.topKAccuracy(scores, labels, 2) - 0.6) < 1e-7);
  assert.is(nn.topKAccuracy(scores, labels, 3), 1);
  const same = tensor([[1, 1, 1]]);
  assert.is(nn.topKAccuracy(same, tensor(Int32Array.of(1)), 1), 0);
  assert.is(nn.topKAccuracy(same, tensor(Int32Array.of(1)), 2), 1);
  assert.is(nn.topKAccuracy(tensor([[Number.NaN, 1]]), tensor(Int32Array.of(0)), 1), 0);
  assert.throws(
    () => nn.topKAccuracy(scores, labels, 0),
    /topKAccuracy: k must be a positive integer, got 0/,
  );
});

test("the confusion matrix counts labels by row and predictions by column", () => {
  const counts = nn.confusionMatrix(scores, labels);
  assert.is(counts.dtype, "int32");
  assert.equal(counts.toArray(), [
    [1, 0, 0],
    [1, 0, 0],
    [0, 2, 1],
  ]);
});

test("F1 by class, averaged as asked", () => {
  // By hand: class 0: TP 1, FP 1, FN 0: 2/3; class 1: 0; class 2: TP 1, FP 0, FN 2: 1/2.
  const near = (actual: number, expected: number) => assert.ok(Math.abs(actual - expected) < 1e-12);
  near(nn.f1(scores, labels), (2 / 3 + 0 + 1 / 2) / 3);
  near(nn.f1(scores, labels, { average: "weighted" }), (2 / 3 + 3 / 2) / 5);
  near(nn.f1(scores, labels, { average: "micro" }), 2 / 5);
  // A class that neither occurs nor is predicted does not count.
  const wide = tensor([
    [1, 0, 0],
    [0, 1, 0],
  ]);
  assert.is(nn.f1(wide, tensor(Int32Array.of(0, 1))), 1);
  assert.throws(() => nn.f1(scores, labels, { average: "mean" as "macro" }), /f1: average must be/);
});

test("labels that do not fit are refused by name", () => {
  assert.throws(
    () => nn.confusionMatrix(scores, tensor(Int32Array.of(1))),
    /expected scores \[N,C\] and labels/,
  );
  assert.throws(
    () => nn.confusionMatrix(scores, tensor(Int32Array.of(0, 1, 2, 3, 0))),
    /confusionMatrix: label 3 is out of range for 3 classes/,
  );
  assert.throws(
    () => nn.topKAccuracy(scores, tensor([0, 1, 2, 0, 1]), 1),
    /labels must be int32, got float32/,
  );
});

test.run();
