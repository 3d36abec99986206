// Every program below examples/ runs as it stands, and prints what it promises.

import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";

const EXPECTED: Record<string, RegExp> = {
  "custom-callback.mjs": /^stopped: validation loss of at most 0\.1\nbest epoch: true\n$/,
  "custom-dataset.mjs": /^accuracy 1\na loader takes it too: 4 batches\n$/,
  "custom-distance.mjs": /^distances none yet, 0\.\d{4}, 0\.\d{4}\n$/,
  "custom-layer.mjs": /^parameters 8\nsignals 1: 8\n$/,
  "custom-op.mjs": /^gradcheck: true\nsigns recovered: 16 of 16\n$/,
  "custom-optimizer.mjs": /^loss \d\.\de-\d\d?\nkept for each parameter: mean\n$/,
  "custom-schedule.mjs":
    /^rates 0\.6000000000000001 0\.8 0\.8 0\.8 0\.4 0\.2\nfrom the beginning 0\.4\nwhere it was 0\.2\n$/,
};

test("each example has its expectation", () => {
  assert.equal(readdirSync("examples").sort(), Object.keys(EXPECTED));
});

for (const [example, expected] of Object.entries(EXPECTED)) {
  test(`${example} runs as it stands`, () => {
    assert.match(execFileSync(process.execPath, [`examples/${example}`], { encoding: "utf8" }), expected);
  });
}

test.run();
