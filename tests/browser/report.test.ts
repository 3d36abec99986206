import { parseRun, renderReport, renderStudy } from "topograd/report";
import { type Study, summariseStudy, unitsOf } from "topograd/study";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type SampleOptions, sampleRun } from "../report-sample";
import { complete, study } from "../study-sample";
import { chromium, openPage } from "./chromium";

/** What the probe finds in an opened report. */
interface Findings {
  errors: string[];
  titles: string[];
  sections: string[];
  /** Canvases and SVG pictures, and those of them that show nothing. */
  pictures: number;
  blank: string[];
  plots: number;
  /** Figures of tables that stand out. */
  best: number;
  /** Plots whose legend follows the cursor of the first. */
  following: number;
  notes: string[];
  theme: string;
  overflow: number;
}

// Runs in the page, before its own script: errors of any kind end up in a list.
const recorder = `<script>
  window.problems = [];
  addEventListener("error", (event) => problems.push(String(event.message)));
  addEventListener("unhandledrejection", (event) => problems.push(String(event.reason)));
  document.addEventListener("securitypolicyviolation", (event) => problems.push("blocked: " + event.blockedURI));
  for (const name of ["error", "warn"]) console[name] = (...words) => problems.push(words.join(" "));
</script>`;

// Runs when the page has drawn: moves the cursor of one chart, looks at all, and leaves what it found in the document.
const probe = `<script>
  setTimeout(() => {
    const all = (selector) => [...document.querySelectorAll(selector)];
    const isBlank = (canvas) => {
      if (canvas.width === 0) return true;
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return data.every((value, index) => value === data[index % 4]);
    };
    const over = document.querySelector(".u-over");
    if (over) {
      const { left, top, width, height } = over.getBoundingClientRect();
      const at = { clientX: left + width / 2, clientY: top + height / 2 };
      over.dispatchEvent(new MouseEvent("mouseenter", at));
      over.dispatchEvent(new MouseEvent("mousemove", at));
    }
    setTimeout(() => {
      const titleOf = (node) => node.closest(".card").querySelector("h3").textContent;
      const canvases = all("canvas");
      const trees = all("svg.tree");
      const found = {
        errors: problems,
        titles: all("h3").map((title) => title.textContent),
        sections: all("section[id]").map((section) => section.id),
        pictures: canvases.length + trees.length,
        blank: [...canvases.filter(isBlank), ...trees.filter((tree) => !tree.querySelector("circle"))].map(titleOf),
        plots: all(".plot").length,
        best: all("td strong").length,
        following: all(".at").filter((at) => at.textContent.startsWith("epoch ")).length,
        notes: all(".note").map((note) => note.textContent),
        theme: document.documentElement.dataset.theme,
        overflow: document.documentElement.scrollWidth - innerWidth,
      };
      const holder = document.createElement("script");
      holder.type = "application/json";
      holder.id = "findings";
      holder.textContent = JSON.stringify(found).replace(/</g, "\\\\u003c");
      document.body.append(holder);
    }, 500);
  }, 1000);
</script>`;

function findings(html: string, flags?: readonly string[]): Findings {
  const dom = openPage(
    html.replace("<body>", `<body>${recorder}`).replace("</body>", `${probe}</body>`),
    flags,
  );
  const found = /id="findings">(.*?)<\/script>/s.exec(dom);
  assert.ok(found, "the page did not come to rest");
  return JSON.parse(found![1]);
}

const report = (...options: SampleOptions[]) =>
  renderReport(options.map((option) => parseRun(sampleRun(option))));

const studyReport = (overrides: Partial<Study> = {}) => {
  const config = study(overrides);
  return renderStudy(summariseStudy(config, complete(unitsOf(config)), "0"));
};

const drawn = (found: Findings) => {
  assert.equal(found.errors, []);
  assert.equal(found.blank, []);
  assert.ok(found.overflow <= 0, `${found.overflow} pixels wider than the window`);
};

if (chromium === null) {
  console.log("NOT RUN: no Chromium found, the report was opened in no browser. Set CHROMIUM to its path.");
  test("without a browser: reports render to text", () => {
    const runs = [report({}), report({ status: "killed" }), report({}, { schedule: "cosine" })];
    for (const html of [...runs, studyReport()]) {
      assert.match(html, "</html>");
    }
  });
} else {
  test("a full run: every chart is drawn and all cursors move together", () => {
    const found = findings(report({}));
    drawn(found);
    assert.equal(found.sections, ["learning", "learning-rate", "connectome", "time", "configuration"]);
    assert.equal(found.titles.slice(0, 9), [
      "Loss",
      "Accuracy",
      "Rate and envelope",
      "Topological distance",
      "Robust signal z",
      "Correlations between neurons",
      "Births over time",
      "Deaths over time",
      "Births and deaths, last observation",
    ]);
    assert.is(found.plots, 8);
    assert.is(found.following, 7);
    // Eight plots, three heat maps, their colour bar and three trees.
    assert.is(found.pictures, 15);
    assert.is(found.theme, "light");
  });

  test("dark, and at the width of a phone", () => {
    const dark = findings(report({ epochs: 2 }), [
      "--blink-settings=preferredColorScheme=0",
      "--window-size=500,900",
    ]);
    drawn(dark);
    assert.is(dark.theme, "dark");
  });

  test("a killed run of one epoch without connectome or validation has fewer sections, and no error", () => {
    const { config, metrics } = sampleRun({
      epochs: 1,
      schedule: "cosine",
      validation: false,
      status: "killed",
    });
    const found = findings(renderReport([parseRun({ config, metrics: metrics.slice(0, -30) })]));
    drawn(found);
    assert.equal(found.sections, ["learning", "learning-rate", "configuration"]);
    assert.is(found.notes.length, 2);
  });

  test("a run without a single row has its configuration", () => {
    const found = findings(renderReport([parseRun({ config: '{"data":"moons"}', metrics: "" })]));
    drawn(found);
    assert.equal(found.sections, ["configuration"]);
  });

  test("two neurons have one birth and no death", () => {
    const found = findings(report({ epochs: 2, layers: [2] }));
    drawn(found);
    assert.equal(found.notes, []);
  });

  test("a comparison overlays its runs", () => {
    const runs = [
      {},
      { seed: 2 },
      { schedule: "cosine" },
      { schedule: "cosine", status: "diverged" as const },
    ];
    const found = findings(report(...runs.map((run) => ({ epochs: 3, ...run }))));
    drawn(found);
    assert.equal(found.sections, ["figures", "curves", "controllers", "connectomes", "time"]);
    assert.is(found.following, found.plots);
    assert.ok(found.best > 0);
  });

  test("of runs on different data none is best", () => {
    const found = findings(report({ epochs: 2 }, { epochs: 2, data: "fashion-mnist" }));
    drawn(found);
    assert.is(found.best, 0);
  });

  test("a study shows errors, differences, robustness and curves", () => {
    const found = findings(studyReport());
    drawn(found);
    assert.equal(found.sections, [
      "outcome",
      "robustness",
      "validation",
      "loss",
      "rates",
      "topology",
      "time",
    ]);
    assert.equal(found.titles.slice(0, 3), [
      "Test error, best first",
      "Relative error difference of CG-ALR to each",
      "All figures",
    ]);
  });

  test("a study on two data sets at the width of a phone; one of a single seed without CG-ALR", () => {
    const two = findings(studyReport({ data: ["moons", "circles"] }), ["--window-size=500,900"]);
    drawn(two);
    assert.is(two.sections.length, 16);
    const [, constant, free] = study().schedules;
    const plain = findings(studyReport({ schedules: [{ ...constant, rates: [0.1] }, free], seeds: 1 }));
    drawn(plain);
    assert.equal(plain.sections, ["outcome", "loss", "rates", "time"]);
  });
}

test.run();
