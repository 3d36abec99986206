// Distances between persistence diagrams, against golden values and plain float64 references.
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Harness, values } from "./harness";

type Diagram = readonly (readonly [birth: number, death: number])[];
type Distance = (a: Diagram, b: Diagram) => number;

const h = new Harness();

/** Calls a distance kernel with two diagrams and checks that it stays inside the scratch it asked for. */
function call(
  a: Diagram,
  b: Diagram,
  scratchBytes: number,
  kernel: (a: number, n: number, b: number, m: number, scratch: number) => number,
): number {
  const ptrA = h.f32(a.flat());
  const ptrB = h.f32(b.flat());
  const scratch = h.alloc(scratchBytes);
  const result = kernel(ptrA, a.length, ptrB, b.length, scratch);
  assert.equal(h.readF32(ptrA, 2 * a.length), Float32Array.from(a.flat()), "the input has changed");
  const guard = new Uint8Array(h.memory.buffer, scratch + scratchBytes, 64);
  assert.ok(
    guard.every((byte) => byte === 0xff),
    "written past the scratch",
  );
  h.reset();
  return result;
}

const wasserstein =
  (p: number, chebyshev: boolean): Distance =>
  (a, b) =>
    call(a, b, h.k.wasserstein_scratch_bytes(a.length, b.length), (x, n, y, m, s) =>
      h.k.wasserstein_f32(x, n, y, m, p, chebyshev, s),
    );

const bottleneck: Distance = (a, b) =>
  call(a, b, h.k.bottleneck_scratch_bytes(a.length, b.length), (x, n, y, m, s) =>
    h.k.bottleneck_f32(x, n, y, m, s),
  );

/** [cos, sin] of directions that cover half a turn. */
const directions = Array.from({ length: 50 }, (_, i) => (i / 50 - 0.5) * Math.PI).map(
  (angle) => [Math.cos(angle), Math.sin(angle)] as const,
);

const slicedWasserstein: Distance = (a, b) => {
  const bytes = h.k.sliced_wasserstein_scratch_bytes(a.length, b.length);
  const table = h.f64(directions.flat());
  return call(a, b, bytes, (x, n, y, m, s) =>
    h.k.sliced_wasserstein_f32(x, n, y, m, table, directions.length, s),
  );
};

const SIGMA = 0.05;
const heat: Distance = (a, b) =>
  call(a, b, h.k.heat_kernel_scratch_bytes(a.length, b.length), (x, n, y, m, s) =>
    h.k.heat_kernel_distance_f32(x, n, y, m, SIGMA, s),
  );

const image = { birthMin: 0, birthMax: 1, persistenceMax: 0.8, sigma: 0.1, width: 9, height: 6 };
const imageArguments = Object.values(image) as [number, number, number, number, number, number];
const imageDistance: Distance = (a, b) =>
  call(
    a,
    b,
    h.k.persistence_image_scratch_bytes(a.length, b.length, image.width, image.height),
    (x, n, y, m, s) => h.k.persistence_image_distance_f32(x, n, y, m, ...imageArguments, s),
  );

const distances: Record<string, Distance> = {
  "1-Wasserstein, Euclidean": wasserstein(1, false),
  "2-Wasserstein, Euclidean": wasserstein(2, false),
  "2.5-Wasserstein, Euclidean": wasserstein(2.5, false),
  "1-Wasserstein, Chebyshev": wasserstein(1, true),
  "3-Wasserstein, Chebyshev": wasserstein(3, true),
  bottleneck,
  "sliced Wasserstein": slicedWasserstein,
  "heat kernel": heat,
  "persistence image": imageDistance,
};

/** Costs of the (n + m) x (n + m) assignment: points of a, then m places on the diagonal, to points of b, then n places. */
function costMatrix(a: Diagram, b: Diagram, p: number, chebyshev: boolean): number[][] {
  const length = (dx: number, dy: number) =>
    (chebyshev ? Math.max(Math.abs(dx), Math.abs(dy)) : Math.sqrt(dx * dx + dy * dy)) ** p;
  const toDiagonal = ([birth, death]: readonly [number, number]) =>
    length((death - birth) / 2, (death - birth) / 2);
  return [...a, ...b.map(() => null)].map((x) =>
    [...b, ...a.map(() => null)].map((y) => {
      if (x === null) return y === null ? 0 : toDiagonal(y);
      return y === null ? toDiagonal(x) : length(x[0] - y[0], x[1] - y[1]);
    }),
  );
}

/** The least value over all permutations; `combine` adds the cost of one more pair. */
function leastOverPermutations(costs: number[][], combine: (sum: number, cost: number) => number): number {
  const used = costs.map(() => false);
  const from = (row: number, sum: number): number => {
    if (row === costs.length) return sum;
    let least = Number.POSITIVE_INFINITY;
    for (let column = 0; column < costs.length; column++) {
      if (used[column]) continue;
      used[column] = true;
      least = Math.min(least, from(row + 1, combine(sum, costs[row][column])));
      used[column] = false;
    }
    return least;
  };
  return from(0, 0);
}

/** Least total cost of a permutation by the Hungarian algorithm, O(n^3). */
function hungarian(costs: number[][]): number {
  const n = costs.length;
  const u = new Float64Array(n + 1);
  const v = new Float64Array(n + 1);
  const rowOf = new Int32Array(n + 1).fill(-1);
  for (let i = 0; i < n; i++) {
    const distance = new Float64Array(n).fill(Number.POSITIVE_INFINITY);
    const previous = new Int32Array(n).fill(n);
    const done = new Uint8Array(n + 1);
    rowOf[n] = i;
    let column = n;
    while (rowOf[column] >= 0) {
      done[column] = 1;
      const row = rowOf[column];
      let next = -1;
      for (let j = 0; j < n; j++) {
        if (done[j]) continue;
        const reduced = costs[row][j] - u[row] - v[j];
        if (reduced < distance[j]) {
          distance[j] = reduced;
          previous[j] = column;
        }
        if (next < 0 || distance[j] < distance[next]) next = j;
      }
      const delta = distance[next];
      for (let j = 0; j <= n; j++) {
        if (done[j]) {
          u[rowOf[j]] += delta;
          v[j] -= delta;
        } else if (j < n) distance[j] -= delta;
      }
      column = next;
    }
    for (; column !== n; column = previous[column]) rowOf[column] = rowOf[previous[column]];
  }
  let total = 0;
  for (let j = 0; j < n; j++) total += costs[rowOf[j]][j];
  return total;
}

/** The least threshold at which the costs have a perfect matching, by augmenting paths. */
function leastThreshold(costs: number[][]): number {
  const perfect = (threshold: number) => {
    const rowOf = costs.map(() => -1);
    const augment = (row: number, seen: boolean[]): boolean =>
      costs[row].some((cost, column) => {
        if (cost > threshold || seen[column]) return false;
        seen[column] = true;
        if (rowOf[column] >= 0 && !augment(rowOf[column], seen)) return false;
        rowOf[column] = row;
        return true;
      });
    return costs.every((_, row) => augment(row, []));
  };
  const candidates = [...new Set(costs.flat())].sort((x, y) => x - y);
  let low = 0;
  let high = candidates.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (perfect(candidates[middle])) high = middle;
    else low = middle + 1;
  }
  return candidates[low];
}

const near = (actual: number, expected: number, tolerance = 1e-12) =>
  assert.ok(
    Math.abs(actual - expected) <= tolerance * (1 + Math.abs(expected)),
    `${actual} is not ${expected}`,
  );

/** n bars with births in [0, 1) and lengths in [0, most), on a grid of the given step if it is not 0. */
function randomDiagram(n: number, seed: number, most: number, step = 0): Diagram {
  const xs = values(2 * n, seed, 0, 1);
  const onGrid = (x: number) => (step === 0 ? Math.fround(x) : Math.fround(Math.round(x / step) * step));
  return Array.from(
    { length: n },
    (_, i) => [onGrid(xs[2 * i]), onGrid(xs[2 * i] + most * xs[2 * i + 1])] as const,
  );
}

/** Diagrams of up to `most` bars; half of them on a coarse grid, where ties and bars of length 0 abound. */
const diagrams = (most: number): fc.Arbitrary<Diagram> => {
  const fine = fc.double({ min: 0, max: 1, noNaN: true });
  const coarse = fc.integer({ min: 0, max: 4 }).map((x) => x / 4);
  const bars = (x: fc.Arbitrary<number>) =>
    fc.array(
      fc.tuple(x, x).map(([birth, length]) => [Math.fround(birth), Math.fround(birth + length)] as const),
      { maxLength: most },
    );
  return fc.oneof(bars(fine), bars(coarse));
};
const runs = { numRuns: 150, seed: 1 };

test("golden values", () => {
  const golden = JSON.parse(readFileSync("tests/fixtures/tda.json", "utf8"))["diagram distances"];
  for (const { a, b, ...expected } of golden) {
    near(wasserstein(1, false)(a, b), expected["wasserstein p=1 euclidean"], 1e-5);
    near(wasserstein(2, false)(a, b), expected["wasserstein p=2 euclidean"], 1e-5);
    near(bottleneck(a, b), expected.bottleneck, 1e-5);
  }
});

test("Wasserstein and bottleneck: all matchings of small diagrams", () => {
  fc.assert(
    fc.property(
      diagrams(4),
      diagrams(3),
      fc.constantFrom(1, 1.5, 2, 3),
      fc.boolean(),
      (a, b, p, chebyshev) => {
        const least = leastOverPermutations(costMatrix(a, b, p, chebyshev), (sum, cost) => sum + cost);
        near(wasserstein(p, chebyshev)(a, b), least ** (1 / p));
        assert.is(bottleneck(a, b), leastOverPermutations(costMatrix(a, b, 1, true), Math.max));
      },
    ),
    runs,
  );
});

test("Wasserstein and bottleneck: larger diagrams", () => {
  for (const [n, m, most, step] of [
    [1, 70, 0.5, 0],
    [33, 31, 0.05, 0],
    [64, 65, 1, 0],
    [40, 90, 0.3, 0.125],
    [100, 100, 0.02, 0],
    [50, 300, 0.2, 0],
    [180, 180, 0.1, 0],
  ]) {
    const a = randomDiagram(n, n, most, step);
    const b = randomDiagram(m, m + 1, most, step);
    for (const [p, chebyshev] of [
      [1, false],
      [2, false],
      [2, true],
    ] as const) {
      near(wasserstein(p, chebyshev)(a, b), hungarian(costMatrix(a, b, p, chebyshev)) ** (1 / p));
    }
    assert.is(bottleneck(a, b), leastThreshold(costMatrix(a, b, 1, true)));
  }
});

test("Wasserstein: hundreds of bars far from the diagonal, matched by rank on a line, by a shift in the plane", () => {
  const n = 400;
  const coordinates = values(4 * n, 3, 0, 1).map((x) => Math.round(x * 4096) / 4096);
  const line = (from: number): Diagram =>
    Array.from({ length: n }, (_, i) => [0, 64 + coordinates[from + i]] as const);
  const ranked = (diagram: Diagram) => diagram.map(([, death]) => death).sort((x, y) => x - y);
  const plane: Diagram = Array.from(
    { length: n },
    (_, i) => [coordinates[2 * i], 64 + coordinates[2 * i + 1]] as const,
  );
  const shifted: Diagram = plane.map(([birth, death]) => [birth + 0.1875, death + 0.25]);
  for (const p of [1, 2, 3]) {
    const [a, b] = [ranked(line(0)), ranked(line(n))];
    const byRank = a.reduce((sum, x, i) => sum + Math.abs(x - b[i]) ** p, 0) ** (1 / p);
    near(wasserstein(p, false)(line(0), line(n)), byRank);
    near(wasserstein(p, false)(plane, shifted), 0.3125 * n ** (1 / p));
    near(wasserstein(p, true)(plane, shifted), 0.25 * n ** (1 / p));
  }
});

test("Wasserstein: high powers neither vanish nor overflow", () => {
  const a = randomDiagram(50, 1, 1e-3);
  const b = randomDiagram(60, 2, 1e-3);
  const limit = bottleneck(a, b);
  for (const p of [40, 200, 1000]) {
    const distance = wasserstein(p, true)(a, b);
    assert.ok(
      distance >= limit * (1 - 1e-9) && distance <= limit * 110 ** (1 / p) * (1 + 1e-9),
      `${p}: ${distance}`,
    );
  }
});

test("Wasserstein and bottleneck: infinite bars are matched by rank", () => {
  const infinite = Number.POSITIVE_INFINITY;
  const a: Diagram = [
    [0.5, infinite],
    [0.25, 0.5],
    [0, infinite],
  ];
  const b: Diagram = [
    [0.25, infinite],
    [0.5, infinite],
    [0.25, 0.5],
  ];
  assert.is(wasserstein(1, false)(a, b), 0.25);
  assert.is(wasserstein(2, true)(a, b), 0.25);
  assert.is(bottleneck(a, b), 0.25);
  assert.is(wasserstein(1, false)(a, a), 0);
  for (const other of [[], b.slice(1), [...b, b[0]]]) {
    assert.is(wasserstein(1, false)(a, other), infinite);
    assert.is(wasserstein(2, false)(other, a), infinite);
    assert.is(bottleneck(a, other), infinite);
  }
});

test("every distance: symmetric, 0 for equal diagrams, blind to order and to bars of length 0, to the bit", () => {
  for (const [name, distance] of Object.entries(distances)) {
    fc.assert(
      fc.property(diagrams(12), diagrams(9), (a, b) => {
        const d = distance(a, b);
        assert.ok(d >= 0, name);
        assert.is(distance(b, a), d, name);
        assert.is(distance([...a].reverse(), b), d, name);
        assert.is(distance([[0.3, 0.3], ...a], [...b, [0.7, 0.7], [0, 0]]), d, name);
        assert.is(distance(a, [...a].reverse()), 0, name);
      }),
      { ...runs, numRuns: 60 },
    );
  }
});

test("every distance: triangle inequality", () => {
  for (const [name, distance] of Object.entries(distances)) {
    fc.assert(
      fc.property(diagrams(8), diagrams(8), diagrams(8), (a, b, c) => {
        const [direct, detour] = [distance(a, c), distance(a, b) + distance(b, c)];
        // The heat kernel takes the root of a difference, so that rounding shows at half the digits.
        assert.ok(direct <= detour * (1 + 1e-5) + 1e-7, `${name}: ${direct} > ${detour}`);
      }),
      { ...runs, numRuns: 100 },
    );
  }
});

test("every distance: empty diagrams", () => {
  for (const [name, distance] of Object.entries(distances)) {
    assert.is(distance([], []), 0, name);
    assert.is(distance([[0.5, 0.5]], []), 0, name);
    assert.ok(distance([], [[0, 0.5]]) > 0, name);
  }
  assert.is(wasserstein(1, true)([[0, 0.5]], []), 0.25);
  assert.is(bottleneck([[0, 0.5]], []), 0.25);
  near(wasserstein(1, false)([[0, 0.5]], []), 0.5 / Math.SQRT2);
});

test("sliced Wasserstein against sorted projections", () => {
  for (const [n, m] of [
    [1, 1],
    [5, 0],
    [37, 20],
  ]) {
    const a = randomDiagram(n, 3, 0.5);
    const b = randomDiagram(m, 4, 0.5, 0.125);
    const middle = (x: Diagram): Diagram =>
      x.map(([birth, death]) => [(birth + death) / 2, (birth + death) / 2]);
    let expected = 0;
    for (const [x, y] of directions) {
      const sorted = (points: Diagram) => points.map((q) => q[0] * x + q[1] * y).sort((s, t) => s - t);
      const other = sorted([...b, ...middle(a)]);
      sorted([...a, ...middle(b)]).forEach((s, i) => {
        expected += Math.abs(s - other[i]) / directions.length;
      });
    }
    near(slicedWasserstein(a, b), expected);
  }
});

test("the distance of a Gaussian kernel", () => {
  assert.is(h.k.gaussian_kernel_distance_f64(0, 1), 0);
  near(h.k.gaussian_kernel_distance_f64(0.7, 0.5), Math.sqrt(2 - 2 * Math.exp(-0.7 / 0.5)), 1e-14);
  assert.ok(Math.abs(h.k.gaussian_kernel_distance_f64(1e-20, 1) / 1e-10 - 1) < 1e-14);
  near(h.k.gaussian_kernel_distance_f64(1e6, 1), Math.SQRT2, 1e-15);
});

test("heat kernel against the double sum", () => {
  const kernel = (a: Diagram, b: Diagram) => {
    const exponential = (dx: number, dy: number) => Math.exp(-(dx * dx + dy * dy) / (8 * SIGMA));
    let sum = 0;
    for (const p of a) {
      for (const q of b) sum += exponential(p[0] - q[0], p[1] - q[1]) - exponential(p[0] - q[1], p[1] - q[0]);
    }
    return sum / (8 * Math.PI * SIGMA);
  };
  for (const [n, m] of [
    [1, 0],
    [1, 2],
    [17, 30],
    [40, 40],
  ]) {
    const a = randomDiagram(n, 5, 0.8);
    const b = randomDiagram(m, 6, 0.8);
    near(heat(a, b), Math.sqrt(kernel(a, a) + kernel(b, b) - 2 * kernel(a, b)));
  }
});

test("persistence image against the sampled Gaussians", () => {
  const { birthMin, birthMax, persistenceMax, sigma, width, height } = image;
  const reference = (diagram: Diagram) =>
    Array.from({ length: width * height }, (_, i) => {
      const dx = (birthMax - birthMin) / width;
      const dy = persistenceMax / height;
      const x = birthMin + ((i % width) + 0.5) * dx;
      const y = (Math.floor(i / width) + 0.5) * dy;
      return diagram.reduce((sum, [birth, death]) => {
        const square = (x - birth) ** 2 + (y - (death - birth)) ** 2;
        const density = Math.exp(-square / (2 * sigma * sigma)) / (2 * Math.PI * sigma * sigma);
        return sum + (death - birth) * density * dx * dy;
      }, 0);
    });
  const a = randomDiagram(21, 7, 0.8);
  const b = randomDiagram(30, 8, 0.8);
  const out = h.alloc(width * height * 4);
  call(a, [], h.k.persistence_image_scratch_bytes(a.length, 0, width, height), (ptr, n, _b, _m, scratch) => {
    h.k.persistence_image_f32(out, ptr, n, ...imageArguments, scratch);
    return 0;
  });
  const expected = reference(a);
  h.readF32(out, width * height).forEach((x, i) => {
    near(x, expected[i], 1e-7);
  });
  assert.is(new Uint32Array(h.memory.buffer, out + width * height * 4, 1)[0], 0xffffffff);
  const other = reference(b);
  near(imageDistance(a, b), Math.sqrt(expected.reduce((sum, x, i) => sum + (x - other[i]) ** 2, 0)));
});

test("the first bar that no distance is defined for", () => {
  const [nan, infinite] = [Number.NaN, Number.POSITIVE_INFINITY];
  const check = (diagram: Diagram) => {
    const found = h.k.diagram_invalid_bar_f32(h.f32(diagram.flat()), diagram.length);
    h.reset();
    return found;
  };
  assert.is(check([]), -1);
  assert.is(
    check([
      [0, 1],
      [0.5, infinite],
    ]),
    -1,
  );
  for (const bar of [
    [nan, 1],
    [0, nan],
    [infinite, infinite],
    [-infinite, 0],
    [0, -infinite],
  ] as const) {
    assert.is(check([[0, 1], bar, [nan, nan]]), 1);
  }
});

test.run();
