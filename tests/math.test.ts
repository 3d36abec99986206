import { test } from "uvu";
import * as assert from "uvu/assert";
import { cos, exp, log, log1p, pow, sin, tanh } from "../core/math";

// The host's functions are within an ulp of the truth in V8: good as a reference, no good as a promise.
function assertClose(got: number, want: number, tolerance: number, what: string): void {
  if (Object.is(got, want)) return;
  const error = Math.abs(got - want) / Math.max(Math.abs(want), 2 ** -1022);
  assert.ok(error <= tolerance, `${what}: ${got}, expected ${want} (${error})`);
}
function* range(low: number, high: number, count: number): Generator<number> {
  for (let i = 0; i <= count; i++) yield low + ((high - low) * i) / count;
}
/** Every magnitude of either sign. */
function* magnitudes(low: number, high: number): Generator<number> {
  for (const e of range(low, high, 20000)) yield* [2 ** e, -(2 ** e)];
}

const functions = { exp, log, log1p, sin, cos, tanh };
type Name = keyof typeof functions;
const check = (name: Name, x: number, tolerance = 1e-15) =>
  assertClose(functions[name](x), Math[name](x), tolerance, `${name}(${x})`);

test("exp", () => {
  for (const x of range(-745, 709.7, 50000)) if (x > -708) check("exp", x);
  for (const x of magnitudes(-60, 9)) check("exp", x);
  for (const x of [0, -0, 1, -1, NaN, Infinity, -Infinity, 710, -746]) check("exp", x);
  assert.is(exp(-744.5), Math.exp(-744.5), "denormal");
  assert.is(exp(0), 1);
});

test("log and log1p", () => {
  for (const x of magnitudes(-1074, 1023.9)) check("log", x);
  for (const x of range(0.5, 2, 50000)) check("log", x);
  for (const x of magnitudes(-1074, 1023.9)) check("log1p", x);
  for (const x of range(-0.999, 3, 50000)) check("log1p", x);
  for (const x of [0, -0, 1, -1, -2, NaN, Infinity, -Infinity, 5e-324]) {
    check("log", x);
    check("log1p", x);
  }
});

test("sin and cos", () => {
  for (const x of range(-20, 20, 50000)) {
    check("sin", x);
    check("cos", x);
  }
  for (const x of magnitudes(-1074, 20)) {
    check("sin", x);
    check("cos", x);
  }
  // Beside the multiples of pi / 2, where the reduction cancels.
  for (let n = 1; n < 1 << 20; n += 997) {
    check("sin", (n * Math.PI) / 2);
    check("cos", (n * Math.PI) / 2);
  }
  for (const x of [0, NaN, Infinity, -Infinity]) {
    check("sin", x);
    check("cos", x);
  }
  assert.throws(() => sin(2e6), /sin: got 2000000/);
  assert.throws(() => cos(-1e300), /cos: got -1e\+300/);
});

test("tanh", () => {
  for (const x of magnitudes(-1074, 10)) check("tanh", x);
  for (const x of range(-25, 25, 50000)) check("tanh", x);
  for (const x of [0, -0, NaN, Infinity, -Infinity]) check("tanh", x);
});

test("pow", () => {
  for (const x of range(0.01, 20, 400)) {
    for (const y of [0.5, -0.5, 0.1, 1.7, -3.3, 12.9]) assertClose(pow(x, y), x ** y, 1e-14, `${x}^${y}`);
    for (let n = -32; n <= 32; n++) {
      assertClose(pow(x, n), x ** n, 1e-14, `${x}^${n}`);
      assertClose(pow(-x, n), (-x) ** n, 1e-14, `${-x}^${n}`);
    }
  }
  // Bias correction of Adam.
  for (const beta of [0.9, 0.99, 0.999]) {
    for (let t = 1; t < 5000; t += 7) {
      if (beta ** t > 1e-20) assertClose(pow(beta, t), beta ** t, 1e-14, `${beta}^${t}`);
    }
  }
  assertClose(pow(-1.001, 101), (-1.001) ** 101, 1e-14, "odd");
  assertClose(pow(-1.001, 100), 1.001 ** 100, 1e-14, "even");
  for (const [x, y] of [
    [0, 0],
    [NaN, 0],
    [0, 3],
    [0, -1],
    [0, 0.5],
    [0, -0.5],
    [-2, 0.5],
    [Infinity, 0.3],
    [2, NaN],
    [NaN, 2],
    [2, Infinity],
    [2, -Infinity],
    [0.5, Infinity],
    [2, 2000],
    [-2, 2001],
    [2, -2000],
  ]) {
    assert.equal(pow(x, y), x ** y, `${x}^${y}`);
  }
});

test.run();
