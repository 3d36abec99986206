// How the work of a launch is cut into shares.

/**
 * Runs `work(start, count)` over the rows 0..rows-1, each of which costs about `cost` element operations. A row's bits
 * do not depend on the share that it falls into, so that shares may be computed by several threads; there is one today.
 */
export function share(rows: number, _cost: number, work: (start: number, count: number) => void): void {
  work(0, rows);
}
