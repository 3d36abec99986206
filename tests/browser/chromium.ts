// Opens pages in a headless Chromium, when one is installed.

import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const usual = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** The browser's path, or null: what the environment variable CHROMIUM says, or a usual place. */
export const chromium = [process.env.CHROMIUM ?? usual].flat().find(existsSync) ?? null;

/** Loads an HTML text from a file and returns the document as it is when its scripts have come to rest. */
export function openPage(html: string, flags: readonly string[] = []): string {
  const folder = mkdtempSync(join(tmpdir(), "topograd-browser-"));
  try {
    const file = join(folder, "page.html");
    writeFileSync(file, html);
    const options = [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      `--user-data-dir=${join(folder, "profile")}`,
      "--virtual-time-budget=10000",
      ...flags,
      "--dump-dom",
    ];
    return execFileSync(chromium!, [...options, pathToFileURL(file).href], {
      encoding: "utf8",
      timeout: 60_000,
      maxBuffer: 1 << 28,
      stdio: ["ignore", "pipe", "ignore"],
    });
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
