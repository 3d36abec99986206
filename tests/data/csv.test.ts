import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { DataError, data } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";

async function rejects(
  source: string,
  message: RegExp,
  options?: data.CsvOptions,
  kind: unknown = DataError,
) {
  const error = await data.csv(source, options).then(
    () => null,
    (e: unknown) => e,
  );
  assert.instance(error, kind as typeof Error);
  assert.match((error as Error).message, message);
}

test("numbers and text labels, with and without a header", async () => {
  const body = "5.1,-3,setosa\n4,1e2,virginica\r\n.5,+7.,setosa\n\n";
  for (const [text, columns] of [
    [`length, width ,species\n${body}`, ["length", "width"]],
    [`\ufeff${body}`, ["0", "1"]],
  ] as [string, string[]][]) {
    const { dataset, ...rest } = await data.csv(text);
    assert.equal(rest, { columns, classes: ["setosa", "virginica"] });
    assert.equal(
      [...dataset.x.toFloat32Array()],
      [5.1, -3, 4, 100, 0.5, 7].map((value) => Math.fround(value)),
    );
    assert.equal([...dataset.x.shape], [3, 2]);
    assert.is(dataset.y.dtype, "int32");
    assert.equal(dataset.y.toArray(), [0, 1, 0]);
  }
});

test("the label column by name and by index; a header said or denied", async () => {
  const text = "kind,a,b\n2,10,20\n0,30,40\n";
  for (const label of ["kind", 0, -3]) {
    const { dataset, columns, classes } = await data.csv(text, { label });
    assert.equal(columns, ["a", "b"]);
    assert.equal(classes, []);
    assert.equal(dataset.y.toArray(), [2, 0]);
    assert.equal(dataset.x.toArray(), [
      [10, 20],
      [30, 40],
    ]);
  }
  assert.is((await data.csv("1,2\n3,4\n", { header: true })).dataset.length, 1);
  assert.is((await data.csv("1,2\n3,4\n")).dataset.length, 2);
  await rejects("a,b\n1,2\n", /line 1, column 0: expected a finite float32 number, got "a"/, {
    header: false,
  });
});

test("numbered columns are a header, as tables written with their columns' numbers have it", async () => {
  const named = await data.csv("0,1,species\n5.1,3.5,setosa\n4.9,3.0,virginica\n");
  assert.equal(named.columns, ["0", "1"]);
  assert.equal(named.classes, ["setosa", "virginica"]);
  const { dataset } = await data.csv("0,1,label\n1,2,0\n3,4,1\n");
  assert.equal(dataset.y.toArray(), [0, 1]);
  // These are samples: binary inputs of a class that comes again.
  assert.is((await data.csv("0,1,cat\n1,0,dog\n1,1,cat\n")).dataset.length, 3);
});

test("what is no text and what is no option", async () => {
  await rejects(7 as never, /csv: expected a path or text, got 7/, undefined, TypeError);
  await rejects(
    "1,2\n",
    /unknown option "labels"; known options: label, header/,
    { labels: 0 } as object,
    TypeError,
  );
});

test("other numbers are targets", async () => {
  for (const [text, targets] of [
    ["1,0.5\n2,1\n", [0.5, 1]],
    ["1,-1\n2,1\n", [-1, 1]],
  ] as [string, number[]][]) {
    const { y } = (await data.csv(text)).dataset;
    assert.is(y.dtype, "float32");
    assert.equal(
      y.toArray(),
      targets.map((value) => [value]),
    );
  }
});

test("quotes hold commas, quotes and line breaks; lines are still counted", async () => {
  const { columns, classes } = await data.csv('"x, ""inner""\nmore",y\n1,"a,b"\n');
  assert.equal(columns, ['x, "inner"\nmore']);
  assert.equal(classes, ["a,b"]);
  await rejects('1,"a\n\nb"\nzwei,c\n', /csv: line 4, column 0: .* got "zwei"/, { header: false });
});

test("garbage is told with its line", async () => {
  await rejects("1,2,3\n4,5\n", /csv: line 2 has 2 cells, expected 3/);
  await rejects("a,b\n1,x\n,y\n", /line 3, column a: expected a finite float32 number, got ""/);
  for (const cell of ["nan", "0x10", "1e39", "Infinity", "1 2", "--1"]) {
    await rejects(`1,x\n${cell},y\n`, new RegExp(`line 2, column 0: .* got "${cell}"`));
  }
  await rejects("1,2\n3,\n", /line 2, column 1: the label is missing/);
  await rejects('1,2\n"3,4\n', /line 2: a quote is out of place or never closed/);
  await rejects('1,2\n3 "x",4\n', /line 2: a quote is out of place/);
  await rejects("\n\n", /no rows/);
  await rejects("1\n2\n", /needs a column of labels and at least one of numbers/);
  await rejects("a,b\n", /no rows below the header/);
  await rejects("a,b\n1,2\n", /no column is named "c"; there is a, b/, { label: "c" }, RangeError);
  await rejects("a,a\n1,2\n", /more than one column is named "a"/, { label: "a" }, RangeError);
  await rejects("1,2\n3,4\n", /label column 2 is not one of 2 columns/, { label: 2 }, RangeError);
});

test("from a file; a missing one is named", async () => {
  const folder = mkdtempSync(join(tmpdir(), "topograd-"));
  try {
    const path = join(folder, "t.csv");
    writeFileSync(path, "1,2\n3,x\n");
    assert.equal((await data.csv(path)).classes, ["2", "x"]);
    writeFileSync(path, "1,2\nthree,x\n");
    await rejects(path, /t\.csv: line 2, column 0/);
    await rejects(join(folder, "none.csv"), /cannot read .*none\.csv/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("no garbage gets through but as numbers and labels", async () => {
  const cell = fc.oneof(
    fc.string({ maxLength: 6 }),
    fc.double().map(String),
    fc.constantFrom('"', "1", "\r\n"),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(cell, { maxLength: 3 }), { maxLength: 4 }), async (rows) => {
      const text = `${rows.map((row) => row.join(",")).join("\n")}\n`;
      try {
        const { dataset, columns } = await data.csv(text);
        const { x, y } = dataset;
        return (
          x.shape[1] === columns.length &&
          [...x.toFloat32Array(), ...y.toFloat32Array()].every(Number.isFinite)
        );
      } catch (error) {
        return error instanceof DataError || error instanceof RangeError;
      }
    }),
    { numRuns: 500 },
  );
});

test.run();
