// The suite's own guard (tests/guard.ts): without this it might watch nothing.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { memoryViews, tensor } from "#internal";

test("a byte behind a tensor, or in front of it, is noticed when it is freed", () => {
  for (const [at, side] of [
    [12, "behind"],
    [-1, "in front of"],
  ] as const) {
    const x = tensor([1, 2, 3]);
    const { u8 } = memoryViews();
    const address = x.storage.ptr + at;
    const before = u8[address];
    u8[address] = 1;
    assert.throws(() => x.dispose(), new RegExp(`guard: somebody wrote 1 bytes ${side} a block of 12 bytes`));
    u8[address] = before;
  }
});

test("what is freed is poisoned", () => {
  const x = tensor([1, 2, 3]);
  const address = x.storage.ptr >>> 2;
  x.dispose();
  assert.ok(Number.isNaN(memoryViews().f32[address]));
});

test.run();
