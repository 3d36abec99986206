// Where the time of a training run goes.

/** Parts of a training step. */
export type Part = "data" | "forward" | "backward" | "optimizer" | "connectome";

/** Seconds spent in each part, in what remains, and in all. */
export type Seconds = Record<Part | "other" | "total", number>;

/** A clock as saved, in milliseconds. */
export type ClockState = Record<Part | "total", number>;

/** Adds up the time of each part; `total` runs from construction, or goes on from where a saved clock was. */
export class Clock {
  private readonly milliseconds: Record<Part, number> = {
    data: 0,
    forward: 0,
    backward: 0,
    optimizer: 0,
    connectome: 0,
  };
  private started = performance.now();
  private mark = this.started;

  /** Time from here belongs to the part that lap() names next. */
  start(): void {
    this.mark = performance.now();
  }

  /** Gives the time since the last start() or lap() to a part. */
  lap(part: Part): void {
    const now = performance.now();
    this.milliseconds[part] += now - this.mark;
    this.mark = now;
  }

  /** Gives time that was booked under one part to another. */
  move(from: Part, to: Part, milliseconds: number): void {
    this.milliseconds[from] -= milliseconds;
    this.milliseconds[to] += milliseconds;
  }

  stateDict(): ClockState {
    return { ...this.milliseconds, total: performance.now() - this.started };
  }

  loadStateDict({ total, ...parts }: ClockState): void {
    Object.assign(this.milliseconds, parts);
    this.started = performance.now() - total;
  }

  seconds(): Seconds {
    const total = performance.now() - this.started;
    const parts = Object.entries(this.milliseconds) as [Part, number][];
    const known = parts.reduce((sum, [, time]) => sum + time, 0);
    const inSeconds = Object.fromEntries(parts.map(([part, time]) => [part, time / 1000])) as Record<
      Part,
      number
    >;
    return { ...inSeconds, other: Math.max(0, total - known) / 1000, total: total / 1000 };
  }
}
