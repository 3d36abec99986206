import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tensor } from "topograd";
import { saveSafetensors } from "topograd/io";
import { parseRun, renderReport } from "topograd/report";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { writeReport } from "#internal";
import { type ReportRun, reportRun } from "../report/columns";
import { formatNumber, formatSeconds, formatTick } from "../report/format";
import { hierarchicalOrder } from "../report/web/cluster";
import { bytesOfBase64, type Matrix, unpackTriangle } from "../report/web/matrix";
import { treeLayout } from "../report/web/tree-layout";
import { maximumSpanningTree } from "../tda/spanning-tree";
import { birthsAndDeaths, type Sample, sampleRun } from "./report-sample";

const sample = sampleRun();

/** What the page is given, read back from a report. */
function embedded(html: string): ReportRun[] {
  return JSON.parse(/<script type="application\/json" id="runs">(.*?)<\/script>/s.exec(html)![1]);
}

test("a run folder is read row by row", () => {
  const run = parseRun(sample);
  assert.is(run.name, "mnist mlp cg-alr, seed 1");
  assert.is(run.epochs.length, 20);
  assert.is(run.observations.length, 100);
  assert.is(run.steps.length, 469);
  assert.is(run.end?.status, "finished");
  assert.is(run.connectomes?.size, 192);
  assert.is(run.connectomes?.snapshots.length, 3);
  assert.equal(run.notes, []);
});

test("damaged lines are skipped, counted and said", () => {
  const garbage = [
    "not json",
    "null",
    "[1,2]",
    "{}",
    '{"type":"toString"}',
    '{"type":"step","step":"x","epoch":1,"loss":1,"accuracy":1,"lr":1}',
    '{"type":"observation","step":1,"epoch":1}',
    '{"type":"end","status":"exploded","step":1}',
    '{"type":"epoch","epoch":1,"step":469,"trainLo',
  ];
  const lines = sample.metrics.trim().split("\n");
  const run = parseRun({ ...sample, metrics: [...garbage, ...lines].join("\r\n") });
  assert.is(run.steps.length, 469);
  assert.match(run.notes[0], "9 damaged lines");
  const nothing = parseRun({ config: "{}", metrics: garbage.join("\n") });
  assert.is(nothing.end, null);
  renderReport([nothing]);
});

test("a killed run has a cut last line and no end", () => {
  const { config, metrics } = sampleRun({ status: "killed", epochs: 2 });
  const run = parseRun({ config, metrics: metrics.slice(0, -40) });
  assert.is(run.end, null);
  assert.match(run.notes[0], "1 damaged line of");
  assert.match(run.notes[1], "No end of the run");
});

test("a resumed run counts the newer rows, and ends once", () => {
  const row = (epoch: number, trainLoss: number) =>
    JSON.stringify({ type: "epoch", epoch, step: epoch, trainLoss, trainAccuracy: 0.5, lr: 0.1, seconds: 1 });
  const end = sample.metrics.trim().split("\n").at(-1)!.replace("finished", "interrupted");
  const run = parseRun({
    config: "{}",
    metrics: [row(1, 3), row(2, 2), end, row(2, 1.5), row(3, 1)].join("\n"),
  });
  assert.equal(
    run.epochs.map(({ epoch, trainLoss }) => [epoch, trainLoss]),
    [
      [1, 3],
      [2, 1.5],
      [3, 1],
    ],
  );
  assert.is(run.end, null);
});

test("a loss that is not finite is a gap", () => {
  const metrics = '{"type":"step","step":20,"epoch":0.5,"loss":null,"accuracy":null,"lr":0.1}';
  assert.is(parseRun({ config: "{}", metrics }).steps[0].loss, null);
});

test("config.json has to be an object", () => {
  assert.throws(() => parseRun({ config: "[]", metrics: "" }), /config\.json has to hold an object/);
  assert.throws(() => parseRun({ config: "{", metrics: "" }), /config\.json is not JSON/);
});

test("damaged connectomes are left out and said", () => {
  const good = sample.connectomes!;
  const damaged: Uint8Array[] = [
    new Uint8Array(0),
    good.slice(0, 4),
    good.slice(0, good.length - 4),
    Uint8Array.from([...good, 0]),
    new Uint8Array(64).fill(0xff),
    saveSafetensors({ first: tensor([0]) }),
    saveSafetensors({ first: tensor([0]) }, { signals: '[{"layer":"0","count":2}]' }),
    saveSafetensors(
      {
        first: tensor([
          [0, Number.NaN],
          [0, 0],
        ]),
      },
      { signals: '[{"layer":"0","count":2}]' },
    ),
  ];
  for (const connectomes of damaged) {
    const run = parseRun({ ...sample, connectomes });
    assert.is(run.connectomes, null);
    assert.match(run.notes[0], "connectomes.safetensors is left out");
  }
});

test("connectomes may lie anywhere in a larger buffer", () => {
  const shifted = new Uint8Array(sample.connectomes!.length + 3);
  shifted.set(sample.connectomes!, 3);
  const run = parseRun({ ...sample, connectomes: shifted.subarray(3) });
  assert.equal(run.connectomes, parseRun(sample).connectomes);
});

test("the report is one file that loads nothing", () => {
  const html = renderReport([parseRun(sample)]);
  const markup = html.replace(/<script\b[\s\S]*?<\/script>|<style>[\s\S]*?<\/style>/g, "");
  assert.not.match(markup, /\b(src|href)\s*=/);
  assert.not.match(html, /@import|url\(/);
  assert.not.match(html, /\b(fetch|XMLHttpRequest|WebSocket|importScripts)\s*\(/);
  // The licence of the colour tables names another; the SVG namespace is a name, not an address to load from.
  assert.equal(
    [...new Set(html.match(/https?:\/\/[^"'`\s]*/g))],
    ["http://www.apache.org/licenses/LICENSE-2.0", "http://www.w3.org/2000/svg"],
  );
  assert.match(html, "default-src 'none'");
  // It carries copies of libraries whose licences ask for their notices.
  for (const holder of ["Leon Sorokin", "Mike Bostock", "Cynthia Brewer"]) assert.match(html, holder);
});

test("no string of a run can leave its script element", () => {
  const evil = "</script><script>alert(1)</script><!--";
  const config = JSON.stringify({ data: evil, model: evil, runtime: { engine: evil } });
  const html = renderReport([parseRun({ name: evil, config, metrics: "" })]);
  assert.is(html.match(/<script/g)?.length, 2);
  assert.is(html.match(/<\/script/g)?.length, 2);
  assert.not.match(html, "<!--");
  assert.is(embedded(html)[0].config.data, evil);
});

test("20 epochs with 100 observations of 192 neurons stay under 1 MB", () => {
  const html = renderReport([parseRun(sample)]);
  assert.ok(html.length < 1_000_000, `${html.length} characters`);
});

test("connectomes travel with an error of at most half a step", () => {
  const run = parseRun(sample);
  const { size, snapshots } = reportRun(run).connectomes!;
  const original = run.connectomes!.snapshots[2].values;
  const { values } = unpackTriangle(bytesOfBase64(snapshots[2].triangle), size);
  assert.ok(original.every((weight, i) => Math.abs(weight - values[i]) <= 0.5 / 255 + 1e-7));
});

test("long runs are thinned, and keep their last row", () => {
  const line = (step: number) =>
    JSON.stringify({ type: "step", step, epoch: step / 100, loss: 1 / step, accuracy: 0.5, lr: 0.1 });
  const metrics = Array.from({ length: 50_000 }, (_, i) => line(i + 1)).join("\n");
  const { steps, progress } = reportRun(parseRun({ config: "{}", metrics }));
  assert.is(steps.epoch.length, 2000);
  assert.is(steps.epoch.at(-1), 500);
  assert.equal(progress, { step: 50_000, epoch: 500 });
});

test("a report needs a run", () => {
  assert.throws(() => renderReport([]), /at least one run/);
});

/** Blocks of equal neurons, shuffled. */
function blocks(size: number, count: number): Matrix {
  const block = (i: number) => (i * 7) % count;
  const values = Float32Array.from({ length: size * size }, (_, index) => {
    const [i, j] = [Math.floor(index / size), index % size];
    return i === j ? 0 : block(i) === block(j) ? 0.9 : 0.1;
  });
  return { size, values };
}

test("the order of the heat map puts blocks together", () => {
  const order = hierarchicalOrder(blocks(60, 4));
  assert.equal(
    [...order].sort((a, b) => a - b),
    Array.from({ length: 60 }, (_, i) => i),
  );
  const changes = order.filter((node, place) => place > 0 && (node * 7) % 4 !== (order[place - 1] * 7) % 4);
  assert.is(changes.length, 3);
  assert.equal(hierarchicalOrder({ size: 1, values: new Float32Array(1) }), [0]);
  assert.equal(hierarchicalOrder({ size: 3, values: new Float32Array(9) }).sort(), [0, 1, 2]);
});

test("the spanning tree's weights are the births", () => {
  const { size, snapshots, births } = parseRun(sample).connectomes!;
  const values = snapshots[2].values;
  const edges = maximumSpanningTree({ size, values });
  assert.equal(Float32Array.from(edges, ({ weight }) => weight).sort(), births);
  assert.equal(birthsAndDeaths(values, size).births, births);
  assert.is(new Set(edges.flatMap(({ a, b }) => [a, b])).size, size);
});

test("a tree of any shape gets a finite place for every node", () => {
  const path = (n: number) => Array.from({ length: n - 1 }, (_, i) => ({ a: i, b: i + 1, weight: 0.5 }));
  const star = (n: number) => Array.from({ length: n - 1 }, (_, i) => ({ a: 0, b: i + 1, weight: 1 }));
  for (const n of [1, 2, 3, 50]) {
    for (const edges of [path(n), star(n)]) {
      const order = Array.from({ length: n }, (_, i) => i);
      const { x, y } = treeLayout(order, edges);
      assert.ok([...x, ...y].every(Number.isFinite));
      const places = new Set(Array.from(x, (value, i) => `${value.toFixed(3)},${y[i].toFixed(3)}`));
      assert.is(places.size, n);
      assert.equal(treeLayout(order, edges), { x, y });
    }
  }
});

test("numbers are written for readers", () => {
  assert.is(formatNumber(0.0998734), "0.0999");
  assert.is(formatNumber(1234.6), "1235");
  assert.is(formatTick(0.12345), "0.12345");
  assert.is(formatNumber(4.224e-4), "4.22×10⁻⁴");
  assert.is(formatNumber(1e-5), "10⁻⁵");
  assert.is(formatNumber(-2.5e7), "-2.5×10⁷");
  assert.is(formatNumber(0), "0");
  assert.is(formatSeconds(0.0021), "2.1 ms");
  assert.is(formatSeconds(59.95), "60.0 s");
  assert.is(formatSeconds(185), "3 min 5 s");
  assert.is(formatSeconds(7441), "2 h 4 min");
});

/** A folder with the files of a run, below a fresh temporary folder. */
function withFolder(files: Partial<Sample>, check: (folder: string, parent: string) => void): void {
  const parent = mkdtempSync(join(tmpdir(), "topograd-report-"));
  const folder = join(parent, "demo");
  mkdirSync(folder);
  if (files.config !== undefined) writeFileSync(join(folder, "config.json"), files.config);
  if (files.metrics !== undefined) writeFileSync(join(folder, "metrics.jsonl"), files.metrics);
  if (files.connectomes !== undefined)
    writeFileSync(join(folder, "connectomes.safetensors"), files.connectomes);
  try {
    check(folder, parent);
  } finally {
    rmSync(parent, { recursive: true });
  }
}

test("a folder gets its report, and nothing besides", () => {
  withFolder(sample, (folder, parent) => {
    assert.is(writeReport([folder]), join(folder, "report.html"));
    assert.equal(readdirSync(folder).sort(), [
      "config.json",
      "connectomes.safetensors",
      "metrics.jsonl",
      "report.html",
    ]);
    assert.is(embedded(readFileSync(join(folder, "report.html"), "utf8"))[0].name, "demo");
    const out = join(parent, "both.html");
    writeReport([folder, folder], out);
    assert.is(embedded(readFileSync(out, "utf8")).length, 2);
  });
});

test("a folder that is no run is named, with what it lacks", () => {
  withFolder({}, (folder, parent) => {
    assert.throws(
      () => writeReport([folder]),
      /demo is no run: it has no config\.json and no metrics\.jsonl/,
    );
    assert.throws(() => writeReport([join(parent, "elsewhere")]), /there is no folder .*elsewhere/);
    assert.not.ok(existsSync(join(folder, "report.html")));
  });
  withFolder({ config: "{", metrics: "" }, (folder) => {
    assert.throws(() => writeReport([folder]), /demo is no run: .*config\.json is not JSON/);
    assert.throws(() => writeReport([join(folder, "config.json")]), /is a file/);
  });
});

test.run();
