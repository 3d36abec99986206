// The modules of Node that files need. They are asked for when they are used and never imported: in browsers, and in bundles for
// them, the rest of the library stands without.

import { DataError } from "../core/index";

interface HostModules {
  fs: typeof import("node:fs");
  os: typeof import("node:os");
  path: typeof import("node:path");
}

interface Host {
  process?: { getBuiltinModule?(name: string): unknown };
}

/** A module of Node's API; throws a DataError where there is none. */
export function host<Name extends keyof HostModules>(name: Name): HostModules[Name] {
  const found = (globalThis as Host).process?.getBuiltinModule?.(`node:${name}`);
  if (found === undefined) {
    throw new DataError(
      "files can be read and written in Node (20.16 and newer), Deno and Bun only; elsewhere use the functions that take and give bytes",
    );
  }
  return found as HostModules[Name];
}
