// A folder for what is slow to make again. An entry is the SHA-256 digest of the bytes, then the bytes.

import type { Hash } from "node:crypto";

const DIGEST_BYTES = 32;

/** The folder for this library's caches: `$XDG_CACHE_HOME/topograd`, by default `~/.cache/topograd`. */
async function defaultFolder(): Promise<string> {
  const { homedir } = await import("node:os");
  const { isAbsolute, join } = await import("node:path");
  const base = process.env.XDG_CACHE_HOME ?? "";
  return join(isAbsolute(base) ? base : join(homedir(), ".cache"), "topograd");
}

/**
 * What `make` gives for these inputs, from the cache where it is there and undamaged.
 * @param name begins the name of the entry; the rest is a digest of the inputs.
 * @param folder default: see {@link defaultFolder}.
 */
export async function cached(
  name: string,
  inputs: readonly Uint8Array[],
  make: () => Uint8Array,
  folder?: string,
): Promise<Uint8Array> {
  const { createHash } = await import("node:crypto");
  const { mkdir, readFile, rename, rm, writeFile } = await import("node:fs/promises");
  const { join } = await import("node:path");
  const digest = (parts: readonly Uint8Array[]): Uint8Array =>
    parts.reduce((hash: Hash, part) => hash.update(part), createHash("sha256")).digest();

  const directory = folder ?? (await defaultFolder());
  const key = Buffer.from(digest(inputs)).toString("hex");
  const path = join(directory, `${name}-${key.slice(0, 16)}`);
  const entry = await readFile(path).catch(() => null);
  if (entry !== null) {
    const bytes = entry.subarray(DIGEST_BYTES);
    if (entry.subarray(0, DIGEST_BYTES).equals(digest([bytes]))) return bytes;
  }
  const bytes = make();
  const beside = `${path}.${process.pid}.part`;
  try {
    await mkdir(directory, { recursive: true });
    await writeFile(beside, [digest([bytes]), bytes]);
    await rename(beside, path);
  } catch {
    // A cache that cannot be written costs only the time to make the bytes again.
    await rm(beside, { force: true }).catch(() => {});
  }
  return bytes;
}
