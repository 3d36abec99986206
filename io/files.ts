// Files that are never half-written, and folders that one process at a time writes to.

import { DataError } from "../core/index";
import { host } from "./host";

const REASONS: Record<string, string> = {
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EFBIG: "it would be larger than files may be here",
  EACCES: "there is no permission",
  EPERM: "there is no permission",
  EROFS: "the file system is read-only",
  ENOTDIR: "a part of its path is a file, where a folder should be",
  EEXIST: "there is a file where a folder should be",
  EISDIR: "there is a folder of that name",
  ENOENT: "its folder is gone",
};

/** Runs what writes; an error of the file system becomes one that says what could not be written, and why. */
export function explained<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new DataError(`cannot write ${path}: ${REASONS[code] ?? (error as Error).message}`, {
      cause: error,
    });
  }
}

/** Has the system put a file or a folder's list of files on the disk. */
function syncToDisk(path: string): void {
  const fs = host("fs");
  const file = fs.openSync(path, "r");
  try {
    fs.fsyncSync(file);
  } catch (error) {
    // Some systems do not sync folders.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") throw error;
  } finally {
    fs.closeSync(file);
  }
}

/**
 * Writes a file beside its place, on the disk, and moves it there: whatever happens, the old file or the new one is there and
 * whole. Where that fails nothing is left behind.
 */
export function writeWhole(path: string, content: string | Uint8Array): void {
  const fs = host("fs");
  const beside = `${path}.part`;
  explained(path, () => {
    try {
      fs.writeFileSync(beside, content, { flush: true });
      fs.renameSync(beside, path);
      syncToDisk(host("path").dirname(path));
    } catch (error) {
      try {
        fs.rmSync(beside, { force: true });
      } catch {
        // Then it is not ours.
      }
      throw error;
    }
  });
}

/** Runs what reads pieces of a file, each into a buffer of its own. A DataError names the file, also one that cannot be opened. */
export function readingFile<T>(
  path: string,
  body: (size: number, read: (begin: number, end: number) => ArrayBuffer) => T,
): T {
  const fs = host("fs");
  let file: number | null = null;
  try {
    file = fs.openSync(path, "r");
    const open = file;
    return body(fs.fstatSync(file).size, (begin, end) => {
      const bytes = new Uint8Array(end - begin);
      for (let at = 0; at < bytes.length; ) {
        const count = fs.readSync(open, bytes, at, bytes.length - at, begin + at);
        if (count === 0) throw new DataError("it became shorter while it was read");
        at += count;
      }
      return bytes.buffer;
    });
  } catch (error) {
    const known = error instanceof DataError || (error as NodeJS.ErrnoException).code !== undefined;
    if (!known) throw error;
    throw new DataError(`${path}: ${(error as Error).message}`, { cause: error });
  } finally {
    if (file !== null) fs.closeSync(file);
  }
}

/** Makes a folder and those above it. */
export function makeFolder(path: string): void {
  explained(path, () => host("fs").mkdirSync(path, { recursive: true }));
}

interface Owner {
  pid: number;
  host: string;
  /** Milliseconds since 1970. */
  since: number;
}

const LOCK = "lock.json";
/** Clocks and boots are not that exact. */
const BOOT_TOLERANCE_MS = 60_000;

function ownerOf(text: string): Owner | null {
  try {
    const owner = JSON.parse(text);
    const fits =
      Number.isInteger(owner.pid) && typeof owner.host === "string" && Number.isFinite(owner.since);
    return fits ? owner : null;
  } catch {
    return null;
  }
}

/** A lock is stale when its process is gone, or older than the machine's start. */
function isStale({ pid, host: where, since }: Owner): boolean {
  if (where !== host("os").hostname()) return false;
  if (since < Date.now() - host("os").uptime() * 1000 - BOOT_TOLERANCE_MS) return true;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

/** A folder taken by this process, until release(). One left by a process that is gone is taken over. */
export class FolderLock {
  private constructor(private readonly file: string) {}

  /** Throws a DataError that names the owner where another process has the folder. */
  static take(folder: string): FolderLock {
    const fs = host("fs");
    const file = host("path").join(folder, LOCK);
    const own = JSON.stringify({
      pid: process.pid,
      host: host("os").hostname(),
      since: Date.now(),
    } satisfies Owner);
    const mine = `${file}.${process.pid}.part`;
    try {
      for (let attempt = 0; attempt < 10; attempt++) {
        // Written beside and linked, so that nobody reads half a lock.
        explained(mine, () => fs.writeFileSync(mine, own));
        try {
          fs.linkSync(mine, file);
          return new FolderLock(file);
        } catch (error) {
          const { code } = error as NodeJS.ErrnoException;
          // The owner of a folder tidies it up, which may have taken our part away.
          if (code !== "EEXIST" && code !== "ENOENT") throw error;
        }
        FolderLock.clearStale(folder, file);
      }
      throw new DataError(`${folder} is being taken by other processes`);
    } finally {
      fs.rmSync(mine, { force: true });
    }
  }

  /** Removes a lock whose process is gone; throws where it is not. */
  private static clearStale(folder: string, file: string): void {
    const fs = host("fs");
    let text: string;
    try {
      text = fs.readFileSync(file, "utf8");
    } catch {
      return; // Given back in the meantime.
    }
    const owner = ownerOf(text);
    if (owner !== null && !isStale(owner)) {
      throw new DataError(
        `${folder} is in use by process ${owner.pid} on ${owner.host} since ${new Date(owner.since).toISOString()}; ` +
          `if that is not so, remove ${file}`,
      );
    }
    const aside = `${file}.${process.pid}.stale.part`;
    try {
      fs.renameSync(file, aside);
    } catch {
      return; // Somebody else was faster.
    }
    // What was moved may be a newer lock than was read: it goes back.
    if (fs.readFileSync(aside, "utf8") !== text) fs.linkSync(aside, file);
    fs.rmSync(aside, { force: true });
  }

  release(): void {
    host("fs").rmSync(this.file, { force: true });
  }
}
