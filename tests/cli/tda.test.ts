// topograd tda as a user runs it, and its picture.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { persistenceSvg } from "#internal";
import { chromium, openPage } from "../browser/chromium";

const folder = mkdtempSync(join(tmpdir(), "topograd-tda-"));
test.after(() => rmSync(folder, { recursive: true }));

const run = (...args: string[]) =>
  spawnSync(process.execPath, ["dist/cli.js", "tda", ...args], { encoding: "utf8" });
function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const count = 12;
const chord = (steps: number) => 2 * Math.sin((Math.PI * steps) / count);
const points = Array.from({ length: count }, (_, i) => {
  const angle = (2 * Math.PI * i) / count;
  return [Math.cos(angle), Math.sin(angle)];
});
const between = (i: number, j: number) => chord(Math.min(Math.abs(i - j), count - Math.abs(i - j)));
const rows = (columns: (i: number) => number) =>
  points.map((_, i) => Array.from({ length: columns(i) }, (_, j) => between(i, j)).join(","));
const circle = {
  points: file("points.csv", points.map((point) => point.join(",")).join("\n")),
  distance: file("distance.csv", rows(() => count).join("\n")),
  "lower-distance": file("lower.txt", rows((i) => i).join("\n")),
};

for (const [format, path] of Object.entries(circle)) {
  test(`a circle as ${format}: one bar in dimension 1`, () => {
    for (const given of [[], ["--format", format]]) {
      const { status, stdout, stderr } = run(path, "--json", ...given);
      assert.is(status, 0, stderr);
      assert.is(stderr, "");
      const result = JSON.parse(stdout);
      assert.equal([result.format, result.points, result.maxDim], [format, count, 1]);
      const [h0, h1] = result.diagrams as [number, number | null][][];
      assert.is(h0.length, count);
      assert.equal(h0[0], [0, null]);
      assert.is(h1.length, 1);
      assert.ok(Math.abs(h1[0][0] - chord(1)) < 1e-6 && Math.abs((h1[0][1] as number) - chord(4)) < 1e-6);
    }
  });
}

test("a table on standard output, words on standard error, JSON and picture in a folder", () => {
  const out = join(folder, "new", "out");
  const { status, stdout, stderr } = run(circle.points, "--max-dim", "2", "--threshold", "1", "--out", out);
  assert.is(status, 0, stderr);
  const lines = stdout.trimEnd().split("\n");
  assert.is(lines.length, 1 + count + 1);
  assert.match(lines[0], /^ +dimension +birth +death +length$/);
  assert.match(lines[1], /^ +0 +0 +∞ +∞$/);
  assert.match(lines.at(-1) as string, /^ +1 +0\.517638 +∞ +∞$/);
  assert.match(stderr, /12 points in 2 dimensions \(format points, guessed\)/);
  assert.match(stderr, /\d+ edges; at least [\d.]+ KiB of memory/);
  assert.equal(readdirSync(out).sort(), ["diagrams.json", "diagrams.npz", "diagrams.svg"]);
  const { diagrams, threshold } = JSON.parse(readFileSync(join(out, "diagrams.json"), "utf8"));
  assert.equal([threshold, diagrams.length, diagrams[1][0][1]], [1, 3, null]);
  assert.match(readFileSync(join(out, "diagrams.svg"), "utf8"), /^<\?xml .*points\.csv/s);
});

test("wrong options and files: a clear message and a non-zero exit", () => {
  const broken = file("broken.csv", "0,1\n1,0\n\n1,x\n");
  const cases: [string[], number, RegExp][] = [
    [[], 2, /expected one file: topograd tda FILE/],
    [[circle.points, circle.distance], 2, /expected one file/],
    [[circle.points, "--format", "json"], 2, /--format: unknown "json"; there is distance, points/],
    [[circle.points, "--max-dim", "1.5"], 2, /--max-dim: expected a whole number/],
    [[circle.points, "--threshold=-1"], 2, /--threshold: expected a number from 0/],
    [[circle.points, "--format", "distance"], 1, /points.csv: line 1 has 2 numbers, expected 12/],
    [[broken], 1, /broken.csv: line 4, column 2: expected a number .*got "x"/],
    [[join(folder, "nowhere")], 1, /cannot read .*nowhere/],
    [[folder], 1, /cannot read/],
  ];
  for (const [args, code, message] of cases) {
    const { status, stdout, stderr } = run(...args);
    assert.is(status, code, `${args.join(" ")}: ${stderr}`);
    assert.match(stderr, message);
    assert.is(stdout, "");
  }
  assert.match(run("--help").stdout, /Usage: topograd tda FILE/);
});

/** Opening tags that are closed, in order: enough of XML for what the picture uses. */
function isBalanced(xml: string): boolean {
  const open: string[] = [];
  for (const [, closing, name, empty] of xml.matchAll(/<(\/?)([a-z]+)(?:\s[\w:-]+="[^"<]*")*\s*(\/?)>/g)) {
    if (closing !== "" && open.pop() !== name) return false;
    if (closing === "" && empty === "") open.push(name);
  }
  return open.length === 0 && (xml.match(/</g) ?? []).length === 1 + (xml.match(/<\/?[a-z]/g) ?? []).length;
}

test("the picture is well-formed for any bars and any title", () => {
  const value = fc.float({ min: 0, noNaN: true, noDefaultInfinity: true });
  const bar = fc.tuple(value, fc.oneof(value, fc.constant(Number.POSITIVE_INFINITY)));
  const diagram = fc
    .array(bar, { maxLength: 20 })
    .map((bars) => Float32Array.from(bars.flatMap(([a, b]) => [Math.min(a, b), Math.max(a, b)])));
  const title = fc.string({ unit: "binary" });
  fc.assert(
    fc.property(fc.array(diagram, { maxLength: 5 }), title, (diagrams, words) => {
      const svg = persistenceSvg(diagrams, { title: words });
      assert.ok(isBalanced(svg), svg);
      assert.not.match(svg, /NaN|Infinity|undefined/);
    }),
    { numRuns: 200 },
  );
});

test("a bar a line, infinite ones as arrows; of very many the longest", () => {
  const bars = (svg: string) => svg.match(/<line[^>]*><title>/g)?.length;
  const few = Float32Array.of(0, Number.POSITIVE_INFINITY, 0, 1, 0.5, 2);
  const svg = persistenceSvg([few, Float32Array.of(1, 2)], { title: "few" });
  assert.is(bars(svg), 4);
  assert.match(svg, /<title>H₀: 0 to ∞<\/title>/);
  assert.match(svg, /H₀: 3 bars, 1 infinite/);
  const many = Float32Array.from({ length: 2000 }, (_, i) => (i % 2 === 0 ? 0 : i));
  const crowd = persistenceSvg([many], { title: "many" });
  assert.is(bars(crowd), 300);
  assert.match(crowd, /1,000 bars, the longest 300 shown/);
  assert.match(crowd, /<title>H₀: 0 to 1999<\/title>/);
});

if (chromium === null) console.log("NOT RUN: the picture in a browser: no Chromium here (set CHROMIUM)");
else {
  test("a browser reads the picture as SVG, and no word leaves it", () => {
    const svg = persistenceSvg(
      [Float32Array.of(0, 1, 0, Number.POSITIVE_INFINITY), Float32Array.of(0.5, 0.9)],
      {
        title: 'a & <b> "c"',
      },
    );
    const probe = `<script>
      const picture = new DOMParser().parseFromString(${JSON.stringify(svg).replace(/</g, "\\u003c")}, "image/svg+xml");
      document.body.append(document.adoptNode(picture.documentElement));
      const words = [...document.querySelectorAll("svg text")].map((word) => word.getBoundingClientRect());
      const frame = document.querySelector("svg").getBoundingClientRect();
      const isInside = (box) => box.left >= frame.left && box.right <= frame.right && box.bottom <= frame.bottom;
      document.title = [
        document.querySelector("svg > title").textContent,
        document.querySelectorAll("svg line title").length,
        words.length > 10 && words.every(isInside),
      ].join("|");
    </script>`;
    const page = openPage(
      `<!doctype html><meta charset="utf-8"><title></title><body style="margin:0">${probe}`,
    );
    assert.match(page, /<title>a &amp; &lt;b&gt; "c"\|3\|true<\/title>/);
  });
}

test.run();
