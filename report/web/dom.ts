// Making elements.

type Child = Node | string | null | undefined | false;
type Attributes = Record<string, string | number | undefined>;

function fill<T extends Element>(node: T, attributes: Attributes, children: Child[]): T {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) node.setAttribute(name, String(value));
  }
  node.append(
    ...children.filter((child): child is Node | string => child instanceof Node || typeof child === "string"),
  );
  return node;
}

/** An HTML element with attributes and children; children that are null, undefined or false are left out. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  return fill(document.createElement(tag), attributes, children);
}

/** The same in the SVG namespace. */
export function svgElement<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

/** A picture with its title and the sentence that says what to look for. */
export function figure(title: string, caption: string, ...content: Child[]): HTMLElement {
  return element(
    "figure",
    { class: "card" },
    element("h3", {}, title),
    ...content,
    element("figcaption", {}, caption),
  );
}

/** Calls back with the width of an element, in CSS pixels, once it has one and whenever it changes. */
export function onWidth(target: HTMLElement, callback: (width: number) => void): void {
  let last = 0;
  const measure = () => {
    const width = Math.floor(target.clientWidth);
    if (width > 0 && width !== last) {
      last = width;
      callback(width);
    }
  };
  new ResizeObserver(measure).observe(target);
  // Printing lays the page out anew without telling the observer.
  document.addEventListener("relayout", measure);
}

/** A section of the page; it is left out with everything in it. */
export function section(id: string, title: string, ...content: (HTMLElement | null)[]): HTMLElement | null {
  const shown = content.filter((child) => child !== null);
  if (shown.length === 0) return null;
  return element(
    "section",
    { id, "aria-labelledby": `${id}-title` },
    element("h2", { id: `${id}-title` }, title),
    element("div", { class: "grid" }, ...shown),
  );
}

/** Gives a card the whole row of its section. */
export function wide<T extends HTMLElement | null>(card: T): T {
  card?.classList.add("wide");
  return card;
}

/** The cards that there are, two in a row; an odd one out takes the whole row. */
export function paired(cards: readonly (HTMLElement | null)[]): HTMLElement[] {
  const shown = cards.filter((card) => card !== null);
  if (shown.length % 2 === 1) wide(shown[shown.length - 1]);
  return shown;
}
