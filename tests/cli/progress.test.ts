import type { WriteStream } from "node:tty";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Progress } from "../../cli/progress";

function loadingAt(milliseconds: number, isTTY: boolean): string {
  const { now } = performance;
  let written = "";
  const stream = { isTTY, columns: 60, write: (text: string) => (written += text) } as unknown as WriteStream;
  try {
    performance.now = () => 0;
    const progress = new Progress(stream, false);
    performance.now = () => milliseconds;
    progress.loading("cifar10", 3, 6);
  } finally {
    performance.now = now;
  }
  return written;
}

test("loading is shown when it takes longer than two seconds", () => {
  assert.is(loadingAt(1900, true), "");
  assert.is(loadingAt(2100, true), "\r\x1b[2K██████████░░░░░░░░░░  loading cifar10: 3 of 6 files");
  assert.is(loadingAt(2100, false), "loading cifar10: 3 of 6 files\n");
});

test.run();
