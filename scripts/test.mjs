// Runs every suite below tests/ in one process each, so that no suite sees another's memory or seed.
// Usage: node scripts/test.mjs [part of a file name ...]. Ends with the line "N passed, N failed".
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";

const filters = process.argv.slice(2);
const suites = readdirSync("tests", { recursive: true })
  .map(String)
  .filter((file) => file.endsWith(".test.ts"))
  .filter((file) => filters.length === 0 || filters.some((part) => file.includes(part)))
  .sort();

/** A suite that hangs is a failure, not the end of the run. */
const SUITE_TIMEOUT_MS = 600_000;

let passed = 0;
let failed = 0;
for (const suite of suites) {
  const started = performance.now();
  const child = spawnSync(
    process.execPath,
    ["--import", "tsx", "--import", "./tests/guard.ts", "--expose-gc", join("tests", suite)],
    {
      encoding: "utf8",
      maxBuffer: 1 << 28,
      timeout: SUITE_TIMEOUT_MS,
      env: { ...process.env, FORCE_COLOR: "0" },
    },
  );
  const total = Number(/Total:\s+(\d+)/.exec(child.stdout)?.[1] ?? 0);
  const good = Number(/Passed:\s+(\d+)/.exec(child.stdout)?.[1] ?? 0);
  // A suite that dies before it reports, or runs no test, is a failure of its own.
  const bad = child.status === 0 && total > 0 ? total - good : Math.max(1, total - good);
  passed += good;
  failed += bad;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(
    `${bad === 0 ? "ok  " : "FAIL"} ${suite.padEnd(44)} ${String(good).padStart(4)} of ${total} (${seconds} s)`,
  );
  if (bad > 0) console.log(child.stdout + child.stderr);
  else for (const line of child.stdout.match(/^NOT RUN.*$/gm) ?? []) console.log(`     ${line}`);
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
