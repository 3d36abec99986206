// Loaded before every suite: each block of memory lies between canaries, and what was freed is NaN.

import { checkGuards, guardMemory } from "#internal";

guardMemory();
process.on("exit", () => {
  try {
    checkGuards();
  } catch (error) {
    console.error(error);
    process.exitCode = 1;
  }
});
