// Errors that callers may want to tell apart. Wrong arguments are RangeError and TypeError.

export { FreedTensorError, formatBytes, formatShape, OutOfMemoryError } from "../backend/errors";

/** NaN or Infinity where a decision hangs on the number: a loss, a connectome, a learning rate. */
export class NonFiniteError extends Error {
  override readonly name = "NonFiniteError";
}

/** A data set or file is missing, truncated or not what it claims to be. */
export class DataError extends Error {
  override readonly name = "DataError";
}
