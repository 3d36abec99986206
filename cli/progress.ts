// The progress of a training run or of a study: a bar on a terminal, plain lines elsewhere.

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
const LOADING_SHOWN_AFTER_MS = 2000;

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const pad = (n: number) => String(n).padStart(2, "0");
  return whole < 3600
    ? `${Math.floor(whole / 60)}:${pad(whole % 60)}`
    : `${Math.floor(whole / 3600)}:${pad(Math.floor(whole / 60) % 60)}:${pad(whole % 60)}`;
}

function bar(share: number): string {
  const filled = Math.round(BAR_WIDTH * share);
  return `${"█".repeat(filled)}${"░".repeat(BAR_WIDTH - filled)}`;
}

/** How far a study is. */
export interface RunsStatus {
  done: number;
  total: number;
  /** Runs since the start of this process. */
  made: number;
  /** The latest run, in words; empty before the first. */
  last: string;
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
    const parts = [
      bar(status.step / status.steps),
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

  /** Shows how many runs of a study are done; elsewhere than on a terminal a line a run. */
  runs({ done, total, made, last }: RunsStatus): void {
    if (!this.onTerminal) {
      if (last !== "") this.line(`${done}/${total}  ${last}`);
      return;
    }
    const seconds = (performance.now() - this.started) / 1000;
    const left = made > 0 ? [`${duration(((total - done) * seconds) / made)} left`] : [];
    this.show([bar(done / Math.max(total, 1)), `${done}/${total} runs`, ...left, last].join("  "), true);
  }

  /** Shows how much of a data set is loaded, once that has taken two seconds. */
  loading(name: string, done: number, total: number): void {
    if (performance.now() - this.started < LOADING_SHOWN_AFTER_MS) return;
    const text = `loading ${name}: ${done} of ${total} files`;
    if (this.onTerminal) this.show(`${bar(done / total)}  ${text}`, true);
    else this.line(text);
  }

  /** Shows a text in place of the bar, at most every 80 ms unless it has to be seen. */
  show(text: string, atOnce = false): void {
    const now = performance.now();
    if (!this.onTerminal || (now - this.lastDrawn < REDRAW_EVERY_MS && !atOnce)) return;
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
