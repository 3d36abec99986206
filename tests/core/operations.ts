// Every public operation with sample inputs and a float64 reference. tests/core/operations.test.ts drives the table
// and fails when a public operation is missing from it.

import { concat, einsum, meshgrid, nn, stack, type Tensor, tensor, where } from "topograd";
import { alongAxis, at, broadcast, build, map, matmulRef, type Ref, reduceOver, sample } from "../reference";
import { imageOperations } from "./image-operations";

export interface OperationCase {
  /** The method, or the function's name. */
  name: string;
  inputs: Ref[];
  run: (...inputs: Tensor[]) => Tensor;
  reference: (...inputs: Ref[]) => Ref;
  /** Relative to 1 + |expected|. Default 1e-5. */
  tolerance?: number;
  /** False where no gradient is defined. Default true. */
  differentiable?: boolean;
}

/** Shapes that are no multiples of the vector width, and a single element. */
const SHAPES = [[1], [3], [7, 5], [2, 3, 4], [33]];

function unary(
  name: string,
  run: (x: Tensor) => Tensor,
  reference: (x: number) => number,
  options: { low?: number; high?: number; tolerance?: number; differentiable?: boolean } = {},
): OperationCase[] {
  const { low = -2, high = 2, ...rest } = options;
  return SHAPES.map((shape, i) => ({
    name,
    // 0.013 keeps kinks at 0 and at integers out of reach of the finite differences.
    inputs: [
      map(sample(shape, i + 1, low, high), (x) =>
        Math.fround(Math.abs(x - Math.round(x)) < 0.013 ? x + 0.03 : x),
      ),
    ],
    run,
    reference: (a) => map(a, reference),
    ...rest,
  }));
}

const PAIRS: [number[], number[]][] = [
  [
    [5, 7],
    [5, 7],
  ],
  [
    [5, 7],
    [3, 1, 7],
  ],
  [[4, 1], [6]],
  [[2, 3, 5], [1]],
  [
    [1, 3],
    [2, 1],
  ],
  [
    [6, 4],
    [6, 1],
  ],
];

function binary(
  name: string,
  run: (a: Tensor, b: Tensor) => Tensor,
  reference: (x: number, y: number) => number,
  options: { low?: number; high?: number; differentiable?: boolean } = {},
): OperationCase[] {
  const { low = -2, high = 2, ...rest } = options;
  return PAIRS.map(([a, b], i) => ({
    name,
    inputs: [sample(a, 10 + i, low, high), sample(b, 30 + i, low, high)],
    run,
    reference: (x, y) => broadcast(x, y, reference),
    ...rest,
  }));
}

type AxesCase = { axis: number | number[] | undefined; axes: number[]; keepDims: boolean };
const AXES: AxesCase[] = [
  { axis: undefined, axes: [0, 1, 2], keepDims: false },
  { axis: 0, axes: [0], keepDims: false },
  { axis: 1, axes: [1], keepDims: true },
  { axis: -1, axes: [2], keepDims: false },
  { axis: [0, 2], axes: [0, 2], keepDims: false },
  { axis: [0, 1], axes: [0, 1], keepDims: true },
];

type Reducer = (x: Tensor, axis: number | number[] | undefined, options: { keepDims: boolean }) => Tensor;

function reduction(
  name: string,
  run: Reducer,
  reference: (values: number[]) => number,
  options: { cases?: AxesCase[]; differentiable?: boolean; tolerance?: number } = {},
): OperationCase[] {
  const { cases = AXES, ...rest } = options;
  return cases.map(({ axis, axes, keepDims }, i) => ({
    name,
    inputs: [sample([4, 5, 6], 50 + i)],
    run: (x) => run(x, axis, { keepDims }),
    reference: (a) => reduceOver(a, axes, keepDims, reference),
    ...rest,
  }));
}

const total = (values: number[]) => values.reduce((a, b) => a + b, 0);
const product = (values: number[]) => values.reduce((a, b) => a * b, 1);
const average = (values: number[]) => total(values) / values.length;
const spreadOf = (values: number[]) =>
  total(values.map((v) => (v - average(values)) ** 2)) / (values.length - 1);
const logSum = (values: number[]) => {
  const most = Math.max(...values);
  return most + Math.log(total(values.map((v) => Math.exp(v - most))));
};
const softmaxOf = (values: number[]) => values.map((v) => Math.exp(v - logSum(values)));
const erf = (x: number) => {
  // Maclaurin series: exact enough for the |x| <= 3 used here.
  let term = x;
  let sum = x;
  for (let n = 1; n < 120; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
};
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const softplus = (x: number) => Math.log1p(Math.exp(x));

const LINES: OperationCase[] = [0, 1, -1].flatMap((axis, i) => {
  const along = axis < 0 ? axis + 3 : axis;
  const inputs = [sample([3, 4, 5], 70 + i, -3, 3)];
  const lines = (fn: (values: number[]) => number[]) => (a: Ref) => alongAxis(a, along, fn);
  return [
    { name: "softmax", inputs, run: (x: Tensor) => x.softmax(axis), reference: lines(softmaxOf) },
    {
      name: "logSoftmax",
      inputs,
      run: (x: Tensor) => x.logSoftmax(axis),
      reference: lines((v) => v.map((e) => e - logSum(v))),
    },
    {
      name: "cumsum",
      inputs,
      run: (x: Tensor) => x.cumsum(axis),
      reference: lines((v) => v.map((_, k) => total(v.slice(0, k + 1)))),
    },
    {
      name: "cumprod",
      inputs,
      run: (x: Tensor) => x.cumprod(axis),
      reference: lines((v) => v.map((_, k) => product(v.slice(0, k + 1)))),
    },
    {
      name: "cummax",
      inputs,
      run: (x: Tensor) => x.cummax(axis).values,
      reference: lines((v) => v.map((_, k) => Math.max(...v.slice(0, k + 1)))),
    },
    {
      name: "cummin",
      inputs,
      run: (x: Tensor) => x.cummin(axis).values,
      reference: lines((v) => v.map((_, k) => Math.min(...v.slice(0, k + 1)))),
    },
  ];
});

const POSITIONS: OperationCase[] = ([0, 1, -1, undefined] as const).flatMap((axis, i) => {
  const axes = axis === undefined ? [0, 1, 2] : [axis < 0 ? axis + 3 : axis];
  const inputs = [sample([3, 4, 5], 90 + i)];
  return [
    {
      name: "argmax",
      inputs,
      run: (x: Tensor) => x.argmax(axis),
      reference: (a: Ref) => reduceOver(a, axes, false, (v) => v.indexOf(Math.max(...v))),
      differentiable: false,
    },
    {
      name: "argmin",
      inputs,
      run: (x: Tensor) => x.argmin(axis),
      reference: (a: Ref) => reduceOver(a, axes, false, (v) => v.indexOf(Math.min(...v))),
      differentiable: false,
    },
  ];
});

const EXTREMES: OperationCase[] = AXES.filter(({ axis }) => typeof axis === "number").flatMap(
  ({ axis, axes, keepDims }, i) => {
    const inputs = [sample([4, 5, 6], 95 + i)];
    const along = (best: (...values: number[]) => number) => (a: Ref) =>
      reduceOver(a, axes, keepDims, (values) => best(...values));
    return [
      {
        name: "maxWithIndices",
        inputs,
        run: (x: Tensor) => x.maxWithIndices(axis as number, { keepDims }).values,
        reference: along(Math.max),
      },
      {
        name: "minWithIndices",
        inputs,
        run: (x: Tensor) => x.minWithIndices(axis as number, { keepDims }).values,
        reference: along(Math.min),
      },
    ];
  },
);

const EQUATIONS: [equation: string, ...shapes: number[][]][] = [
  ["ij,jk->ik", [3, 4], [4, 5]],
  ["bij,bjk->bik", [2, 3, 4], [2, 4, 5]],
  ["bhqd,bhkd->bhqk", [2, 2, 3, 4], [2, 2, 5, 4]],
  ["i,j->ij", [3], [4]],
  ["ij->ji", [3, 4]],
  ["ij->", [3, 4]],
  ["ii->i", [4, 4]],
  ["ii", [4, 4]],
  ["iji->j", [3, 4, 3]],
  ["ba,cb", [3, 4], [5, 3]],
  ["i,i", [5], [5]],
  ["ij,ij->i", [3, 4], [3, 4]],
  ["ij,j,jk->ik", [3, 4], [4], [4, 2]],
  ["ijk,j->k", [2, 3, 4], [3]],
  ["bi,ij,bj->b", [2, 3], [3, 4], [2, 4]],
  ["...ij,...jk->...ik", [2, 3, 4], [4, 5]],
  ["...i->...", [2, 3, 4]],
  ["i...,i...", [3, 2], [3, 2]],
  ["ij,ij->ij", [3, 1], [3, 4]],
];

/** The definition: a loop over all names. "..." must have been written out as letters. */
function einsumRef(equation: string, operands: Ref[]): Ref {
  const [inputs, output] = equation.split("->");
  const terms = inputs.split(",");
  const sizes = new Map<string, number>();
  for (const [i, term] of terms.entries()) {
    for (const [d, name] of [...term].entries()) {
      sizes.set(name, Math.max(sizes.get(name) ?? 1, operands[i].shape[d]));
    }
  }
  const summed = [...sizes.keys()].filter((name) => !output.includes(name));
  return build(
    [...output].map((name) => sizes.get(name) as number),
    (index) => {
      let sum = 0;
      const place = new Map([...output].map((name, d) => [name, index[d]]));
      const walk = (k: number) => {
        if (k === summed.length) {
          sum += terms.reduce((value, term, i) => {
            const { shape } = operands[i];
            const coordinates = [...term].map((name, d) =>
              shape[d] === 1 ? 0 : (place.get(name) as number),
            );
            return value * at(operands[i], coordinates);
          }, 1);
          return;
        }
        for (let v = 0; v < (sizes.get(summed[k]) as number); v++) {
          place.set(summed[k], v);
          walk(k + 1);
        }
      };
      walk(0);
      return sum;
    },
  );
}

/** What the shorter ways of writing mean. */
const WRITTEN_OUT: Record<string, string> = {
  ii: "ii->",
  "ba,cb": "ba,cb->ac",
  "i,i": "i,i->",
  "...ij,...jk->...ik": "xij,jk->xik",
  "...i->...": "xyi->xy",
  "i...,i...": "ix,ix->x",
};

const EINSUMS: OperationCase[] = EQUATIONS.map(([equation, ...shapes], i) => ({
  name: "einsum",
  inputs: shapes.map((shape, k) => sample(shape, 700 + 5 * i + k)),
  run: (...operands) => einsum(equation, ...operands),
  reference: (...operands) => einsumRef(WRITTEN_OUT[equation] ?? equation, operands),
}));

const MATRICES: [number[], number[]][] = [
  [
    [1, 1],
    [1, 1],
  ],
  [
    [5, 7],
    [7, 3],
  ],
  [
    [17, 33],
    [33, 9],
  ],
  [
    [2, 3, 4, 5],
    [3, 5, 6],
  ],
  [
    [2, 4, 5],
    [5, 3],
  ],
  [
    [4, 5],
    [2, 5, 3],
  ],
];

const permuted = (a: Ref, order: number[]): Ref =>
  build(
    order.map((d) => a.shape[d]),
    (index) =>
      at(
        a,
        a.shape.map((_, d) => index[order.indexOf(d)]),
      ),
  );
const picked = [0, 2, 1, 4, 4, 0, -1];
const picks = () => tensor(Int32Array.from(picked));
const labels = Int32Array.from([2, 0, 4, 1, 3, 2]);

function layouts(): OperationCase[] {
  const a = sample([3, 4, 5], 120);
  const reshaped = (shape: number[]) => (x: Ref) => ({ shape, data: x.data });
  return [
    { name: "reshape", inputs: [a], run: (x) => x.reshape([6, -1]), reference: reshaped([6, 10]) },
    {
      name: "reshape",
      inputs: [a],
      run: (x) => x.T.reshape([4, 15]),
      reference: (x) => ({ ...permuted(x, [2, 1, 0]), shape: [4, 15] }),
    },
    { name: "flatten", inputs: [a], run: (x) => x.flatten(), reference: reshaped([60]) },
    { name: "squeeze", inputs: [sample([1, 3, 1], 121)], run: (x) => x.squeeze(), reference: reshaped([3]) },
    {
      name: "squeeze",
      inputs: [sample([1, 3, 1], 121)],
      run: (x) => x.squeeze(-1),
      reference: reshaped([1, 3]),
    },
    { name: "unsqueeze", inputs: [a], run: (x) => x.unsqueeze(-1), reference: reshaped([3, 4, 5, 1]) },
    {
      name: "transpose",
      inputs: [a],
      run: (x) => x.transpose(0, -1),
      reference: (x) => permuted(x, [2, 1, 0]),
    },
    {
      name: "permute",
      inputs: [a],
      run: (x) => x.permute([2, 0, 1]),
      reference: (x) => permuted(x, [2, 0, 1]),
    },
    { name: "T", inputs: [sample([9, 6], 122)], run: (x) => x.T, reference: (x) => permuted(x, [1, 0]) },
    {
      name: "expand",
      inputs: [sample([3, 1], 123)],
      run: (x) => x.expand([4, -1, 5]),
      reference: (x) => build([4, 3, 5], (index) => at(x, index)),
    },
    {
      name: "slice",
      inputs: [a],
      run: (x) => x.slice(1, 1, -1),
      reference: (x) => build([3, 2, 5], ([i, j, k]) => at(x, [i, j + 1, k])),
    },
    {
      name: "slice",
      inputs: [a],
      run: (x) => x.slice(2, 0, 5, 2),
      reference: (x) => build([3, 4, 3], ([i, j, k]) => at(x, [i, j, 2 * k])),
    },
    {
      name: "split",
      inputs: [a],
      run: (x) => x.split(2, 1)[1],
      reference: (x) => build([3, 2, 5], ([i, j, k]) => at(x, [i, j + 2, k])),
    },
    {
      name: "indexSelect",
      inputs: [sample([5, 3], 124)],
      run: (x) => x.indexSelect(0, picks()),
      reference: (x) => build([7, 3], ([i, j]) => at(x, [(picked[i] + 5) % 5, j])),
    },
    {
      name: "gather",
      inputs: [sample([4, 6], 125)],
      run: (x) =>
        x.gather(
          1,
          tensor(
            [
              [5, 0],
              [1, 1],
              [3, 2],
            ],
            { dtype: "int32" },
          ),
        ),
      reference: (x) =>
        build([3, 2], ([i, j]) =>
          at(x, [
            i,
            [
              [5, 0],
              [1, 1],
              [3, 2],
            ][i][j],
          ]),
        ),
    },
    {
      name: "pad",
      inputs: [sample([3, 4], 126)],
      run: (x) =>
        x.pad([
          [1, 2],
          [0, 3],
        ]),
      reference: (x) => build([6, 7], ([i, j]) => (i >= 1 && i < 4 && j < 4 ? at(x, [i - 1, j]) : 0)),
    },
    {
      name: "flip",
      inputs: [a],
      run: (x) => x.flip(-2),
      reference: (x) => build([3, 4, 5], ([i, j, k]) => at(x, [i, 3 - j, k])),
    },
    {
      name: "repeat",
      inputs: [sample([2, 3], 127)],
      run: (x) => x.repeat([2, 2, 3]),
      reference: (x) => build([2, 4, 9], ([, i, j]) => at(x, [i % 2, j % 3])),
    },
    { name: "clone", inputs: [a], run: (x) => x.clone(), reference: (x) => x },
    { name: "detach", inputs: [a], run: (x) => x.detach(), reference: (x) => x, differentiable: false },
    {
      name: "astype",
      inputs: [a],
      run: (x) => x.mul(10).astype("int32"),
      reference: (x) => map(x, (v) => Math.trunc(Math.fround(v * 10))),
      differentiable: false,
    },
    {
      name: "assign",
      inputs: [a],
      run: (x) => x.clone().detach().assign(3),
      reference: (x) => map(x, () => 3),
      differentiable: false,
    },
    {
      name: "concat",
      inputs: [sample([3, 2], 128), sample([3, 5], 129)],
      run: (x, y) => concat([x, y], -1),
      reference: (x, y) => build([3, 7], ([i, j]) => (j < 2 ? at(x, [i, j]) : at(y, [i, j - 2]))),
    },
    {
      name: "stack",
      inputs: [sample([3, 4], 130), sample([3, 4], 131)],
      run: (x, y) => stack([x, y], 1),
      reference: (x, y) => build([3, 2, 4], ([i, j, k]) => at(j === 0 ? x : y, [i, k])),
    },
    {
      name: "where",
      inputs: [sample([4, 5], 132), sample([5], 133)],
      run: (x, y) => where(x.gt(0.1), x, y),
      reference: (x, y) => broadcast(x, y, (p, q) => (p > Math.fround(0.1) ? p : q)),
    },
  ];
}

/** Positions of a list in order, equal elements as they stood. */
const ranked = (values: number[], sign: number) =>
  values.map((_, i) => i).sort((i, j) => sign * (values[i] - values[j]) || i - j);

function orders(): OperationCase[] {
  return [0, 1, -1].flatMap((axis, i) => {
    const along = axis < 0 ? axis + 3 : axis;
    const inputs = [sample([3, 4, 5], 150 + i)];
    const lines = (fn: (line: number[]) => number[]) => (x: Ref) => alongAxis(x, along, fn);
    const first = (count: number, whole: (x: Ref) => Ref) => (x: Ref) => {
      const shape = x.shape.map((extent, d) => (d === along ? count : extent));
      const sorted = whole(x);
      return build(shape, (index) => at(sorted, index));
    };
    return [
      {
        name: "sort",
        inputs,
        run: (x: Tensor) => x.sort(axis).values,
        reference: lines((line) => ranked(line, 1).map((k) => line[k])),
      },
      {
        name: "sort",
        inputs,
        run: (x: Tensor) => x.sort(axis, { descending: true }).values,
        reference: lines((line) => ranked(line, -1).map((k) => line[k])),
      },
      {
        name: "argsort",
        inputs,
        run: (x: Tensor) => x.argsort(axis),
        reference: lines((line) => ranked(line, 1)),
        differentiable: false,
      },
      {
        name: "topk",
        inputs,
        run: (x: Tensor) => x.topk(2, axis).values,
        reference: first(
          2,
          lines((line) => ranked(line, -1).map((k) => line[k])),
        ),
      },
      {
        name: "topk",
        inputs,
        run: (x: Tensor) => x.topk(3, axis, { largest: false }).values,
        reference: first(
          3,
          lines((line) => ranked(line, 1).map((k) => line[k])),
        ),
      },
    ];
  });
}

function masks(): OperationCase[] {
  const mask = tensor([1, 0, 0, 1, 0]);
  const triangular = (keep: (column: number, row: number) => boolean) => (x: Ref) => ({
    shape: x.shape,
    data: x.data.map((v, i) => (keep(i % 5, Math.floor(i / 5) % 4) ? v : 0)),
  });
  const inputs = [sample([2, 4, 5], 160)];
  return [
    {
      name: "maskedFill",
      inputs,
      run: (x) => x.maskedFill(mask, 7),
      reference: (x) => ({
        shape: x.shape,
        data: x.data.map((v, i) => (i % 5 === 0 || i % 5 === 3 ? 7 : v)),
      }),
    },
    ...[-1, 0, 2].flatMap((diagonal) => [
      {
        name: "tril",
        inputs,
        run: (x: Tensor) => x.tril(diagonal),
        reference: triangular((c, r) => c - r <= diagonal),
      },
      {
        name: "triu",
        inputs,
        run: (x: Tensor) => x.triu(diagonal),
        reference: triangular((c, r) => c - r >= diagonal),
      },
    ]),
    {
      name: "oneHot",
      inputs: [{ shape: [2, 3], data: [0, 2, 3, 1, 1, 0] }],
      run: (x) => x.astype("int32").oneHot(4),
      reference: (x) => ({
        shape: [2, 3, 4],
        data: x.data.flatMap((v) => [0, 1, 2, 3].map((c) => Number(c === v))),
      }),
      differentiable: false,
    },
    ...([undefined, 0, 1] as const).flatMap((axis) =>
      (["any", "all"] as const).map((name) => ({
        name,
        inputs: [{ shape: [3, 2], data: [0, 0, 1, 0, 1, 1] }],
        run: (x: Tensor) => x[name](axis),
        reference: (x: Ref) =>
          reduceOver(x, axis === undefined ? [0, 1] : [axis], false, (v) =>
            Number(name === "any" ? v.some(Boolean) : v.every(Boolean)),
          ),
        differentiable: false,
      })),
    ),
  ];
}

function selections(): OperationCase[] {
  const sparse: Ref = { shape: [3, 2], data: [0, 1, 2, 0, 0, -3] };
  const quantileOf = (q: number) => (line: number[]) => {
    const sorted = [...line].sort((a, b) => a - b);
    const place = q * (line.length - 1);
    const below = Math.floor(place);
    return sorted[below] + (place - below) * ((sorted[below + 1] ?? 0) - sorted[below]);
  };
  return [
    {
      name: "nonzero",
      inputs: [sparse],
      run: (x) => x.nonzero(),
      reference: () => ({ shape: [3, 2], data: [0, 1, 1, 0, 2, 1] }),
      differentiable: false,
    },
    {
      name: "maskedSelect",
      inputs: [sample([3, 2], 180)],
      run: (x) => x.maskedSelect(tensor(sparse.data).reshape([3, 2])),
      reference: (x) => ({ shape: [3], data: [1, 2, 5].map((i) => x.data[i]) }),
    },
    {
      name: "bincount",
      inputs: [{ shape: [2, 3], data: [0, 2, 2, 1, 2, 0] }],
      run: (x) => x.astype("int32").bincount(5),
      reference: () => ({ shape: [5], data: [2, 1, 3, 0, 0] }),
      differentiable: false,
    },
    ...[0, 0.3, 1].flatMap((q) =>
      [0, 1].map((axis) => ({
        name: "quantile",
        inputs: [sample([4, 5], 181 + axis)],
        run: (x: Tensor) => x.quantile(q, axis, { keepDims: true }),
        reference: (x: Ref) => reduceOver(x, [axis], true, quantileOf(q)),
      })),
    ),
    ...([undefined, 0, 1] as const).map((axis) => ({
      name: "median",
      inputs: [sample([4, 5], 183)],
      run: (x: Tensor) => x.median(axis),
      reference: (x: Ref) => reduceOver(x, axis === undefined ? [0, 1] : [axis], false, quantileOf(0.5)),
    })),
  ];
}

function patterns(): OperationCase[] {
  const repeated: Ref = { shape: [2, 3], data: [3, 1, 3, -2, 1, 3] };
  return [
    {
      name: "meshgrid",
      inputs: [sample([3], 200), sample([4], 201)],
      run: (x, y) => {
        const [rows, columns] = meshgrid([x, y]);
        return rows.mul(2).sub(columns);
      },
      reference: (x, y) => build([3, 4], ([i, j]) => 2 * x.data[i] - y.data[j]),
    },
    {
      name: "diag",
      inputs: [sample([4], 202)],
      run: (x) => x.diag(),
      reference: (x) => build([4, 4], ([i, j]) => (i === j ? x.data[i] : 0)),
    },
    {
      name: "diag",
      inputs: [sample([3, 5], 203)],
      run: (x) => x.diag(),
      reference: (x) => build([3], ([i]) => at(x, [i, i])),
    },
    ...(["values", "inverse", "counts"] as const).map((part) => ({
      name: "unique",
      inputs: [repeated],
      run: (x: Tensor) => x.unique()[part],
      reference: () =>
        ({
          values: { shape: [3], data: [-2, 1, 3] },
          inverse: { shape: [2, 3], data: [2, 1, 2, 0, 1, 2] },
          counts: { shape: [3], data: [1, 2, 3] },
        })[part],
      differentiable: false,
    })),
    ...(["counts", "edges"] as const).map((part) => ({
      name: "histogram",
      inputs: [{ shape: [2, 5], data: [-1, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 2, 7] }],
      run: (x: Tensor) => x.histogram(4, { range: [0, 2] })[part],
      reference: () =>
        ({
          counts: { shape: [4], data: [1, 2, 2, 3] },
          edges: { shape: [5], data: [0, 0.5, 1, 1.5, 2] },
        })[part],
      differentiable: false,
    })),
    {
      name: "convTranspose1d",
      inputs: [sample([2, 3, 4], 204), sample([3, 2, 3], 205), sample([2], 206)],
      run: (x, w, b) => x.convTranspose1d(w, b, { stride: 2, padding: 1, outputPadding: 1 }),
      reference: (x, w, b) =>
        build([2, 2, 8], ([n, c, to]) => {
          let sum = b.data[c];
          for (let from = 0; from < 4; from++) {
            const tap = to + 1 - 2 * from;
            if (tap < 0 || tap > 2) continue;
            for (let k = 0; k < 3; k++) sum += at(x, [n, k, from]) * at(w, [k, c, tap]);
          }
          return sum;
        }),
    },
    ...unary(
      "gelu",
      (x) => x.gelu({ approximate: "tanh" }),
      (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
    ),
  ];
}

/** Position i of an axis that goes on beyond its ends. */
const CONTINUED = {
  reflect: (i: number, n: number) => (i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i),
  replicate: (i: number, n: number) => Math.min(Math.max(i, 0), n - 1),
  circular: (i: number, n: number) => (i + n) % n,
};

/** Linear interpolation of a line of n to `to` elements. */
const interpolated = (line: number[], to: number, corners: boolean) =>
  Array.from({ length: to }, (_, i) => {
    const n = line.length;
    const place = corners ? (i * (n - 1)) / (to - 1) : Math.max(((i + 0.5) * n) / to - 0.5, 0);
    const below = Math.min(Math.floor(place), n - 1);
    const above = Math.min(below + 1, n - 1);
    return line[below] + (place - below) * (line[above] - line[below]);
  });

function continuations(): OperationCase[] {
  const windows = (x: Ref, size: number, fn: (values: number[]) => number) =>
    build([x.shape[0], x.shape[1], Math.floor(x.shape[2] / size)], ([n, c, i]) =>
      fn(Array.from({ length: size }, (_, k) => at(x, [n, c, i * size + k]))),
    );
  const signals = [sample([2, 3, 6], 190)];
  return [
    ...(["reflect", "replicate", "circular"] as const).map((mode) => ({
      name: "pad",
      inputs: [sample([3, 5], 191)],
      run: (x: Tensor) =>
        x.pad(
          [
            [1, 2],
            [3, 0],
          ],
          mode,
        ),
      reference: (x: Ref) =>
        build([6, 8], ([i, j]) => at(x, [CONTINUED[mode](i - 1, 3), CONTINUED[mode](j - 3, 5)])),
    })),
    {
      name: "maxPool1d",
      inputs: signals,
      run: (x) => x.maxPool1d(2),
      reference: (x) => windows(x, 2, (v) => Math.max(...v)),
    },
    {
      name: "avgPool1d",
      inputs: signals,
      run: (x) => x.avgPool1d(3),
      reference: (x) => windows(x, 3, average),
    },
    {
      name: "adaptiveAvgPool1d",
      inputs: signals,
      run: (x) => x.adaptiveAvgPool1d(2),
      reference: (x) => windows(x, 3, average),
    },
    ...[true, false].map((alignCorners) => ({
      name: "upsample",
      inputs: [sample([1, 2, 3, 4], 192)],
      run: (x: Tensor) => x.upsample([2, 3], { mode: "bilinear", alignCorners }),
      reference: (x: Ref) => {
        const planes = [0, 1].flatMap((c) => {
          const rows = [0, 1, 2].map((i) => x.data.slice(c * 12 + i * 4, c * 12 + i * 4 + 4));
          const wide = rows.map((row) => interpolated(row, 12, alignCorners));
          const columns = wide[0].map((_, j) =>
            interpolated(
              wide.map((row) => row[j]),
              6,
              alignCorners,
            ),
          );
          return [0, 1, 2, 3, 4, 5].flatMap((i) => columns.map((column) => column[i]));
        });
        return { shape: [1, 2, 6, 12], data: planes };
      },
    })),
  ];
}

function additions(): OperationCase[] {
  const rows = () => tensor(Int32Array.of(2, 0, 2));
  const scatterTo = () => tensor(Int32Array.of(5, 0, 2, 1, 3, 1)).reshape([2, 3]);
  const targets = [
    [1, 1, 5],
    [0, 3, 3],
  ];
  return [
    {
      name: "indexAdd",
      inputs: [sample([3, 4], 170), sample([3, 4], 171)],
      run: (x, y) => x.indexAdd(0, rows(), y),
      reference: (x, y) =>
        build([3, 4], ([i, j]) =>
          [2, 0, 2].reduce((sum, to, k) => (to === i ? sum + at(y, [k, j]) : sum), at(x, [i, j])),
        ),
    },
    {
      // The first and the third element of the second row go to one place.
      name: "scatter",
      inputs: [sample([2, 6], 174), sample([2, 3], 175)],
      run: (x, y) => x.scatter(1, scatterTo(), y),
      reference: (x, y) => {
        const out = { shape: x.shape, data: [...x.data] };
        for (const [k, to] of [5, 0, 2, 1, 3, 1].entries()) out.data[6 * Math.floor(k / 3) + to] = y.data[k];
        return out;
      },
    },
    {
      name: "scatter",
      inputs: [sample([2, 6], 176)],
      run: (x) => x.scatter(1, scatterTo(), 7),
      reference: (x) =>
        build([2, 6], ([i, j]) =>
          [
            [5, 0, 2],
            [1, 3, 1],
          ][i].includes(j)
            ? 7
            : at(x, [i, j]),
        ),
    },
    {
      name: "scatterAdd",
      inputs: [sample([2, 6], 172), sample([2, 3], 173)],
      run: (x, y) => x.scatterAdd(1, tensor(targets, { dtype: "int32" }), y),
      reference: (x, y) =>
        build([2, 6], ([i, j]) =>
          targets[i].reduce((sum, to, k) => (to === j ? sum + at(y, [i, k]) : sum), at(x, [i, j])),
        ),
    },
    ...[2, -1, 7].map((shift) => ({
      name: "roll",
      inputs: [sample([2, 5], 174)],
      run: (x: Tensor) => x.roll(shift, 1),
      reference: (x: Ref) => build([2, 5], ([i, j]) => at(x, [i, (j - shift + 10) % 5])),
    })),
    {
      name: "outer",
      inputs: [sample([3], 175), sample([5], 176)],
      run: (x, y) => x.outer(y),
      reference: (x, y) => build([3, 5], ([i, j]) => x.data[i] * y.data[j]),
    },
  ];
}

const rowsOf = (x: Ref) => Array.from({ length: 4 }, (_, r) => x.data.slice(5 * r, 5 * r + 5));
const distances = (x: Ref, y: Ref) =>
  rowsOf(x).map((p, r) => Math.hypot(...p.map((v, i) => v - rowsOf(y)[r][i] + 1e-6)));
const cosines = (x: Ref, y: Ref) =>
  rowsOf(x).map((p, r) => {
    const q = rowsOf(y)[r];
    return total(p.map((v, i) => v * q[i])) / (Math.hypot(...p) * Math.hypot(...q));
  });

function losses(): OperationCase[] {
  const logits = sample([6, 5], 140, -3, 3);
  const [a, b] = [sample([4, 5], 141), sample([4, 5], 142)];
  const targets = sample([4, 5], 143, 0.05, 0.95);
  const rows = (x: Ref) => Array.from({ length: 6 }, (_, i) => x.data.slice(5 * i, 5 * i + 5));
  const scalar = (value: number): Ref => ({ shape: [], data: [value] });
  const crossEntropies = (x: Ref, e: number) =>
    rows(x).map((row, i) => logSum(row) - (1 - e) * row[labels[i]] - e * average(row));
  const classWeights = [0.5, 2, 1, 0.25, 3];
  /** As torch.nn.functional.cross_entropy: smoothing weighs every class, the mean goes by the labels' weights. */
  const weightedMean = (x: Ref, e: number, ignored: number) => {
    const kept = rows(x)
      .map((row, i) => ({ row, label: labels[i] }))
      .filter(({ label }) => label !== ignored);
    const losses = kept.map(({ row, label }) => {
      const surprise = row.map((v, c) => classWeights[c] * (logSum(row) - v));
      return (1 - e) * surprise[label] + e * average(surprise);
    });
    return scalar(total(losses) / total(kept.map(({ label }) => classWeights[label])));
  };
  const pairwise = (fn: (x: number, y: number) => number) => (x: Ref, y: Ref) =>
    scalar(average(broadcast(x, y, fn).data));
  return [
    {
      name: "crossEntropy",
      inputs: [logits],
      run: (x) => nn.crossEntropy(x, tensor(labels)),
      reference: (x) => scalar(average(crossEntropies(x, 0))),
    },
    {
      name: "crossEntropy",
      inputs: [logits],
      run: (x) => nn.crossEntropy(x, tensor(labels), { labelSmoothing: 0.2, reduction: "none" }),
      reference: (x) => ({ shape: [6], data: crossEntropies(x, 0.2) }),
    },
    {
      name: "crossEntropy",
      inputs: [logits],
      run: (x) => nn.crossEntropy(x, tensor(labels), { ignoreIndex: 2 }),
      reference: (x) => scalar(average(crossEntropies(x, 0).filter((_, i) => labels[i] !== 2))),
    },
    {
      name: "nllLoss",
      inputs: [logits],
      run: (x) => nn.nllLoss(x.logSoftmax(1), tensor(labels), { reduction: "sum" }),
      reference: (x) => scalar(total(crossEntropies(x, 0))),
    },
    {
      name: "nllLoss",
      inputs: [logits],
      run: (x) =>
        nn.nllLoss(x.logSoftmax(1), tensor(labels), { weight: tensor(classWeights), ignoreIndex: 1 }),
      reference: (x) => weightedMean(x, 0, 1),
    },
    {
      name: "crossEntropy",
      inputs: [logits],
      run: (x) =>
        nn.crossEntropy(x, tensor(labels), {
          weight: tensor(classWeights),
          ignoreIndex: 4,
          labelSmoothing: 0.3,
        }),
      reference: (x) => weightedMean(x, 0.3, 4),
    },
    {
      name: "crossEntropy",
      inputs: [sample([2, 5, 1, 3], 144, -3, 3)],
      run: (x) => nn.crossEntropy(x, tensor(labels, { shape: [2, 1, 3] }), { reduction: "none" }),
      reference: (x) => {
        const last = build([2, 1, 3, 5], ([n, h, w, c]) => at(x, [n, c, h, w]));
        return { shape: [2, 1, 3], data: crossEntropies(last, 0) };
      },
    },
    {
      name: "mseLoss",
      inputs: [a, b],
      run: (x, y) => nn.mseLoss(x, y),
      reference: pairwise((p, q) => (p - q) ** 2),
    },
    {
      name: "l1Loss",
      inputs: [a, b],
      run: (x, y) => nn.l1Loss(x, y),
      reference: pairwise((p, q) => Math.abs(p - q)),
    },
    {
      name: "huberLoss",
      inputs: [a, b],
      run: (x, y) => nn.huberLoss(x, y, { delta: 0.5 }),
      reference: pairwise((p, q) =>
        Math.abs(p - q) <= 0.5 ? (p - q) ** 2 / 2 : 0.5 * (Math.abs(p - q) - 0.25),
      ),
    },
    {
      name: "smoothL1Loss",
      inputs: [a, b],
      run: (x, y) => nn.smoothL1Loss(x, y, { beta: 0.5 }),
      reference: pairwise((p, q) => {
        const d = Math.abs(p - q);
        return d < 0.5 ? d ** 2 : d - 0.25;
      }),
    },
    {
      name: "cosineSimilarity",
      inputs: [a, b],
      run: (x, y) => nn.cosineSimilarity(x, y),
      reference: (x, y) => ({ shape: [4], data: cosines(x, y) }),
    },
    ...[false, true].map(
      (swap): OperationCase => ({
        name: "tripletMarginLoss",
        inputs: [a, b, sample([4, 5], 145)],
        run: (x, y, z) => nn.tripletMarginLoss(x, y, z, { margin: 2, swap, reduction: "none" }),
        reference: (x, y, z) => {
          const [near, far, other] = [distances(x, y), distances(x, z), distances(y, z)];
          return {
            shape: [4],
            data: near.map((d, i) => Math.max(0, d - (swap ? Math.min(far[i], other[i]) : far[i]) + 2)),
          };
        },
      }),
    ),
    {
      name: "cosineEmbeddingLoss",
      inputs: [a, b],
      run: (x, y) =>
        nn.cosineEmbeddingLoss(x, y, tensor([1, -1, -1, 1]), { margin: -0.9, reduction: "none" }),
      reference: (x, y) => ({
        shape: [4],
        data: cosines(x, y).map((c, i) => (i === 0 || i === 3 ? 1 - c : Math.max(0, c + 0.9))),
      }),
    },
    {
      name: "bceWithLogits",
      inputs: [a, targets],
      run: (x, y) => nn.bceWithLogits(x, y),
      reference: pairwise((p, q) => softplus(p) - p * q),
    },
    {
      name: "bceWithLogits",
      inputs: [a, targets],
      run: (x, y) => nn.bceWithLogits(x, y, { posWeight: 3 }),
      reference: pairwise((p, q) => 3 * q * softplus(-p) + (1 - q) * softplus(p)),
    },
    {
      name: "klDiv",
      inputs: [a, targets],
      run: (x, y) => nn.klDiv(x, y),
      reference: pairwise((p, q) => q * (Math.log(q) - p)),
    },
    {
      name: "klDiv",
      inputs: [a, targets],
      run: (x, y) => nn.klDiv(x, y.log(), { logTarget: true, reduction: "batchmean" }),
      reference: (x, y) => scalar(total(broadcast(x, y, (p, q) => q * (Math.log(q) - p)).data) / 4),
    },
  ];
}

const comparisons: [string, (a: Tensor, b: Tensor) => Tensor, (x: number, y: number) => boolean][] = [
  ["eq", (a, b) => a.eq(b), (x, y) => x === y],
  ["ne", (a, b) => a.ne(b), (x, y) => x !== y],
  ["gt", (a, b) => a.gt(b), (x, y) => x > y],
  ["ge", (a, b) => a.ge(b), (x, y) => x >= y],
  ["lt", (a, b) => a.lt(b), (x, y) => x < y],
  ["le", (a, b) => a.le(b), (x, y) => x <= y],
];

export const OPERATIONS: OperationCase[] = [
  ...binary(
    "add",
    (a, b) => a.add(b),
    (x, y) => x + y,
  ),
  ...binary(
    "sub",
    (a, b) => a.sub(b),
    (x, y) => x - y,
  ),
  ...binary(
    "mul",
    (a, b) => a.mul(b),
    (x, y) => x * y,
  ),
  ...binary(
    "div",
    (a, b) => a.div(b),
    (x, y) => x / y,
    { low: 0.5, high: 2 },
  ),
  ...binary("maximum", (a, b) => a.maximum(b), Math.max),
  ...binary("minimum", (a, b) => a.minimum(b), Math.min),
  ...comparisons.flatMap(([name, run, reference]) => [
    ...binary(name, run, (x, y) => Number(reference(x, y)), { differentiable: false }),
    {
      name,
      inputs: [
        { shape: [5], data: [1, 2, 3, 4, 5] },
        { shape: [5], data: [1, 3, 2, 4, 5] },
      ],
      run,
      reference: (x: Ref, y: Ref) => broadcast(x, y, (p, q) => Number(reference(p, q))),
      differentiable: false,
    },
  ]),
  ...unary(
    "neg",
    (x) => x.neg(),
    (x) => -x,
  ),
  ...unary("abs", (x) => x.abs(), Math.abs),
  ...unary("sign", (x) => x.sign(), Math.sign),
  ...unary(
    "square",
    (x) => x.square(),
    (x) => x * x,
  ),
  ...unary("sqrt", (x) => x.sqrt(), Math.sqrt, { low: 0.2, high: 4 }),
  ...unary(
    "rsqrt",
    (x) => x.rsqrt(),
    (x) => 1 / Math.sqrt(x),
    { low: 0.3, high: 4 },
  ),
  ...unary("exp", (x) => x.exp(), Math.exp),
  ...unary("log", (x) => x.log(), Math.log, { low: 0.2, high: 5 }),
  ...unary("expm1", (x) => x.expm1(), Math.expm1),
  ...unary(
    "exp2",
    (x) => x.exp2(),
    (x) => 2 ** x,
  ),
  ...unary("log2", (x) => x.log2(), Math.log2, { low: 0.2, high: 5 }),
  ...unary("log10", (x) => x.log10(), Math.log10, { low: 0.2, high: 5 }),
  ...unary("sinh", (x) => x.sinh(), Math.sinh),
  ...unary("cosh", (x) => x.cosh(), Math.cosh),
  ...unary(
    "isNaN",
    (x) => x.log().isNaN(),
    (x) => Number(x < 0),
    { differentiable: false },
  ),
  ...unary(
    "isFinite",
    (x) => x.log().isFinite(),
    (x) => Number(x > 0),
    { differentiable: false },
  ),
  ...binary(
    "pow",
    (a, b) => a.pow(b),
    (x, y) => x ** y,
    { low: 0.3, high: 2 },
  ),
  ...orders(),
  ...masks(),
  ...additions(),
  ...patterns(),
  ...continuations(),
  ...selections(),
  ...binary(
    "remainder",
    (a, b) => a.remainder(b),
    (x, y) => x - Math.floor(x / y) * y,
    { low: 0.55, high: 0.95 },
  ),
  ...binary(
    "logicalAnd",
    (a, b) => a.gt(0).logicalAnd(b.gt(0)),
    (x, y) => Number(x > 0 && y > 0),
    { differentiable: false },
  ),
  ...binary(
    "logicalOr",
    (a, b) => a.gt(0).logicalOr(b.gt(0)),
    (x, y) => Number(x > 0 || y > 0),
    { differentiable: false },
  ),
  ...binary(
    "logicalXor",
    (a, b) => a.gt(0).logicalXor(b.gt(0)),
    (x, y) => Number(x > 0 !== y > 0),
    { differentiable: false },
  ),
  ...unary(
    "logicalNot",
    (x) => x.gt(0).logicalNot(),
    (x) => Number(!(x > 0)),
    { differentiable: false },
  ),
  ...unary("log1p", (x) => x.log1p(), Math.log1p, { low: -0.7, high: 3 }),
  ...unary("sin", (x) => x.sin(), Math.sin, { low: -6, high: 6 }),
  ...unary("cos", (x) => x.cos(), Math.cos, { low: -6, high: 6 }),
  ...unary("atan", (x) => x.atan(), Math.atan, { low: -5, high: 5 }),
  ...unary("asin", (x) => x.asin(), Math.asin, { low: -0.9, high: 0.9 }),
  ...unary("acos", (x) => x.acos(), Math.acos, { low: -0.9, high: 0.9 }),
  ...binary("atan2", (a, b) => a.atan2(b), Math.atan2),
  ...unary("tanh", (x) => x.tanh(), Math.tanh),
  ...unary("sigmoid", (x) => x.sigmoid(), sigmoid),
  ...unary("erf", (x) => x.erf(), erf),
  ...unary("floor", (x) => x.floor(), Math.floor),
  ...unary("ceil", (x) => x.ceil(), Math.ceil),
  ...unary("round", (x) => x.round(), Math.round, { low: -1.4, high: 1.4 }),
  ...unary(
    "reciprocal",
    (x) => x.reciprocal(),
    (x) => 1 / x,
    { low: 0.4, high: 3 },
  ),
  ...unary(
    "clamp",
    (x) => x.clamp(-0.515, 0.915),
    (x) => Math.min(Math.max(x, Math.fround(-0.515)), Math.fround(0.915)),
  ),
  ...unary(
    "pow",
    (x) => x.pow(2.5),
    (x) => x ** 2.5,
    { low: 0.2, high: 3 },
  ),
  ...unary(
    "pow",
    (x) => x.pow(3),
    (x) => x ** 3,
  ),
  ...unary(
    "pow",
    (x) => x.pow(-1),
    (x) => 1 / x,
    { low: 0.5, high: 3 },
  ),
  ...unary(
    "relu",
    (x) => x.relu(),
    (x) => Math.max(x, 0),
  ),
  ...unary(
    "leakyRelu",
    (x) => x.leakyRelu(0.1),
    (x) => (x > 0 ? x : 0.1 * x),
  ),
  ...unary(
    "leakyRelu",
    (x) => x.leakyRelu(-0.2),
    (x) => (x > 0 ? x : -0.2 * x),
  ),
  ...unary(
    "elu",
    (x) => x.elu(),
    (x) => (x > 0 ? x : Math.expm1(x)),
  ),
  ...unary(
    "gelu",
    (x) => x.gelu(),
    (x) => (x * (1 + erf(x / Math.SQRT2))) / 2,
  ),
  ...unary(
    "silu",
    (x) => x.silu(),
    (x) => x * sigmoid(x),
  ),
  ...unary("softplus", (x) => x.softplus(), softplus),
  ...reduction("sum", (x, axis, o) => x.sum(axis, o), total),
  ...reduction("mean", (x, axis, o) => x.mean(axis, o), average),
  ...reduction(
    "max",
    (x, axis, o) => x.max(axis, o),
    (v) => Math.max(...v),
  ),
  ...reduction(
    "min",
    (x, axis, o) => x.min(axis, o),
    (v) => Math.min(...v),
  ),
  ...reduction("var", (x, axis, o) => x.var(axis, o), spreadOf),
  ...reduction(
    "std",
    (x, axis, o) => x.std(axis, o),
    (v) => Math.sqrt(spreadOf(v)),
  ),
  ...reduction(
    "prod",
    (x, axis, o) => x.prod(axis, o),
    (v) => v.reduce((a, b) => a * b, 1),
  ),
  ...reduction(
    "norm",
    (x, axis, o) => x.norm(axis, o),
    (v) => Math.hypot(...v),
  ),
  ...reduction("logSumExp", (x, axis, o) => x.logSumExp(axis, o), logSum),
  ...LINES,
  ...POSITIONS,
  ...EXTREMES,
  ...EINSUMS,
  ...MATRICES.map(([a, b], i) => ({
    name: "matmul",
    inputs: [sample(a, 100 + i), sample(b, 110 + i)],
    run: (x: Tensor, y: Tensor) => x.matmul(y),
    reference: matmulRef,
    tolerance: 2e-5,
  })),
  {
    name: "matmul",
    inputs: [sample([7, 5], 107), sample([3, 7], 117)],
    run: (x, y) => x.T.matmul(y.T),
    reference: (x, y) => matmulRef(permuted(x, [1, 0]), permuted(y, [1, 0])),
  },
  {
    name: "matmul",
    inputs: [sample([4, 5], 108), sample([5], 118)],
    run: (x, y) => x.matmul(y),
    reference: (x, y) => ({ ...matmulRef(x, { shape: [5, 1], data: y.data }), shape: [4] }),
  },
  {
    name: "matmul",
    inputs: [sample([5], 109), sample([5], 119)],
    run: (x, y) => x.matmul(y),
    reference: (x, y) => ({ shape: [], data: [total(x.data.map((v, i) => v * y.data[i]))] }),
  },
  ...layouts(),
  ...losses(),
  ...imageOperations(),
];
