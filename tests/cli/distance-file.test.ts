// Files of distances and points, well-formed and not.

import fc from "fast-check";
import { DataError } from "topograd";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readDistanceFile } from "#internal";

const read = (text: string, format?: "distance" | "points" | "lower-distance") =>
  readDistanceFile(text, "file", format);
const rows = (text: string) => read(text).distances.toArray();
const triangle = [
  [0, 3, 4],
  [3, 0, 5],
  [4, 5, 0],
];

test("the format is guessed", () => {
  const cases: [string, string, string][] = [
    ["0,3,4\n3,0,5\n4,5,0", "distance", "the distance matrix of 3 points"],
    ["3\n4,5", "lower-distance", "the lower triangle of the distance matrix of 3 points"],
    ["0,0\n3,0\n0,4", "points", "3 points in 2 dimensions"],
    ["0\n3\n4", "points", "3 points in 1 dimension"],
    ["1,2\n3,0", "points", "2 points in 2 dimensions"],
    ["0 1\n2 0", "points", "2 points in 2 dimensions"],
    ["0", "distance", "the distance matrix of 1 points"],
  ];
  for (const [text, format, about] of cases) {
    const file = read(text);
    assert.equal([file.format, file.about], [format, about], text);
  }
});

test("separators, blank lines, comments, names of columns, line ends and byte order marks do not matter", () => {
  for (const text of [
    "0,3,4\n3,0,5\n4,5,0\n",
    "0, 3, 4,\r\n3, 0, 5,\r\n4, 5, 0,",
    "0;3;4\r3;0;5\r4;5;0",
    "\ufeff# made by hand\n\n  0 3\t4\n3 0 5\n\n4 5e0 .0",
    "3\n4 5",
    "x,y\n0,0\n3,0\n0,4",
    '"first name","second"\n0,0\n3,0\n0,4',
  ]) {
    assert.equal(rows(text), triangle, text);
  }
  assert.equal(read("3 4 5", "lower-distance").distances.toArray(), triangle);
  assert.equal(rows("inf\n4,5"), [
    [0, Number.POSITIVE_INFINITY, 4],
    [Number.POSITIVE_INFINITY, 0, 5],
    [4, 5, 0],
  ]);
});

test("what is wrong is named with its line", () => {
  const cases: [string, "distance" | "points" | "lower-distance" | undefined, RegExp][] = [
    ["", undefined, /^file: no numbers$/],
    ["# nothing\n\n", undefined, /no numbers/],
    ["1,2\n\n3,four", undefined, /line 3, column 2: expected a number that float32 can hold, got "four"/],
    ["1,2\n3,", undefined, /line 2 has 1 number, expected 2, as line 1 has/],
    ["1,2\n3,,4", undefined, /line 2, column 2: .*got ""/],
    ["1,2\n3,nan", undefined, /line 2, column 2: .*got "nan"/],
    ["1,2\n3,1e39", undefined, /line 2, column 2: .*got "1e39"/],
    ["1,2\n3,inf", undefined, /line 2, column 2: a point is infinitely far/],
    ["1,2\n3,4,5", undefined, /line 2 has 3 numbers, expected 2, as line 1 has/],
    ["0,1\n\n1,0,2", "distance", /line 3 has 3 numbers, expected 2, as there are 2 rows/],
    ["0,1\n2,0", "distance", /line 1, column 2: 1 is 2 in line 2, column 1: distances are symmetric/],
    ["0,1\n1,3", "distance", /line 2, column 2: the distance of a point from itself is 3, not 0/],
    ["0,-1\n-1,0", "distance", /line 1, column 2: a distance is negative: -1/],
    ["1\n2,-3", undefined, /line 2, column 2: a distance is negative: -3/],
    ["1 2\n3 4", "lower-distance", /line 2: .* after 4 distances; 3 points have 3, 4 have 6/],
  ];
  for (const [text, format, message] of cases) {
    const isExpected = (error: Error) => error instanceof DataError && message.test(error.message);
    assert.throws(() => read(text, format), isExpected, JSON.stringify(text));
  }
});

test("any text is read or refused with a DataError that has no line breaks", () => {
  const cell = fc.oneof(fc.double({ noNaN: false }).map(String), fc.constantFrom("0", "1", "", "inf", "-2"));
  const separator = fc.constantFrom(",", ";", " ", "\t", "\n", "\n\n", "\r\n");
  const numbers = fc.array(fc.tuple(cell, separator)).map((pairs) => pairs.flat().join(""));
  const text = fc.oneof(fc.string({ unit: "binary" }), numbers);
  const format = fc.constantFrom("distance", "points", "lower-distance", undefined);
  fc.assert(
    fc.property(text, format, (content, given) => {
      try {
        const { distances } = read(content, given);
        assert.is(distances.shape[0], distances.shape[1]);
      } catch (error) {
        assert.instance(error, DataError);
        const { message } = error as Error;
        assert.not(["\n", "\r", "\u001b"].some((character) => message.includes(character)));
      }
    }),
    { numRuns: 300 },
  );
});

test.run();
