// The progress of a training run: a bar on a terminal, one plain line an epoch elsewhere.

import type { WriteStream } from "node:tty";

/** What the bar shows. */
export interface Status {
  step: number;
  steps: number;
  epoch: number;
  epochs: number;
  loss: number;
  accuracy: number | null;
  lr: number;
  /** Controller state and multiplier of CG-ALR; null for other schedules. */
  controller: string | null;
}

const BAR_WIDTH = 20;
const REDRAW_EVERY_MS = 80;

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const pad = (n: number) => String(n).padStart(2, "0");
  return whole < 3600
    ? `${Math.floor(whole / 60)}:${pad(whole % 60)}`
    : `${Math.floor(whole / 3600)}:${pad(Math.floor(whole / 60) % 60)}:${pad(whole % 60)}`;
}

/** Draws on a stream; without a terminal it writes no control characters and only what `line` is given. */
export class Progress {
  private readonly started = performance.now();
  private lastDrawn = 0;
  private drawn = false;

  constructor(
    private readonly stream: WriteStream,
    private readonly silent: boolean,
  ) {}

  private get onTerminal(): boolean {
    return this.stream.isTTY === true && !this.silent;
  }

  /** Redraws the bar, at most every 80 ms. */
  update(status: Status): void {
    const seconds = (performance.now() - this.started) / 1000;
    const rate = status.step / seconds;
    const filled = Math.round((BAR_WIDTH * status.step) / status.steps);
    const parts = [
      `${"█".repeat(filled)}${"░".repeat(BAR_WIDTH - filled)}`,
      `epoch ${Math.min(status.epoch, status.epochs)}/${status.epochs}`,
      `loss ${status.loss.toFixed(4)}`,
      ...(status.accuracy === null ? [] : [`acc ${percent(status.accuracy)}`]),
      `lr ${status.lr.toPrecision(3)}`,
      ...(status.controller === null ? [] : [status.controller]),
      `${rate.toFixed(0)} steps/s`,
      `${duration((status.steps - status.step) / rate)} left`,
    ];
    this.show(parts.join("  "), status.step >= status.steps);
  }

  /** Shows a text in place of the bar, at most every 80 ms unless it is the last. */
  show(text: string, isLast = false): void {
    const now = performance.now();
    if (!this.onTerminal || (now - this.lastDrawn < REDRAW_EVERY_MS && !isLast)) return;
    this.lastDrawn = now;
    this.stream.write(`\r\x1b[2K${text.slice(0, Math.max(20, (this.stream.columns ?? 120) - 1))}`);
    this.drawn = true;
  }

  /** A line that stays: above the bar on a terminal. */
  line(text: string): void {
    if (this.silent) return;
    this.clear();
    this.stream.write(`${text}\n`);
  }

  /** Takes the bar away. */
  clear(): void {
    if (this.drawn) this.stream.write("\r\x1b[2K");
    this.drawn = false;
  }
}
