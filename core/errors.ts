// Errors that callers may want to tell apart. Wrong arguments are RangeError and TypeError.

/** A tensor was used after its memory was given back. */
export class FreedTensorError extends Error {
  override readonly name = "FreedTensorError";
}

/** The WebAssembly memory cannot hold what was asked for. */
export class OutOfMemoryError extends RangeError {
  override readonly name = "OutOfMemoryError";
}

/** NaN or Infinity where a decision hangs on the number: a loss, a connectome, a learning rate. */
export class NonFiniteError extends Error {
  override readonly name = "NonFiniteError";
}

/** A data set or file is missing, truncated or not what it claims to be. */
export class DataError extends Error {
  override readonly name = "DataError";
}

/** `[128,784]`, as shapes are written in every message. */
export function formatShape(shape: readonly number[]): string {
  return `[${shape.join(",")}]`;
}

/** 1536 -> "1.5 KiB". */
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
