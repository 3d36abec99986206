// Colours come from theme.css, so that canvases follow the same light and dark palettes as everything else.

/** The colour of a custom property of theme.css, by its name without the dashes. */
export function color(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** The same with an opacity in 0..1; the palette is written as #rrggbb. */
export const translucent = (name: string, alpha: number): string =>
  color(name) +
  Math.round(255 * alpha)
    .toString(16)
    .padStart(2, "0");

/** How many colours `--series-1`, `--series-2`, ... there are. */
export const SERIES_COLORS = 7;

/** The n-th series colour's name, from 0, going round after the last. */
export const seriesColor = (n: number): string => `series-${(n % SERIES_COLORS) + 1}`;

/**
 * The colour of one of some layers: one hue from the first to the last.
 * @param write how the colours of the ends are given; a canvas knows no custom properties.
 */
export function layerColor(
  layer: number,
  layers: number,
  write = (name: string) => `var(--${name})`,
): string {
  const share = layers > 1 ? (100 * layer) / (layers - 1) : 50;
  return `color-mix(in oklab, ${write("first-layer")}, ${write("last-layer")} ${share}%)`;
}

/** Calls back whenever the palette changes; what is drawn on a canvas has to be drawn again. */
export function onThemeChange(callback: () => void): void {
  document.addEventListener("themechange", callback);
}

/** True while the dark palette shows. */
export const isDark = (): boolean => document.documentElement.dataset.theme === "dark";

function setTheme(dark: boolean): void {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  document.dispatchEvent(new Event("themechange"));
}

/** Follows the system's palette from now on, and prints in light colours at the width of a sheet of paper. */
export function followSystemTheme(): void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  setTheme(system.matches);
  system.addEventListener("change", () => setTheme(system.matches));
  let wasDark = false;
  const relayout = () => document.dispatchEvent(new Event("relayout"));
  addEventListener("beforeprint", () => {
    wasDark = isDark();
    document.documentElement.classList.add("printing");
    setTheme(false);
    relayout();
  });
  addEventListener("afterprint", () => {
    document.documentElement.classList.remove("printing");
    setTheme(wasDark);
    relayout();
  });
}

/** A button that switches between the light and the dark palette. */
export function themeToggle(): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "theme-toggle";
  const label = () => {
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute("aria-label", `Switch to the ${isDark() ? "light" : "dark"} theme`);
  };
  button.addEventListener("click", () => setTheme(!isDark()));
  onThemeChange(label);
  label();
  return button;
}
