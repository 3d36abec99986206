// Every public function with hostile arguments: an error of ours that says what was called, or a result; never a message of
// the engine's own, a trap, a hang, or a byte changed in somebody else's memory (tests/guard.ts watches).

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import * as topograd from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { checkGuards } from "#internal";

const { configure, data, io, nn, ones, optim, randn, scope, Tensor, tda, tensor, train, zeros } = topograd;

type Call = (values: unknown[]) => unknown;
type Anything = (...values: unknown[]) => unknown;

configure({ maxMemory: 2 ** 28 });
// What is written under hostile names is written there.
const folder = mkdtempSync(join(tmpdir(), "topograd-fuzz-"));
process.chdir(folder);
test.after(() => rmSync(folder, { recursive: true }));

const model = () => new nn.Sequential(new nn.Linear(3, 2), new nn.ReLU());
const freed = tensor([1, 2]);
freed.dispose();

const cyclic: unknown[] = [];
cyclic.push(cyclic);
let deep: unknown = 1;
for (let i = 0; i < 20_000; i++) deep = [deep];

/** Made when a call needs them, in its scope. */
const TENSORS: (() => topograd.Tensor)[] = [
  () => zeros([]),
  () => zeros([0]),
  () => ones([3]),
  () => randn([2, 3], { requiresGrad: true }),
  () => randn([3, 2]).T,
  () => randn([1, 2, 4, 4]),
  () => randn([2, 2, 3, 3]),
  () => ones([1, 3]).expand([4, 3]),
  () => randn([2, 0, 3]),
  () => tensor([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]),
  () => tensor(Int32Array.of(0, 1, 2)),
  () => tensor(Int32Array.of(-1, 5, 2 ** 31 - 1)),
];
const NUMBERS = [
  -1,
  0,
  1,
  2,
  3,
  0.5,
  -0,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
].concat([2 ** 31, 2 ** 31 - 1, 2 ** 32, 2 ** 32 + 1, -(2 ** 31), 40_000, 65_536, 1e308, 5e-324]);
const JUNK = [
  undefined,
  null,
  "2",
  "",
  true,
  1n,
  () => {},
  Symbol("x"),
  new Date(0),
  new Map(),
  cyclic,
  deep,
  freed,
].concat([
  [[1, 2], [3]],
  [1, "a"],
  [],
  {},
  Object.create(null),
  { length: 1e9 },
  new Float32Array(3),
  Int32Array.of(1, 2),
] as never[]);
const OPTIONS = [
  "stride",
  "padding",
  "dilation",
  "groups",
  "outputPadding",
  "keepDims",
  "correction",
  "axis",
  "bias",
].concat(
  [
    "eps",
    "momentum",
    "affine",
    "generator",
    "lr",
    "weightDecay",
    "reduction",
    "labelSmoothing",
    "ignoreIndex",
    "weight",
  ],
  [
    "dim",
    "maxDim",
    "batchSize",
    "probe",
    "distance",
    "seed",
    "noise",
    "dtype",
    "requiresGrad",
    "shape",
    "stepsPerEpoch",
  ],
);

/** A function of nothing, so that tensors are made anew for every call. */
const value: fc.Arbitrary<() => unknown> = fc.letrec<{ any: () => unknown }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 2 },
    { weight: 6, arbitrary: fc.constantFrom<() => unknown>(...TENSORS) },
    { weight: 5, arbitrary: fc.constantFrom(...NUMBERS).map((n) => () => n) },
    { weight: 4, arbitrary: fc.constantFrom<unknown>(...JUNK).map((x) => () => x) },
    {
      weight: 2,
      arbitrary: fc.array(fc.constantFrom(...NUMBERS), { maxLength: 4 }).map((list) => () => [...list]),
    },
    { weight: 1, arbitrary: fc.constant(model) },
    { weight: 1, arbitrary: fc.constant(() => model().parameters()) },
    {
      weight: 2,
      arbitrary: fc
        .dictionary(fc.constantFrom(...OPTIONS), tie("any"), { maxKeys: 3 })
        .map((made) => () => Object.fromEntries(Object.entries(made).map(([name, make]) => [name, make()]))),
    },
  ),
})).any;

const isClass = (f: Anything) => /^class\b/.test(Function.prototype.toString.call(f));
/** Not called: they change the whole process, or read data sets from the disk. */
const LEFT_OUT = ["configure", "manualSeed", "mnist", "fashionMnist", "cifar10", "Tensor"];

function callsOf(prefix: string, namespace: object): [string, Call][] {
  return Object.entries(namespace)
    .filter(([name, f]) => typeof f === "function" && !LEFT_OUT.includes(name) && !name.endsWith("Error"))
    .map(([name, f]): [string, Call] => {
      if (!isClass(f)) return [prefix + name, (values) => f(...values)];
      const make: Call = (values) => {
        const made = new f(...values);
        if (typeof made.forward === "function") made.forward(...values);
        if (typeof made.loadStateDict === "function") made.loadStateDict(values[0]);
        return made;
      };
      return [`new ${prefix}${name}`, make];
    });
}

const methods = Object.entries(Object.getOwnPropertyDescriptors(Tensor.prototype))
  .filter(
    ([name, { value: f }]) =>
      typeof f === "function" && !["constructor", "free", "clearGrad", "copyOut"].includes(name),
  )
  .map(([name, { value: f }]): [string, Call] => [
    `Tensor.${name}`,
    ([x, ...rest]) => (f as Anything).apply(x instanceof Tensor ? x : ones([2, 3]), rest),
  ]);

const CALLS: [string, Call][] = [
  ...methods,
  ...callsOf("", topograd),
  ...callsOf("nn.", nn),
  ...callsOf("nn.init.", nn.init),
  ...callsOf("optim.", optim),
  ...callsOf("tda.", tda),
  ...callsOf("data.", data),
  ...callsOf("train.", train),
  ...callsOf("io.", io),
];

/** Messages of the engine, which say nothing to a user. */
const ENGINE =
  /Cannot read prop|is not iterable|Invalid typed array|Maximum call stack|out of bounds|is not a function|Cannot convert|Cannot destructure|\bundefined\b|unreachable|Invalid array length|divide by zero|Cannot mix BigInt|not a constructor|Reduce of empty|Cannot set prop|Invalid array buffer|circular structure|Method .* called/;

function offence(error: unknown): string | null {
  if (!(error instanceof Error)) return `threw ${String(error)}`;
  if (error instanceof WebAssembly.RuntimeError) return `trapped: ${error.message}`;
  return ENGINE.test(error.message) || error.message.startsWith("guard:") ? error.message : null;
}

for (const [name, call] of CALLS) {
  test(`${name} with anything`, () => {
    const warn = console.warn;
    console.warn = () => {};
    try {
      fc.assert(
        fc.property(fc.array(value, { maxLength: 4 }), (make) => {
          const sentinel = tensor([1.5, 2.5, 3.5]);
          try {
            scope(() => {
              const result = call(make.map((one) => one()));
              if (result instanceof Promise) result.catch(() => {});
            });
          } catch (error) {
            assert.is(offence(error), null);
          }
          assert.equal(sentinel.toArray(), [1.5, 2.5, 3.5]);
          sentinel.dispose();
        }),
        { numRuns: 300, seed: 1, endOnFailure: true },
      );
      checkGuards();
    } finally {
      console.warn = warn;
    }
  });
}

test.run();
