// Files that are never half-written.

import { renameSync, rmSync, writeFileSync } from "node:fs";

/** Writes a file beside its place and moves it there; where that fails nothing is left behind. */
export function writeWhole(path: string, content: string | Uint8Array): void {
  const beside = `${path}.part`;
  try {
    writeFileSync(beside, content);
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
}
