import { test } from "uvu";
import * as assert from "uvu/assert";
import { Harness, values } from "./harness";

const h = new Harness();

test("Euclidean distances between points, also far from the origin and far apart", () => {
  for (const [n, d, low, high] of [
    [0, 3, 0, 1],
    [1, 2, -1, 1],
    [5, 0, -1, 1],
    [7, 1, -1, 1],
    [19, 3, 1e6, 1e6 + 1],
    [12, 17, -1e30, 1e30],
  ]) {
    h.reset();
    const points = values(n * d, n, low, high);
    const x = h.f32(points);
    const out = h.alloc(n * n * 4);
    h.k.euclidean_distances_f32(out, x, n, d);
    const expected = Float32Array.from({ length: n * n }, (_, at) => {
      const [i, j] = [Math.floor(at / n), at % n];
      let sum = 0;
      for (let c = 0; c < d; c++) sum += (points[i * d + c] - points[j * d + c]) ** 2;
      return Math.sqrt(sum);
    });
    assert.equal(h.readF32(out, n * n), expected);
    assert.equal([...h.readI32(out + n * n * 4, 4)], [-1, -1, -1, -1], "written past the end");
  }
});

test.run();
