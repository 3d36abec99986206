// Numbers as readers expect them, with units.

const superscripts: Record<string, string> = { "+": "", "-": "⁻" };
for (const [digit, raised] of [..."⁰¹²³⁴⁵⁶⁷⁸⁹"].entries()) superscripts[digit] = raised;

/** A size that is written with a power of ten. */
const isExtreme = (size: number) => size !== 0 && (size < 1e-3 || size >= 1e6);

/** Three significant digits, but all of those before the point: `0.0999`, `1234`, `4.22×10⁻⁵`, `10⁻⁵`. */
export function formatNumber(value: number): string {
  const size = Math.abs(value);
  if (isExtreme(size)) {
    const [digits, exponent] = Number(value.toPrecision(3)).toExponential().split("e");
    const power = `10${[...exponent].map((character) => superscripts[character]).join("")}`;
    return digits === "1" ? power : `${digits}×${power}`;
  }
  return size >= 1000 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

/** A round number at an axis, with all of its digits. */
export const formatTick = (value: number): string =>
  isExtreme(Math.abs(value)) ? formatNumber(value) : String(Number(value.toPrecision(9)));

/** `12,345`. */
export const formatCount = (value: number): string => Math.round(value).toLocaleString("en-US");

/** A fraction as `97.81 %`. */
export const formatPercent = (fraction: number, digits = 2): string =>
  `${(100 * fraction).toFixed(digits)} %`;

/** `3.21 ms`, `850 ms`, `12.4 s`, `3 min 5 s`, `2 h 4 min`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 1) return `${Number((1000 * seconds).toPrecision(3))} ms`;
  if (seconds < 99.95) return `${seconds.toPrecision(3)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(seconds / 60);
  return `${formatCount(Math.floor(minutes / 60))} h ${minutes % 60} min`;
}

/** `1 epoch`, `20 epochs`. */
export const plural = (count: number, noun: string): string =>
  `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
